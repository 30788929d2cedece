//! The check of a room that a tombstone names, before any other user is invited or the room is
//! used.

use ruma::{OwnedRoomId, OwnedUserId, RoomId};
use serde::Deserialize;

use super::entry::is_done;
use crate::{
    bridge::{
        core::{Core, attempt::Halt},
        policy::{Doubt, Successor},
    },
    matrix::Intent,
};

/// The result of entering a room that replaces another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entered {
    In,
    /// The bridge may not enter, and so knows nothing of the room.
    NotLetIn,
    /// The bridge has checked the room, and has left it.
    Doubted(Doubt),
}

/// Enters the room with those of `who` who may join by themselves, and checks it. Where it does not
/// count, those who joined for that leave again. Without `old`, the predecessor that the room names
/// must name it in its tombstone.
pub(crate) async fn look(
    core: &Core,
    (old, new): (Option<&RoomId>, &RoomId),
    who: &[Intent],
    owners: &[OwnedUserId],
) -> Result<Entered, Halt> {
    if is_for_others(core, new, owners) {
        return Ok(Entered::Doubted(Doubt::Taken));
    }
    let (mut inside, mut came) = (None, Vec::new());
    for one in who {
        let was_in = one_is_in(core, one, new).await?;
        if was_in || is_done(core.insist(|| one.join(new)).await)? {
            inside = inside.or(Some(one));
            came.extend((!was_in).then_some(one));
        }
    }
    let Some(reader) = inside else { return Ok(Entered::NotLetIn) };
    let Some(doubt) = doubt(core, (old, new), reader, owners).await? else {
        return Ok(Entered::In);
    };
    tracing::warn!(?old, %new, ?doubt, "a room does not count as the replacement");
    for one in came {
        is_done(core.insist(|| one.leave(new, None)).await)?;
    }
    Ok(Entered::Doubted(doubt))
}

/// Returns whether the room is already used for something else.
pub(crate) fn is_taken(core: &Core, room: &RoomId) -> bool {
    let registry = &core.registry;
    registry.portal_in(room).is_some()
        || !registry.members(room).is_empty()
        || registry.is_management_room(room)
}

/// Returns whether the room is used for contacts of other owners. Contacts of these owners may be
/// in it after an interrupted try.
fn is_for_others(core: &Core, room: &RoomId, owners: &[OwnedUserId]) -> bool {
    let members = core.registry.members(room);
    let is_theirs = !members.is_empty() && members.iter().all(|p| owners.contains(&p.key.owner));
    is_taken(core, room) && !is_theirs
}

async fn one_is_in(core: &Core, who: &Intent, room: &RoomId) -> Result<bool, Halt> {
    match core.insist(|| who.joined_rooms()).await {
        Ok(rooms) => Ok(rooms.iter().any(|joined| joined == room)),
        Err(Halt::Refused(_)) => Ok(false),
        Err(Halt::Stopping) => Err(Halt::Stopping),
    }
}

/// Returns the reason why the room does not count. A missing answer of the homeserver is a reason.
async fn doubt(
    core: &Core,
    (old, new): (Option<&RoomId>, &RoomId),
    reader: &Intent,
    owners: &[OwnedUserId],
) -> Result<Option<Doubt>, Halt> {
    let origin = told(core.insist(|| reader.origin(new)).await)?.unwrap_or_default();
    let old = match (old, &origin.predecessor) {
        (Some(old), _) => old,
        (None, Some(before)) if names(core, before, new).await? => before,
        (None, _) => return Ok(Some(Doubt::OtherPredecessor)),
    };
    // The bot stays in the rooms that it has read, also when a ghost has left them.
    let bot = core.bot();
    let power = told(core.insist(|| bot.power(old)).await)?;
    let members = told(core.insist(|| reader.joined_members(new)).await)?.unwrap_or_default();
    let may_upgrade = |creator| power.as_ref().is_some_and(|power| power.may_upgrade(creator));
    let successor = Successor {
        old,
        predecessor: origin.predecessor.as_deref(),
        creator_may_upgrade: origin.creator.as_deref().is_some_and(may_upgrade),
        owner_is_in: owners.iter().any(|owner| members.contains(owner)),
        is_taken: is_for_others(core, new, owners),
    };
    Ok(successor.doubt())
}

/// Returns whether the tombstone of the old room names the new one.
async fn names(core: &Core, old: &RoomId, new: &RoomId) -> Result<bool, Halt> {
    let bot = core.bot();
    let tombstone = told(core.insist(|| bot.state(old, "m.room.tombstone", "")).await)?.flatten();
    let tombstone = tombstone.and_then(|raw| serde_json::from_str::<Tombstone>(raw.get()).ok());
    Ok(tombstone.is_some_and(|tombstone| tombstone.replacement_room == new))
}

#[derive(Deserialize)]
struct Tombstone {
    replacement_room: OwnedRoomId,
}

fn told<T>(answer: Result<T, Halt>) -> Result<Option<T>, Halt> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Halt::Refused(_)) => Ok(None),
        Err(Halt::Stopping) => Err(Halt::Stopping),
    }
}
