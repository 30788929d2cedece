//! The parts of a message that the bridge reads.

use ruma::{OwnedEventId, OwnedUserId};
use serde_json::value::RawValue;

use super::{Attachment, Profile, attachment};
use crate::matrix::{
    content::{HTML, WRITTEN},
    object::Object,
};

/// A message, or the new content in an edit.
#[derive(Debug, Clone)]
pub struct Message {
    /// The message type: `m.text`, `m.image`, …; empty for a sticker.
    pub msgtype: String,
    /// The text, or a file's name or caption; see [`Message::caption`]. A name that a [`Profile`]
    /// put before the text is removed, here and in the HTML.
    pub body: String,
    /// The text as HTML.
    pub html: Option<String>,
    /// The message that this one replies to. A thread's fallback for older clients does not count.
    pub reply_to: Option<OwnedEventId>,
    /// The first message of the thread that the message belongs to.
    pub thread: Option<OwnedEventId>,
    /// The replaced message and its new content, in an edit.
    pub edits: Option<Replacement>,
    /// The file; `None` for a text, and for a file without a place.
    pub attachment: Option<Attachment>,
    /// The files of a gallery (MSC4274); empty for any other message, and for a gallery in which
    /// one file has no place.
    pub gallery: Vec<GalleryItem>,
    /// The position of a location, as a `geo:` URI.
    pub geo_uri: Option<String>,
    /// The description of a location.
    pub place: Option<String>,
    /// The mentioned users.
    pub mentions: Vec<OwnedUserId>,
    /// The text that a contact wrote, where the body of this bridge's own event differs from it.
    pub written: Option<String>,
    /// The unparsed content.
    pub content: Box<RawValue>,
}

/// One file of a gallery.
#[derive(Debug, Clone)]
pub struct GalleryItem {
    /// The file.
    pub file: Attachment,
    /// The file's caption.
    pub caption: Option<String>,
}

/// An edit: the new content of an earlier message.
#[derive(Debug, Clone)]
pub struct Replacement {
    /// The earlier message.
    pub of: OwnedEventId,
    /// The new content.
    pub new: Box<Message>,
}

impl Message {
    /// Reads a message; `content` is the parsed form of `raw`.
    pub(super) fn read(raw: &RawValue, content: &Object<'_>) -> Self {
        let relation = content.object("m.relates_to").unwrap_or_default();
        let relation_type = relation.text("rel_type").unwrap_or_default();
        let target =
            |of_type: &str| (relation_type == of_type).then(|| relation.id("event_id")).flatten();
        let thread = target("m.thread");
        let is_fallback = thread.is_some() && relation.flag("is_falling_back");
        let answered = relation.object("m.in_reply_to").and_then(|reply| reply.id("event_id"));
        let profile = Profile::read(content);
        Self {
            reply_to: answered.filter(|_| !is_fallback),
            thread,
            edits: target("m.replace").map(|of| {
                let new = new_form(raw, content, profile.as_ref());
                Replacement { of, new }
            }),
            ..Self::plain(raw, content, profile.as_ref())
        }
    }

    /// Reads everything except the relations.
    fn plain(raw: &RawValue, content: &Object<'_>, profile: Option<&Profile>) -> Self {
        let is_html = content.text("format").as_deref() == Some(HTML);
        let html = content.text("formatted_body").filter(|_| is_html);
        let unnamed =
            html.as_ref().and_then(|html| profile.and_then(|p| p.without_name_in_html(html)));
        let message = Self {
            msgtype: content.text("msgtype").unwrap_or_default(),
            body: content.text("body").unwrap_or_default(),
            html: unnamed.or(html),
            reply_to: None,
            thread: None,
            edits: None,
            attachment: Attachment::read(content),
            gallery: gallery(content).unwrap_or_default(),
            geo_uri: content.text("geo_uri"),
            place: PLACES.iter().find_map(|key| content.object(key)?.text("description")),
            mentions: mentions(content),
            written: content.text(WRITTEN),
            content: raw.to_owned(),
        };
        match profile.and_then(|profile| profile.without_name(&message.body)) {
            Some(body) => message.saying(body),
            None => message,
        }
    }

    /// Returns the message with another body; a file without a name of its own takes the body as
    /// its name.
    fn saying(mut self, body: String) -> Self {
        if let Some(file) = &mut self.attachment {
            if !file.is_named_apart {
                file.name = Some(body.clone()).filter(|name| !name.is_empty());
            }
            file.is_named_apart &= file.name.as_ref() != Some(&body);
        }
        Self { body, ..self }
    }

    /// Returns the caption of a file (MSC2530): the body, when the file has a name elsewhere. For a
    /// sticker it is the description in the body, unless that is only a name.
    pub fn caption(&self) -> Option<&str> {
        let file = self.attachment.as_ref()?;
        let is_caption = match file.kind {
            attachment::AttachmentKind::Sticker => is_description(&self.body),
            attachment::AttachmentKind::Image
            | attachment::AttachmentKind::Video
            | attachment::AttachmentKind::Voice
            | attachment::AttachmentKind::Audio
            | attachment::AttachmentKind::File => file.is_named_apart,
        };
        (is_caption && !self.body.trim().is_empty()).then_some(self.body.as_str())
    }
}

/// Returns whether a sticker's body is a description: not just "sticker", an address, a number or
/// the name of a file.
fn is_description(body: &str) -> bool {
    let body = body.trim();
    let is_address = body.starts_with("mxc://") || body.starts_with("https://");
    let is_kind = ["sticker", "image"].iter().any(|kind| body.eq_ignore_ascii_case(kind));
    let is_number = body.len() > 8 && body.bytes().all(|byte| byte.is_ascii_hexdigit());
    !(is_address || is_kind || is_number || attachment::is_file_name(body))
}

fn gallery(content: &Object<'_>) -> Option<Vec<GalleryItem>> {
    let items = content.list("itemtypes").into_iter().take(MOST_ITEMS);
    let item = |raw: &RawValue| {
        let content = Object::parse(raw.get())?;
        let file = Attachment::of_item(&content)?;
        let caption = file.is_named_apart.then(|| content.text("body")).flatten();
        Some(GalleryItem { file, caption: caption.filter(|caption| !caption.is_empty()) })
    };
    items.map(item).collect()
}

fn mentions(content: &Object<'_>) -> Vec<OwnedUserId> {
    let named = content.object("m.mentions").unwrap_or_default();
    let users = named.list("user_ids").into_iter().take(MOST_MENTIONS);
    users.filter_map(|raw| serde_json::from_str(raw.get()).ok()).collect()
}

/// The field with the description of a location, in the two spellings of MSC3488.
const PLACES: [&str; 2] = ["m.location", "org.matrix.msc3488.location"];
const MOST_ITEMS: usize = 100;
const MOST_MENTIONS: usize = 50;

/// Reads the new content of an edit. An edit without one still carries the text for clients that do
/// not support edits.
fn new_form(raw: &RawValue, content: &Object<'_>, profile: Option<&Profile>) -> Box<Message> {
    let new = content.raw("m.new_content").and_then(|raw| Some((raw, Object::parse(raw.get())?)));
    Box::new(match new {
        Some((raw, content)) => {
            let own = Profile::read(&content);
            Message::plain(raw, &content, own.as_ref().or(profile))
        }
        None => Message::plain(raw, content, profile),
    })
}
