//! The record of a Matrix user: the management room and the language.

use ruma::{OwnedRoomId, RoomId, UserId};

use super::{Core, attempt::Halt};
use crate::store::{Change, Owner};

/// Stores which room is this user's management room.
pub(crate) async fn mark_room(
    core: &Core,
    user: &UserId,
    room: Option<OwnedRoomId>,
) -> Result<(), Halt> {
    change(core, user, |owner| owner.management_room = room).await
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
