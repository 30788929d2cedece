//! The parts of a Matrix message that are sent to one contact, or the reason why there are none.
//!
//! First send, edit and resend all use this module.

use super::{author, speaker};
use crate::{
    bridge::{
        core::{Core, name_of},
        policy::{self, Act, Ruling},
        state::{MediaPart, Part, PartKind},
        text::SendRefusal,
    },
    convert::{self, NotBridged},
    matrix::event::{Attachment, AttachmentSource, Event, Message, attachment},
    store::Portal,
};

/// The reason why there is nothing to send.
pub(crate) enum Verdict {
    Refuse(SendRefusal),
    Ignore(&'static str),
}

/// Returns the parts to send for a message; `speaker` is the sender's name.
pub(crate) fn parts(
    core: &Core,
    event: &Event,
    message: &Message,
    portal: &Portal,
    speaker: &str,
) -> Result<Vec<Part>, Verdict> {
    parts_behind(core, (event, message), portal, speaker, "")
}

/// Returns the parts with a sign before each text, and before the speaker's name.
pub(crate) fn parts_behind(
    core: &Core,
    (event, message): (&Event, &Message),
    portal: &Portal,
    speaker: &str,
    sign: &str,
) -> Result<Vec<Part>, Verdict> {
    may_speak(core, event, portal)?;
    if message.msgtype == "m.text" && policy::after_prefix(&message.body, core.prefix()).is_some() {
        return Err(Verdict::Ignore("command"));
    }
    let gallery = message.gallery.iter().map(|item| &item.file);
    let files = message.attachment.iter().chain(gallery);
    let files = files.map(|file| media(file, core.config.media.max_upload));
    let files = files.collect::<Result<Vec<_>, _>>()?;
    let lead = lead(sign, is_named(event, portal).then_some(speaker));
    let texts = match (text(core, event, message, portal, speaker)?, files.first()) {
        (Some(text), _) => split(&lead, &text),
        (None, Some(media)) if is_named(event, portal) => {
            vec![format!("{lead}{}", media.kind.sign())]
        }
        (None, _) => Vec::new(),
    };
    Ok(texts.into_iter().map(Part::Text).chain(files.into_iter().map(Part::Media)).collect())
}

/// Returns the beginning of each text of a message: a sign, and the speaker's name.
pub(crate) fn lead(sign: &str, name: Option<&str>) -> String {
    let sign = if sign.is_empty() { String::new() } else { format!("{sign} ") };
    name.map_or(sign.clone(), |name| format!("{sign}{name}: "))
}

/// Cuts a text into pieces that fit into one request each, all of them with the lead.
pub(crate) fn split(lead: &str, text: &str) -> Vec<String> {
    let lead = Some(lead).filter(|lead| !lead.is_empty());
    convert::split_led(lead, text, convert::WECHAT_TEXT_LIMIT)
}

/// Returns an error when the content of this event must not be sent to the contact.
pub(crate) fn may_speak(core: &Core, event: &Event, portal: &Portal) -> Result<(), Verdict> {
    match policy::judge(core, portal, event, Act::FirstSend) {
        Ruling::Allowed => Ok(()),
        Ruling::Refused(refusal) => Err(Verdict::Refuse(refusal)),
        Ruling::LeftAlone => Err(Verdict::Ignore("policy")),
    }
}

/// Returns whether the sender's name is put into the text. WeChat shows one sender, so the name of
/// everyone but the owner is needed, also when another person speaks through the owner's account;
/// and the name of each sender in a room with several contacts.
pub(crate) fn is_named(event: &Event, portal: &Portal) -> bool {
    let is_owner = event.sender == portal.key.owner && speaker::alias(event).is_none();
    author::is_copy(portal, event) || !is_owner
}

/// Returns the words of a message; a file may have none.
fn text(
    core: &Core,
    event: &Event,
    message: &Message,
    portal: &Portal,
    speaker: &str,
) -> Result<Option<String>, Verdict> {
    let is_file = message.attachment.is_some() || !message.gallery.is_empty();
    let (body, html) = words(message);
    let Some(body) = body else { return Ok(None) };
    let named = |text: &str| with_names(core, portal, message, text);
    let (body, html) = (named(&body), html.map(named));
    let msgtype = match message.msgtype.as_str() {
        _ if is_file => "m.text",
        "m.location" if !body.is_empty() => "m.text",
        // Notices of the owner are sent; those of other programs are not.
        "m.notice" if event.sender == portal.key.owner => "m.text",
        "m.gallery" | "dm.filament.gallery" => {
            return Err(Verdict::Refuse(SendRefusal::FileMissing));
        }
        other => other,
    };
    let text = convert::message_text(msgtype, &body, html.as_deref(), speaker);
    text.map(Some).or_else(|why| match why {
        NotBridged::Empty if is_file => Ok(None),
        NotBridged::Notice => Err(Verdict::Ignore("notice")),
        NotBridged::Signal => Err(Verdict::Ignore("signal")),
        NotBridged::Empty => Err(Verdict::Ignore("empty")),
        NotBridged::File => Err(Verdict::Refuse(SendRefusal::FileMissing)),
        NotBridged::Kind(kind) => Err(Verdict::Refuse(SendRefusal::Kind(kind))),
    })
}

/// Returns the words of a message as plain text and as HTML: for a file its caption, for a location
/// its place.
pub(super) fn words(message: &Message) -> (Option<String>, Option<&str>) {
    let html = message.html.as_deref();
    if message.attachment.is_some() {
        return (message.caption().map(str::to_owned), html);
    }
    if message.msgtype == "m.location" {
        let name = message.place.as_deref().unwrap_or(&message.body);
        let place = convert::place_text(message.geo_uri.as_deref(), Some(name));
        return (Some(place.unwrap_or_default()), None);
    }
    let captions = message.gallery.iter().filter_map(|item| item.caption.as_deref());
    let captions: Vec<_> = captions.collect();
    if captions.is_empty() {
        return (Some(message.body.clone()), html);
    }
    let all = std::iter::once(message.body.as_str()).chain(captions);
    let all: Vec<_> = all.filter(|text| !text.trim().is_empty()).collect();
    (Some(all.join("\n")), None)
}

/// Replaces the Matrix ids in a text by the names of their users.
pub(super) fn with_names(core: &Core, portal: &Portal, message: &Message, text: &str) -> String {
    let ghost = core.ghost(&portal.key.contact);
    let ghost = ghost.iter().map(|ghost| (ghost.user().to_owned(), name_of(portal)));
    let others = message.mentions.iter().filter(|user| !core.is_ours(user));
    let others = others.map(|user| (user.clone(), user.localpart().to_owned()));
    ghost.chain(others).fold(text.to_owned(), |text, (user, name)| {
        text.replace(user.as_str(), &convert::safe_for_wechat(&name))
    })
}

/// Returns the file of a message as a part to send. `limit` is in bytes; a claimed size above it is
/// refused before anything is downloaded.
pub(super) fn media(attachment: &Attachment, limit: u64) -> Result<MediaPart, Verdict> {
    let uri = match &attachment.source {
        AttachmentSource::Plain(uri) => uri.clone(),
        AttachmentSource::Encrypted => return Err(Verdict::Refuse(SendRefusal::FileEncrypted)),
    };
    if attachment.size.is_some_and(|size| size > limit) {
        return Err(Verdict::Refuse(SendRefusal::FileTooLarge { limit }));
    }
    let kind = match attachment.kind {
        attachment::AttachmentKind::Image | attachment::AttachmentKind::Sticker => {
            PartKind::Picture
        }
        attachment::AttachmentKind::Video => PartKind::Video,
        attachment::AttachmentKind::Voice => PartKind::Voice,
        attachment::AttachmentKind::Audio | attachment::AttachmentKind::File => PartKind::File,
    };
    Ok(MediaPart { uri, kind, name: attachment.name.clone() })
}
