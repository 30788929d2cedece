//! The item of a message to a contact (docs/protocol.md §5, §7).

use std::time::Duration;

use serde::Serialize;

use crate::ilink::{
    body::{FILE, IMAGE, TEXT, VIDEO, VOICE},
    uploaded::Uploaded,
};

/// The content of a message to a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboundItem {
    /// A text of at most 16,384 bytes (docs/protocol.md §10).
    Text(String),
    /// An image in a format that phones display.
    Image(Uploaded),
    /// A video.
    Video(Uploaded),
    /// Any file.
    File {
        /// The file on the CDN.
        upload: Uploaded,
        /// The file's name, whose extension tells the phone how to open it.
        name: String,
    },
    /// A voice message in SILK of 24 kHz; phones do not display it at present (docs/protocol.md
    /// §7).
    Voice {
        /// The file on the CDN.
        upload: Uploaded,
        /// The playing time, which is sent in milliseconds.
        playtime: Duration,
    },
}

#[derive(Serialize)]
pub(super) struct WireItem<'a> {
    r#type: i64,
    #[serde(flatten)]
    content: WireContent<'a>,
}

#[derive(Serialize)]
enum WireContent<'a> {
    #[serde(rename = "text_item")]
    Text { text: &'a str },
    #[serde(rename = "image_item")]
    Image { media: WireMedia<'a>, mid_size: u64 },
    #[serde(rename = "video_item")]
    Video { media: WireMedia<'a>, video_size: u64 },
    #[serde(rename = "file_item")]
    File { media: WireMedia<'a>, file_name: &'a str, len: String },
    #[serde(rename = "voice_item")]
    Voice(WireVoice<'a>),
}

#[derive(Serialize)]
struct WireVoice<'a> {
    media: WireMedia<'a>,
    encode_type: i64,
    bits_per_sample: u64,
    sample_rate: u64,
    playtime: u64,
}

#[derive(Serialize)]
struct WireMedia<'a> {
    encrypt_query_param: &'a str,
    aes_key: String,
    encrypt_type: i64,
}

impl<'a> WireItem<'a> {
    pub(super) fn of(item: &'a OutboundItem) -> Self {
        let (r#type, content) = match item {
            OutboundItem::Text(text) => (TEXT, WireContent::Text { text }),
            OutboundItem::Image(upload) => {
                let mid_size = upload.cipher_len();
                (IMAGE, WireContent::Image { media: WireMedia::of(upload), mid_size })
            }
            OutboundItem::Video(upload) => {
                let video_size = upload.cipher_len();
                (VIDEO, WireContent::Video { media: WireMedia::of(upload), video_size })
            }
            OutboundItem::File { upload, name } => {
                let (media, len) = (WireMedia::of(upload), upload.plain_len.to_string());
                (FILE, WireContent::File { media, file_name: name, len })
            }
            OutboundItem::Voice { upload, playtime } => {
                (VOICE, WireContent::Voice(WireVoice::of(upload, *playtime)))
            }
        };
        Self { r#type, content }
    }
}

impl<'a> WireVoice<'a> {
    fn of(upload: &'a Uploaded, playtime: Duration) -> Self {
        Self {
            media: WireMedia::of(upload),
            encode_type: SILK,
            bits_per_sample: 16,
            sample_rate: 24_000,
            playtime: u64::try_from(playtime.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

impl<'a> WireMedia<'a> {
    fn of(upload: &'a Uploaded) -> Self {
        Self {
            encrypt_query_param: upload.param.expose(),
            aes_key: upload.key.to_base64_of_hex().expose().to_owned(),
            encrypt_type: 1,
        }
    }
}

const SILK: i64 = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn a_recording_says_how_it_is_coded_and_how_long_it_plays() {
        let key = Secret::new("00112233445566778899aabbccddeeff");
        let upload = Uploaded::from_parts(&Secret::new("PP/+="), &key, 5146).unwrap();
        let voice = OutboundItem::Voice { upload, playtime: Duration::from_millis(2960) };
        assert_eq!(
            serde_json::to_string(&WireItem::of(&voice)).unwrap(),
            r#"{"type":3,"voice_item":{"media":{"encrypt_query_param":"PP/+=","aes_key":"MDAxMTIyMzM0NDU1NjY3Nzg4OTlhYWJiY2NkZGVlZmY=","encrypt_type":1},"encode_type":6,"bits_per_sample":16,"sample_rate":24000,"playtime":2960}}"#
        );
        assert!(!format!("{voice:?}").contains("PP/+="));
    }
}
