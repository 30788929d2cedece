//! A room with two contacts in which they and Alice talk while the bridge dies: each message is a
//! copy for everybody else.

use ilink_simulator::Phone;

use super::{Scene, mortal::Mortal};
use crate::{
    support::{Group, Message, Person, group_texts as texts, picture},
    torture::room,
};

/// A part of the conversation with places of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    /// A text of each of them.
    Texts,
    /// An image of one contact.
    Picture,
    /// One contact goes, and comes back.
    Out,
}

/// Alice, Mum and Dad in one room, and the books of each.
pub(super) struct Party {
    bridge: Mortal,
    alice: Person,
    /// Stays in the room and says nothing.
    _bob: Person,
    mum: Phone,
    dad: Phone,
    room: String,
    bot: String,
    ghosts: [String; 2],
    alices_name: String,
    round: usize,
    /// What the phones have to show.
    mums: Vec<String>,
    dads: Vec<String>,
    /// What the contacts have said in the room.
    said: [Vec<String>; 2],
    /// How many notices of the bot there are.
    notices: usize,
}

impl Scene for Party {
    type Act = Act;

    const ACTS: &[Act] = &[Act::Texts, Act::Picture, Act::Out];
    const ESSENTIAL: &[&str] = &[
        "before commit inbox+outcome+progress+source",
        "after commit inbox+outcome+progress+source",
        "before ilink ilink/bot/sendmessage",
        "after ilink ilink/bot/sendmessage",
        "after matrix media/download",
        "after cdn upload",
        "leave",
    ];

    async fn set() -> Self {
        let group = Group::open().await;
        let alices_name = group.line(&group.alice, "");
        let Group { world, alice, bob, mum, dad, room, bot, ghosts, .. } = group;
        let (mums, dads) = (texts(&mum), texts(&dad));
        let said = ghosts.each_ref().map(|ghost| alice.words(&room, ghost));
        let notices = alice.notices(&room, &bot).len();
        let bridge = Mortal::take_over(world, 2).await;
        Self {
            bridge,
            alice,
            _bob: bob,
            mum,
            dad,
            room,
            bot,
            ghosts,
            alices_name,
            round: 0,
            mums,
            dads,
            said,
            notices,
        }
    }

    fn bridge(&mut self) -> &mut Mortal {
        &mut self.bridge
    }

    async fn play(&mut self, act: Act) -> Result<(), String> {
        self.round += 1;
        // Dad's message opens a new window, with its own count of messages that may be sent.
        let text = format!("{} Dad", self.round);
        self.dad.says(&text).await;
        self.mums.push(format!("Dad: {text}"));
        self.said[1].push(text);
        self.all_there().await;
        match act {
            Act::Texts => self.texts().await,
            Act::Picture => self.picture().await?,
            Act::Out => self.out().await?,
        }
        self.bridge.rest().await;
        let words = self.ghosts.each_ref().map(|ghost| self.alice.words(&self.room, ghost));
        self.compare(&words)
    }

    async fn close(self) -> Result<(usize, usize), String> {
        self.bridge.end().await?;
        let [mum, dad] = &self.ghosts;
        let words = [
            room::words(&self.alice, &self.room, mum).await,
            room::words(&self.alice, &self.room, dad).await,
        ];
        self.compare(&words)?;
        let said = self.said.iter().map(Vec::len).sum();
        Ok((said, self.mums.len() + self.dads.len()))
    }
}

impl Party {
    async fn texts(&mut self) {
        let text = format!("{} Alice", self.round);
        self.alice.say(&self.room, &text).await;
        let line = format!("{}{text}", self.alices_name);
        self.mums.push(line.clone());
        self.dads.push(line);
        self.all_there().await;
        let text = format!("{} Mum", self.round);
        self.mum.says(&text).await;
        self.dads.push(format!("Mum: {text}"));
        self.said[0].push(text);
        self.all_there().await;
    }

    async fn picture(&mut self) -> Result<(), String> {
        let theirs = picture(&format!("{} of Mum", self.round));
        self.mum.sends_image(&theirs).await;
        self.said[0].push("image.png".to_owned());
        self.dads.extend(["Mum: 📷".to_owned(), String::new()]);
        self.all_there().await;
        let in_room = match self.alice.messages(&self.room, &self.ghosts[0]).last() {
            Some(last) if last.msgtype() == "m.image" => self.alice.download(last).await == theirs,
            Some(_) | None => false,
        };
        let shown = self.dad.shows().pop().and_then(|last| self.dad.opens(&last));
        match (in_room, shown == Some(theirs)) {
            (true, true) => Ok(()),
            wrong => Err(format!("whether the picture is the one that was sent: {wrong:?}")),
        }
    }

    /// Waits until the ghost is out of the room before its contact is brought into it again.
    async fn out(&mut self) -> Result<(), String> {
        let before = self.alice.timeline(&self.room).len();
        let answer = self.ask("unbridge Mum").await;
        let ghost = self.ghosts[0].as_str();
        let left = |m: &Message| m.0["state_key"] == ghost && m.content()["membership"] == "leave";
        let new = || self.alice.timeline(&self.room).into_iter().skip(before).find(left);
        self.alice.until("the ghost to leave", new).await;
        let again = self.ask("bridge Mum").await;
        self.notices += 2;
        let text = format!("{} back", self.round);
        self.mum.says(&text).await;
        self.dads.push(format!("Mum: {text}"));
        self.said[0].push(text);
        self.all_there().await;
        match again.contains("Mum is now in this room") {
            true => Ok(()),
            false => Err(format!("{answer} / {again}")),
        }
    }

    async fn ask(&self, command: &str) -> String {
        let command = format!("!wechat {command}");
        self.alice.ask(&self.bridge.world, &self.room, &command).await
    }

    async fn all_there(&self) {
        for (ghost, said) in self.ghosts.iter().zip(&self.said) {
            self.alice.wait_words(&self.room, ghost, said.len()).await;
        }
        self.mum.wait_shows(self.mums.len()).await;
        self.dad.wait_shows(self.dads.len()).await;
    }

    /// Compares the books; `words` is what the contacts have said in the room.
    fn compare(&self, words: &[Vec<String>; 2]) -> Result<(), String> {
        for (whose, due, there) in [
            ("Mum's phone", &self.mums, &texts(&self.mum)),
            ("Dad's phone", &self.dads, &texts(&self.dad)),
            ("Mum in the room", &self.said[0], &words[0]),
            ("Dad in the room", &self.said[1], &words[1]),
        ] {
            if due != there {
                let same = due.iter().zip(there).take_while(|(due, there)| due == there).count();
                let (due, there) = (&due[same..], &there[same..]);
                return Err(format!("{whose}: due {due:?}, there {there:?}"));
            }
        }
        let said = self.alice.notices(&self.room, &self.bot);
        match said.len() == self.notices {
            true => Ok(()),
            false => {
                let said: Vec<_> = said.iter().map(Message::body).collect();
                Err(format!("{} notices of the bot were due: {said:#?}", self.notices))
            }
        }
    }
}
