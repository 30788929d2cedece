//! The ways of a contact into a room with others, and out of it.

use std::sync::Arc;

use ruma::{RoomId, UserId};

use crate::{
    bridge::{
        core::{Core, attempt::Halt, name_of, portal_record, txn::Txn},
        notice,
        portal::entry,
        state::{Job, LaneKey},
        text::GroupText,
    },
    id::PortalId,
    matrix::Power,
    store::Portal,
};

/// The reason why a contact cannot be brought into a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Barrier {
    /// The user who asks for it may not invite.
    NotTheirs,
    /// The bot may not invite, or the contact could not write.
    NotOurs,
}

/// Brings a contact into a room on behalf of `user`; harmless when the contact is there.
///
/// The ghost is in the room before the contact's messages are sent there. `Ok(Err)` has the reason
/// when the contact cannot be brought in.
pub(crate) async fn bring_in(
    core: &Core,
    portal: &Portal,
    to: &RoomId,
    user: &UserId,
) -> Result<Result<(), Barrier>, Halt> {
    let bot = core.bot();
    let power = core.insist(|| bot.power(to)).await?;
    if !power.may_invite(user) {
        return Ok(Err(Barrier::NotTheirs));
    }
    move_in(core, portal, to, &power).await
}

/// Brings a contact into a room in which the bot is, without a user who asks for it.
pub(super) async fn move_in(
    core: &Core,
    portal: &Portal,
    to: &RoomId,
    power: &Power,
) -> Result<Result<(), Barrier>, Halt> {
    // A contact whose id is too long for a Matrix user id has no room of its own either.
    let Some(ghost) = core.ghost(&portal.key.contact) else { return Ok(Err(Barrier::NotOurs)) };
    if !power.may_write(ghost.user()) {
        return Ok(Err(Barrier::NotOurs));
    }
    core.insist(|| ghost.ensure_registered()).await?;
    if !entry::enter(core, &ghost, &core.bot(), to).await? {
        return Ok(Err(Barrier::NotOurs));
    }
    let moved = |portal: &mut Portal| {
        portal.set_group(Some(to.to_owned()));
        portal.group_next = None;
    };
    portal_record::change(core, portal.id, moved).await?;
    tracing::info!(portal = %portal.id, room = %to, "a contact was brought into a room");
    Ok(Ok(()))
}

/// Takes a contact out of a room with others: their messages go to their own room again, which is
/// told once for `cause`.
pub(crate) async fn take_out(
    core: &Core,
    portal: &Portal,
    from: &RoomId,
    cause: &str,
) -> Result<(), Halt> {
    let stays = |portal: &mut Portal| {
        if portal.group.as_deref() == Some(from) {
            portal.set_group(None);
        }
    };
    portal_record::change(core, portal.id, stays).await?;
    tracing::info!(portal = %portal.id, room = %from, "a contact was taken out of a room");
    // The ghost leaves behind the messages that it is still sending there.
    core.lanes.push(LaneKey::Portal(portal.id), Job::LeaveGroup(from.to_owned()));
    let Some(own) = portal.own_room() else { return Ok(()) };
    let name = name_of(portal);
    let text = GroupText::Back { name: &name }.text(core.language_of(&portal.key.owner));
    notice::say(core, own, &text, Txn::GroupBack { portal: portal.id, cause }).await
}

/// Lets the ghost leave, unless the contact was brought back in the meantime.
pub(crate) async fn leave(core: &Arc<Core>, portal: PortalId, from: &RoomId) {
    let Some(portal) = core.registry.portal(portal) else { return };
    if portal.group.as_deref() == Some(from) {
        return;
    }
    let Some(ghost) = core.ghost(&portal.key.contact) else { return };
    match core.insist(|| ghost.leave(from, None)).await {
        Ok(()) => {}
        // A ghost that stays does no harm.
        Err(Halt::Refused(error)) => {
            tracing::debug!(portal = %portal.id, %error, "a ghost could not leave a room");
        }
        Err(Halt::Stopping) => return,
    }
    let left = |portal: &mut Portal| portal.groups_left.retain(|room| room != from);
    // After a stop, it is repeated at the next start.
    let _ = portal_record::change(core, portal.id, left).await;
}

/// Returns whether a failed send to a room is worth another try, because the ghost has come back,
/// or because the contact was taken out of the room.
pub(crate) async fn mend(core: &Core, portal: &Portal, room: &RoomId) -> Result<bool, Halt> {
    let Some(ghost) = core.ghost(&portal.key.contact) else { return Ok(false) };
    if core.insist(|| ghost.joined_rooms()).await?.iter().any(|joined| joined == room) {
        return Ok(false);
    }
    if !entry::enter(core, &ghost, &core.bot(), room).await? {
        take_out(core, portal, room, &format!("lost-{room}")).await?;
    }
    Ok(true)
}
