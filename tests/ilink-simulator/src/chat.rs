//! The display of a phone: one entry per message, in both directions.

use serde::Serialize;
use serde_json::{Value, json};

/// A message on a phone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shown {
    /// The server's id of the message.
    pub message_id: u64,
    /// Whether the person at the phone wrote it.
    pub mine: bool,
    /// Simulator time, milliseconds since 1970.
    pub at_ms: i64,
    /// The kind of the message.
    pub kind: Kind,
    /// The text as the phone shows it: from a bare `<` on, the rest of a line is missing. For other
    /// kinds the file name or the transcript, if any.
    pub text: String,
    /// `client_id` of a message of the bot.
    pub client_id: String,
    /// The item as it was sent.
    pub item: Value,
}

/// The kind of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Text.
    Text,
    /// An image.
    Image,
    /// A voice message.
    Voice,
    /// A file.
    File,
    /// A video.
    Video,
    /// Anything else.
    Other,
}

impl Kind {
    pub(crate) fn of(item: &Value) -> Self {
        match item["type"].as_u64() {
            Some(1) => Self::Text,
            Some(2) => Self::Image,
            Some(3) => Self::Voice,
            Some(4) => Self::File,
            Some(5) => Self::Video,
            _ => Self::Other,
        }
    }

    /// Returns the name of the item's field that has the media reference of this kind.
    pub(crate) fn media_field(self) -> Option<&'static str> {
        match self {
            Self::Image => Some("image_item"),
            Self::Voice => Some("voice_item"),
            Self::File => Some("file_item"),
            Self::Video => Some("video_item"),
            Self::Text | Self::Other => None,
        }
    }
}

/// Returns the words that an item shows beside its image, player or icon.
pub(crate) fn words(item: &Value) -> String {
    let text = match Kind::of(item) {
        Kind::Text => &item["text_item"]["text"],
        Kind::Voice => &item["voice_item"]["text"],
        Kind::File => &item["file_item"]["file_name"],
        Kind::Image | Kind::Video | Kind::Other => &Value::Null,
    };
    text.as_str().unwrap_or_default().to_owned()
}

/// Returns the text as WeChat shows it: a bare `<` counts as the start of a tag, and hides the rest
/// of its line.
pub(crate) fn displayed(text: &str) -> String {
    let lines = text.split('\n').map(|line| line.split_once('<').map_or(line, |(shown, _)| shown));
    lines.collect::<Vec<_>>().join("\n")
}

pub(crate) fn text_item(text: &str) -> Value {
    json!({ "type": 1, "is_completed": true, "button_item_list": [], "text_item": { "text": text } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_bracket_swallows_the_rest_of_its_line() {
        assert_eq!(displayed("1 < 2\nnext"), "1 \nnext");
        assert_eq!(displayed("1 ＜ 2"), "1 ＜ 2");
    }

    #[test]
    fn an_unknown_type_is_a_kind_of_its_own() {
        assert_eq!(Kind::of(&json!({ "type": 99 })), Kind::Other);
        assert_eq!(Kind::of(&json!({ "type": "1" })), Kind::Other);
    }
}
