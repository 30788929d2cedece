//! The record of a Matrix user: the management room and the language.

use std::sync::Arc;

use ruma::{OwnedRoomId, RoomId, UserId};

use super::{Core, attempt::Halt};
use crate::store::{Change, Owner, Portal};

/// Stores which room is this user's management room.
pub(crate) async fn mark_room(
    core: &Core,
    user: &UserId,
    room: Option<OwnedRoomId>,
) -> Result<(), Halt> {
    change(core, user, |owner| {
        owner.left_management_room = false;
        owner.management_room = room;
    })
    .await
}

/// Stores that a user has left their management room.
pub(in crate::bridge) async fn mark_left(core: &Core, user: &UserId) -> Result<(), Halt> {
    change(core, user, |owner| (owner.management_room, owner.left_management_room) = (None, true))
        .await
}

/// Stores that a user who had left their management room has shown themselves again.
pub(in crate::bridge) async fn mark_present(core: &Core, user: &UserId) -> Result<(), Halt> {
    match core.registry.owner(user).left_management_room {
        true => change(core, user, |owner| owner.left_management_room = false).await,
        false => Ok(()),
    }
}

/// Returns whether the account of a user of this homeserver seems to be deactivated: they have left
/// every room that they had with the bridge, and have no profile or no device any more.
///
/// The client API has no better way to learn this. A homeserver takes such an account out of all
/// rooms and removes its devices, and its profile only when the account is erased. A user who has a
/// device is never taken for deactivated.
pub(in crate::bridge) async fn seems_deactivated(core: &Core, user: &UserId) -> Result<bool, Halt> {
    let owner = core.registry.owner(user);
    let portals = core.registry.portals_of_owner(user);
    let has_left = owner.left_management_room || portals.iter().any(|portal| portal.is_closed());
    let is_local = user.server_name() == core.config.homeserver.server_name;
    if !is_local || !has_left || owner.management_room.is_some() {
        return Ok(false);
    }
    if is_in_one(core, user, &portals).await? {
        return Ok(false);
    }
    let bot = core.bot();
    if !known(user, core.insist(|| bot.has_profile(user)).await)? {
        return Ok(true);
    }
    Ok(owner.left_management_room && !known(user, core.insist(|| bot.has_device(user)).await)?)
}

/// Returns whether the user is in a room of one of these portals, or in a group with one.
async fn is_in_one(core: &Core, user: &UserId, portals: &[Arc<Portal>]) -> Result<bool, Halt> {
    let bot = core.bot();
    let rooms = portals.iter().flat_map(|portal| [portal.own_room(), portal.group.as_deref()]);
    let rooms: Vec<OwnedRoomId> = rooms.flatten().map(ToOwned::to_owned).collect();
    for room in rooms {
        match core.insist(|| bot.joined_members(&room)).await {
            Ok(members) if members.iter().any(|member| member == user) => return Ok(true),
            Ok(_) | Err(Halt::Refused(_)) => {}
            Err(Halt::Stopping) => return Err(Halt::Stopping),
        }
    }
    Ok(false)
}

/// Returns what the homeserver told about an account; one that does not tell has not said that
/// something is missing.
fn known(user: &UserId, answer: Result<bool, Halt>) -> Result<bool, Halt> {
    match answer {
        Err(Halt::Refused(error)) => {
            tracing::debug!(%user, %error, "the homeserver does not tell about an account");
            Ok(true)
        }
        answer => answer,
    }
}

/// Changes a user's current record and stores it.
pub(crate) async fn change(
    core: &Core,
    user: &UserId,
    with: impl FnOnce(&mut Owner),
) -> Result<(), Halt> {
    let _one_at_a_time = core.changing.lock().await;
    let mut owner = Owner::clone(&core.registry.owner(user));
    with(&mut owner);
    put_owner(core, owner).await
}

/// Stores a changed record, then puts it into the registry.
pub(crate) async fn put_owner(core: &Core, owner: Owner) -> Result<(), Halt> {
    core.commit(Change::new().put_owner(&owner)).await?;
    core.registry.put_owner(owner);
    Ok(())
}

/// Returns whether this is the user's management room.
pub(crate) fn is_management_room(core: &Core, user: &UserId, room: &RoomId) -> bool {
    core.registry.owner(user).management_room.as_deref() == Some(room)
}
