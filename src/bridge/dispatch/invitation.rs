//! Invitations of the bot and of ghosts.

use std::sync::Arc;

use ruma::UserId;

use crate::{
    bridge::{
        core::{Core, attempt::Halt, name_of, owner, txn::Txn},
        group, notice,
        portal::{entry, room, upgrade},
        text::{Answer, RoomText},
    },
    config::Level,
    id::PortalKey,
    matrix::{Intent, content, event::Event},
    store::{Outcome, Portal},
};

/// The bot joins whoever may use it, and says hello; anybody else gets one answer.
pub(super) async fn invited(core: &Arc<Core>, event: &Event) -> Result<Outcome, Halt> {
    if let Some(outcome) = replacement(core, event).await? {
        return Ok(outcome);
    }
    let (bot, room, user) = (core.bot(), &event.room, &event.sender);
    let language = core.language_of(user);
    if core.config.bridge.permissions.level_of(user) < Some(Level::User) {
        let reason = Answer::NoPermission.text(language);
        core.insist(|| bot.leave(room, Some(&reason))).await?;
        return Ok(Outcome::Refused("not_allowed".into()));
    }
    core.insist(|| bot.join(room)).await?;
    let members = core.insist(|| bot.joined_members(room)).await?;
    let encrypted = core.insist(|| bot.state(room, "m.room.encryption", "")).await?.is_some();
    let alone = members.iter().all(|member| member == user || *member == core.bot);
    let marked = alone && !encrypted && core.registry.owner(user).management_room.is_none();
    if marked {
        owner::mark_room(core, user, Some(room.clone())).await?;
    }
    let hello = match encrypted {
        true => Answer::EncryptedRoom.text(language),
        false => Answer::Hello { prefix: core.prefix(), marked }.text(language),
    };
    notice::say(core, room, &hello, Txn::Hello(&event.id)).await?;
    Ok(Outcome::Delivered)
}

/// A chat goes on in this room, when it is the one that replaced a portal's, or one with contacts.
pub(super) async fn replacement(core: &Arc<Core>, event: &Event) -> Result<Option<Outcome>, Halt> {
    let followed = match core.registry.portal_moving_to(&event.room) {
        Some(portal) => upgrade::follow(core, portal.id, &event.room).await?,
        None => group::upgrade::let_in(core, event).await?,
    };
    Ok(followed.then_some(Outcome::Delivered))
}

/// Ghosts do not open chats by themselves: the contact has to scan first. To their own contact a
/// user is shown the way.
pub(super) async fn ghost_invited(
    core: &Arc<Core>,
    event: &Event,
    ghost: &UserId,
) -> Result<Outcome, Halt> {
    if let Some(outcome) = replacement(core, event).await? {
        return Ok(outcome);
    }
    let contact = core.ghosts.contact(ghost);
    let key = contact.map(|contact| PortalKey { owner: event.sender.clone(), contact });
    let known = key.and_then(|key| core.registry.find_portal(&key));
    let ghost = core.homeserver.intent(ghost);
    if let Some(portal) = known {
        return show_the_way(core, event, &portal, &ghost).await;
    }
    core.insist(|| ghost.ensure_registered()).await?;
    let bot = core.bot.as_str();
    let reason = Answer::GhostRefuses { bot }.text(core.language_of(&event.sender));
    core.insist(|| ghost.leave(&event.room, Some(&reason))).await?;
    Ok(Outcome::Refused("ghost_invited".into()))
}

/// There is one room for each contact: it is opened, its owner is in it or invited, and the ghost
/// says here where it is.
pub(super) async fn show_the_way(
    core: &Arc<Core>,
    event: &Event,
    portal: &Portal,
    ghost: &Intent,
) -> Result<Outcome, Halt> {
    let portal = room::ensure_room(core, portal.id).await?;
    let Some((portal, room)) = portal.and_then(|p| p.room.clone().map(|room| (p, room))) else {
        return Ok(Outcome::Refused("no_room".into()));
    };
    entry::invite_owner(core, &portal, ghost, &room).await?;
    core.insist(|| ghost.join(&event.room)).await?;
    let (name, link) = (name_of(&portal), entry::link(core, &room));
    let text = RoomText::ChatIsThere { name: &name, link: &link };
    let notice = content::notice(text.text(core.language_of(&event.sender)));
    let txn = Txn::There(&event.id).to_string();
    core.insist(|| ghost.send(&event.room, &notice, &txn, None)).await?;
    core.insist(|| ghost.leave(&event.room, None)).await?;
    Ok(Outcome::Delivered)
}
