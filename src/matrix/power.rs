//! The rights of the members of a room: its power levels and its creators.

use std::collections::HashMap;

use ruma::{
    OwnedRoomId, OwnedUserId, RoomId, RoomVersionId, UserId,
    api::client::state::get_state_event_for_key::v3::{Request, StateEventFormat},
};
use serde_json::value::RawValue;

use super::{error::Error, intent::Intent, object::Object, room::creators_are_privileged};

/// The rights of the members of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Power {
    /// The users who may do everything, whatever the levels are.
    creators: Vec<OwnedUserId>,
    users: HashMap<OwnedUserId, i64>,
    default: i64,
    invite: i64,
    write: i64,
    redact: i64,
    /// The level that is needed to replace the room.
    tombstone: i64,
}

impl Power {
    /// Reads the content of `m.room.power_levels`, where there is one, and the event
    /// `m.room.create`. Missing fields have the defaults of the specification.
    fn read(levels: Option<&RawValue>, create: Option<&RawValue>) -> Self {
        let create = create.and_then(|raw| Object::parse(raw.get())).unwrap_or_default();
        let content = create.object("content").unwrap_or_default();
        let version = content.text("room_version").unwrap_or_else(|| "1".to_owned());
        let privileged =
            RoomVersionId::try_from(version).is_ok_and(|version| creators_are_privileged(&version));
        let creator = create.id::<OwnedUserId>("sender");
        let more = content.list("additional_creators").into_iter();
        let more = more.filter_map(|raw| serde_json::from_str::<OwnedUserId>(raw.get()).ok());
        let creators = creator.clone().into_iter().chain(more).filter(|_| privileged).collect();
        let Some(levels) = levels.and_then(|raw| Object::parse(raw.get())) else {
            let users = creator.map(|creator| (creator, 100)).into_iter().collect();
            return Self {
                creators,
                users,
                default: 0,
                invite: 0,
                write: 0,
                redact: 50,
                tombstone: 0,
            };
        };
        let level = |key| levels.integer(key).unwrap_or(0);
        let users = levels.raw("users").and_then(|raw| serde_json::from_str(raw.get()).ok());
        let events = levels.object("events").unwrap_or_default();
        Self {
            creators,
            users: users.unwrap_or_default(),
            default: level("users_default"),
            invite: level("invite"),
            write: events.integer("m.room.message").unwrap_or_else(|| level("events_default")),
            redact: levels.integer("redact").unwrap_or(50),
            tombstone: events
                .integer("m.room.tombstone")
                .or_else(|| levels.integer("state_default"))
                .unwrap_or(50),
        }
    }

    /// Returns whether `user`, a member, may invite others.
    pub fn may_invite(&self, user: &UserId) -> bool {
        self.reaches(user, self.invite)
    }

    /// Returns whether `user`, once a member, may send messages.
    pub fn may_write(&self, user: &UserId) -> bool {
        self.reaches(user, self.write)
    }

    /// Returns whether `user`, a member, may redact messages of others.
    pub fn may_redact(&self, user: &UserId) -> bool {
        self.reaches(user, self.redact)
    }

    /// Returns whether `user`, a member, may replace the room by another.
    pub fn may_upgrade(&self, user: &UserId) -> bool {
        self.reaches(user, self.tombstone)
    }

    fn reaches(&self, user: &UserId, level: i64) -> bool {
        let has = self.users.get(user).copied().unwrap_or(self.default);
        has >= level || self.creators.iter().any(|creator| creator == user)
    }
}

/// The origin of a room, from its event `m.room.create`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The creator; `None` where the event does not say.
    pub creator: Option<OwnedUserId>,
    /// The room that this one claims to replace.
    pub predecessor: Option<OwnedRoomId>,
}

impl Origin {
    /// Reads the event `m.room.create`.
    fn read(create: &RawValue) -> Self {
        let create = Object::parse(create.get()).unwrap_or_default();
        let content = create.object("content").unwrap_or_default();
        let predecessor = content.object("predecessor").and_then(|before| before.id("room_id"));
        Self { creator: create.id("sender"), predecessor }
    }
}

impl Intent {
    /// Returns the rights of the members of a room that the user is in.
    pub async fn power(&self, room: &RoomId) -> Result<Power, Error> {
        let levels = self.state(room, "m.room.power_levels", "").await?;
        let mut request = Request::new(room.to_owned(), "m.room.create".into(), String::new());
        request.format = StateEventFormat::Event;
        let create = match self.homeserver().request(request, self.identity()).await {
            Ok(response) => Some(response.event_or_content),
            Err(Error::NotFound) => None,
            Err(error) => return Err(error),
        };
        Ok(Power::read(levels.as_deref(), create.as_deref()))
    }

    /// Returns the creator and the predecessor of a room that the user is in.
    pub async fn origin(&self, room: &RoomId) -> Result<Origin, Error> {
        let mut request = Request::new(room.to_owned(), "m.room.create".into(), String::new());
        request.format = StateEventFormat::Event;
        let response = self.homeserver().request(request, self.identity()).await?;
        Ok(Origin::read(&response.event_or_content))
    }
}

#[cfg(test)]
mod tests {
    use ruma::user_id;
    use serde_json::{Value, json, value::to_raw_value};

    use super::*;

    fn power(levels: Option<Value>, version: &str) -> Power {
        let create = json!({
            "sender": "@alice:b.org",
            "content": { "room_version": version, "additional_creators": ["@bot:b.org"] },
        });
        let levels = levels.map(|levels| to_raw_value(&levels).unwrap());
        Power::read(levels.as_deref(), Some(&to_raw_value(&create).unwrap()))
    }

    #[test]
    fn a_level_is_the_users_own_or_the_default() {
        let levels = json!({
            "users": { "@alice:b.org": 50, "@bob:b.org": 49 }, "users_default": 10,
            "invite": 50, "events_default": 10, "events": { "m.room.message": 11 },
        });
        let power = power(Some(levels), "11");
        let users = [user_id!("@alice:b.org"), user_id!("@bob:b.org"), user_id!("@carol:b.org")];
        assert_eq!(users.map(|user| power.may_invite(user)), [true, false, false]);
        assert_eq!(users.map(|user| power.may_write(user)), [true, true, false]);
    }

    #[test]
    fn creators_may_do_everything_since_version_12() {
        let levels = json!({ "invite": 100, "events_default": 100 });
        for (version, may) in [("12", true), ("11", false)] {
            let power = power(Some(levels.clone()), version);
            for creator in [user_id!("@alice:b.org"), user_id!("@bot:b.org")] {
                assert_eq!((power.may_invite(creator), power.may_write(creator)), (may, may));
            }
            assert!(!power.may_invite(user_id!("@bob:b.org")));
        }
    }

    #[test]
    fn who_may_replace_the_room_and_remove_messages_is_read_too() {
        let levels = json!({
            "users": { "@alice:b.org": 60, "@bob:b.org": 40 }, "redact": 40,
            "events": { "m.room.tombstone": 60 },
        });
        let users = [user_id!("@alice:b.org"), user_id!("@bob:b.org"), user_id!("@carol:b.org")];
        let of = |levels| power(levels, "11");
        let custom = of(Some(levels));
        assert_eq!(users.map(|user| custom.may_upgrade(user)), [true, false, false]);
        assert_eq!(users.map(|user| custom.may_redact(user)), [true, true, false]);
        let plain = of(Some(json!({ "users": { "@alice:b.org": 50 }, "state_default": 50 })));
        assert_eq!(users.map(|user| plain.may_upgrade(user)), [true, false, false]);
        assert_eq!(users.map(|user| of(None).may_redact(user)), [true, false, false]);
    }

    #[test]
    fn a_room_says_what_it_replaces() {
        let old = json!({ "room_id": "!old:b.org", "event_id": "$last" });
        for (content, predecessor) in [
            (json!({ "predecessor": old }), Some("!old:b.org")),
            (json!({ "predecessor": "!old:b.org" }), None),
            (json!({ "predecessor": { "room_id": 5 } }), None),
            (json!({}), None),
        ] {
            let create = json!({ "sender": "@alice:b.org", "content": content });
            let origin = Origin::read(&to_raw_value(&create).unwrap());
            assert_eq!(origin.predecessor.as_deref().map(RoomId::as_str), predecessor);
            assert_eq!(origin.creator.as_deref(), Some(user_id!("@alice:b.org")));
        }
        assert_eq!(Origin::read(&to_raw_value(&json!([])).unwrap()), Origin::default());
    }

    #[test]
    fn a_room_without_levels_lets_everybody_invite() {
        let open = power(None, "10");
        assert!(open.may_invite(user_id!("@bob:b.org")) && open.may_write(user_id!("@bob:b.org")));
        let odd = power(Some(json!({ "users": "x", "invite": "50" })), "10");
        assert!(odd.may_invite(user_id!("@bob:b.org")), "what is no level counts as missing");
    }
}
