//! Questions of the bot and their answers in a contact's room, and the end of that room, while the
//! bridge dies: what was said to the bot is done once, and goes to no phone.

use ilink_simulator::Phone;

use super::{Scene, mortal::Mortal};
use crate::support::{Message, Person, World, synapse::Synapse};

/// One question and its answer, or one end, and the way back to where it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    /// `logout`, and yes.
    Logout,
    /// `delete-portal`, and no; and once more, and yes.
    Delete,
    /// `ignore` of a name that two contacts have, and the number of one.
    Number,
    /// Alice leaves the room.
    Left,
}

/// Two contacts of Alice's, both called Mum.
pub(super) struct Answers {
    bridge: Mortal,
    alice: Person,
    phone: Phone,
    other: Phone,
    /// The room of the first.
    portal: String,
    management: String,
    bot: String,
    round: usize,
    /// How many texts of Alice's the first phone shows.
    shown: usize,
    /// How many notices the bot owes the first room.
    notices: usize,
}

impl Scene for Answers {
    type Act = Act;

    const ACTS: &[Act] = &[Act::Logout, Act::Delete, Act::Number, Act::Left];
    const ESSENTIAL: &[&str] = &[
        "before commit question",
        "after commit question",
        "after commit login",
        "after commit portal",
        "before commit inbox+outcome+progress+source",
        "after commit inbox",
        "leave",
    ];

    async fn set() -> Self {
        let mut world = World::idle_on(Synapse::shared().await).await;
        let alice = Person::new(Synapse::shared().await, "alice").await;
        let (phone, portal) = world.link(&alice, "Mum").await;
        let other = world.simulator.phone(&format!("the other Mum of {}", alice.user_id));
        let others = world.link_phone(&alice, &other, "Mum").await;
        let (bot, management) = (world.bot(), alice.management_room(&world).await);
        for room in [&portal, &others] {
            alice.wait_said(room, "your chat with Mum").await;
        }
        let notices = alice.notices(&portal, &bot).len();
        let bridge = Mortal::take_over(world, 2).await;
        let (round, shown) = (0, 0);
        Self { bridge, alice, phone, other, portal, management, bot, round, shown, notices }
    }

    fn bridge(&mut self) -> &mut Mortal {
        &mut self.bridge
    }

    async fn play(&mut self, act: Act) -> Result<(), String> {
        self.round += 1;
        match act {
            Act::Logout => self.logout().await?,
            Act::Delete => self.delete().await?,
            Act::Number => self.number().await?,
            Act::Left => self.left().await?,
        }
        // What is said now goes where it should, and nothing was there before it.
        let (heard, said) = (format!("{} heard", self.round), format!("{} said", self.round));
        self.phone.says(&heard).await;
        self.alice.wait_said(&self.portal, &heard).await;
        self.alice.say(&self.portal, &said).await;
        self.phone.wait_shows(self.shown + 1).await;
        self.shown += 1;
        self.bridge.rest().await;
        self.check(&said)
    }

    async fn close(self) -> Result<(usize, usize), String> {
        self.bridge.end().await.map(|()| (self.round, self.shown))
    }

    /// Counts the places of a command and its answer: each is written down, has been done, and
    /// comes to its end.
    fn times(place: &str) -> usize {
        let written = ["before commit question", "after commit question"];
        let done = ["after commit login", "after commit portal", "after commit inbox"];
        let end = "before commit inbox+outcome+progress+source";
        let counts = written.contains(&place) || done.contains(&place) || place == end;
        let left = place.starts_with("after") && place.ends_with("/leave");
        if counts || left { 2 } else { 0 }
    }
}

impl Answers {
    async fn logout(&mut self) -> Result<(), String> {
        self.ask("!wechat logout", "Log out Mum?").await?;
        self.ask("yes", "Mum is logged out").await?;
        let id = self.phone.user_id();
        let contact = self.alice.say(&self.management, &format!("relogin {id}")).await;
        let code = self.alice.wait_after(&self.management, &contact, |m| m.qr_url().is_some());
        let url = code.await.qr_url().unwrap();
        self.phone.scan(&url).await.map_err(|error| format!("{error:?}"))?;
        self.phone.confirm().await.map_err(|error| format!("{error:?}"))?;
        let linked = |m: &Message| m.body().contains("is linked again");
        self.alice.wait_after(&self.management, &contact, linked).await;
        Ok(())
    }

    async fn delete(&mut self) -> Result<(), String> {
        self.ask("!wechat delete-portal", "Delete Mum's room?").await?;
        self.ask("no", "Nothing was deleted.").await?;
        self.ask("!wechat delete-portal", "Delete Mum's room?").await?;
        self.ask("yes", "I am leaving this room.").await?;
        let gone =
            |m: &Message| m.0["state_key"] == self.bot && m.content()["membership"] == "leave";
        self.alice.wait(&self.portal, gone).await;
        self.open().await;
        Ok(())
    }

    /// Leaves a room as Alice: the bridge leaves it, too, and tells her once what that means.
    async fn left(&mut self) -> Result<(), String> {
        let (old, before) = (self.portal.clone(), self.told());
        let ghost = self.alice.ghost_in(&self.bridge.world, &old).await;
        self.alice.room(&old).leave().await.unwrap();
        self.alice.until("a notice", || (self.told() > before).then_some(())).await;
        self.bridge.rest().await;
        let (bot, ghost) = (self.rooms_of(&self.bot).await, self.rooms_of(&ghost).await);
        self.open().await;
        match (self.told() - before, bot.contains(&old), ghost.contains(&old)) {
            (1, false, false) => Ok(()),
            wrong => Err(format!("notices of the end, the bot and the ghost: {wrong:?}")),
        }
    }

    fn told(&self) -> usize {
        let notices = self.alice.notices(&self.management, &self.bot).into_iter();
        notices.filter(|m| m.body().contains("Mum's room is closed")).count()
    }

    /// Reads the rooms that one of the bridge's users is in, as the homeserver has it.
    async fn rooms_of(&self, user: &str) -> String {
        let slot = &self.bridge.world.slot;
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        // A user id of the bridge needs no escapes in a query.
        let url = format!("{}/_matrix/client/v3/joined_rooms?user_id={user}", slot.base_url);
        let answer = client.get(url).bearer_auth(&slot.as_token).send().await.unwrap();
        answer.error_for_status().unwrap().text().await.unwrap()
    }

    /// Writes as Mum, which opens the next room.
    async fn open(&mut self) {
        let rooms = self.alice.rooms();
        let text = format!("{} is here", self.round);
        self.phone.says(&text).await;
        self.portal = self.alice.wait_new_room(&rooms).await;
        self.alice.wait_said(&self.portal, &text).await;
        self.notices = 1; // The greeting.
    }

    async fn number(&mut self) -> Result<(), String> {
        self.ask("!wechat ignore Mum", "Which contact?").await?;
        self.ask("9", "a number from 1 to 2").await?;
        self.ask("2", "From now on Mum's messages are only counted").await?;
        self.ask("!wechat unignore Mum", "Which contact?").await?;
        self.ask("2", "are shown again").await
    }

    /// Logs in in Mum's room; the bridge dies at this place when it has its digits. Returns whether
    /// it did.
    pub(super) async fn digits(&mut self, place: &str) -> Result<bool, String> {
        self.round += 1;
        self.phone.require_digits("4711");
        let sent = self.alice.say(&self.portal, "!wechat relogin").await;
        let code = self.alice.wait_after(&self.portal, &sent, |m| m.qr_url().is_some()).await;
        self.phone.scan(&code.qr_url().unwrap()).await.map_err(|error| format!("{error:?}"))?;
        let asked = self.alice.wait_edit(&self.portal, code.id(), "shows a number").await;
        self.bridge.daemon.arm(place, 1);
        self.alice.say(&self.portal, "4711").await;
        // The next run shows another code.
        let another = |m: &Message| m.edits() == Some(code.id()) && m.qr_url().is_some();
        self.alice.wait_after(&self.portal, asked.id(), another).await;
        let died = self.bridge.daemon.disarm();
        let sent = self.alice.say(&self.portal, "!wechat cancel").await;
        let cancelled = |m: &Message| m.sender() == self.bot && m.body().contains("cancelled");
        self.alice.wait_after(&self.portal, &sent, cancelled).await;
        let said = format!("{} said", self.round);
        self.phone.says("go on").await;
        self.alice.say(&self.portal, &said).await;
        self.shown += 1;
        self.phone.wait_shows(self.shown).await;
        // What a cancelled login asked of WeChat has no end in this run.
        self.bridge.start_afresh().await;
        let shown = self.phone.shows().pop().map(|shown| shown.text);
        match (self.phone.shows().len() == self.shown, shown == Some(said)) {
            (true, true) => Ok(died),
            wrong => Err(format!("what the phone shows: {wrong:?}, {:?}", self.phone.shows())),
        }
    }

    /// Says something in Mum's room, and waits for the bot's one answer.
    async fn ask(&mut self, text: &str, answer: &str) -> Result<(), String> {
        self.notices += 1;
        let sent = self.alice.say(&self.portal, text).await;
        let said = |m: &Message| m.sender() == self.bot && m.content()["msgtype"] == "m.notice";
        let said = self.alice.wait_after(&self.portal, &sent, said).await;
        match said.body().contains(answer) {
            true => Ok(()),
            false => Err(format!("to {text:?} the bot said {:?}", said.body())),
        }
    }

    /// Checks that nothing of it went to a phone, and that nothing was answered twice.
    fn check(&self, last: &str) -> Result<(), String> {
        let shown: Vec<_> = self.phone.shows().into_iter().map(|shown| shown.text).collect();
        if shown.len() != self.shown || shown.last().map(String::as_str) != Some(last) {
            return Err(format!("{} texts are due: {shown:?}", self.shown));
        }
        if !self.other.shows().is_empty() {
            return Err(format!("the other phone shows {:?}", self.other.shows()));
        }
        let notices = self.alice.notices(&self.portal, &self.bot);
        let said: Vec<_> = notices.iter().map(Message::body).collect();
        match said.len() == self.notices {
            true => Ok(()),
            false => Err(format!("{} notices were due: {said:#?}", self.notices)),
        }
    }
}
