//! A contact comes into a room, and leaves it.

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

/// What keeps a contact out of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Barrier {
    /// Who asks for it may not invite.
    NotTheirs,
    /// The bot may not, or the contact could not write.
    NotOurs,
}

/// Brings a contact into a room, on behalf of `user`; harmless when the contact is in.
///
/// The ghost is in before the contact's messages are sent there. `Ok(Err)` says what keeps it out.
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

/// The same on nobody's behalf, into a room in which the bot is.
pub(super) async fn move_in(
    core: &Core,
    portal: &Portal,
    to: &RoomId,
    power: &Power,
) -> Result<Result<(), Barrier>, Halt> {
    // An id that is too long for a Matrix user id has no room of its own either.
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

/// Takes a contact out of a room again: their own room has them back, and hears so once for
/// `cause`.
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
    // Behind what the contact is just saying there.
    core.lanes.push(LaneKey::Portal(portal.id), Job::LeaveGroup(from.to_owned()));
    let Some(own) = &portal.room else { return Ok(()) };
    let name = name_of(portal);
    let text = GroupText::Back { name: &name }.text(core.language_of(&portal.key.owner));
    notice::say(core, own, &text, Txn::GroupBack { portal: portal.id, cause }).await
}

/// The ghost goes, unless the contact was brought back in the meantime.
pub(crate) async fn leave(core: &Arc<Core>, portal: PortalId, from: &RoomId) {
    let Some(portal) = core.registry.portal(portal) else { return };
    if portal.group.as_deref() == Some(from) {
        return;
    }
    let Some(ghost) = core.ghost(&portal.key.contact) else { return };
    match core.insist(|| ghost.leave(from, None)).await {
        Ok(()) => {}
        // One that stays does no harm.
        Err(Halt::Refused(error)) => {
            tracing::debug!(portal = %portal.id, %error, "a ghost could not leave a room");
        }
        Err(Halt::Stopping) => return,
    }
    let left = |portal: &mut Portal| portal.groups_left.retain(|room| room != from);
    // What a stop keeps back is done once more at the next start.
    let _ = portal_record::change(core, portal.id, left).await;
}

/// A contact could not write in the room they were brought into: whether it is worth another try,
/// because the ghost came back, or because the contact was taken out.
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
