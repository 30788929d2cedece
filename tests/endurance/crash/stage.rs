//! A chat in which short acts are played while the bridge dies somewhere in them, and what has to
//! be there afterwards.

use std::time::Duration;

use ilink_simulator::Phone;

use super::{Scene, mortal::Mortal};
use crate::{
    support::{Person, Sent, World, picture, synapse::Synapse},
    torture::room,
};

/// A part of the conversation with places of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    /// The bridge ends in order, both sides write, and it starts again.
    Restart,
    /// Two texts of each side, by turns, and a command.
    Talk,
    /// An image of each side.
    Pictures,
    /// WeChat throttles: two messages wait, one is edited, and the contact's next message lets
    /// them go.
    Held,
    /// Somebody writes for the first time, which makes a room.
    First,
}

/// A bridge in a world of its own, and the books of its chat.
pub(super) struct Stage {
    bridge: Mortal,
    alice: Person,
    phone: Phone,
    portal: String,
    ghost: String,
    bot: String,
    round: usize,
    /// What the contact wrote; what Alice wrote, as the phone has to show it.
    said: Vec<String>,
    typed: Vec<String>,
    /// How many notices the bot owes the room.
    notices: usize,
}

impl Scene for Stage {
    type Act = Act;

    const ACTS: &[Act] = &[Act::Restart, Act::Talk, Act::Pictures, Act::Held, Act::First];
    const ESSENTIAL: &[&str] = &[
        "before ilink ilink/bot/sendmessage",
        "after ilink ilink/bot/sendmessage",
        "after ilink ilink/bot/getupdates",
        "after push of work",
        "send/m.room.message",
        "createRoom",
        "after cdn download",
        "before matrix media/upload",
        "after matrix media/download",
        "before ilink ilink/bot/getuploadurl",
        "after cdn upload",
        "before commit inbox+source+transaction",
        "after commit cursor+inbox+reply+source",
    ];

    /// Links Mum, who has written once, and lets the program take over.
    async fn set() -> Self {
        let mut world = World::idle_on(Synapse::shared().await).await;
        let alice = Person::new(Synapse::shared().await, "alice").await;
        let (phone, portal) = world.link(&alice, "Mum").await;
        let ghost = alice.ghost_in(&world, &portal).await;
        let bot = world.bot();
        alice.management_room(&world).await;
        phone.says("hello").await;
        alice.wait_words(&portal, &ghost, 1).await;
        let notices = alice.notices(&portal, &bot).len();
        Self {
            bridge: Mortal::take_over(world, 1).await,
            alice,
            phone,
            portal,
            ghost,
            bot,
            round: 0,
            said: vec!["hello".to_owned()],
            typed: Vec::new(),
            notices,
        }
    }

    fn bridge(&mut self) -> &mut Mortal {
        &mut self.bridge
    }

    async fn play(&mut self, act: Act) -> Result<(), String> {
        self.round += 1;
        match act {
            Act::Restart => self.restart().await,
            Act::Talk => self.talk().await,
            Act::Pictures => self.pictures().await?,
            Act::Held => self.held().await,
            Act::First => self.first().await?,
        }
        self.bridge.rest().await;
        self.check()
    }

    async fn close(self) -> Result<(usize, usize), String> {
        self.bridge.end().await?;
        self.compare(&room::words(&self.alice, &self.portal, &self.ghost).await)?;
        Ok((self.said.len(), self.typed.len()))
    }
}

impl Stage {
    /// Sends from the contact something that no run of the program survives, and something else.
    pub(super) async fn swallow_poison(&mut self) {
        self.phone.says("poison: abort").await;
        self.bridge.aside += 1;
        self.hear("after it").await;
        self.all_there().await;
        self.bridge.rest().await;
    }

    /// Counts how often the owner was told that something was set aside.
    pub(super) async fn poison_notices(&self) -> usize {
        let room = self.alice.management_room(&self.bridge.world).await;
        let notices = self.alice.notices(&room, &self.bot).into_iter();
        notices.filter(|m| m.body().contains("the bridge failed repeatedly")).count()
    }

    async fn restart(&mut self) {
        self.bridge.daemon.stop().await;
        self.hear("while you slept").await;
        self.write("as you slept").await;
        self.bridge.daemon.resume();
        self.all_there().await;
    }

    async fn talk(&mut self) {
        for text in ["one", "two"] {
            self.hear(text).await;
            self.all_there().await;
            self.write(text).await;
            self.all_there().await;
        }
        self.ask("!wechat help", "relogin").await;
    }

    async fn pictures(&mut self) -> Result<(), String> {
        let theirs = picture(&self.name("from the phone"));
        self.phone.sends_image(&theirs).await;
        self.said.push("image.png".to_owned());
        self.all_there().await;
        let ours = picture(&self.name("from Alice"));
        let file = Sent { msgtype: "m.image", name: "a.png", mime: "image/png", bytes: &ours };
        self.alice.send_file(&self.portal, &file).await;
        // An image has no text.
        self.typed.push(String::new());
        self.all_there().await;
        let messages = self.alice.messages(&self.portal, &self.ghost);
        let in_room = match messages.last() {
            Some(last) if last.msgtype() == "m.image" => self.alice.download(last).await == theirs,
            Some(_) | None => false,
        };
        let shown = self.phone.shows().pop().and_then(|last| self.phone.opens(&last));
        match (in_room, shown == Some(ours)) {
            (true, true) => Ok(()),
            wrong => Err(format!("whether the pictures are those that were sent: {wrong:?}")),
        }
    }

    async fn held(&mut self) {
        self.bridge.world.simulator.throttle(Duration::from_secs(3_600));
        let first = self.write("throttled").await;
        self.wait_mark(&first).await;
        let second = self.write("a tyop").await;
        self.wait_mark(&second).await;
        let corrected = self.name("a typo");
        self.alice.edit(&self.portal, &second, &corrected).await;
        *self.typed.last_mut().unwrap() = corrected;
        self.ask("!wechat queue", "a typo").await;
        // The notice that says why they wait.
        self.notices += 1;
        self.bridge.world.simulator.clear_faults();
        self.hear("go on").await;
        self.all_there().await;
    }

    async fn first(&mut self) -> Result<(), String> {
        let rooms = self.alice.rooms();
        let text = self.name("who are you?");
        let mut message = self.phone.draft(&text);
        message["from_user_id"] = format!("o9stranger{}@im.wechat", self.round).into();
        self.phone.sends_raw(message).await;
        let room = self.alice.wait_new_room(&rooms).await;
        self.alice.wait(&room, |m| m.body() == text).await;
        self.bridge.rest().await;
        let new = self.alice.rooms().len() - rooms.len();
        let of_ghost = |m: &&crate::support::Message| m.body() == text;
        let texts = self.alice.timeline(&room).iter().filter(of_ghost).count();
        let greetings = self.alice.notices(&room, &self.bot).len();
        match (new, texts, greetings) {
            (1, 1, 1) => Ok(()),
            wrong => Err(format!("rooms, texts and greetings of a stranger: {wrong:?}")),
        }
    }

    async fn hear(&mut self, text: &str) {
        let text = self.name(text);
        self.phone.says(&text).await;
        self.said.push(text);
    }

    async fn write(&mut self, text: &str) -> String {
        let text = self.name(text);
        let event = self.alice.say(&self.portal, &text).await;
        self.typed.push(text);
        event
    }

    /// Asks a command, and waits for its answer.
    async fn ask(&mut self, command: &str, answer: &str) {
        let sent = self.alice.say(&self.portal, command).await;
        let answers =
            |m: &crate::support::Message| m.sender() == self.bot && m.body().contains(answer);
        self.alice.wait_after(&self.portal, &sent, answers).await;
        self.notices += 1;
    }

    /// Returns a text that is used once in all rounds.
    fn name(&self, text: &str) -> String {
        format!("{} {text}", self.round)
    }

    async fn wait_mark(&self, event: &str) {
        let marks = |m: &crate::support::Message| {
            let relation = &m.content()["m.relates_to"];
            m.sender() == self.bot && m.kind() == "m.reaction" && relation["event_id"] == event
        };
        self.alice.wait(&self.portal, marks).await;
    }

    /// Waits until both sides have as many texts as were written.
    async fn all_there(&self) {
        self.alice.wait_words(&self.portal, &self.ghost, self.said.len()).await;
        self.phone.wait_shows(self.typed.len()).await;
    }

    /// Checks the books, as far as the client and the phone know.
    fn check(&self) -> Result<(), String> {
        self.compare(&self.alice.words(&self.portal, &self.ghost))?;
        let notices = self.alice.notices(&self.portal, &self.bot);
        let said = notices.iter().map(|m| m.body().to_owned()).collect::<Vec<_>>();
        if said.len() != self.notices {
            return Err(format!("{} notices were due: {said:#?}", self.notices));
        }
        Ok(())
    }

    fn compare(&self, in_room: &[String]) -> Result<(), String> {
        let shown: Vec<_> = self.phone.shows().into_iter().map(|shown| shown.text).collect();
        for (side, due, there) in
            [("WeChat to Matrix", &self.said, in_room), ("Matrix to WeChat", &self.typed, &shown)]
        {
            if due != there {
                let same = due.iter().zip(there).take_while(|(due, there)| due == there).count();
                let (due, there) = (&due[same..], &there[same..]);
                return Err(format!("{side}: due {due:?}, there {there:?}"));
            }
        }
        Ok(())
    }
}
