//! The upgrade of a room with contacts, who follow into the new one as soon as the bridge may
//! enter.

use std::sync::Arc;

use ruma::{RoomId, UserId};

use super::membership::{Barrier, move_in, take_out};
use crate::{
    bridge::{
        core::{Core, attempt::Halt, name_of, portal_record, txn::Txn},
        notice,
        policy::Doubt,
        portal::{
            entry,
            replacement::{self, Entered},
        },
        state::{Job, LaneKey},
        text::{GroupText, names},
    },
    matrix::event::Event,
    store::{Outcome, Portal},
};

/// Moves the contacts of this event's room into the one that replaces it. Where the bridge may not
/// enter, or where there is none, their messages go to their own rooms again, and their owners are
/// told.
pub(crate) async fn replaced(
    core: &Arc<Core>,
    event: &Event,
    by: Option<&RoomId>,
) -> Result<Outcome, Halt> {
    let (old, cause) = (&event.room, event.id.as_str());
    let members = core.registry.members(old);
    let Some(new) = by.filter(|new| *new != old) else {
        for portal in &members {
            take_out(core, portal, old, cause).await?;
        }
        return Ok(Outcome::Delivered);
    };
    match enter(core, &members, (Some(old), new)).await? {
        Entered::In => {
            bring_along(core, &members, new, cause).await?;
            return Ok(Outcome::Delivered);
        }
        Entered::NotLetIn | Entered::Doubted(Doubt::OwnerOutside) => {}
        Entered::Doubted(_) => {
            for portal in &members {
                take_out(core, portal, old, cause).await?;
            }
            not_replaced(core, &members, new, cause).await?;
            return Ok(Outcome::Refused("no_successor".into()));
        }
    }
    tracing::warn!(room = %old, %new, "the room that replaces a room with contacts cannot be entered");
    for portal in &members {
        portal_record::change(core, portal.id, |portal| portal.group_next = Some(new.to_owned()))
            .await?;
        take_out(core, portal, old, cause).await?;
    }
    let link = entry::link(core, new);
    for (owner, names) in by_owner(core, &members) {
        let text = GroupText::Replaced { names: &names, bot: core.bot.as_str(), link: &link };
        let text = text.text(core.language_of(owner));
        notice::tell(core, owner, &text, Txn::GroupReplaced(cause)).await?;
    }
    Ok(Outcome::Refused("not_invited".into()))
}

/// Lets the contacts follow into a room to which the bot or a ghost was invited, when it replaced
/// theirs. Returns `NotLetIn` also when no contact waits for it.
pub(crate) async fn let_in(core: &Arc<Core>, event: &Event) -> Result<Entered, Halt> {
    let waiting = core.registry.waiting_for(&event.room);
    if waiting.is_empty() {
        return Ok(Entered::NotLetIn);
    }
    let entered = enter(core, &waiting, (None, &event.room)).await?;
    match entered {
        Entered::In => {
            bring_along(core, &waiting, &event.room, event.id.as_str()).await?;
        }
        Entered::NotLetIn | Entered::Doubted(Doubt::OwnerOutside) => {}
        Entered::Doubted(_) => {
            for portal in &waiting {
                let stays = |portal: &mut Portal| portal.group_next = None;
                portal_record::change(core, portal.id, stays).await?;
            }
            not_replaced(core, &waiting, &event.room, event.id.as_str()).await?;
        }
    }
    Ok(entered)
}

/// Tells the owners that their contacts do not follow into a room that is no upgrade of theirs.
async fn not_replaced(
    core: &Core,
    members: &[Arc<Portal>],
    new: &RoomId,
    cause: &str,
) -> Result<(), Halt> {
    let (link, prefix) = (entry::link(core, new), core.prefix());
    for (owner, names) in by_owner(core, members) {
        let text = GroupText::NotReplaced { names: &names, link: &link, prefix };
        let text = text.text(core.language_of(owner));
        notice::tell(core, owner, &text, Txn::GroupNotReplaced(cause)).await?;
    }
    Ok(())
}

/// Lets the bot join a room that counts as the upgrade; a ghost that may enter invites it where it
/// may, but only after the room was checked.
async fn enter(
    core: &Core,
    members: &[Arc<Portal>],
    (old, new): (Option<&RoomId>, &RoomId),
) -> Result<Entered, Halt> {
    let bot = core.bot();
    let ghosts = members.iter().filter_map(|portal| core.ghost(&portal.key.contact));
    let who: Vec<_> = std::iter::once(bot.clone()).chain(ghosts).collect();
    let owners: Vec<_> = members.iter().map(|portal| portal.key.owner.clone()).collect();
    match replacement::look(core, (old, new), &who, &owners).await? {
        Entered::In => {}
        not_in @ (Entered::NotLetIn | Entered::Doubted(_)) => return Ok(not_in),
    }
    for ghost in members.iter().filter_map(|portal| core.ghost(&portal.key.contact)) {
        if entry::enter(core, &bot, &ghost, new).await? {
            return Ok(Entered::In);
        }
        let is_ghost_in = entry::enter(core, &ghost, &bot, new).await?;
        if is_ghost_in && entry::enter(core, &bot, &ghost, new).await? {
            return Ok(Entered::In);
        }
    }
    Ok(Entered::NotLetIn)
}

/// Brings the contacts along; for those who cannot follow, their own rooms are used again.
async fn bring_along(
    core: &Core,
    members: &[Arc<Portal>],
    new: &RoomId,
    cause: &str,
) -> Result<(), Halt> {
    let encrypted = core.is_encrypted(new).await?;
    let mut came = Vec::new();
    for portal in members {
        if !encrypted && follow(core, portal, new).await?.is_ok() {
            arrived(core, portal, new, cause).await?;
            came.push(name_of(portal));
        } else {
            left_behind(core, portal, new, cause).await?;
        }
    }
    if came.is_empty() {
        return Ok(());
    }
    // Several people read it, so it is in the language of the owner of the first contact.
    let language = members.first().map(|first| core.language_of(&first.key.owner));
    let language = language.unwrap_or(core.config.bridge.language);
    let text = GroupText::Followed { names: &names(&came, language) }.text(language);
    notice::say(core, new, &text, Txn::GroupFollowed(cause)).await
}

/// Lets a contact follow to where the owner is.
async fn follow(core: &Core, portal: &Portal, new: &RoomId) -> Result<Result<(), Barrier>, Halt> {
    let same =
        |other: &Arc<Portal>| other.key.contact == portal.key.contact && other.id != portal.id;
    if core.registry.members(new).iter().any(same) {
        return Ok(Err(Barrier::NotOurs));
    }
    let bot = core.bot();
    let owner = &portal.key.owner;
    if !core.insist(|| bot.joined_members(new)).await?.contains(owner) {
        return Ok(Err(Barrier::NotTheirs));
    }
    let power = core.insist(|| bot.power(new)).await?;
    move_in(core, portal, new, &power).await
}

/// Lets the ghost leave the replaced room, or tells the contact's own room where they are now.
async fn arrived(core: &Core, portal: &Portal, new: &RoomId, cause: &str) -> Result<(), Halt> {
    if let Some(old) = portal.group.as_ref().filter(|old| *old != new) {
        // The ghost leaves behind the messages that it is still sending there.
        core.lanes.push(LaneKey::Portal(portal.id), Job::LeaveGroup(old.clone()));
        return Ok(());
    }
    let Some(own) = portal.own_room() else { return Ok(()) };
    let (name, prefix) = (name_of(portal), core.prefix());
    let text = GroupText::Moved { name: &name, prefix };
    let text = text.text(core.language_of(&portal.key.owner));
    notice::say(core, own, &text, Txn::GroupMoved { portal: portal.id, cause }).await
}

async fn left_behind(core: &Core, portal: &Portal, new: &RoomId, cause: &str) -> Result<(), Halt> {
    tracing::info!(portal = %portal.id, room = %new, "a contact could not follow a room");
    portal_record::change(core, portal.id, |portal| portal.group_next = None).await?;
    if let Some(old) = &portal.group {
        take_out(core, portal, old, cause).await?;
    }
    let (name, link, prefix) = (name_of(portal), entry::link(core, new), core.prefix());
    let text = GroupText::LeftBehind { name: &name, link: &link, prefix };
    let (owner, txn) = (&portal.key.owner, Txn::GroupLeftBehind { portal: portal.id, cause });
    notice::tell(core, owner, &text.text(core.language_of(owner)), txn).await
}

/// Returns the names of each owner's contacts.
fn by_owner<'a>(core: &Core, members: &'a [Arc<Portal>]) -> Vec<(&'a UserId, String)> {
    let mut all: Vec<(&UserId, Vec<String>)> = Vec::new();
    for portal in members {
        let (owner, name) = (&*portal.key.owner, name_of(portal));
        match all.iter_mut().find(|(known, _)| *known == owner) {
            Some((_, names)) => names.push(name),
            None => all.push((owner, vec![name])),
        }
    }
    let joined = |(owner, all): (_, Vec<_>)| (owner, names(&all, core.language_of(owner)));
    all.into_iter().map(joined).collect()
}
