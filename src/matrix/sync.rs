//! What has happened in a user's rooms since an earlier look, as the homeserver tells its clients.
//!
//! What is pushed to an application service comes another way; this is the list to compare with.

use std::time::Duration;

use ruma::{
    OwnedRoomId, RoomId,
    api::client::{
        filter::{FilterDefinition, RoomEventFilter},
        sync::sync_events::v3::{Filter, JoinedRoom, Request},
    },
    presence::PresenceState,
    uint,
};
use serde_json::value::RawValue;

use super::{error::Error, intent::Intent};

/// What was found by a look.
#[derive(Debug)]
pub struct Changes {
    /// Where the next look begins.
    pub next: String,
    /// The rooms that the user is in and in which something has happened.
    pub rooms: Vec<Timeline>,
}

/// The events of one room, the oldest first.
#[derive(Debug)]
pub struct Timeline {
    /// The room.
    pub room: OwnedRoomId,
    /// Whether older ones were left out.
    pub is_cut: bool,
    /// Each as it would have been pushed, with the id of its room.
    pub events: Vec<Box<RawValue>>,
}

impl Intent {
    /// What has happened since an earlier look, at most 100 events of each room. Without one it
    /// gives the place from which the next begins, and nothing else.
    ///
    /// # Errors
    /// As any request. [`Error::Rejected`] also when the homeserver no longer knows `since`.
    pub async fn changes(&self, since: Option<&str>) -> Result<Changes, Error> {
        let mut request = Request::new();
        request.since = since.map(str::to_owned);
        request.filter = Some(Filter::FilterDefinition(wanted(since.is_some())));
        request.set_presence = PresenceState::Offline;
        request.timeout = Some(Duration::ZERO);
        let answer = self.request(request).await?;
        let rooms = answer.rooms.join.into_iter().map(|(id, room)| Timeline::read(id, room));
        Ok(Changes { next: answer.next_batch, rooms: rooms.collect() })
    }
}

/// Events and nothing about them, or no room at all: of a user in thousands of rooms a first look
/// would be long.
fn wanted(events: bool) -> FilterDefinition {
    let nothing = || {
        let mut filter = RoomEventFilter::empty();
        filter.types = Some(Vec::new());
        filter
    };
    let mut filter = FilterDefinition::empty();
    filter.room.rooms = (!events).then(Vec::new);
    filter.room.timeline.limit = Some(uint!(100));
    filter.room.state = nothing();
    filter.room.ephemeral = nothing();
    filter.room.account_data = nothing();
    filter.presence.types = Some(Vec::new());
    filter.account_data.types = Some(Vec::new());
    filter
}

impl Timeline {
    fn read(id: OwnedRoomId, room: JoinedRoom) -> Self {
        let events = room.timeline.events.into_iter();
        let events = events.filter_map(|event| in_room(&id, event.json())).collect();
        Self { is_cut: room.timeline.limited, events, room: id }
    }
}

/// The event with the id of its room in front, which a client is told beside it; `None` for what is
/// no object.
fn in_room(room: &RoomId, event: &RawValue) -> Option<Box<RawValue>> {
    let fields = event.get().trim_start().strip_prefix('{')?;
    let comma = if fields.trim_start().starts_with('}') { "" } else { "," };
    // A room id holds no character that JSON writes in another way; whatever did is no event then.
    RawValue::from_string(format!(r#"{{"room_id":"{room}"{comma}{fields}"#)).ok()
}

#[cfg(test)]
mod tests {
    use ruma::room_id;
    use serde_json::json;

    use super::*;

    fn placed(event: &str) -> Option<String> {
        let event = RawValue::from_string(event.to_owned()).unwrap();
        in_room(room_id!("!a:b.c"), &event).map(|event| event.get().to_owned())
    }

    #[test]
    fn an_event_is_told_its_room_and_is_as_it_was_else() {
        let event = placed(r#" {"type": "x", "content": {"n": 1.0}}"#).unwrap();
        assert_eq!(event, r#"{"room_id":"!a:b.c","type": "x", "content": {"n": 1.0}}"#);
        assert_eq!(placed("{ }").unwrap(), r#"{"room_id":"!a:b.c" }"#);
        assert_eq!((placed("[]"), placed("null")), (None, None));
    }

    #[test]
    fn nothing_but_events_is_asked_for() {
        let none = json!({ "types": [] });
        let mut room = json!({
            "timeline": { "limit": 100 }, "state": none, "ephemeral": none, "account_data": none,
        });
        let asked = serde_json::to_value(wanted(true)).unwrap();
        assert_eq!(asked, json!({ "room": room, "presence": none, "account_data": none }));
        room["rooms"] = json!([]);
        assert_eq!(serde_json::to_value(wanted(false)).unwrap()["room"], room);
    }
}
