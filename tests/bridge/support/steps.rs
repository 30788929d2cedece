//! Steps that several stories take: a login half way, an edit, a redaction, a config that differs.

use ilink_simulator::Phone;
use matrix_sdk::{
    config::SyncSettings,
    ruma::{
        EventId, UserId,
        api::client::{
            filter::FilterDefinition, room::create_room::v3::Request as CreateRoom,
            sync::sync_events::v3::Filter,
        },
        events::{
            AnyInitialStateEvent,
            receipt::{ReceiptThread, ReceiptType},
        },
        serde::Raw,
    },
};
use serde_json::Value;

use super::{
    bridge::World,
    person::{Message, Person},
};

/// A login whose QR code is in the room.
pub(crate) struct Linking {
    pub(crate) room: String,
    /// The one message of the login.
    pub(crate) message: String,
    pub(crate) url: String,
}

impl World {
    /// Sends `command`, a `login` or `relogin`, and waits for the QR code.
    pub(crate) async fn begin(&self, person: &Person, command: &str) -> Linking {
        let room = person.management_room(self).await;
        let sent = person.say(&room, command).await;
        let message = person.wait_after(&room, &sent, |m| m.qr_url().is_some()).await;
        Linking { room, url: message.qr_url().unwrap(), message: message.id().to_owned() }
    }

    /// Links this phone, which may be linked elsewhere, for a person; returns the new portal room.
    pub(crate) async fn link_phone(&self, person: &Person, phone: &Phone, name: &str) -> String {
        let linking = self.begin(person, &format!("login {name}")).await;
        let rooms = person.rooms();
        phone.scan(&linking.url).await.unwrap();
        phone.confirm().await.unwrap();
        person.wait_linked(self, &linking.room, &linking.message, &rooms).await
    }

    /// Stops the bridge and starts it again with a config that `change` has changed.
    pub(crate) async fn reconfigure(&mut self, change: impl FnOnce(String) -> String) {
        self.stop().await;
        self.configure(change);
        self.resume().await;
    }

    /// Changes the config of a bridge that does not run.
    pub(crate) fn configure(&self, change: impl FnOnce(String) -> String) {
        let config = std::fs::read_to_string(self.config_path()).unwrap();
        std::fs::write(self.config_path(), change(config)).unwrap();
    }

    /// Ends a story in which WeChat had nothing to complain about.
    pub(crate) async fn end(mut self) {
        self.stop().await;
        assert!(self.simulator.dropped().is_empty(), "{:?}", self.simulator.dropped());
    }
}

impl Person {
    /// Makes a room of one's own, with these people and this state.
    pub(crate) async fn make_room(&self, invite: &[&str], state: &[Value]) -> String {
        let mut request = CreateRoom::new();
        request.invite = invite.iter().map(|user| UserId::parse(user).unwrap()).collect();
        let state = state
            .iter()
            .map(|event| Raw::<AnyInitialStateEvent>::from_json_string(event.to_string()).unwrap());
        request.initial_state = state.collect();
        self.client.create_room(request).await.unwrap().room_id().to_string()
    }

    pub(crate) async fn invite(&self, room: &str, user: &str) {
        self.room(room).invite_user_by_id(&UserId::parse(user).unwrap()).await.unwrap();
    }

    /// Waits until the room is none of the person's.
    pub(crate) async fn wait_gone(&self, room: &str) {
        self.until("a room to be gone", || (!self.rooms().iter().any(|r| r == room)).then_some(()))
            .await;
    }

    /// Takes a message back.
    pub(crate) async fn remove(&self, room: &str, message: &str) {
        let message = EventId::parse(message).unwrap();
        self.room(room).redact(&message, None, None).await.unwrap();
    }

    /// Waits until the message was edited to something that contains `words`.
    pub(crate) async fn wait_edit(&self, room: &str, message: &str, words: &str) -> Message {
        self.wait(room, |m| m.edits() == Some(message) && m.body().contains(words)).await
    }

    /// Waits until somebody removed the message; returns the sender of the removal.
    pub(crate) async fn wait_removed(&self, room: &str, message: &str) -> String {
        let removal = self.wait(room, |m| m.removes() == Some(message)).await;
        removal.sender().to_owned()
    }

    /// Waits for a message with these words in it.
    pub(crate) async fn wait_said(&self, room: &str, words: &str) -> Message {
        self.wait(room, |m| m.edits().is_none() && m.body().contains(words)).await
    }

    /// Returns the notices of this sender so far, in order.
    pub(crate) fn notices(&self, room: &str, sender: &str) -> Vec<Message> {
        let timeline = self.timeline(room).into_iter();
        timeline.filter(|m| m.sender() == sender && m.content()["msgtype"] == "m.notice").collect()
    }

    /// Returns up to which event this user has read the room, as far as the client was told.
    pub(crate) async fn read_by(&self, room: &str, user: &str) -> Option<String> {
        let (room, user) = (self.room(room), UserId::parse(user).unwrap());
        let (kind, thread) = (ReceiptType::Read, ReceiptThread::Unthreaded);
        let receipt = room.load_user_receipt(kind, thread, &user).await.unwrap();
        receipt.map(|(event, _)| event.to_string())
    }

    /// Returns the content of the state event of this type and key, as far as the client was told.
    pub(crate) async fn content(&self, room: &str, event_type: &str, key: &str) -> Value {
        let events = self.state(room, event_type).await;
        let found = events.into_iter().find(|event| event["state_key"] == key);
        found.map(|event| event["content"].clone()).unwrap_or_default()
    }
}

impl Message {
    /// Returns the event that this one removes.
    pub(crate) fn removes(&self) -> Option<&str> {
        let removes = self.content()["redacts"].as_str().or(self.0["redacts"].as_str());
        removes.filter(|_| self.kind() == "m.room.redaction")
    }

    /// Returns the event that this one answers.
    pub(crate) fn answers(&self) -> Option<&str> {
        self.content()["m.relates_to"]["m.in_reply_to"]["event_id"].as_str()
    }
}

/// Syncs whose timelines have no gaps, however much comes at once.
pub(super) fn gapless() -> SyncSettings {
    let mut filter = FilterDefinition::default();
    filter.room.timeline.limit = Some(2_000_u32.into());
    SyncSettings::default().filter(Filter::FilterDefinition(filter))
}
