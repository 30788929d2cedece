//! What a message holds, as far as this bridge reads it.

use ruma::{OwnedEventId, OwnedUserId};
use serde_json::value::RawValue;

use super::{Attachment, Profile, attachment};
use crate::matrix::{
    content::{HTML, WRITTEN},
    object::Object,
};

/// A message, or what an edit makes of one.
#[derive(Debug, Clone)]
pub struct Message {
    /// `m.text`, `m.image`, …; empty for a sticker.
    pub msgtype: String,
    /// The text, or a file's name or caption; see [`Message::caption`]. The name of a [`Profile`]
    /// before it is left out, here and in the HTML.
    pub body: String,
    /// The text as HTML.
    pub html: Option<String>,
    /// The message it answers. A thread's fallback for older clients does not count.
    pub reply_to: Option<OwnedEventId>,
    /// The first message of the thread it stands in.
    pub thread: Option<OwnedEventId>,
    /// The message it takes the place of, and with what.
    pub edits: Option<Replacement>,
    /// The file that it is; `None` for a text, and for a file that is nowhere to be found.
    pub attachment: Option<Attachment>,
    /// The files of a gallery (MSC4274); empty for any other message, and for a gallery of which
    /// one file is nowhere to be found.
    pub gallery: Vec<GalleryItem>,
    /// Where it points to on the map, as a `geo:` URI.
    pub geo_uri: Option<String>,
    /// What is there.
    pub place: Option<String>,
    /// Who is named in it.
    pub mentions: Vec<OwnedUserId>,
    /// What a contact wrote, where the body of this bridge's own event is more or other than that.
    pub written: Option<String>,
    /// The content as it came.
    pub content: Box<RawValue>,
}

/// One file of a gallery.
#[derive(Debug, Clone)]
pub struct GalleryItem {
    /// The file.
    pub file: Attachment,
    /// What was written beside it.
    pub caption: Option<String>,
}

/// The new form of an earlier message.
#[derive(Debug, Clone)]
pub struct Replacement {
    /// The earlier message.
    pub of: OwnedEventId,
    /// What it says now.
    pub new: Box<Message>,
}

impl Message {
    /// Reads `content`, which is `raw` taken apart.
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

    /// Reads everything but the relations.
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

    /// Returns the message with another body; a file without a name of its own goes by it.
    fn saying(mut self, body: String) -> Self {
        if let Some(file) = &mut self.attachment {
            if !file.is_named_apart {
                file.name = Some(body.clone()).filter(|name| !name.is_empty());
            }
            file.is_named_apart &= file.name.as_ref() != Some(&body);
        }
        Self { body, ..self }
    }

    /// What was written beside a file (MSC2530): the body, when the file's name is elsewhere. Of a
    /// sticker it is what the body describes, unless that is only a name.
    pub fn caption(&self) -> Option<&str> {
        let file = self.attachment.as_ref()?;
        let is_caption = match file.kind {
            attachment::Kind::Sticker => is_description(&self.body),
            attachment::Kind::Image
            | attachment::Kind::Video
            | attachment::Kind::Voice
            | attachment::Kind::Audio
            | attachment::Kind::File => file.is_named_apart,
        };
        (is_caption && !self.body.trim().is_empty()).then_some(self.body.as_str())
    }
}

/// Whether a sticker's body says more than that it is a sticker, or where it lies.
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

/// Where a location has its description, in the two spellings of MSC3488.
const PLACES: [&str; 2] = ["m.location", "org.matrix.msc3488.location"];
const MOST_ITEMS: usize = 100;
const MOST_MENTIONS: usize = 50;

/// An edit without its new content still carries the text for clients that know no edits.
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
