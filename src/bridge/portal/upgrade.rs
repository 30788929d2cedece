//! Rooms that were replaced, and rooms that the ghost is no longer in.

use std::sync::Arc;

use ruma::RoomId;

use super::{close, profile, room, space};
use crate::{
    bridge::{
        core::{Core, attempt::Halt, name_of},
        group::membership,
        notice,
        text::RoomText,
    },
    id::PortalId,
    matrix::{self, Intent},
    store::{Outcome, Portal},
};

/// A portal's room was replaced: the chat goes on in the new one, as soon as the bridge is let in.
pub(crate) async fn replaced(
    core: &Arc<Core>,
    portal: &Portal,
    by: Option<&RoomId>,
) -> Result<Outcome, Halt> {
    let Some(new) = by else { return close::by_matrix(core, portal).await };
    if core.registry.portal_in(new).is_some() || !core.registry.members(new).is_empty() {
        return Ok(Outcome::Ignored("tombstone".into()));
    }
    room::change(core, portal.id, |portal| portal.moving_to = Some(new.to_owned())).await?;
    if follow(core, portal.id, new).await? {
        return Ok(Outcome::Delivered);
    }
    tracing::warn!(portal = %portal.id, %new, "the room that replaces a portal's cannot be entered");
    let (name, link) = (name_of(portal), link(core, new));
    let text = RoomText::InviteMe { name: &name, bot: core.bot.as_str(), link: &link };
    let text = text.text(core.language_of(&portal.key.owner));
    notice::tell(core, &portal.key.owner, &text, &format!("replaced-{new}")).await?;
    Ok(Outcome::Refused("not_invited".into()))
}

/// Takes the portal over into this room; false when not both the bot and the ghost are let in.
pub(crate) async fn follow(core: &Arc<Core>, portal: PortalId, new: &RoomId) -> Result<bool, Halt> {
    let Some(portal) = core.registry.portal(portal) else { return Ok(false) };
    let (Some(ghost), bot) = (core.ghost(&portal.key.contact), core.bot()) else {
        return Ok(false);
    };
    // Whoever was invited lets the other in.
    let is_bot_in = enter(core, &bot, &ghost, new).await?;
    let is_ghost_in = enter(core, &ghost, &bot, new).await?;
    if !is_ghost_in || !(is_bot_in || enter(core, &bot, &ghost, new).await?) {
        return Ok(false);
    }
    let moved = |portal: &mut Portal| {
        portal.forget_room();
        (portal.room, portal.welcomed, portal.closed) = (Some(new.to_owned()), true, false);
    };
    space::take_out(core, &portal).await?;
    room::change(core, portal.id, moved).await?;
    tracing::info!(portal = %portal.id, room = %new, "a portal moved into a new room");
    let portal = core.registry.portal(portal.id).unwrap_or(portal);
    let alias = room::alias_localpart(core, &portal);
    for mark in room::marks(core, &portal, &alias) {
        // Where it may not mark the room, the chat works without.
        if let Err(Halt::Stopping) = core.insist(|| bot.send_state(new, &mark)).await {
            return Err(Halt::Stopping);
        }
    }
    profile::on_ghost(core, &portal).await?;
    room::invite_owner(core, &portal, &ghost, new).await?;
    space::put(core, &portal).await?;
    let name = name_of(&portal);
    let text = RoomText::Moved { name: &name }.text(core.language_of(&portal.key.owner));
    notice::say(core, new, &text, &format!("moved-{}", portal.id)).await?;
    Ok(true)
}

/// After the homeserver did not let the ghost speak: brings it back into its room, or gives up a
/// room that it cannot come back to, so that there will be a new one. False when the ghost is in
/// its room, and the reason is another.
pub(crate) async fn mend(
    core: &Arc<Core>,
    portal: PortalId,
    refused: &matrix::Error,
) -> Result<bool, Halt> {
    let is_lost = matches!(refused, matrix::Error::Forbidden { .. } | matrix::Error::NotFound);
    let Some(portal) = core.registry.portal(portal).filter(|_| is_lost) else { return Ok(false) };
    if let Some(room) = &portal.group {
        return membership::mend(core, &portal, room).await;
    }
    let (Some(room), Some(ghost)) = (&portal.room, core.ghost(&portal.key.contact)) else {
        return Ok(true); // It was closed a moment ago.
    };
    if core.insist(|| ghost.joined_rooms()).await?.contains(room) {
        return Ok(false);
    }
    if enter(core, &ghost, &core.bot(), room).await? {
        tracing::info!(portal = %portal.id, %room, "a ghost came back into its room");
        profile::on_ghost(core, &portal).await?;
    } else {
        tracing::info!(portal = %portal.id, %room, "a portal room is lost");
        space::take_out(core, &portal).await?;
        room::change(core, portal.id, Portal::forget_room).await?;
    }
    Ok(true)
}

/// Joins, if need be by an invitation of `host`.
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

fn is_done(done: Result<(), Halt>) -> Result<bool, Halt> {
    match done {
        Ok(()) => Ok(true),
        Err(Halt::Refused(_)) => Ok(false),
        Err(Halt::Stopping) => Err(Halt::Stopping),
    }
}

/// An address that every client opens as this room.
pub(crate) fn link(core: &Core, room: &RoomId) -> String {
    format!("https://matrix.to/#/{room}?via={}", core.config.homeserver.server_name)
}
