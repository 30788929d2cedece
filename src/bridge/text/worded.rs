//! What the contact reads of things for which WeChat has no form of its own.

use super::pick;
use crate::config::Language;

/// Something that happened in the room, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Worded<'a> {
    /// An emoji was put to a message.
    Reaction { key: &'a str },
    /// A poll is over, and nothing is said of its result.
    PollEnded,
}

impl Worded<'_> {
    pub(crate) fn text(&self, language: Language) -> String {
        match self {
            Self::Reaction { key } => pick!(language, "reacted with {key}", "回应了 {key}"),
            Self::PollEnded => pick!(language, "📊 The poll is over.", "📊 投票已结束。"),
        }
    }
}
