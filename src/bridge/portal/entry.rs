//! The ways of the bot, of a ghost and of the owner into a room.

use ruma::RoomId;
use serde_json::json;

use crate::{
    bridge::{
        core::{Core, attempt::Halt},
        notice::double_puppet,
    },
    matrix::{self, Intent, room::State},
    store::Portal,
};

/// Invites the owner as the ghost and to a direct chat, so that clients list the room as a chat
/// with the contact. With double puppets the owner also joins. Harmless for a member.
pub(crate) async fn invite_owner(
    core: &Core,
    portal: &Portal,
    ghost: &Intent,
    room: &RoomId,
) -> Result<(), Halt> {
    let invitation = json!({ "membership": "invite", "is_direct": true });
    let state = State::new("m.room.member", portal.key.owner.as_str(), invitation);
    match core.insist(|| ghost.send_state(room, &state)).await {
        Err(Halt::Refused(matrix::Error::Forbidden { .. })) => {}
        invited => invited.map(drop)?,
    }
    double_puppet::join_chat(core, &portal.key.owner, room, ghost.user()).await
}

/// Joins a room, if need be after an invitation by `host`; returns whether it succeeded.
pub(crate) async fn enter(
    core: &Core,
    who: &Intent,
    host: &Intent,
    room: &RoomId,
) -> Result<bool, Halt> {
    if is_done(core.insist(|| who.join(room)).await)? {
        return Ok(true);
    }
    Ok(is_done(core.insist(|| host.invite(room, who.user())).await)?
        && is_done(core.insist(|| who.join(room)).await)?)
}

pub(super) fn is_done(done: Result<(), Halt>) -> Result<bool, Halt> {
    match done {
        Ok(()) => Ok(true),
        Err(Halt::Refused(_)) => Ok(false),
        Err(Halt::Stopping) => Err(Halt::Stopping),
    }
}

/// Returns a link that every client opens as this room.
pub(crate) fn link(core: &Core, room: &RoomId) -> String {
    format!("https://matrix.to/#/{room}?via={}", core.config.homeserver.server_name)
}
