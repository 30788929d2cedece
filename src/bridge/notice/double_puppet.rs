//! Double puppets: with the token of a second registration, owners join the rooms that the bridge
//! makes for them, and their chats are marked as direct.
//!
//! Nothing else is done in their names. Where the homeserver refuses, the invitation stays, and the
//! log says so once.

use ruma::{RoomId, UserId};

use crate::{
    bridge::core::{Core, attempt::Halt},
    matrix::Puppets,
};

/// Joins a room as an invited user; returns false when the user has to join.
pub(crate) async fn join(core: &Core, user: &UserId, room: &RoomId) -> Result<bool, Halt> {
    let Some(puppets) = of(core, user) else { return Ok(false) };
    done(core, user, core.insist(|| puppets.join(user, room)).await)
}

/// Joins a room as a user whose chat with `with` it is, and marks it as a direct chat.
pub(crate) async fn join_chat(
    core: &Core,
    user: &UserId,
    room: &RoomId,
    with: &UserId,
) -> Result<(), Halt> {
    let Some(puppets) = of(core, user) else { return Ok(()) };
    if !join(core, user, room).await? {
        return Ok(());
    }
    let _one_at_a_time = core.owners.marking.lock().await;
    let marked = core.insist(|| puppets.mark_direct(user, with, room)).await;
    done(core, user, marked).map(drop)
}

/// Returns the double puppets for a user of this homeserver; the token is not valid for users of
/// others.
fn of<'c>(core: &'c Core, user: &UserId) -> Option<&'c Puppets> {
    let is_here = user.server_name() == core.config.homeserver.server_name;
    core.owners.puppets.as_ref().filter(|_| is_here)
}

fn done(core: &Core, user: &UserId, answer: Result<(), Halt>) -> Result<bool, Halt> {
    match answer {
        Ok(()) => Ok(true),
        Err(Halt::Refused(why)) => {
            core.owners.warn(user, &why);
            Ok(false)
        }
        Err(Halt::Stopping) => Err(Halt::Stopping),
    }
}
