//! Messages that are files.

use std::time::Duration;

use ruma::OwnedMxcUri;
use serde_json::{Map, Value, json};

use super::{Content, message};

/// A file that has been uploaded, and what is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Media {
    /// How it is to be shown.
    pub kind: MediaKind,
    /// Where it was uploaded to.
    pub url: OwnedMxcUri,
    /// Its name, which is also what clients show that cannot show the file.
    pub filename: String,
    /// What was written beside it (MSC2530).
    pub caption: Option<String>,
    /// Such as `image/png`.
    pub mime_type: String,
    /// Size in bytes.
    pub size: u64,
    /// Width in pixels.
    pub width: Option<u32>,
    /// Height in pixels.
    pub height: Option<u32>,
    /// How long it plays.
    pub duration: Option<Duration>,
    /// A smaller image of it.
    pub thumbnail: Option<Thumbnail>,
    /// A few letters that show its colours until it is loaded.
    pub blurhash: Option<String>,
    /// Present when somebody spoke it into a phone.
    pub voice: Option<Voice>,
}

/// How a file is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    /// As an image.
    Image,
    /// With a button to play it.
    Audio,
    /// In a player.
    Video,
    /// By its name.
    File,
}

/// A smaller image of a file, uploaded as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbnail {
    /// Where it was uploaded to.
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

/// What makes audio a voice message (MSC3245).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voice {
    /// How loud it is over its length, in 30 to 120 steps of 0 to 1024; empty when not known.
    pub waveform: Vec<u16>,
}

impl Media {
    /// A file of which no more is known.
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

/// Shows a file.
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

/// Clients look for the flag (MSC3245) and take length and waveform from MSC1767's block, which
/// wants the text as well.
fn spoken(content: Content, duration: Option<Duration>, voice: Voice) -> Content {
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

/// A length that no file has is cut.
fn millis(duration: Duration) -> Value {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).min(LARGEST_INTEGER).into()
}

/// Larger integers are not allowed in an event.
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
            voice: Some(Voice { waveform: vec![0, 512, 1024] }),
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
            voice: Some(Voice { waveform: Vec::new() }),
            ..file(MediaKind::Audio, "a", "audio/ogg")
        };
        let fields = fields(endless);
        assert_eq!(fields["info"]["duration"], json!(9_007_199_254_740_991_u64));
        assert_eq!(fields["org.matrix.msc1767.audio"].get("waveform"), None);
    }
}
