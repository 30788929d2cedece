//! A chat with one contact as its owner sees it: the marks, receipts and statuses of messages.

use std::time::Duration;

use ilink_simulator::{Phone, Recorded};
use serde_json::{Value, json};

use super::{
    bridge::World,
    person::{Message, Person},
    synapse::Synapse,
};

/// Alice's chat with Mum.
pub(crate) struct Chat {
    pub(crate) world: World,
    pub(crate) alice: Person,
    pub(crate) phone: Phone,
    pub(crate) portal: String,
    pub(crate) bot: String,
}

impl Chat {
    /// Links Mum, who has not written yet, so what Alice writes waits.
    pub(crate) async fn silent() -> Self {
        Self::silent_on(Synapse::shared().await).await
    }

    /// Links Mum on this Synapse; she has not written yet.
    pub(crate) async fn silent_on(synapse: &Synapse) -> Self {
        let mut world = World::idle_on(synapse).await;
        let alice = Person::new(synapse, "alice").await;
        let (phone, portal) = world.link(&alice, "Mum").await;
        let bot = world.bot();
        alice.wait_said(&portal, "your chat with Mum").await;
        Self { world, alice, phone, portal, bot }
    }

    /// Links Mum, who has written once.
    pub(crate) async fn open() -> Self {
        let chat = Self::silent().await;
        chat.hear("hello").await;
        chat
    }

    /// Writes from Mum's phone, and waits until Alice reads it.
    pub(crate) async fn hear(&self, text: &str) {
        self.phone.says(text).await;
        self.alice.wait_said(&self.portal, text).await;
    }

    /// Writes these as Alice, one after the other; returns their events.
    pub(crate) async fn say(&self, texts: &[&str]) -> Vec<String> {
        let mut events = Vec::new();
        for text in texts {
            events.push(self.alice.say(&self.portal, text).await);
        }
        events
    }

    /// Writes these as Alice, which have to wait; returns their events once each is marked.
    pub(crate) async fn say_waiting(&self, texts: &[&str]) -> Vec<String> {
        let events = self.say(texts).await;
        for event in &events {
            self.wait_mark(event, "⏳").await;
        }
        events
    }

    /// Waits for this reaction of the bot to an event.
    pub(crate) async fn wait_mark(&self, event: &str, key: &str) -> Message {
        self.alice.wait(&self.portal, |m| m.sender() == self.bot && m.marks(event, key)).await
    }

    /// Waits until the mark that an event waits was taken away.
    pub(crate) async fn wait_unmarked(&self, event: &str) {
        let mark = self.wait_mark(event, "⏳").await;
        assert_eq!(self.alice.wait_removed(&self.portal, mark.id()).await, self.bot);
    }

    /// Waits for this status of an event.
    pub(crate) async fn wait_status(&self, event: &str, status: &str) -> Value {
        let wanted = |m: &Message| m.status_of(event) == Some(status);
        let found = self.alice.wait(&self.portal, wanted).await;
        assert_eq!(found.sender(), self.bot);
        found.content().clone()
    }

    /// Waits for the notice with which the bot answers an event.
    pub(crate) async fn wait_answer(&self, event: &str) -> String {
        let wanted = |m: &Message| m.sender() == self.bot && m.answers() == Some(event);
        self.alice.wait(&self.portal, wanted).await.body().to_owned()
    }

    /// Counts the bot's notices that contain these words.
    pub(crate) fn said(&self, words: &str) -> usize {
        let notices = self.alice.notices(&self.portal, &self.bot).into_iter();
        notices.filter(|m| m.body().contains(words)).count()
    }

    /// Counts how often the bot has marked an event with this key.
    pub(crate) fn marks(&self, event: &str, key: &str) -> usize {
        let marks = self.alice.timeline(&self.portal).into_iter();
        marks.filter(|m| m.sender() == self.bot && m.marks(event, key)).count()
    }

    /// Waits until the phone shows this many texts of Alice's, and returns them.
    pub(crate) async fn wait_shown(&self, count: usize) -> Vec<String> {
        self.phone.wait_shows(count).await.into_iter().map(|shown| shown.text).collect()
    }

    /// Returns the client ids of all requests to send a text that came in so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        let requests = self.world.simulator.requests().into_iter();
        let sends = requests.filter(|request| request.endpoint() == "sendmessage");
        let client_id = |body: Value| body["msg"]["client_id"].as_str().map(str::to_owned);
        sends.map(|request| client_id(request.json()).unwrap_or_default()).collect()
    }

    /// Waits until the bridge has tried to send this text; returns the client id.
    pub(crate) async fn wait_tried(&self, text: &str) -> String {
        let tried = |body: &Value| body["msg"]["item_list"][0]["text_item"]["text"] == text;
        let wanted = |r: &Recorded| r.endpoint() == "sendmessage" && tried(&r.json());
        let request = self.world.simulator.wait_request(wanted).await.json();
        request["msg"]["client_id"].as_str().unwrap_or_default().to_owned()
    }

    /// Has one of the bridge's users `join` or `leave` the portal, behind the bridge's back.
    pub(crate) async fn as_user(&self, user: &str, action: &str) {
        let slot = &self.world.slot;
        let room = format!("{}/_matrix/client/v3/rooms/{}", slot.base_url, self.portal);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        // A user id of the bridge needs no escapes in a query.
        let request = client.post(format!("{room}/{action}?user_id={user}"));
        let request = request.bearer_auth(&slot.as_token);
        request.body("{}").send().await.unwrap().error_for_status().unwrap();
    }

    /// Waits until the bot is out of this room, as the homeserver tells it: Alice is not in the
    /// room any more.
    pub(crate) async fn wait_bot_gone(&self, room: &str) {
        let slot = &self.world.slot;
        let url = format!("{}/_matrix/client/v3/joined_rooms?user_id={}", slot.base_url, self.bot);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let gone = async {
            loop {
                let answer = client.get(&url).bearer_auth(&slot.as_token).send().await.unwrap();
                let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
                let joined = answer["joined_rooms"].as_array().unwrap();
                if !joined.iter().any(|joined| joined == room) {
                    return;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(120), gone).await.expect("the bot goes");
    }

    /// Begins Alice's typing in the portal, or stops it.
    pub(crate) async fn types(&self, typing: bool) {
        self.alice.room(&self.portal).typing_notice(typing).await.unwrap();
    }

    /// Asks a command in the portal, and returns its answer.
    pub(crate) async fn ask(&self, command: &str) -> String {
        self.alice.ask(&self.world, &self.portal, &format!("!wechat {command}")).await
    }
}

impl Person {
    /// Edits a text.
    pub(crate) async fn edit(&self, room: &str, event: &str, text: &str) -> String {
        let content = json!({
            "msgtype": "m.text", "body": format!("* {text}"),
            "m.new_content": { "msgtype": "m.text", "body": text },
            "m.relates_to": { "rel_type": "m.replace", "event_id": event },
        });
        self.send(room, "m.room.message", content).await
    }

    /// Answers an event with a text.
    pub(crate) async fn answer(&self, room: &str, event: &str, text: &str) -> String {
        let relation = json!({ "m.in_reply_to": { "event_id": event } });
        let content = json!({ "msgtype": "m.text", "body": text, "m.relates_to": relation });
        self.send(room, "m.room.message", content).await
    }

    /// Reacts to an event.
    pub(crate) async fn react(&self, room: &str, event: &str, key: &str) -> String {
        let relation = json!({ "rel_type": "m.annotation", "event_id": event, "key": key });
        self.send(room, "m.reaction", json!({ "m.relates_to": relation })).await
    }
}

impl Message {
    /// Returns whether this is a reaction with this key to the event.
    pub(crate) fn marks(&self, event: &str, key: &str) -> bool {
        let relation = &self.content()["m.relates_to"];
        let related = relation["rel_type"] == "m.annotation" && relation["event_id"] == event;
        self.kind() == "m.reaction" && related && relation["key"] == key
    }

    /// Returns the status that this message is about the event, where it is one.
    fn status_of(&self, event: &str) -> Option<&str> {
        let content = self.content();
        let relation = json!({ "rel_type": "m.reference", "event_id": event });
        let about =
            self.kind() == "com.beeper.message_send_status" && content["m.relates_to"] == relation;
        about.then(|| content["status"].as_str()).flatten()
    }
}
