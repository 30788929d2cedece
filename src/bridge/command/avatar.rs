//! The command `avatar`, which sets the avatar of a contact.

use ruma::{EventId, OwnedMxcUri};

use super::{Asked, target};
use crate::{
    bridge::{
        core::{attempt::Halt, name_of},
        portal::profile,
        text::RoomText,
    },
    matrix::event::{self, AttachmentSource, Kind, attachment},
};

/// Sets the contact's avatar to the image that the command replies to; `avatar remove` removes it.
pub(super) async fn avatar(asked: &Asked<'_>, rest: &str) -> Result<(), Halt> {
    let (first, more) = rest.split_once(' ').unwrap_or((rest, ""));
    let removes = matches!(first, "remove" | "移除");
    let wanted = if removes { more.trim() } else { rest };
    let picture = match asked.reply_to.filter(|_| !removes) {
        Some(of) => picture(asked, of).await?,
        None => None,
    };
    if picture.is_none() && !removes {
        let usage = RoomText::AvatarUsage { prefix: asked.core.prefix() };
        return asked.reply(&usage.text(asked.language)).await;
    }
    let command = if removes { "avatar remove" } else { "avatar" };
    let Some(portal) = target::target(asked, command, wanted).await? else { return Ok(()) };
    let core = asked.core;
    let Some(portal) = profile::set_picture(core, portal.id, picture).await? else { return Ok(()) };
    profile::show_picture(core, &portal).await?;
    let name = name_of(&portal);
    let text = RoomText::AvatarSet { name: &name, removed: removes };
    asked.reply(&text.text(asked.language)).await
}

/// Returns the image of this message, if it is one that is not encrypted.
async fn picture(asked: &Asked<'_>, of: &EventId) -> Result<Option<OwnedMxcUri>, Halt> {
    let (bot, room) = (asked.core.bot(), &asked.said.room);
    let raw = match asked.core.event(&bot, room, of).await {
        Ok(raw) => raw,
        Err(Halt::Refused(_)) => return Ok(None),
        Err(Halt::Stopping) => return Err(Halt::Stopping),
    };
    let Ok(event) = event::parse(&raw) else { return Ok(None) };
    let (Kind::Message(message) | Kind::Sticker(message)) = event.kind else { return Ok(None) };
    let shown = |kind| {
        matches!(kind, attachment::AttachmentKind::Image | attachment::AttachmentKind::Sticker)
    };
    let file = message.attachment.filter(|file| shown(file.kind));
    Ok(file.and_then(|file| match file.source {
        AttachmentSource::Plain(uri) => Some(uri),
        AttachmentSource::Encrypted => None,
    }))
}
