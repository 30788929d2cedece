//! Rooms that were replaced, and rooms that the ghost is no longer in.

use std::sync::Arc;

use ruma::RoomId;

use super::{
    close,
    entry::{self, enter, link},
    naming, profile, space,
};
use crate::{
    bridge::{
        core::{Core, attempt::Halt, name_of, portal_record, txn::Txn},
        notice,
        text::RoomText,
    },
    id::PortalId,
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
    portal_record::change(core, portal.id, |portal| portal.moving_to = Some(new.to_owned()))
        .await?;
    if follow(core, portal.id, new).await? {
        return Ok(Outcome::Delivered);
    }
    tracing::warn!(portal = %portal.id, %new, "the room that replaces a portal's cannot be entered");
    let (name, link) = (name_of(portal), link(core, new));
    let text = RoomText::InviteMe { name: &name, bot: core.bot.as_str(), link: &link };
    let text = text.text(core.language_of(&portal.key.owner));
    notice::tell(core, &portal.key.owner, &text, Txn::Replaced(new)).await?;
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
    portal_record::change(core, portal.id, moved).await?;
    tracing::info!(portal = %portal.id, room = %new, "a portal moved into a new room");
    let portal = core.registry.portal(portal.id).unwrap_or(portal);
    let alias = naming::alias_localpart(core, &portal);
    for mark in naming::marks(core, &portal, &alias) {
        // Where it may not mark the room, the chat works without.
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
    Ok(true)
}
