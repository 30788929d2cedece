//! The file of a message, as its sender describes it. The description is unchecked.

use std::time::Duration;

use ruma::OwnedMxcUri;

use crate::matrix::object::Object;

/// A file that a user sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The kind of message in which it was sent.
    pub kind: AttachmentKind,
    /// The place of the file.
    pub source: AttachmentSource,
    /// The name that the sender gave; any text but an empty one.
    pub name: Option<String>,
    /// The claimed MIME type, such as `image/png`; any text.
    pub mime_type: Option<String>,
    /// The claimed size in bytes.
    pub size: Option<u64>,
    /// The claimed width in pixels.
    pub width: Option<u32>,
    /// The claimed height in pixels.
    pub height: Option<u32>,
    /// The claimed playing time.
    pub duration: Option<Duration>,
    /// Whether the message has a name for the file apart from its body.
    pub(super) is_named_apart: bool,
}

/// The kind of message in which a file was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttachmentKind {
    /// An image, `m.image`.
    Image,
    /// A sticker, `m.sticker`, which is an event type of its own.
    Sticker,
    /// A video, `m.video`.
    Video,
    /// A voice message, `m.audio` with the mark of MSC3245.
    Voice,
    /// Any other sound, `m.audio`.
    Audio,
    /// Any file, `m.file`.
    File,
}

/// The place of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttachmentSource {
    /// The address of a plain file.
    Plain(OwnedMxcUri),
    /// An encrypted file, which the bridge cannot read.
    Encrypted,
}

impl Attachment {
    /// Reads the file of an `m.room.message`, if it has one.
    pub(super) fn read(content: &Object<'_>) -> Option<Self> {
        Self::of_type(&content.text("msgtype")?, content)
    }

    /// Reads one file of a gallery, which is like a message except for the key of its type.
    pub(super) fn of_item(item: &Object<'_>) -> Option<Self> {
        Self::of_type(&item.text("itemtype")?, item)
    }

    fn of_type(msgtype: &str, content: &Object<'_>) -> Option<Self> {
        let is_voice = |key| content.object(key).is_some();
        let kind = match msgtype {
            "m.image" => AttachmentKind::Image,
            "m.video" => AttachmentKind::Video,
            "m.audio" if VOICE_KEYS.into_iter().any(is_voice) => AttachmentKind::Voice,
            "m.audio" => AttachmentKind::Audio,
            "m.file" => AttachmentKind::File,
            _ => return None,
        };
        let body = content.text("body").filter(|text| !text.is_empty());
        let filename = content.text("filename");
        // Even an empty file name tells that words in the body are a caption.
        let is_named_apart = match filename.as_deref().map(str::trim) {
            Some("") => body.as_deref().is_some_and(|body| !is_file_name(body)),
            Some(name) => body.as_deref().is_none_or(|body| body.trim() != name),
            None => false,
        };
        let by_body = || body.filter(|_| !is_named_apart);
        let name = filename.filter(|name| !name.trim().is_empty()).or_else(by_body);
        Some(Self { name, is_named_apart, ..Self::described(kind, content)? })
    }

    /// Reads the image of a sticker, whose body is a description and not a name.
    pub(super) fn of_sticker(content: &Object<'_>) -> Option<Self> {
        Self::described(AttachmentKind::Sticker, content)
    }

    fn described(kind: AttachmentKind, content: &Object<'_>) -> Option<Self> {
        let info = content.object("info").unwrap_or_default();
        let pixels = |key| u32::try_from(info.integer(key)?).ok().filter(|pixels| *pixels > 0);
        let millis = info.integer("duration").and_then(|millis| u64::try_from(millis).ok());
        Some(Self {
            kind,
            source: AttachmentSource::read(content)?,
            name: None,
            mime_type: info.text("mimetype").filter(|mime| !mime.is_empty()),
            size: info.integer("size").and_then(|size| u64::try_from(size).ok()),
            width: pixels("w"),
            height: pixels("h"),
            duration: millis.map(Duration::from_millis),
            is_named_apart: false,
        })
    }
}

impl AttachmentSource {
    fn read(content: &Object<'_>) -> Option<Self> {
        let plain = content.id("url").filter(|uri: &OwnedMxcUri| uri.is_valid());
        let encrypted = || content.object("file").map(|_| Self::Encrypted);
        plain.map(Self::Plain).or_else(encrypted)
    }
}

/// Returns whether a text looks like the name of a file: no spaces, and a dot with one to five
/// letters or digits at its end.
pub(super) fn is_file_name(text: &str) -> bool {
    let (stem, end) = text.rsplit_once('.').unwrap_or_default();
    let is_ending = (1..=5).contains(&end.len()) && end.bytes().all(|b| b.is_ascii_alphanumeric());
    !stem.is_empty() && is_ending && !text.contains(char::is_whitespace)
}

/// The mark of a voice message, in the two spellings of MSC3245.
const VOICE_KEYS: [&str; 2] = ["org.matrix.msc3245.voice", "m.voice"];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(content: Value) -> Option<Attachment> {
        Attachment::read(&Object::parse(&content.to_string()).unwrap())
    }

    fn plain() -> AttachmentSource {
        AttachmentSource::Plain("mxc://b.org/1".into())
    }

    #[test]
    fn a_file_has_what_its_sender_says() {
        let file = read(json!({
            "msgtype": "m.video", "body": "look!", "filename": "v.mp4", "url": "mxc://b.org/1",
            "info": { "mimetype": "video/mp4", "size": 900, "w": 30, "h": 20, "duration": 1500 },
        }));
        let expected = Attachment {
            kind: AttachmentKind::Video,
            source: plain(),
            name: Some("v.mp4".to_owned()),
            mime_type: Some("video/mp4".to_owned()),
            size: Some(900),
            width: Some(30),
            height: Some(20),
            duration: Some(Duration::from_millis(1500)),
            is_named_apart: true,
        };
        assert_eq!(file, Some(expected));
    }

    #[test]
    fn what_is_said_wrongly_is_not_said() {
        let file = read(json!({
            "msgtype": "m.image", "body": "", "filename": 5, "url": "mxc://b.org/1",
            "info": { "mimetype": "", "size": -1, "w": 0, "h": 1_u64 << 40, "duration": "x" },
        }));
        let expected = Attachment {
            kind: AttachmentKind::Image,
            source: plain(),
            name: None,
            mime_type: None,
            size: None,
            width: None,
            height: None,
            duration: None,
            is_named_apart: false,
        };
        assert_eq!(file, Some(expected));
    }

    #[test]
    fn the_body_is_a_name_or_a_caption_whatever_is_missing() {
        for (body, filename, name, is_named_apart) in [
            (json!("look"), json!("a.png"), Some("a.png"), true),
            (json!("a.png"), json!("a.png"), Some("a.png"), false),
            (json!("a.png "), json!("a.png"), Some("a.png"), false),
            (json!("a.png"), Value::Null, Some("a.png"), false),
            (json!("look"), Value::Null, Some("look"), false),
            (json!("look"), json!(5), Some("look"), false),
            (json!("look at this"), json!(""), None, true),
            (json!("look at this"), json!("  "), None, true),
            (json!("a.png"), json!(""), Some("a.png"), false),
            (json!(""), json!("a.png"), Some("a.png"), true),
            (Value::Null, json!("a.png"), Some("a.png"), true),
            (json!(""), json!(""), None, false),
            (Value::Null, Value::Null, None, false),
        ] {
            let content = json!({ "msgtype": "m.file", "url": "mxc://b.org/1", "body": body, "filename": filename });
            let file = read(content.clone()).unwrap();
            assert_eq!(
                (file.name.as_deref(), file.is_named_apart),
                (name, is_named_apart),
                "{content}"
            );
        }
    }

    #[test]
    fn each_kind_is_known() {
        let of = |content: Value| {
            let mut content = content;
            content["url"] = "mxc://b.org/1".into();
            read(content).map(|file| file.kind)
        };
        let voice = json!({ "msgtype": "m.audio", "org.matrix.msc3245.voice": {} });
        for (content, kind) in [
            (json!({ "msgtype": "m.image" }), Some(AttachmentKind::Image)),
            (json!({ "msgtype": "m.video" }), Some(AttachmentKind::Video)),
            (json!({ "msgtype": "m.audio" }), Some(AttachmentKind::Audio)),
            (voice, Some(AttachmentKind::Voice)),
            (json!({ "msgtype": "m.file" }), Some(AttachmentKind::File)),
            (json!({ "msgtype": "m.text" }), None),
            (json!({}), None),
        ] {
            assert_eq!(of(content.clone()), kind, "{content}");
        }
    }

    #[test]
    fn a_file_is_readable_encrypted_or_nowhere() {
        let file = |fields: Value| {
            let mut content = json!({ "msgtype": "m.file", "body": "a" });
            content.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            read(content).map(|file| file.source)
        };
        let sealed = json!({ "url": "mxc://b.org/1", "key": {} });
        assert_eq!(file(json!({ "url": "mxc://b.org/1" })), Some(plain()));
        assert_eq!(file(json!({ "file": sealed })), Some(AttachmentSource::Encrypted));
        assert_eq!(
            file(json!({ "url": "https://b.org/1", "file": sealed })),
            Some(AttachmentSource::Encrypted)
        );
        for nowhere in [json!({}), json!({ "url": "" }), json!({ "url": "mxc://b.org" })] {
            assert_eq!(file(nowhere.clone()), None, "{nowhere}");
        }
    }
}
