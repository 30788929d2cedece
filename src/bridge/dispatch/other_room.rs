//! Rooms that are no portals: invitations, the management room, commands.

use std::sync::Arc;

use ruma::UserId;

use crate::{
    bridge::{
        command::{self, Ran},
        core::{Core, attempt::Halt, name_of, owner},
        group, notice,
        portal::{room, space, upgrade},
        text::{Answer, RoomText},
    },
    config::Level,
    id::PortalKey,
    matrix::{
        Intent, content,
        event::{Event, Kind, Membership, MembershipState},
    },
    store::{Entry, Outcome, Portal},
};

/// Decides about one event in a room that is no portal.
pub(crate) async fn from_room(
    core: &Arc<Core>,
    entry: &Entry,
    event: Event,
) -> Result<Option<Outcome>, Halt> {
    match &event.kind {
        Kind::Message(message) => {
            Ok(match command::try_run(core, entry, &event, message, None).await? {
                Ran::NotACommand => Some(Outcome::Ignored("not a command".into())),
                Ran::Done(outcome) => Some(outcome),
                Ran::GoesOn => None,
            })
        }
        Kind::Encrypted => encrypted(core, &event).await.map(Some),
        Kind::Membership(change) => membership(core, &event, change).await.map(Some),
        Kind::Sticker(_)
        | Kind::Reaction { .. }
        | Kind::Poll(_)
        | Kind::LiveLocation
        | Kind::Redaction { .. }
        | Kind::RoomName(_)
        | Kind::RoomPicture(_)
        | Kind::Tombstone { .. }
        | Kind::Other { .. } => Ok(Some(Outcome::Ignored("not a portal".into()))),
    }
}

async fn membership(core: &Arc<Core>, event: &Event, change: &Membership) -> Result<Outcome, Halt> {
    match change.now {
        MembershipState::Invite if change.user == core.bot => invited(core, event).await,
        MembershipState::Invite => ghost_invited(core, event, &change.user).await,
        MembershipState::Leave | MembershipState::Ban => left(core, event, &change.user).await,
        MembershipState::Join | MembershipState::Knock | MembershipState::Other => {
            Ok(Outcome::Ignored("membership".into()))
        }
    }
}

/// The bot joins whoever may use it, and says hello; anybody else gets one answer.
async fn invited(core: &Arc<Core>, event: &Event) -> Result<Outcome, Halt> {
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
    notice::say(core, room, &hello, &format!("hello-{}", event.id)).await?;
    Ok(Outcome::Delivered)
}

/// A chat goes on in this room, when it is the one that replaced a portal's, or one with contacts.
async fn replacement(core: &Arc<Core>, event: &Event) -> Result<Option<Outcome>, Halt> {
    let followed = match core.registry.portal_moving_to(&event.room) {
        Some(portal) => upgrade::follow(core, portal.id, &event.room).await?,
        None => group::upgrade::let_in(core, event).await?,
    };
    Ok(followed.then_some(Outcome::Delivered))
}

/// Ghosts do not open chats by themselves: the contact has to scan first. To their own contact a
/// user is shown the way.
pub(crate) async fn ghost_invited(
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
async fn show_the_way(
    core: &Arc<Core>,
    event: &Event,
    portal: &Portal,
    ghost: &Intent,
) -> Result<Outcome, Halt> {
    let portal = room::ensure_room(core, portal.id).await?;
    let Some((portal, room)) = portal.and_then(|p| p.room.clone().map(|room| (p, room))) else {
        return Ok(Outcome::Refused("no_room".into()));
    };
    room::invite_owner(core, &portal, ghost, &room).await?;
    core.insist(|| ghost.join(&event.room)).await?;
    let (name, link) = (name_of(&portal), upgrade::link(core, &room));
    let text = RoomText::ChatIsThere { name: &name, link: &link };
    let notice = content::notice(text.text(core.language_of(&event.sender)));
    let txn = format!("there-{}", event.id);
    core.insist(|| ghost.send(&event.room, &notice, &txn, None)).await?;
    core.insist(|| ghost.leave(&event.room, None)).await?;
    Ok(Outcome::Delivered)
}

/// The bot cannot read an encrypted room; it says so in the clear, and not again while the homeserver
/// remembers it, which is a day.
async fn encrypted(core: &Core, event: &Event) -> Result<Outcome, Halt> {
    let text = Answer::EncryptedRoom.text(core.language_of(&event.sender));
    notice::say(core, &event.room, &text, &format!("encrypted-{}", event.room)).await?;
    Ok(Outcome::Refused("encrypted".into()))
}

/// A management room ends when its owner leaves it.
async fn left(core: &Core, event: &Event, user: &UserId) -> Result<Outcome, Halt> {
    if space::left(core, user, &event.room).await? {
        return Ok(Outcome::Delivered);
    }
    for member in [user, &event.sender] {
        if core.registry.owner(member).management_room.as_ref() == Some(&event.room) {
            owner::mark_room(core, member, None).await?;
            let bot = core.bot();
            core.insist(|| bot.leave(&event.room, None)).await?;
        }
    }
    Ok(Outcome::Delivered)
}
