//! What a message becomes: the requests that bring it to the phone, one after the other.

use ruma::OwnedMxcUri;

/// What one request brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// A text that fits into one request.
    Text(String),
    /// A file. A message has at most one, so the file's address tells what was done for it.
    Media(Media),
}

/// A file on the homeserver, and what it is to be on the phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Media {
    /// Where it lies.
    pub(crate) uri: OwnedMxcUri,
    /// What the message says it is.
    pub(crate) kind: MediaKind,
    /// Its name, as the sender gives it.
    pub(crate) name: Option<String>,
}

/// What a message says its file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MediaKind {
    /// A picture or a sticker.
    Picture,
    /// A film.
    Video,
    /// A recording that was spoken into the chat.
    Voice,
    /// Any other file, music included.
    File,
}

impl MediaKind {
    /// The sign that stands for it where there is only text.
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
    /// The text, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Media(_) => None,
        }
    }

    /// The text, or a line that stands for the file.
    pub(crate) fn line(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Media(Media { kind, name: Some(name), .. }) => format!("{} {name}", kind.sign()),
            Self::Media(Media { kind, name: None, .. }) => kind.sign().to_owned(),
        }
    }
}
