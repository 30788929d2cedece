//! The invitations of the bot and of ghosts.

use std::sync::Arc;

use ruma::{RoomId, UserId};

use super::unreadable;
use crate::{
    bridge::{
        core::{Core, attempt::Halt, name_of, owner, txn::Txn},
        from_matrix::before_entry,
        group, notice,
        policy::{self, Act, Actor, Person, RoomRules, Ruling},
        portal::{entry, replacement::Entered, room, upgrade},
        text::{Answer, RoomText},
    },
    id::PortalKey,
    matrix::{Intent, content, event::Event},
    store::{Outcome, Portal},
};

/// Handles an invitation of the bot, which joins users with a permission and greets them; others
/// get one answer.
pub(super) async fn invited(core: &Arc<Core>, event: &Event) -> Result<Outcome, Halt> {
    if policy::is_stranger(core, &event.sender) {
        return decline(core, event, &core.bot()).await;
    }
    if let Some(outcome) = replacement(core, event).await? {
        return Ok(outcome);
    }
    let (bot, room, user) = (core.bot(), &event.room, &event.sender);
    let language = core.language_of(user);
    let person = Person {
        level: core.config.bridge.permissions.level_of(user),
        is_owner: false,
        is_notice: false,
    };
    let rules = RoomRules::new(false, false);
    match policy::decide(Actor::of_person(person), Act::Invitation, rules) {
        Ruling::Allowed => {}
        Ruling::Refused(_) | Ruling::LeftAlone => return decline(core, event, &bot).await,
    }
    // A client shares its keys with the devices that it finds when it writes.
    core.crypto().await?;
    core.insist(|| bot.join(room)).await?;
    // With others invited it is no chat with the bot alone.
    let members = core.insist(|| bot.members(room)).await?;
    if core.is_encrypted(room).await? && core.crypto().await?.is_none() {
        Box::pin(unreadable::say(core, user, (room, Txn::Hello(&event.id)))).await?;
        return Ok(Outcome::Delivered);
    }
    let alone = members.iter().all(|member| member == user || *member == core.bot);
    let marked = alone && core.registry.owner(user).management_room.is_none();
    if marked {
        owner::mark_room(core, user, Some(room.clone())).await?;
    }
    let hello = Answer::Hello { prefix: core.prefix(), marked }.text(language);
    notice::say(core, room, &hello, Txn::Hello(&event.id)).await?;
    if alone {
        Box::pin(before_entry::take_over(core, event)).await?;
    }
    Ok(Outcome::Delivered)
}

/// Declines an invitation with the reason. A stranger who was told today gets no answer.
async fn decline(core: &Core, event: &Event, who: &Intent) -> Result<Outcome, Halt> {
    if core.hush.tell_once(&event.sender, core.clock.now()) {
        let reason = Answer::NoPermission.text(core.language_of(&event.sender));
        core.insist(|| who.leave(&event.room, Some(&reason))).await?;
    }
    Ok(Outcome::Refused("not_allowed".into()))
}

/// Continues a chat in this room, when it is one that replaced a portal's, or one with several
/// contacts.
pub(super) async fn replacement(core: &Arc<Core>, event: &Event) -> Result<Option<Outcome>, Halt> {
    let followed = match core.registry.portal_moving_to(&event.room) {
        Some(portal) => upgrade::invited(core, &portal, event).await?,
        None => group::upgrade::let_in(core, event).await?,
    };
    Ok(match followed {
        Entered::In => Some(Outcome::Delivered),
        Entered::NotLetIn => None,
        Entered::Doubted(_) => Some(Outcome::Refused("no_successor".into())),
    })
}

/// Handles an invitation of a ghost. Ghosts do not open chats: the contact has to scan first. For
/// the user's own contact, the ghost tells where their room is. A ghost of an unknown contact is
/// not registered.
pub(super) async fn ghost_invited(
    core: &Arc<Core>,
    event: &Event,
    ghost: &UserId,
) -> Result<Outcome, Halt> {
    let contact = core.ghosts.contact(ghost);
    if !contact.as_ref().is_some_and(|contact| core.registry.knows(contact)) {
        return Ok(Outcome::Ignored("unknown ghost".into()));
    }
    let who = core.homeserver.intent(ghost);
    if policy::is_stranger(core, &event.sender) {
        return decline(core, event, &who).await;
    }
    if let Some(outcome) = replacement(core, event).await? {
        return Ok(outcome);
    }
    let key = contact.map(|contact| PortalKey { owner: event.sender.clone(), contact });
    let known = key.and_then(|key| core.registry.find_portal(&key));
    let ghost = who;
    if let Some(portal) = known {
        return show_the_way(core, event, &portal, &ghost).await;
    }
    core.insist(|| ghost.ensure_registered()).await?;
    let bot = core.bot.as_str();
    let reason = Answer::GhostRefuses { bot }.text(core.language_of(&event.sender));
    core.insist(|| ghost.leave(&event.room, Some(&reason))).await?;
    Ok(Outcome::Refused("ghost_invited".into()))
}

/// Opens the contact's only room: its owner joins it or is invited, and the ghost tells here where
/// it is.
pub(super) async fn show_the_way(
    core: &Arc<Core>,
    event: &Event,
    portal: &Portal,
    ghost: &Intent,
) -> Result<Outcome, Halt> {
    owner::mark_present(core, &event.sender).await?;
    let portal = room::ensure_room(core, portal.id).await?;
    let Some((portal, room)) =
        portal.and_then(|p| p.own_room().map(RoomId::to_owned).map(|room| (p, room)))
    else {
        return Ok(Outcome::Refused("no_room".into()));
    };
    entry::invite_owner(core, &portal, ghost, &room).await?;
    core.insist(|| ghost.join(&event.room)).await?;
    let (name, link) = (name_of(&portal), entry::link(core, &room));
    let text = RoomText::ChatIsThere { name: &name, link: &link };
    let notice = content::notice(text.text(core.language_of(&event.sender)));
    let txn = Txn::There(&event.id).to_string();
    core.send(ghost, &event.room, &notice, (&txn, None)).await?;
    core.insist(|| ghost.leave(&event.room, None)).await?;
    Ok(Outcome::Delivered)
}
