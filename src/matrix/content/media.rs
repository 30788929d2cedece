//! The content of messages that are files.

use std::time::Duration;

use ruma::OwnedMxcUri;
use serde_json::{Map, Value, json};

use super::{Content, message};

/// An uploaded file, and what is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// The kind of message that shows it.
    pub kind: MediaKind,
    /// The address of the upload.
    pub url: OwnedMxcUri,
    /// The file's name, which clients show when they cannot show the file.
    pub filename: String,
    /// The caption (MSC2530).
    pub caption: Option<String>,
    /// The MIME type, such as `image/png`.
    pub mime_type: String,
    /// Size in bytes.
    pub size: u64,
    /// Width in pixels.
    pub width: Option<u32>,
    /// Height in pixels.
    pub height: Option<u32>,
    /// The playing time.
    pub duration: Option<Duration>,
    /// A smaller image of the file.
    pub thumbnail: Option<Thumbnail>,
    /// A short code of its colours, which clients show until the file is loaded.
    pub blurhash: Option<String>,
    /// Present for a voice message.
    pub voice: Option<VoiceMark>,
}

/// The kind of message that shows a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    /// An image, shown in the timeline.
    Image,
    /// A sound, with a button to play it.
    Audio,
    /// A video, with a player.
    Video,
    /// Any file, shown by its name.
    File,
}

/// A smaller image of a file, which is an upload of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbnail {
    /// The address of the upload.
    pub url: OwnedMxcUri,
    /// `image/jpeg` or `image/png`.
    pub mime_type: String,
    /// Size in bytes.
    pub size: u64,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// The mark of audio that is a voice message (MSC3245).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiceMark {
    /// The loudness over time, in 30 to 120 steps of 0 to 1024; empty when not known.
    pub waveform: Vec<u16>,
}

impl Media {
    /// Describes a file of which nothing more is known.
    pub fn new(
        kind: MediaKind,
        url: OwnedMxcUri,
        filename: impl Into<String>,
        mime_type: impl Into<String>,
        size: u64,
    ) -> Self {
        Self {
            kind,
            url,
            filename: filename.into(),
            caption: None,
            mime_type: mime_type.into(),
            size,
            width: None,
            height: None,
            duration: None,
            thumbnail: None,
            blurhash: None,
            voice: None,
        }
    }

    fn info(&self) -> Value {
        let mut info = Map::new();
        info.insert("mimetype".to_owned(), self.mime_type.as_str().into());
        info.insert("size".to_owned(), self.size.into());
        let mut known = |key: &str, value: Option<Value>| {
            value.and_then(|value| info.insert(key.to_owned(), value))
        };
        known("w", self.width.map(Value::from));
        known("h", self.height.map(Value::from));
        known("duration", self.duration.map(millis));
        known("xyz.amorgan.blurhash", self.blurhash.as_deref().map(Value::from));
        known("thumbnail_url", self.thumbnail.as_ref().map(|small| small.url.as_str().into()));
        known("thumbnail_info", self.thumbnail.as_ref().map(Thumbnail::info));
        info.into()
    }
}

impl Thumbnail {
    fn info(&self) -> Value {
        json!({ "mimetype": self.mime_type, "size": self.size, "w": self.width, "h": self.height })
    }
}

/// Returns the message that shows a file.
pub fn media(media: Media) -> Content {
    let info = media.info();
    let Media { kind, url, filename, caption, duration, voice, .. } = media;
    let msgtype = match kind {
        MediaKind::Image => "m.image",
        MediaKind::Audio => "m.audio",
        MediaKind::Video => "m.video",
        MediaKind::File => "m.file",
    };
    let content = match caption {
        Some(caption) => message(msgtype, caption).with("filename", filename),
        None => message(msgtype, filename),
    };
    let content = content.with("url", url.as_str()).with("info", info);
    match voice {
        Some(voice) => spoken(content, duration, voice),
        None => content,
    }
}

/// Marks audio as a voice message: clients look for the flag (MSC3245), and take length and
/// waveform from the block of MSC1767, which requires the text as well.
fn spoken(content: Content, duration: Option<Duration>, voice: VoiceMark) -> Content {
    let mut audio = Map::new();
    if let Some(duration) = duration {
        audio.insert("duration".to_owned(), millis(duration));
    }
    if !voice.waveform.is_empty() {
        audio.insert("waveform".to_owned(), voice.waveform.into());
    }
    let body = content.fields.get("body").cloned().unwrap_or_default();
    content
        .with("org.matrix.msc1767.text", body)
        .with("org.matrix.msc1767.audio", audio)
        .with("org.matrix.msc3245.voice", Map::new())
}

/// Returns a duration in milliseconds, cut to the largest integer of an event.
fn millis(duration: Duration) -> Value {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).min(LARGEST_INTEGER).into()
}

/// The largest integer that an event may hold.
const LARGEST_INTEGER: u64 = (1 << 53) - 1;

#[cfg(test)]
mod tests {
    use ruma::mxc_uri;

    use super::*;

    fn fields(media: Media) -> Value {
        Value::Object(super::media(media).fields)
    }

    fn file(kind: MediaKind, name: &str, mime_type: &str) -> Media {
        Media::new(kind, mxc_uri!("mxc://b.org/1").to_owned(), name, mime_type, 900)
    }

    #[test]
    fn a_file_of_which_little_is_known_says_little() {
        let expected = json!({
            "msgtype": "m.file",
            "body": "a.pdf",
            "url": "mxc://b.org/1",
            "info": { "mimetype": "application/pdf", "size": 900 },
            "m.mentions": {},
        });
        assert_eq!(fields(file(MediaKind::File, "a.pdf", "application/pdf")), expected);
    }

    #[test]
    fn a_picture_says_its_size_and_shows_a_smaller_one() {
        let picture = Media {
            width: Some(3000),
            height: Some(2000),
            blurhash: Some("LEHV6nWB2yk8".to_owned()),
            thumbnail: Some(Thumbnail {
                url: mxc_uri!("mxc://b.org/2").to_owned(),
                mime_type: "image/jpeg".to_owned(),
                size: 90,
                width: 800,
                height: 533,
            }),
            ..file(MediaKind::Image, "qr.png", "image/png")
        };
        let expected = json!({
            "mimetype": "image/png", "size": 900, "w": 3000, "h": 2000,
            "xyz.amorgan.blurhash": "LEHV6nWB2yk8",
            "thumbnail_url": "mxc://b.org/2",
            "thumbnail_info": { "mimetype": "image/jpeg", "size": 90, "w": 800, "h": 533 },
        });
        assert_eq!(fields(picture)["info"], expected);
    }

    #[test]
    fn a_caption_takes_the_place_of_the_name() {
        let picture = Media {
            caption: Some("my cat".to_owned()),
            ..file(MediaKind::Image, "cat.gif", "image/gif")
        };
        let fields = fields(picture);
        assert_eq!((&fields["body"], &fields["filename"]), (&json!("my cat"), &json!("cat.gif")));
    }

    #[test]
    fn a_voice_message_has_its_flag_its_length_and_its_waveform() {
        let voice = Media {
            caption: Some("你好".to_owned()),
            duration: Some(Duration::from_micros(2_500_900)),
            voice: Some(VoiceMark { waveform: vec![0, 512, 1024] }),
            ..file(MediaKind::Audio, "voice.ogg", "audio/ogg")
        };
        let expected = json!({
            "msgtype": "m.audio",
            "body": "你好",
            "filename": "voice.ogg",
            "url": "mxc://b.org/1",
            "info": { "mimetype": "audio/ogg", "size": 900, "duration": 2500 },
            "m.mentions": {},
            "org.matrix.msc1767.text": "你好",
            "org.matrix.msc1767.audio": { "duration": 2500, "waveform": [0, 512, 1024] },
            "org.matrix.msc3245.voice": {},
        });
        assert_eq!(fields(voice), expected);
    }

    #[test]
    fn no_number_is_larger_than_an_event_may_hold() {
        let endless = Media {
            duration: Some(Duration::MAX),
            voice: Some(VoiceMark { waveform: Vec::new() }),
            ..file(MediaKind::Audio, "a", "audio/ogg")
        };
        let fields = fields(endless);
        assert_eq!(fields["info"]["duration"], json!(9_007_199_254_740_991_u64));
        assert_eq!(fields["org.matrix.msc1767.audio"].get("waveform"), None);
    }
}
