//! The content of an item: a text, or a reference to a media file (docs/protocol.md §4, §7).
//!
//! Knows what the fields are, not how the file is downloaded or decrypted.

use std::time::Duration;

use super::fields::Fields;
use crate::secret::secret_kind;

/// The content of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "few items are held at a time, each for one message")]
pub enum Body {
    /// A text, possibly empty.
    Text(String),
    /// An item with a file.
    Media(MediaBody),
    /// A kind that is not known, or a known kind without its content.
    Unsupported {
        /// The item's `type`, if it has one.
        kind: Option<i64>,
    },
}

/// The content of an item with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaBody {
    /// An image.
    Image(Image),
    /// A voice message.
    Voice(Voice),
    /// A file with a name.
    File(File),
    /// A video.
    Video(Video),
}

secret_kind! {
    /// The parameter with which a file is downloaded from the CDN.
    CdnParam
}
secret_kind! {
    /// The whole address of a file on the CDN, including its parameter.
    CdnUrl
}
secret_kind! {
    /// The key of a file, encoded as the sender wrote it (docs/protocol.md §7).
    MediaKey
}

/// The place of a media file on the CDN, and its key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CdnMedia {
    /// `encrypt_query_param`.
    pub param: Option<CdnParam>,
    /// `full_url`, which is tried before [`CdnMedia::param`].
    pub full_url: Option<CdnUrl>,
    /// `aes_key`: base64 of the key's bytes or of their hex digits.
    pub key: Option<MediaKey>,
    /// `encrypt_type`: 0 or 1.
    pub encrypt_type: Option<i64>,
}

/// An image; its sizes are the sender's claim, in bytes and pixels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Image {
    /// The full image.
    pub media: Option<CdnMedia>,
    /// A smaller version of the image.
    pub thumb: Option<CdnMedia>,
    /// `aeskey`, 32 hex digits, which is tried before the key in [`Image::media`].
    pub key: Option<MediaKey>,
    /// `mid_size` in bytes.
    pub mid_size: Option<u64>,
    /// `hd_size` in bytes.
    pub hd_size: Option<u64>,
    /// `thumb_size` in bytes.
    pub thumb_size: Option<u64>,
    /// `thumb_width` in pixels.
    pub thumb_width: Option<u64>,
    /// `thumb_height` in pixels.
    pub thumb_height: Option<u64>,
}

/// A voice message; its statements about its coding are unreliable (docs/protocol.md §7).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Voice {
    /// The recording.
    pub media: Option<CdnMedia>,
    /// `playtime`, given in milliseconds.
    pub playtime: Option<Duration>,
    /// `text`: the transcript by Tencent's speech recognition; never empty.
    pub transcript: Option<String>,
    /// `encode_type`.
    pub encode_type: Option<i64>,
    /// `sample_rate` in Hz.
    pub sample_rate: Option<u64>,
    /// `bits_per_sample`.
    pub bits_per_sample: Option<u64>,
    /// `size` in bytes.
    pub size: Option<u64>,
}

/// A file with a name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct File {
    /// The place of the file.
    pub media: Option<CdnMedia>,
    /// `file_name`; never empty.
    pub name: Option<String>,
    /// `len`: bytes of the plain file.
    pub len: Option<u64>,
    /// `md5` of the plain file in hex.
    pub md5: Option<String>,
}

/// A video; its sizes are the sender's claim, in bytes and pixels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Video {
    /// The video file.
    pub media: Option<CdnMedia>,
    /// A preview image of the video.
    pub thumb: Option<CdnMedia>,
    /// `video_size` in bytes; of the plain or of the encrypted file.
    pub size: Option<u64>,
    /// `play_length`; its unit is not known.
    pub play_length: Option<u64>,
    /// `video_md5` in hex.
    pub md5: Option<String>,
    /// `thumb_size` in bytes.
    pub thumb_size: Option<u64>,
    /// `thumb_width` in pixels.
    pub thumb_width: Option<u64>,
    /// `thumb_height` in pixels.
    pub thumb_height: Option<u64>,
}

impl Body {
    /// Reads the body of an item. `type` decides its kind; where `type` is absent or 0, the one
    /// content that is present decides.
    pub(crate) fn read(item: &Fields<'_>) -> Self {
        let kind = item.whole("type");
        let known = KINDS.into_iter();
        let told = match kind {
            None | Some(0) => {
                let mut present = known.filter(|(_, name)| item.object(name).is_some());
                present.next().filter(|_| present.next().is_none())
            }
            Some(kind) => known.into_iter().find(|(number, _)| *number == kind),
        };
        let content = told.and_then(|(number, name)| Some((number, item.object(name)?)));
        content
            .and_then(|(number, content)| Self::of_kind(number, &content))
            .unwrap_or(Self::Unsupported { kind })
    }

    fn of_kind(number: i64, content: &Fields<'_>) -> Option<Self> {
        Some(match number {
            TEXT => Self::Text(content.text("text")?),
            IMAGE => Self::Media(MediaBody::Image(Image::read(content))),
            VOICE => Self::Media(MediaBody::Voice(Voice::read(content))),
            FILE => Self::Media(MediaBody::File(File::read(content))),
            VIDEO => Self::Media(MediaBody::Video(Video::read(content))),
            _ => return None,
        })
    }

    /// Returns the text of a text item; `None` for other items.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Media(_) | Self::Unsupported { .. } => None,
        }
    }

    /// Returns the content of an item with a file; `None` for other items.
    pub fn media(&self) -> Option<&MediaBody> {
        match self {
            Self::Media(media) => Some(media),
            Self::Text(_) | Self::Unsupported { .. } => None,
        }
    }

    /// Returns a text that is equal for two deliveries of one item. It holds no key and no address,
    /// since those may be new in each delivery.
    pub(super) fn fingerprint(&self) -> String {
        match self {
            Self::Text(text) => format!("text {text}"),
            Self::Media(media) => media.fingerprint(),
            Self::Unsupported { kind } => format!("kind {kind:?}"),
        }
    }
}

impl MediaBody {
    /// Returns the transcript of a voice message, if WeChat made one.
    pub fn transcript(&self) -> Option<&str> {
        match self {
            Self::Voice(voice) => voice.transcript.as_deref(),
            Self::Image(_) | Self::File(_) | Self::Video(_) => None,
        }
    }

    fn fingerprint(&self) -> String {
        match self {
            Self::Image(image) => format!("image {:?} {:?}", image.mid_size, image.hd_size),
            Self::Voice(voice) => format!("voice {:?} {:?}", voice.playtime, voice.transcript),
            Self::File(file) => format!("file {:?} {:?} {:?}", file.name, file.len, file.md5),
            Self::Video(video) => format!("video {:?} {:?}", video.size, video.md5),
        }
    }
}

impl CdnMedia {
    fn read(holder: &Fields<'_>, name: &str) -> Option<Self> {
        let media = holder.object(name)?;
        Some(Self {
            param: media.some_text("encrypt_query_param").map(CdnParam::new),
            full_url: media.some_text("full_url").map(CdnUrl::new),
            key: media.some_text("aes_key").map(MediaKey::new),
            encrypt_type: media.whole("encrypt_type"),
        })
    }
}

impl Image {
    fn read(content: &Fields<'_>) -> Self {
        Self {
            media: CdnMedia::read(content, "media"),
            thumb: CdnMedia::read(content, "thumb_media"),
            key: content.some_text("aeskey").map(MediaKey::new),
            mid_size: content.count("mid_size"),
            hd_size: content.count("hd_size"),
            thumb_size: content.count("thumb_size"),
            thumb_width: content.count("thumb_width"),
            thumb_height: content.count("thumb_height"),
        }
    }
}

impl Voice {
    fn read(content: &Fields<'_>) -> Self {
        Self {
            media: CdnMedia::read(content, "media"),
            playtime: content.count("playtime").map(Duration::from_millis),
            transcript: content.some_text("text"),
            encode_type: content.whole("encode_type"),
            sample_rate: content.count("sample_rate"),
            bits_per_sample: content.count("bits_per_sample"),
            size: content.count("size"),
        }
    }
}

impl File {
    fn read(content: &Fields<'_>) -> Self {
        Self {
            media: CdnMedia::read(content, "media"),
            name: content.some_text("file_name"),
            len: content.count("len"),
            md5: content.some_text("md5"),
        }
    }
}

impl Video {
    fn read(content: &Fields<'_>) -> Self {
        Self {
            media: CdnMedia::read(content, "media"),
            thumb: CdnMedia::read(content, "thumb_media"),
            size: content.count("video_size"),
            play_length: content.count("play_length"),
            md5: content.some_text("video_md5"),
            thumb_size: content.count("thumb_size"),
            thumb_width: content.count("thumb_width"),
            thumb_height: content.count("thumb_height"),
        }
    }
}

/// The item types and the fields that hold their content.
const KINDS: [(i64, &str); 5] = [
    (TEXT, "text_item"),
    (IMAGE, "image_item"),
    (VOICE, "voice_item"),
    (FILE, "file_item"),
    (VIDEO, "video_item"),
];
pub(super) const TEXT: i64 = 1;
pub(super) const IMAGE: i64 = 2;
pub(super) const VOICE: i64 = 3;
pub(super) const FILE: i64 = 4;
pub(super) const VIDEO: i64 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    fn body(json: &str) -> Body {
        Body::read(&Fields::read(json).unwrap())
    }

    #[test]
    fn the_one_content_stands_in_for_a_missing_type() {
        for json in [
            r#"{"text_item":{"text":"hi"}}"#,
            r#"{"type":0,"text_item":{"text":"hi"},"image_item":null}"#,
            r#"{"type":{},"text_item":{"text":"hi"},"voice_item":"no object"}"#,
            r#"{"type":"1","text_item":{"text":"hi"},"image_item":{}}"#,
        ] {
            assert_eq!(body(json), Body::Text("hi".to_owned()), "{json}");
        }
    }

    #[test]
    fn what_cannot_be_shown_keeps_its_number() {
        for (json, kind) in [
            (r"{}", None),
            (r#"{"type":99,"text_item":{"text":"hi"}}"#, Some(99)),
            (r#"{"type":1}"#, Some(1)),
            (r#"{"type":1,"text_item":{"text":[]}}"#, Some(1)),
            (r#"{"type":2,"text_item":{"text":"hi"}}"#, Some(2)),
            (r#"{"type":11,"tool_call_start_item":{}}"#, Some(11)),
            (r#"{"text_item":{"text":"hi"},"file_item":{}}"#, None),
        ] {
            assert_eq!(body(json), Body::Unsupported { kind }, "{json}");
        }
    }

    #[test]
    fn media_fields_are_read_and_their_keys_do_not_print() {
        let json = r#"{"type":4,"file_item":{"media":{"encrypt_query_param":"PPP","aes_key":"KKK",
            "encrypt_type":1,"full_url":"https://UUU"},"file_name":"a.pdf","md5":"m","len":"17"}}"#;
        let Body::Media(MediaBody::File(file)) = body(json) else { panic!("not a file") };
        assert_eq!((file.name.as_deref(), file.len), (Some("a.pdf"), Some(17)));
        let shown = format!("{file:?}");
        for secret in ["PPP", "KKK", "UUU"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn a_recording_brings_its_words_and_its_length() {
        let json = r#"{"type":3,"voice_item":{"playtime":2960,"text":"hello","encode_type":4}}"#;
        let Body::Media(MediaBody::Voice(voice)) = body(json) else { panic!("no recording") };
        assert_eq!(voice.playtime, Some(Duration::from_millis(2960)));
        assert_eq!(voice.transcript.as_deref(), Some("hello"));
    }
}
