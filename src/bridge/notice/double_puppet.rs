//! Owners who need not accept an invitation: with the token of a second registration they join the
//! rooms that the bridge makes for them, and the chats among these are marked as direct ones.
//!
//! Nothing else is done in their names. Where the homeserver refuses, the invitation stays, and the
//! log says so once.

use ruma::{RoomId, UserId};

use crate::{
    bridge::core::{Core, attempt::Halt},
    matrix::Puppets,
};

/// Has somebody who was invited join the room; false when they have to do it themselves.
pub(crate) async fn join(core: &Core, user: &UserId, room: &RoomId) -> Result<bool, Halt> {
    let Some(puppets) = of(core, user) else { return Ok(false) };
    done(core, user, core.insist(|| puppets.join(user, room)).await)
}

/// The same with a room that is somebody's chat with `with`, and marks it as that.
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

/// Those who have their accounts elsewhere are never tried: the token counts on one homeserver.
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
