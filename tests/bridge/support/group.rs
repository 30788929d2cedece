//! A room with two people and two phones in it.

use ilink_simulator::Phone;

use super::{
    bridge::World,
    person::{Message, Person},
    synapse::Synapse,
};

/// Alice and Bob, with Alice's Mum and Dad on WeChat.
pub(crate) struct Group {
    pub(crate) world: World,
    pub(crate) alice: Person,
    pub(crate) bob: Person,
    pub(crate) mum: Phone,
    pub(crate) dad: Phone,
    /// The room of all four.
    pub(crate) room: String,
    /// The rooms of each contact alone.
    pub(crate) mums: String,
    pub(crate) dads: String,
    pub(crate) bot: String,
    pub(crate) ghosts: [String; 2],
}

impl Group {
    /// Opens a group whose two phones have written once, each in its own room, and are in the group
    /// then.
    pub(crate) async fn open() -> Self {
        let group = Self::silent().await;
        for (phone, name) in [(&group.mum, "Mum"), (&group.dad, "Dad")] {
            phone.says(&format!("{name} is here")).await;
            group.alice.wait_said(&group.room, &format!("{name} is here")).await;
        }
        for phone in [&group.mum, &group.dad] {
            phone.wait_for(|shown| shown.text.ends_with("is here")).await;
        }
        group
    }

    /// Opens a group whose two phones have not written yet.
    pub(crate) async fn silent() -> Self {
        let mut world = World::idle().await;
        let synapse = Synapse::shared().await;
        let (alice, bob) = tokio::join!(Person::new(synapse, "alice"), Person::new(synapse, "bob"));
        let linked = world.link_all(&alice, ["Mum", "Dad"]).await;
        let [(mum, mums), (dad, dads)] = linked;
        // Without one, the bot would take the room that it is invited to for it.
        alice.management_room(&world).await;
        let mut ghosts = [String::new(), String::new()];
        for ((own, name), ghost) in [(&mums, "Mum"), (&dads, "Dad")].into_iter().zip(&mut ghosts) {
            alice.wait_said(own, &format!("your chat with {name}")).await;
            *ghost = alice.ghost_in(&world, own).await;
        }
        let bot = world.bot();
        let rooms = bob.rooms();
        let room = alice.make_room(&[&bot, &bob.user_id], &[]).await;
        assert_eq!(bob.wait_new_room(&rooms).await, room);
        alice.wait_said(&room, "I am the WeChat bridge").await;
        let group = Self { world, alice, bob, mum, dad, room, mums, dads, bot, ghosts };
        for name in ["Mum", "Dad"] {
            let answer = group.ask(&format!("bridge {name}")).await;
            assert!(answer.contains(&format!("{name} is now in this room")), "{answer}");
        }
        group
    }

    /// Asks a command as Alice in the group, and returns its answer.
    pub(crate) async fn ask(&self, command: &str) -> String {
        self.alice.ask(&self.world, &self.room, &format!("!wechat {command}")).await
    }

    /// Returns what a phone shows of a text that this person writes in the group.
    pub(crate) fn line(&self, who: &Person, text: &str) -> String {
        let name = who.user_id.trim_start_matches('@').split(':').next().unwrap_or_default();
        format!("{name}: {text}")
    }

    /// Waits for this reaction of the bot to an event in the group.
    pub(crate) async fn wait_mark(&self, event: &str, key: &str) -> Message {
        let wanted = |m: &Message| m.sender() == self.bot && m.marks(event, key);
        self.alice.wait(&self.room, wanted).await
    }

    /// Counts how often the bot has marked an event with this key.
    pub(crate) fn marks(&self, event: &str, key: &str) -> usize {
        let marks = self.alice.timeline(&self.room).into_iter();
        marks.filter(|m| m.sender() == self.bot && m.marks(event, key)).count()
    }

    /// Waits until the mark that an event waits was taken away.
    pub(crate) async fn wait_unmarked(&self, event: &str) {
        let mark = self.wait_mark(event, "⏳").await;
        assert_eq!(self.alice.wait_removed(&self.room, mark.id()).await, self.bot);
    }

    /// Returns whether the mark that an event waits was taken away.
    pub(crate) async fn is_unmarked(&self, event: &str) -> bool {
        let mark = self.wait_mark(event, "⏳").await;
        let timeline = self.alice.timeline(&self.room);
        timeline.iter().any(|m| m.removes() == Some(mark.id()))
    }

    /// Waits for the notice with which the bot answers an event.
    pub(crate) async fn wait_answer(&self, event: &str) -> String {
        let wanted = |m: &Message| m.sender() == self.bot && m.answers() == Some(event);
        self.alice.wait(&self.room, wanted).await.body().to_owned()
    }

    /// Counts the bot's notices in the group that contain these words.
    pub(crate) fn said(&self, words: &str) -> usize {
        let notices = self.alice.notices(&self.room, &self.bot).into_iter();
        notices.filter(|m| m.body().contains(words)).count()
    }
}

/// Returns the texts that a phone shows of others, in order.
pub(crate) fn texts(phone: &Phone) -> Vec<String> {
    phone.shows().into_iter().map(|shown| shown.text).collect()
}
