//! The room of a portal: what it can be, and how it lies in the store.

use ruma::OwnedRoomId;
use serde::{Deserialize, Serialize};

/// The own room of a portal.
///
/// A room that is being made is not recorded: its alias is derived from the portal, so that a
/// second try finds it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "RoomRecord", into = "RoomRecord")]
pub(super) enum PortalRoom {
    /// The portal has no room, and one is made as soon as possible.
    #[default]
    Wanted,
    /// The portal has a room.
    Open(OpenRoom),
    /// A tombstone names a replacement that the bridge cannot enter yet.
    Upgrading {
        /// The room that is still used.
        from: OpenRoom,
        /// The room that replaces it.
        to: OwnedRoomId,
    },
    /// The room was closed; another is made when the contact writes.
    Closed,
}

/// A room that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRoom {
    /// The room's id.
    pub id: OwnedRoomId,
    /// Whether the owner was invited and greeted.
    pub welcomed: bool,
    /// Whether it is in the owner's space, or was refused there.
    pub in_space: bool,
    /// Which list of what WeChat accepts is in its state, or was refused.
    pub capabilities: Option<String>,
}

impl PortalRoom {
    pub(super) fn open(&self) -> Option<&OpenRoom> {
        match self {
            Self::Open(room) | Self::Upgrading { from: room, .. } => Some(room),
            Self::Wanted | Self::Closed => None,
        }
    }

    pub(super) fn open_mut(&mut self) -> Option<&mut OpenRoom> {
        match self {
            Self::Open(room) | Self::Upgrading { from: room, .. } => Some(room),
            Self::Wanted | Self::Closed => None,
        }
    }

    pub(super) fn into_open(self) -> Option<OpenRoom> {
        match self {
            Self::Open(room) | Self::Upgrading { from: room, .. } => Some(room),
            Self::Wanted | Self::Closed => None,
        }
    }
}

/// How a room lies in the store: the fields of a portal that tell of it.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct RoomRecord {
    room: Option<OwnedRoomId>,
    welcomed: bool,
    closed: bool,
    moving_to: Option<OwnedRoomId>,
    in_space: bool,
    features: Option<String>,
}

impl From<RoomRecord> for PortalRoom {
    fn from(record: RoomRecord) -> Self {
        let RoomRecord { room, welcomed, closed, moving_to, in_space, features } = record;
        let open = room.map(|id| OpenRoom { id, welcomed, in_space, capabilities: features });
        match (open, moving_to) {
            (Some(from), Some(to)) => Self::Upgrading { from, to },
            (Some(room), None) => Self::Open(room),
            (None, _) if closed => Self::Closed,
            (None, _) => Self::Wanted,
        }
    }
}

impl From<PortalRoom> for RoomRecord {
    fn from(room: PortalRoom) -> Self {
        let (closed, moving_to) = match &room {
            PortalRoom::Wanted | PortalRoom::Open(_) => (false, None),
            PortalRoom::Upgrading { to, .. } => (false, Some(to.clone())),
            PortalRoom::Closed => (true, None),
        };
        let Some(OpenRoom { id, welcomed, in_space, capabilities: features }) = room.into_open()
        else {
            return Self { closed, ..Self::default() };
        };
        Self { room: Some(id), welcomed, closed, moving_to, in_space, features }
    }
}

#[cfg(test)]
mod tests {
    use ruma::owned_room_id;
    use serde_json::json;

    use super::*;

    fn read(record: serde_json::Value) -> PortalRoom {
        serde_json::from_value(record).unwrap()
    }

    #[test]
    fn every_room_is_read_as_it_was_written() {
        let (id, to) = (owned_room_id!("!r"), owned_room_id!("!s"));
        let open = OpenRoom { id, welcomed: true, in_space: true, capabilities: Some("c".into()) };
        let upgrading = PortalRoom::Upgrading { from: open.clone(), to };
        for room in [PortalRoom::Wanted, PortalRoom::Closed, PortalRoom::Open(open), upgrading] {
            assert_eq!(read(serde_json::to_value(&room).unwrap()), room);
        }
    }

    #[test]
    fn a_record_of_a_state_that_cannot_be_is_read_as_what_it_means() {
        let open = read(json!({ "room": "!r", "closed": true }));
        assert!(matches!(open, PortalRoom::Open(room) if room.id == "!r"));
        let closed = read(json!({ "room": null, "closed": true, "moving_to": "!s" }));
        assert_eq!(closed, PortalRoom::Closed);
        let wanted = read(json!({ "welcomed": true, "moving_to": "!s", "in_space": true }));
        assert_eq!(wanted, PortalRoom::Wanted);
    }
}
