//! From Matrix to WeChat: what an event in a portal room means, and into the outbox with it.

use std::sync::Arc;

use super::{
    change,
    command::{self, Ran},
    core::Core,
    halt::Halt,
    state::Outgoing,
    text::Refusal,
};
use crate::{
    config::Level,
    convert::{self, NotBridged},
    id::PortalId,
    matrix::{
        content,
        event::{Event, Kind, Message},
    },
    store::{Entry, Outcome, Portal, Work},
};

/// Decides about one event in a portal room; `None` when the outbox will finish it.
pub(crate) async fn from_portal(
    core: &Arc<Core>,
    entry: &Entry,
    portal: PortalId,
    event: Event,
) -> Result<Option<Outcome>, Halt> {
    let Some(portal) = core.registry.portal(portal) else {
        return Ok(Some(Outcome::Ignored("no portal".into())));
    };
    match &event.kind {
        Kind::Message(message) => {
            match command::try_run(core, entry, &event, message, Some(&portal)).await? {
                Ran::NotACommand => {}
                Ran::Done(outcome) => return Ok(Some(outcome)),
                Ran::GoesOn => return Ok(None),
            }
            if let Some(edit) = &message.edits {
                return change::edit(core, &event, edit, &portal).await.map(Some);
            }
            match parts(core, &event, message, &portal) {
                Ok(parts) => {
                    queue(core, entry, &event, &portal, parts);
                    Ok(None)
                }
                Err(Verdict::Ignore(reason)) => Ok(Some(Outcome::Ignored(reason.into()))),
                Err(Verdict::Refuse(refusal)) => refuse(core, &event, refusal).await.map(Some),
            }
        }
        Kind::Sticker(_) => refuse(core, &event, Refusal::Sticker).await.map(Some),
        Kind::Reaction { of, key } if change::asks_again(key) => {
            change::retry(core, entry, &event, of, &portal).await
        }
        Kind::Reaction { .. } => refuse(core, &event, Refusal::Reaction).await.map(Some),
        Kind::Redaction { of } => change::redact(core, &event, of, &portal).await.map(Some),
        Kind::Encrypted => refuse(core, &event, Refusal::Encrypted).await.map(Some),
        Kind::RoomName(Some(name)) if event.sender == portal.key.owner => {
            command::rename(core, &portal, name).await?;
            Ok(Some(Outcome::Delivered))
        }
        // What is only for clients was left out before.
        Kind::Other { is_state: false, .. } => {
            refuse(core, &event, Refusal::Kind(convert::Kind::Other)).await.map(Some)
        }
        Kind::RoomName(_) | Kind::Membership(_) | Kind::Tombstone { .. } | Kind::Other { .. } => {
            Ok(Some(Outcome::Ignored("state".into())))
        }
    }
}

/// Why there is nothing to send.
pub(crate) enum Verdict {
    Refuse(Refusal),
    Ignore(&'static str),
}

/// The texts to send for a message, or why there are none.
pub(crate) fn parts(
    core: &Core,
    event: &Event,
    message: &Message,
    portal: &Portal,
) -> Result<Vec<String>, Verdict> {
    if core.config.bridge.permissions.level_of(&event.sender) < Some(Level::Relay) {
        return Err(Verdict::Refuse(Refusal::NotAllowed));
    }
    let sender = event.sender.localpart();
    let (html, body) = (message.html.as_deref(), &message.body);
    let parts =
        convert::text_parts(&message.msgtype, body, html, sender).map_err(|why| match why {
            NotBridged::Notice => Verdict::Ignore("notice"),
            NotBridged::Empty => Verdict::Ignore("empty"),
            NotBridged::Kind(kind) => Verdict::Refuse(Refusal::Kind(kind)),
        })?;
    if event.sender == portal.key.owner {
        return Ok(parts);
    }
    // Somebody else in the owner's room: WeChat shows one sender, so the name goes into the text.
    let named = format!("{sender}: {}", parts.join("\n"));
    Ok(convert::split(&named, convert::WECHAT_TEXT_LIMIT))
}

/// Hands a message to the outbox, which finishes its entry.
pub(crate) fn queue(
    core: &Core,
    entry: &Entry,
    event: &Event,
    portal: &Portal,
    parts: Vec<String>,
) {
    let Work::FromMatrix { progress, .. } = &entry.work else { return };
    let outgoing = Outgoing {
        entry: entry.clone(),
        event: event.id.clone(),
        sender: event.sender.clone(),
        room: event.room.clone(),
        parts,
        progress: progress.clone(),
        tries: 0,
        marked: progress.mark.is_some(),
        with: Vec::new(),
    };
    core.outbox.push(portal.id, outgoing);
}

/// Says once, as a reply, why something was not bridged.
pub(crate) async fn refuse(core: &Core, event: &Event, refusal: Refusal) -> Result<Outcome, Halt> {
    let text = refusal.text(core.language_of(&event.sender));
    let reply = content::reply(&event.id, content::notice(text));
    let bot = core.bot();
    let txn = format!("refuse-{}", event.id);
    core.insist(|| bot.send(&event.room, &reply, &txn, None)).await?;
    Ok(Outcome::Refused(refusal.code().into()))
}
