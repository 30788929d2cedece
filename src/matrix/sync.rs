//! The events of a user's rooms since an earlier sync, as clients request them.
//!
//! They are compared with what the homeserver pushed to the application service.

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

/// The result of a sync.
#[derive(Debug)]
pub struct Changes {
    /// The token with which the next sync continues.
    pub next: String,
    /// The rooms of the user that have new events.
    pub rooms: Vec<Timeline>,
}

/// The events of one room, oldest first.
#[derive(Debug)]
pub struct Timeline {
    /// The room.
    pub room: OwnedRoomId,
    /// Whether older events were left out.
    pub is_cut: bool,
    /// The events as they would have been pushed, with the id of their room.
    pub events: Vec<Box<RawValue>>,
}

impl Intent {
    /// Returns the events since an earlier sync, at most 100 of each room. Without `since` it only
    /// returns the token for the next sync.
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

/// Returns the filter: events only, or no room at all, since the first sync of a user in thousands
/// of rooms would be long.
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

/// Adds the id of the room to an event, which a sync leaves out; `None` for JSON that is no object.
fn in_room(room: &RoomId, event: &RawValue) -> Option<Box<RawValue>> {
    let fields = event.get().trim_start().strip_prefix('{')?;
    let comma = if fields.trim_start().starts_with('}') { "" } else { "," };
    // A room id contains no character that JSON escapes; any other text fails to parse here.
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
