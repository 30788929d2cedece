//! The commands `delete-portal`, `ignore`, `unignore` and `relay`, about a contact's room and
//! messages.

use ruma::RoomId;

use super::{Asked, logout, target::target};
use crate::{
    bridge::{
        core::{attempt::Halt, name_of, portal_record},
        portal::close,
        text::RoomText,
    },
    id::PortalId,
    store::Question,
};

/// Asks whether the room is to be closed.
pub(super) async fn ask_delete(asked: &Asked<'_>, wanted: &str) -> Result<(), Halt> {
    let Some(portal) = target(asked, "delete-portal", wanted).await? else { return Ok(()) };
    asked.question(Question::DeletePortal {
        portal: portal.id,
        room: portal.own_room().map(RoomId::to_owned),
    });
    let (name, queued) = (name_of(&portal), asked.core.outbox.queued(portal.id));
    asked.reply(&RoomText::ConfirmDelete { name: &name, queued }.text(asked.language)).await
}

/// Handles the answer to the question.
pub(crate) async fn answered(
    asked: &Asked<'_>,
    portal: PortalId,
    had: Option<&RoomId>,
    answer: &str,
) -> Result<(), Halt> {
    let Some(portal) = asked.core.registry.portal(portal).filter(|_| logout::is_yes(answer)) else {
        return asked.reply(&RoomText::NotDeleted.text(asked.language)).await;
    };
    let room = portal.own_room().or(had);
    let dropped = match (had, portal.own_room()) {
        // The room was closed before a crash, and the start has left it, or it was closed otherwise
        // meanwhile.
        (Some(_), None) => portal.leaving.as_ref().map_or(0, |leaving| leaving.dropped),
        (_, Some(_)) | (None, None) => close::close(asked.core, &portal, false).await?,
    };
    if room == Some(&*asked.said.room) {
        return Ok(()); // The room has heard it, and nobody is there to say more.
    }
    let name = name_of(&portal);
    asked.reply(&RoomText::Deleted { name: &name, dropped }.text(asked.language)).await
}

/// Sets whether the contact's messages are ignored.
pub(super) async fn ignore(asked: &Asked<'_>, wanted: &str, ignored: bool) -> Result<(), Halt> {
    let command = if ignored { "ignore" } else { "unignore" };
    let Some(portal) = target(asked, command, wanted).await? else { return Ok(()) };
    let (core, name) = (asked.core, name_of(&portal));
    portal_record::change(core, portal.id, |portal| portal.ignored = ignored).await?;
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

/// Turns the relay in a portal on or off.
pub(super) async fn relay(asked: &Asked<'_>, rest: &str) -> Result<(), Halt> {
    let chosen = match rest.to_ascii_lowercase().as_str() {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    };
    let (core, language) = (asked.core, asked.language);
    let (Some(on), Some(portal)) = (chosen, asked.portal) else {
        return asked.reply(&RoomText::RelayUsage { prefix: core.prefix() }.text(language)).await;
    };
    portal_record::change(core, portal.id, |portal| portal.relay_off = !on).await?;
    tracing::info!(portal = %portal.id, on, "what others write in a portal");
    asked.reply(&RoomText::RelaySet { on }.text(language)).await
}
