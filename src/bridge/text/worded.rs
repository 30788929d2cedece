//! The words in which a contact reads of events that WeChat has no form for.

use super::pick;
use crate::config::Language;

/// An event of the room that is described in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Worded<'a> {
    /// A reaction with an emoji.
    Reaction { key: &'a str },
    /// The end of a poll, without a result.
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
