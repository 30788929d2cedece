//! What a ghost says in place of a WeChat item that is not text.

use super::pick;
use crate::{config::Language, ilink::Body};

/// A WeChat item that arrives as a notice which names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ItemNotice {
    Image,
    Voice {
        transcript: Option<String>,
    },
    File {
        name: Option<String>,
    },
    Video,
    Unknown {
        kind: Option<i64>,
    },
    /// A message without any item.
    Empty,
    /// A message that is not even JSON as agreed.
    Unreadable,
}

impl ItemNotice {
    /// The notice for an item; `None` for text, which needs none.
    pub(crate) fn of(body: &Body) -> Option<Self> {
        Some(match body {
            Body::Text(_) => return None,
            Body::Image(_) => Self::Image,
            Body::Voice(voice) => Self::Voice { transcript: voice.transcript.clone() },
            Body::File(file) => Self::File { name: file.name.clone() },
            Body::Video(_) => Self::Video,
            Body::Unsupported { kind } => Self::Unknown { kind: *kind },
        })
    }

    /// The word for it in the store's records and in counters.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Voice { .. } => "voice",
            Self::File { .. } => "file",
            Self::Video => "video",
            Self::Unknown { .. } => "unknown",
            Self::Empty => "empty",
            Self::Unreadable => "unreadable",
        }
    }

    pub(crate) fn text(&self, language: Language) -> String {
        match self {
            Self::Image => pick!(
                language,
                "🖼 A picture arrived in WeChat; pictures are not bridged yet.",
                "🖼 微信收到一张图片，暂不支持转发图片。",
            ),
            Self::Voice { transcript: Some(words) } => pick!(
                language,
                "🎤 A voice message arrived in WeChat. It says: {words}",
                "🎤 微信收到一条语音，内容是：{words}",
            ),
            Self::Voice { transcript: None } => pick!(
                language,
                "🎤 A voice message arrived in WeChat; voice is not bridged yet.",
                "🎤 微信收到一条语音，暂不支持转发语音。",
            ),
            Self::File { name: Some(name) } => pick!(
                language,
                "📎 The file “{name}” arrived in WeChat; files are not bridged yet.",
                "📎 微信收到文件“{name}”，暂不支持转发文件。",
            ),
            Self::File { name: None } => pick!(
                language,
                "📎 A file arrived in WeChat; files are not bridged yet.",
                "📎 微信收到一个文件，暂不支持转发文件。",
            ),
            Self::Video => pick!(
                language,
                "🎬 A video arrived in WeChat; videos are not bridged yet.",
                "🎬 微信收到一个视频，暂不支持转发视频。",
            ),
            Self::Unknown { kind: Some(kind) } => pick!(
                language,
                "❔ A message of a kind that I do not know ({kind}) arrived in WeChat.",
                "❔ 微信收到一条未知类型（{kind}）的消息。",
            ),
            Self::Unknown { kind: None } | Self::Unreadable => pick!(
                language,
                "❔ A message arrived in WeChat that I could not read.",
                "❔ 微信收到一条无法读取的消息。",
            ),
            Self::Empty => pick!(
                language,
                "❔ A message without content arrived in WeChat.",
                "❔ 微信收到一条没有内容的消息。",
            ),
        }
    }
}
