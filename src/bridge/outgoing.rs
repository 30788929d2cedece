//! From Matrix to WeChat: what an event in a portal room means, and into the outbox with it.

use std::sync::Arc;

use super::{
    change, closing,
    command::{self, Ran},
    core::Core,
    group::{self, Author},
    halt::Halt,
    member, moving, replied,
    state::{Media, MediaKind, Outgoing, Part, Shown, led_by},
    text::Refusal,
};
use crate::{
    config::Level,
    convert::{self, NotBridged},
    id::PortalId,
    matrix::{
        content,
        event::{Attachment, Event, Kind, Message, Source, attachment},
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
    let is_copy = matches!(entry.work, Work::FromMatrix { to: Some(_), .. });
    if portal.room.is_none() && !is_copy {
        return Ok(Some(Outcome::Ignored("closed".into())));
    }
    match &event.kind {
        Kind::Message(message) => {
            // A copy is what was found to be no command.
            if !is_copy {
                match command::try_run(core, entry, &event, message, Some(&portal)).await? {
                    Ran::NotACommand => {}
                    Ran::Done(outcome) => return Ok(Some(outcome)),
                    Ran::GoesOn => return Ok(None),
                }
            }
            if let Some(edit) = &message.edits {
                return change::edit(core, &event, edit, &portal).await.map(Some);
            }
            take(core, entry, &event, message, &portal).await
        }
        Kind::Sticker(sticker) => take(core, entry, &event, sticker, &portal).await,
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
        Kind::Membership(member) => {
            closing::membership(core, &event, member, &portal).await.map(Some)
        }
        Kind::Tombstone { replacement } => {
            moving::replaced(core, &portal, replacement.as_deref()).await.map(Some)
        }
        Kind::RoomName(_) | Kind::Other { .. } => Ok(Some(Outcome::Ignored("state".into()))),
    }
}

/// Queues a message, or says why not.
async fn take(
    core: &Core,
    entry: &Entry,
    event: &Event,
    message: &Message,
    portal: &Portal,
) -> Result<Option<Outcome>, Halt> {
    let name = member::speaker(core, event, message, portal).await?;
    match parts(core, event, message, portal, &name) {
        Ok(parts) => {
            let entry = replied::with_line(core, entry, event, message, portal).await?;
            queue(core, &entry, event, portal, parts);
            Ok(None)
        }
        Err(Verdict::Ignore(reason)) => Ok(Some(Outcome::Ignored(reason.into()))),
        Err(Verdict::Refuse(refusal)) => refuse(core, event, refusal).await.map(Some),
    }
}

/// Why there is nothing to send.
pub(crate) enum Verdict {
    Refuse(Refusal),
    Ignore(&'static str),
}

/// What to send for a message, or why there is nothing; `speaker` is the sender's name.
pub(crate) fn parts(
    core: &Core,
    event: &Event,
    message: &Message,
    portal: &Portal,
    speaker: &str,
) -> Result<Vec<Part>, Verdict> {
    let allowed = match group::author(core, portal, event) {
        Author::AnotherContact => true,
        Author::Person | Author::Themselves | Author::Bridge => {
            core.config.bridge.permissions.level_of(&event.sender) >= Some(Level::Relay)
        }
    };
    if !allowed {
        return Err(Verdict::Refuse(Refusal::NotAllowed));
    }
    let is_guest = event.sender != portal.key.owner && !group::is_copy(portal, event);
    if portal.relay_off && is_guest {
        return Err(Verdict::Refuse(Refusal::RelayOff));
    }
    let media = match &message.attachment {
        Some(attachment) => Some(media(attachment, core.config.media.max_upload)?),
        None => None,
    };
    // WeChat shows one sender, so the name of anybody but the owner goes into the text; and that of
    // everybody where the contact has others to tell apart.
    let named = group::is_copy(portal, event) || event.sender != portal.key.owner;
    let name = named.then_some(speaker);
    let texts = texts(message, speaker, media.is_some())?;
    let texts = match (name, &media) {
        (None, _) => texts,
        (Some(name), Some(media)) if texts.is_empty() => {
            vec![format!("{name}: {}", media.kind.sign())]
        }
        (Some(name), _) => {
            let named = format!("{name}: {}", texts.join("\n"));
            convert::split(&named, convert::WECHAT_TEXT_LIMIT)
        }
    };
    Ok(texts.into_iter().map(Part::Text).chain(media.map(Part::Media)).collect())
}

/// The words of a message; a file may come without any.
fn texts(message: &Message, sender: &str, is_file: bool) -> Result<Vec<String>, Verdict> {
    let (msgtype, body, html) = match &message.attachment {
        None => (message.msgtype.as_str(), Some(message.body.as_str()), message.html.as_deref()),
        Some(_) => ("m.text", message.caption(), message.html.as_deref()),
    };
    let Some(body) = body else { return Ok(Vec::new()) };
    convert::text_parts(msgtype, body, html, sender).or_else(|why| match why {
        NotBridged::Empty if is_file => Ok(Vec::new()),
        NotBridged::Notice => Err(Verdict::Ignore("notice")),
        NotBridged::Empty => Err(Verdict::Ignore("empty")),
        NotBridged::File => Err(Verdict::Refuse(Refusal::FileMissing)),
        NotBridged::Kind(kind) => Err(Verdict::Refuse(Refusal::Kind(kind))),
    })
}

/// The file of a message as something to send; `limit` is in bytes, and what the message says
/// itself is believed before anything is downloaded.
fn media(attachment: &Attachment, limit: u64) -> Result<Media, Verdict> {
    let uri = match &attachment.source {
        Source::Plain(uri) => uri.clone(),
        Source::Encrypted => return Err(Verdict::Refuse(Refusal::FileEncrypted)),
    };
    if attachment.size.is_some_and(|size| size > limit) {
        return Err(Verdict::Refuse(Refusal::FileTooLarge { limit }));
    }
    let kind = match attachment.kind {
        attachment::Kind::Image | attachment::Kind::Sticker => MediaKind::Picture,
        attachment::Kind::Video => MediaKind::Video,
        attachment::Kind::Voice => MediaKind::Voice,
        attachment::Kind::Audio | attachment::Kind::File => MediaKind::File,
    };
    Ok(Media { uri, kind, name: attachment.name.clone() })
}

/// Hands a message to the outbox, which finishes its entry.
pub(crate) fn queue(core: &Core, entry: &Entry, event: &Event, portal: &Portal, parts: Vec<Part>) {
    let Work::FromMatrix { progress, .. } = &entry.work else { return };
    let parts = led_by(progress.line.as_ref().map(|line| &*line.0), parts);
    let outgoing = Outgoing {
        entry: entry.clone(),
        event: event.id.clone(),
        sender: event.sender.clone(),
        room: event.room.clone(),
        parts,
        progress: progress.clone(),
        tries: 0,
        failed_uploads: 0,
        shown: if progress.mark.is_some() { Shown::Mark } else { Shown::Nothing },
        with: Vec::new(),
    };
    core.outbox.push(portal.id, outgoing);
}

/// Says once, as a reply, why something was not bridged.
pub(crate) async fn refuse(core: &Core, event: &Event, refusal: Refusal) -> Result<Outcome, Halt> {
    let text = refusal.text(core.language_of(&event.sender));
    let reply = content::reply(&event.id, content::notice(text));
    let bot = core.bot();
    // Of the copies of one event, those with the same reason say it together.
    let txn = format!("refuse-{}-{}", event.id, refusal.code());
    core.insist(|| bot.send(&event.room, &reply, &txn, None)).await?;
    Ok(Outcome::Refused(refusal.code().into()))
}
