//! The words that stand for a quoted message where only text can be shown.

use super::{Medium, pick};
use crate::config::Language;

/// A quoted message that is no text, or whose text is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Quoted {
    Picture,
    Voice,
    Video,
    File {
        name: Option<String>,
    },
    Sticker,
    Location,
    Poll,
    /// A message of an unknown kind.
    Unknown,
    /// An earlier message of which nothing is known.
    Earlier,
}

impl Quoted {
    pub(crate) fn text(&self, language: Language) -> String {
        match self {
            Self::Picture => pick!(language, "[image]", "[图片]"),
            Self::Voice => pick!(language, "[voice message]", "[语音]"),
            Self::Video => pick!(language, "[video]", "[视频]"),
            Self::File { name: Some(name) } => pick!(language, "[file] {name}", "[文件] {name}"),
            Self::File { name: None } => pick!(language, "[file]", "[文件]"),
            Self::Sticker => pick!(language, "[sticker]", "[表情]"),
            Self::Location => pick!(language, "[location]", "[位置]"),
            Self::Poll => pick!(language, "[poll]", "[投票]"),
            Self::Unknown => pick!(language, "[message of an unknown kind]", "[未知类型的消息]"),
            Self::Earlier => pick!(language, "[an earlier message]", "[较早的消息]"),
        }
    }
}

impl From<Medium> for Quoted {
    fn from(medium: Medium) -> Self {
        match medium {
            Medium::Image => Self::Picture,
            Medium::Voice { .. } => Self::Voice,
            Medium::File { name } => Self::File { name },
            Medium::Video => Self::Video,
        }
    }
}
