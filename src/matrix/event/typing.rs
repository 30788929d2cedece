//! The users who are typing in a room.

use ruma::{OwnedRoomId, OwnedUserId};
use serde_json::value::RawValue;

use crate::matrix::object::Object;

/// All users who are typing in a room at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typing {
    /// The room.
    pub room: OwnedRoomId,
    /// The users; empty when the last one has stopped.
    pub users: Vec<OwnedUserId>,
}

impl Typing {
    /// Reads an ephemeral event; `None` for one of another kind, or without a room.
    pub fn parse(raw: &RawValue) -> Option<Self> {
        let fields = Object::parse(raw.get())?;
        if fields.text("type")? != "m.typing" {
            return None;
        }
        let content = fields.object("content")?;
        let users = content.list("user_ids").into_iter();
        let users = users.filter_map(|raw| serde_json::from_str(raw.get()).ok());
        Some(Self { room: fields.id("room_id")?, users: users.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typing(json: &str) -> Option<Vec<String>> {
        let raw: &RawValue = serde_json::from_str(json).unwrap();
        Some(Typing::parse(raw)?.users.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn only_users_in_a_room_type() {
        let with = |users: &str| {
            format!(r#"{{"type":"m.typing","room_id":"!r","content":{{"user_ids":{users}}}}}"#)
        };
        assert_eq!(typing(&with(r#"["@a:b.org","nobody",7]"#)).unwrap(), ["@a:b.org"]);
        assert_eq!(typing(&with("[]")).unwrap().len(), 0);
        assert_eq!(typing(&with("null")).unwrap().len(), 0);
        assert_eq!(typing(r#"{"type":"m.typing","content":{"user_ids":[]}}"#), None);
        assert_eq!(typing(r#"{"type":"m.receipt","room_id":"!r","content":{}}"#), None);
        assert_eq!(typing("[]"), None);
    }
}
