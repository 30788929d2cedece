//! `delete-portal`, `ignore`, `unignore`: what becomes of a contact's room and messages.

use std::sync::Arc;

use super::{Asked, contact, logout};
use crate::{
    bridge::{closing, core::name_of, halt::Halt, room, state::Question, text::RoomText},
    config::Level,
    id::{PortalId, PortalKey},
    store::Portal,
};

/// Asks whether the room shall go.
pub(super) async fn ask_delete(asked: &Asked<'_>, wanted: &str) -> Result<(), Halt> {
    let Some(portal) = target(asked, "delete-portal", wanted).await? else { return Ok(()) };
    asked.question(Question::DeletePortal(portal.id));
    let (name, queued) = (name_of(&portal), asked.core.outbox.queued(portal.id));
    asked.reply(&RoomText::ConfirmDelete { name: &name, queued }.text(asked.language)).await
}

/// The next message after the question: yes, or anything else.
pub(super) async fn answered(
    asked: &Asked<'_>,
    portal: PortalId,
    answer: &str,
) -> Result<(), Halt> {
    let Some(portal) = asked.core.registry.portal(portal).filter(|_| logout::is_yes(answer)) else {
        return asked.reply(&RoomText::NotDeleted.text(asked.language)).await;
    };
    let dropped = closing::close(asked.core, &portal).await?;
    if portal.room.as_ref() == Some(&asked.event.room) {
        return Ok(()); // The room has heard it, and nobody is there to say more.
    }
    let name = name_of(&portal);
    asked.reply(&RoomText::Deleted { name: &name, dropped }.text(asked.language)).await
}

/// Shows what the contact writes, or not any more.
pub(super) async fn ignore(asked: &Asked<'_>, wanted: &str, ignored: bool) -> Result<(), Halt> {
    let command = if ignored { "ignore" } else { "unignore" };
    let Some(portal) = target(asked, command, wanted).await? else { return Ok(()) };
    let (core, name) = (asked.core, name_of(&portal));
    room::change(core, portal.id, |portal| portal.ignored = ignored).await?;
    tracing::info!(portal = %portal.id, ignored, "a contact's messages");
    let text = if ignored {
        RoomText::Ignored { name: &name, prefix: core.prefix() }
    } else {
        let left_out = core.reply(portal.id).map_or(0, |reply| reply.left_out);
        core.change_reply(portal.id, |reply| reply.left_out = 0);
        RoomText::Unignored { name: &name, left_out }
    };
    asked.reply(&text.text(asked.language)).await
}

/// What is unusual about a portal, to stand behind its line in a list.
pub(super) fn oddities(asked: &Asked<'_>, portal: &Portal) -> String {
    let left_out = || asked.core.reply(portal.id).map_or(0, |reply| reply.left_out);
    let ignored = portal.ignored.then(|| RoomText::IsIgnored { left_out: left_out() });
    let roomless = portal.closed.then_some(RoomText::HasNoRoom);
    let texts = ignored.into_iter().chain(roomless);
    texts.map(|text| format!("; {}", text.text(asked.language))).collect()
}

/// The portal that a command means: the one it is written in, or that of the contact it names. In
/// a portal it has to be the sender's own, unless an administrator sends it.
async fn target(
    asked: &Asked<'_>,
    command: &str,
    wanted: &str,
) -> Result<Option<Arc<Portal>>, Halt> {
    let (core, sender) = (asked.core, &asked.event.sender);
    if let Some(portal) = asked.portal.filter(|_| wanted.is_empty()) {
        let is_admin = core.config.bridge.permissions.level_of(sender) >= Some(Level::Admin);
        if portal.key.owner == *sender || is_admin {
            return Ok(Some(Arc::new(portal.clone())));
        }
        asked.reply(&RoomText::NotYours.text(asked.language)).await?;
        return Ok(None);
    }
    let Some(login) = contact::find(asked, command, wanted).await? else { return Ok(None) };
    let key = PortalKey { owner: login.owner.clone(), contact: login.contact.clone() };
    Ok(core.registry.find_portal(&key))
}
