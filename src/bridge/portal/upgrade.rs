//! Rooms that were replaced, and rooms that the ghost has left.

use std::sync::Arc;

use ruma::RoomId;

use super::{
    close,
    entry::{self, enter, link},
    naming, profile,
    replacement::{self, Entered},
    space,
};
use crate::{
    bridge::{
        core::{Core, attempt::Halt, name_of, portal_record, txn::Txn},
        notice,
        policy::Doubt,
        text::RoomText,
    },
    id::PortalId,
    matrix::event::Event,
    store::{Outcome, Portal},
};

/// Continues a chat in the room that replaced the portal's, when that counts as an upgrade and as
/// soon as the bridge may enter it.
pub(crate) async fn replaced(
    core: &Arc<Core>,
    portal: &Portal,
    by: Option<&RoomId>,
) -> Result<Outcome, Halt> {
    let Some(new) = by else { return close::by_matrix(core, portal).await };
    if portal.owns(new) {
        return Ok(Outcome::Ignored("tombstone".into()));
    }
    if !replacement::is_taken(core, new) {
        portal_record::change(core, portal.id, |portal| portal.upgrade(new.to_owned())).await?;
    }
    match follow(core, portal.id, new).await? {
        Entered::In => Ok(Outcome::Delivered),
        Entered::NotLetIn | Entered::Doubted(Doubt::OwnerOutside) => {
            tracing::warn!(portal = %portal.id, %new, "the room that replaces a portal's cannot be entered");
            let (name, link) = (name_of(portal), link(core, new));
            let text = RoomText::InviteMe { name: &name, bot: core.bot.as_str(), link: &link };
            let text = text.text(core.language_of(&portal.key.owner));
            notice::tell(core, &portal.key.owner, &text, Txn::Replaced(new)).await?;
            Ok(Outcome::Refused("not_invited".into()))
        }
        Entered::Doubted(Doubt::GhostOutside) => {
            ask_for_ghost(core, portal, new).await?;
            Ok(Outcome::Refused("not_invited".into()))
        }
        Entered::Doubted(_) => {
            stay(core, portal, new).await?;
            Ok(Outcome::Refused("no_successor".into()))
        }
    }
}

/// Enters the room that is said to replace this portal's, after the bot or a ghost was invited.
pub(crate) async fn invited(
    core: &Arc<Core>,
    portal: &Portal,
    event: &Event,
) -> Result<Entered, Halt> {
    let entered = follow(core, portal.id, &event.room).await?;
    match entered {
        Entered::In | Entered::NotLetIn | Entered::Doubted(Doubt::OwnerOutside) => {}
        Entered::Doubted(Doubt::GhostOutside) => ask_for_ghost(core, portal, &event.room).await?,
        Entered::Doubted(_) => stay(core, portal, &event.room).await?,
    }
    Ok(entered)
}

/// Asks the owner to invite the contact's ghost into the new room, where the bot may not.
async fn ask_for_ghost(core: &Core, portal: &Portal, new: &RoomId) -> Result<(), Halt> {
    let Some(ghost) = core.ghost(&portal.key.contact) else { return Ok(()) };
    let (name, link) = (name_of(portal), link(core, new));
    let text = RoomText::InviteMe { name: &name, bot: ghost.user().as_str(), link: &link };
    let text = text.text(core.language_of(&portal.key.owner));
    notice::tell(core, &portal.key.owner, &text, Txn::GhostWanted(new)).await
}

/// Keeps the chat in its room, and tells the owner why.
async fn stay(core: &Core, portal: &Portal, new: &RoomId) -> Result<(), Halt> {
    portal_record::change(core, portal.id, Portal::stay).await?;
    let (name, link, prefix) = (name_of(portal), link(core, new), core.prefix());
    let text = RoomText::NotReplaced { name: &name, link: &link, prefix };
    let text = text.text(core.language_of(&portal.key.owner));
    notice::tell(core, &portal.key.owner, &text, Txn::NotReplaced(new)).await
}

/// Continues the portal in this room after it was checked; no user is invited before.
async fn follow(core: &Arc<Core>, portal: PortalId, new: &RoomId) -> Result<Entered, Halt> {
    let Some(portal) = core.registry.portal(portal) else { return Ok(Entered::NotLetIn) };
    let (Some(ghost), bot) = (core.ghost(&portal.key.contact), core.bot()) else {
        return Ok(Entered::NotLetIn);
    };
    let Some(old) = portal.own_room() else { return Ok(Entered::NotLetIn) };
    let (who, owners) = ([bot.clone(), ghost.clone()], [portal.key.owner.clone()]);
    match replacement::look(core, (Some(old), new), &who, &owners).await? {
        Entered::In if core.registry.members(new).is_empty() => {}
        Entered::In => return Ok(Entered::Doubted(Doubt::Taken)),
        not_in @ (Entered::NotLetIn | Entered::Doubted(_)) => return Ok(not_in),
    }
    // The one that was invited invites the other.
    let is_bot_in = enter(core, &bot, &ghost, new).await?;
    let is_ghost_in = enter(core, &ghost, &bot, new).await?;
    if is_bot_in && !is_ghost_in {
        return Ok(Entered::Doubted(Doubt::GhostOutside));
    }
    if !is_ghost_in || !(is_bot_in || enter(core, &bot, &ghost, new).await?) {
        return Ok(Entered::NotLetIn);
    }
    space::take_room_out(core, &portal).await?;
    portal_record::change(core, portal.id, |portal| portal.follow(new.to_owned())).await?;
    tracing::info!(portal = %portal.id, room = %new, "a portal moved into a new room");
    let portal = core.registry.portal(portal.id).unwrap_or(portal);
    let alias = naming::alias_localpart(core, &portal);
    for mark in naming::marks(core, &portal, &alias) {
        // Without the permission to mark the room, the chat works without the mark.
        if let Err(Halt::Stopping) = core.insist(|| bot.send_state(new, &mark)).await {
            return Err(Halt::Stopping);
        }
    }
    profile::on_ghost(core, &portal).await?;
    entry::invite_owner(core, &portal, &ghost, new).await?;
    space::put(core, &portal).await?;
    let name = name_of(&portal);
    let text = RoomText::Moved { name: &name }.text(core.language_of(&portal.key.owner));
    notice::say(core, new, &text, Txn::Moved(portal.id)).await?;
    Ok(Entered::In)
}
