//! The text that WeChat receives for a Matrix message, or the reason why there is none. The caption
//! of a file is a text like any other.
//!
//! Takes the plain fields of an event; the sentence about what is not bridged is the core's.

use crate::convert::{name_or, shows_nothing, text};

/// The reason why a Matrix message has no text for WeChat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotBridged {
    /// The message is an `m.notice`; messages of bots are not bridged.
    #[error("notices are not bridged")]
    Notice,
    /// The message has no visible text.
    #[error("the message is empty")]
    Empty,
    /// The message is a signal between clients.
    #[error("the message is not for people")]
    Signal,
    /// The message is a file without a caption.
    #[error("the message is a file")]
    File,
    /// The kind of message is neither text nor a file.
    #[error("this kind of message is not bridged")]
    Kind(OtherKind),
}

/// A kind of Matrix message that is neither text nor a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherKind {
    /// A location, `m.location`.
    Location,
    /// The question of a poll.
    Poll,
    /// Any other kind, also an unknown one.
    Other,
}

impl OtherKind {
    /// Returns the name for records and counters.
    pub fn code(self) -> &'static str {
        match self {
            Self::Location => "location",
            Self::Poll => "poll",
            Self::Other => "other",
        }
    }
}

/// Returns the text to send for an `m.room.message`, safe for WeChat and of any length.
///
/// `html` is the `formatted_body` of a message whose format is `org.matrix.custom.html`.
/// `sender_name` is shown in an emote only.
pub fn message_text(
    msgtype: &str,
    body: &str,
    html: Option<&str>,
    sender_name: &str,
) -> Result<String, NotBridged> {
    match msgtype {
        "m.notice" => return Err(NotBridged::Notice),
        "m.key.verification.request" => return Err(NotBridged::Signal),
        "m.server_notice" | "" => return Err(NotBridged::Kind(OtherKind::Other)),
        "m.image" | "m.file" | "m.audio" | "m.video" => return Err(NotBridged::File),
        "m.location" => return Err(NotBridged::Kind(OtherKind::Location)),
        // The body of any other kind is its text form.
        _ => {}
    }
    let shown = match html {
        Some(html) => text::html_to_text(html, body),
        None => text::strip_reply_fallback(body).to_owned(),
    };
    let safe = text::safe_for_wechat(&shown);
    if shows_nothing(&safe) {
        let known = matches!(msgtype, "m.text" | "m.emote");
        return Err(if known { NotBridged::Empty } else { NotBridged::Kind(OtherKind::Other) });
    }
    if msgtype != "m.emote" {
        return Ok(safe.into_owned());
    }
    let name = name_or(Some(sender_name), "");
    Ok(format!("* {name} {}", safe.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_emotes_become_text() {
        for (msgtype, body, html, text) in [
            ("m.text", "hi <3", None, "hi ＜3"),
            ("m.text", "hi", Some("<b>hi</b>"), "**hi**"),
            ("m.text", "> <@a:b.c> old\n\nnew", None, "new"),
            ("m.text", "plain", Some(""), "plain"),
            ("nic.custom.confetti", "hooray 🎉", None, "hooray 🎉"),
            ("m.emote", "waves", None, "* Ann ＜Lee＞ waves"),
            ("m.emote", "waves", Some("<u>waves</u>"), "* Ann ＜Lee＞ waves"),
        ] {
            let got = message_text(msgtype, body, html, "Ann\n <Lee> ").unwrap();
            assert_eq!(got, text, "{msgtype} {body:?} {html:?}");
        }
    }

    #[test]
    fn what_is_not_text_says_what_it_is() {
        for (msgtype, body, why) in [
            ("m.notice", "beep", NotBridged::Notice),
            ("m.text", " \n\u{7}", NotBridged::Empty),
            ("m.text", "\u{200b}\u{2800}", NotBridged::Empty),
            ("m.emote", "", NotBridged::Empty),
            ("m.image", "cat.png", NotBridged::File),
            ("m.audio", "song.mp3", NotBridged::File),
            ("m.location", "here", NotBridged::Kind(OtherKind::Location)),
            ("org.example.card", " ", NotBridged::Kind(OtherKind::Other)),
            ("m.server_notice", "pay!", NotBridged::Kind(OtherKind::Other)),
            ("m.key.verification.request", "verify me", NotBridged::Signal),
            ("", "", NotBridged::Kind(OtherKind::Other)),
        ] {
            assert_eq!(message_text(msgtype, body, None, "Ann"), Err(why), "{msgtype}");
        }
    }

    #[test]
    fn a_long_text_is_made_safe_before_anybody_measures_it() {
        let text = message_text("m.text", &"<".repeat(10_000), None, "Ann").unwrap();
        assert_eq!(text, "＜".repeat(10_000));
    }
}
