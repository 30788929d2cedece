//! The power levels of a contact's room.

use ruma::{RoomId, UserId};
use serde_json::{Map, Value};

use crate::{
    bridge::core::{Core, attempt::Halt},
    matrix::room::{RoomPower, State},
};

/// Returns the power levels of a new room. The owner moderates it, may replace it, and decides who
/// joins and who reads its history; every member may change its name, avatar and topic. Only the
/// bridge may do what it does not support, such as turning on encryption.
pub(super) fn of_new_room(owner: &UserId) -> RoomPower {
    let everybody = ["m.room.name", "m.room.avatar", "m.room.topic"].map(|kind| (kind, 0));
    let moderators = ["m.room.tombstone"].map(|kind| (kind, MODERATOR));
    let nobody = [
        "m.room.encryption",
        "m.room.power_levels",
        "m.room.history_visibility",
        "m.room.server_acl",
    ]
    .map(|kind| (kind, 100));
    let events = everybody.into_iter().chain(moderators).chain(nobody);
    RoomPower {
        users: [(owner.to_owned(), MODERATOR)].into(),
        events: events.map(|(kind, level)| (kind.to_owned(), level)).collect(),
        other: [(INVITE.to_owned(), MODERATOR)].into(),
    }
}

/// Raises the level for invitations in an older room to that of new ones, where the bridge may.
pub(super) async fn bring_up(core: &Core, room: &RoomId) -> Result<(), Halt> {
    let bot = core.bot();
    let levels = match core.insist(|| bot.state(room, "m.room.power_levels", "")).await {
        Err(Halt::Refused(error)) => {
            tracing::debug!(%room, %error, "the powers of a room are not known");
            return Ok(());
        }
        levels => levels?,
    };
    let levels = levels.and_then(|raw| serde_json::from_str(raw.get()).ok());
    let Some(raised) = levels.and_then(raised) else { return Ok(()) };
    let state = State::new("m.room.power_levels", "", Value::Object(raised));
    match core.insist(|| bot.send_state(room, &state)).await {
        Ok(_) => tracing::info!(%room, "guests of a room cannot invite any more"),
        Err(Halt::Refused(error)) => {
            tracing::warn!(%room, %error, "guests of a room can still invite others");
        }
        Err(Halt::Stopping) => return Err(Halt::Stopping),
    }
    Ok(())
}

/// Returns the levels with the higher one for invitations; `None` when it is high enough.
fn raised(mut levels: Map<String, Value>) -> Option<Map<String, Value>> {
    if levels.get(INVITE).and_then(Value::as_i64).unwrap_or(0) >= MODERATOR {
        return None;
    }
    levels.insert(INVITE.to_owned(), MODERATOR.into());
    Some(levels)
}

const INVITE: &str = "invite";
const MODERATOR: i64 = 50;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_lower_level_is_raised_and_the_rest_stays() {
        for (levels, expected) in [
            (json!({ "users_default": 5 }), Some(json!({ "users_default": 5, "invite": 50 }))),
            (json!({ "invite": 0 }), Some(json!({ "invite": 50 }))),
            (json!({ "invite": "x" }), Some(json!({ "invite": 50 }))),
            (json!({ "invite": 50 }), None),
            (json!({ "invite": 100 }), None),
        ] {
            let Value::Object(levels) = levels else { panic!() };
            assert_eq!(raised(levels).map(Value::Object), expected);
        }
    }
}
