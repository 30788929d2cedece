//! The parts of a message: the requests that bring it to the phone, one after the other.

use ruma::OwnedMxcUri;

use crate::convert;

/// The content of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// A text that fits into one request.
    Text(String),
    /// A file. Its address identifies its upload, also in a message with several files.
    Media(MediaPart),
}

/// A file on the homeserver, and the kind of item that it becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MediaPart {
    /// The file's address.
    pub(crate) uri: OwnedMxcUri,
    /// The kind that the message claims.
    pub(crate) kind: PartKind,
    /// The name that the sender gave.
    pub(crate) name: Option<String>,
}

/// The kind of a file, as the message claims it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartKind {
    /// An image or a sticker.
    Picture,
    /// A video.
    Video,
    /// A voice message.
    Voice,
    /// Any other file, music included.
    File,
}

/// Returns the parts of a message below a quote: above the first text, or before a file without
/// one.
pub(crate) fn led_by(line: Option<&str>, parts: Vec<Part>) -> Vec<Part> {
    let Some(line) = line else { return parts };
    let mut parts = parts.into_iter().peekable();
    // A text without room for the quote stays as it was cut: each of its parts names its speaker.
    let has_room = |part: &Part| {
        let text = part.text().map(|text| line.len() + 1 + text.len());
        text.is_some_and(|len| len <= convert::WECHAT_TEXT_LIMIT)
    };
    let first = match parts.next_if(has_room) {
        Some(part) => format!("{line}\n{}", part.line()),
        None => line.to_owned(),
    };
    std::iter::once(Part::Text(first)).chain(parts).collect()
}

impl PartKind {
    /// Returns the emoji that stands for the file in a text.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Picture => "📷",
            Self::Video => "🎬",
            Self::Voice => "🎤",
            Self::File => "📎",
        }
    }
}

impl Part {
    /// Returns the text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Media(_) => None,
        }
    }

    pub(crate) fn is_text(&self) -> bool {
        self.text().is_some()
    }

    /// Returns the text, or a line that stands for the file.
    pub(crate) fn line(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Media(MediaPart { kind, name: Some(name), .. }) => {
                format!("{} {name}", kind.sign())
            }
            Self::Media(MediaPart { kind, name: None, .. }) => kind.sign().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Part {
        Part::Text(text.to_owned())
    }

    #[test]
    fn a_line_stands_above_the_first_text_or_before_a_file() {
        let uri = "mxc://b.org/1".into();
        let file = Part::Media(MediaPart { uri, kind: PartKind::Picture, name: None });
        let line = Some("「old」");
        assert_eq!(led_by(None, vec![text("a")]), [text("a")]);
        assert_eq!(led_by(line, vec![text("a"), text("b")]), [text("「old」\na"), text("b")]);
        assert_eq!(led_by(line, vec![file.clone()]), [text("「old」"), file.clone()]);
        let worded = led_by(line, vec![text("look"), file.clone()]);
        assert_eq!(worded, [text("「old」\nlook"), file]);
    }

    #[test]
    fn a_text_that_fills_a_request_is_not_cut_short_by_the_line() {
        let full = "x".repeat(convert::WECHAT_TEXT_LIMIT);
        let parts = led_by(Some("「old」"), vec![text(&full), text("end")]);
        let texts: Vec<_> = parts.iter().filter_map(Part::text).collect();
        assert!(texts.iter().all(|text| text.len() <= convert::WECHAT_TEXT_LIMIT));
        assert_eq!(texts.concat().replace('\n', ""), format!("「old」{full}end"));
    }
}
