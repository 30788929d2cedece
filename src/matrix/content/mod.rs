//! The content of the events that the bridge sends, built field by field.

mod media;
mod quote;
mod size;

use ruma::{EventId, OwnedUserId};
use serde_json::{Map, Value, json};

pub use media::{Media, MediaKind, Thumbnail, VoiceMark, media};
pub use quote::{WRITTEN, quoting, written};
pub(in crate::matrix) use size::within;
pub use size::{notices, texts, within_encrypted};

/// The type and the fields of an event that is to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    /// The event type, mostly `m.room.message`.
    pub event_type: String,
    /// The content's fields.
    pub fields: Map<String, Value>,
}

impl Content {
    /// Makes the content of an event of any type.
    pub fn new(event_type: impl Into<String>, fields: Map<String, Value>) -> Self {
        Self { event_type: event_type.into(), fields }
    }

    /// Sets one field.
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.insert(key.into(), value.into());
        self
    }

    /// Returns whether people read it. Everything else is for clients, and is sent in the clear.
    pub fn is_for_people(&self) -> bool {
        ["m.room.message", "m.sticker", "m.poll.start"].contains(&self.event_type.as_str())
    }

    /// Replaces the address of a file by an encrypted file.
    pub fn with_encrypted_file(mut self, file: Value) -> Self {
        self.fields.remove("url");
        self.with("file", file)
    }

    /// Adds the text as HTML; the plain body stays for clients that do not show HTML.
    pub fn with_html(self, html: impl Into<String>) -> Self {
        self.with("format", HTML).with("formatted_body", html.into())
    }

    /// Names the users who are notified of the message; by default it notifies none.
    pub fn mentioning(self, users: &[OwnedUserId]) -> Self {
        self.with("m.mentions", json!({ "user_ids": users }))
    }
}

/// Returns a text message.
pub fn text(body: impl Into<String>) -> Content {
    message("m.text", body.into())
}

/// Returns a message of a program, which bots do not answer.
pub fn notice(body: impl Into<String>) -> Content {
    message("m.notice", body.into())
}

/// Returns a reaction with an emoji to `event`.
pub fn reaction(event: &EventId, key: &str) -> Content {
    let relation = json!({ "rel_type": "m.annotation", "event_id": event, "key": key });
    Content::new("m.reaction", Map::new()).with("m.relates_to", relation)
}

/// Makes `content` a reply to `event`.
pub fn reply(event: &EventId, content: Content) -> Content {
    content.with("m.relates_to", json!({ "m.in_reply_to": { "event_id": event } }))
}

/// Returns the edit that replaces the message `event` by `content`.
///
/// Clients that do not support edits show the fallback: the new text behind an asterisk.
pub fn edit(event: &EventId, content: Content) -> Content {
    let Content { event_type, fields: mut new } = content;
    // An edit cannot change which message is replied to.
    new.remove("m.relates_to");
    let mut fields = new.clone();
    for key in ["body", "formatted_body"] {
        if let Some(Value::String(text)) = fields.get_mut(key) {
            text.insert_str(0, "* ");
        }
    }
    Content::new(event_type, fields)
        .mentioning_nobody()
        .with("m.new_content", new)
        .with("m.relates_to", json!({ "rel_type": "m.replace", "event_id": event }))
}

impl Content {
    /// Sets an empty list of mentions: without a list, clients look for names in the text.
    fn mentioning_nobody(self) -> Self {
        self.with("m.mentions", json!({}))
    }
}

fn message(msgtype: &str, body: String) -> Content {
    Content::new("m.room.message", Map::new())
        .with("msgtype", msgtype)
        .with("body", body)
        .mentioning_nobody()
}

/// The only format of formatted bodies in the specification.
pub(super) const HTML: &str = "org.matrix.custom.html";

#[cfg(test)]
mod tests {
    use ruma::{event_id, owned_user_id};

    use super::*;

    fn json_of(content: Content) -> Value {
        Value::Object(content.fields)
    }

    #[test]
    fn a_text_tells_nobody_unless_it_names_somebody() {
        let expected = json!({ "msgtype": "m.text", "body": "hi", "m.mentions": {} });
        assert_eq!(json_of(text("hi")), expected);
        let named = text("hi").mentioning(&[owned_user_id!("@a:b.org")]);
        assert_eq!(json_of(named)["m.mentions"], json!({ "user_ids": ["@a:b.org"] }));
    }

    #[test]
    fn an_edit_of_plain_text_has_no_html() {
        let edited = edit(event_id!("$1"), notice("two"));
        assert_eq!(edited.event_type, "m.room.message");
        let expected = json!({
            "msgtype": "m.notice",
            "body": "* two",
            "m.mentions": {},
            "m.new_content": { "msgtype": "m.notice", "body": "two", "m.mentions": {} },
            "m.relates_to": { "rel_type": "m.replace", "event_id": "$1" },
        });
        assert_eq!(json_of(edited), expected);
    }

    #[test]
    fn an_edit_of_formatted_text_keeps_the_format_and_drops_the_reply() {
        let edited = edit(event_id!("$1"), reply(event_id!("$0"), text("b").with_html("<b>b</b>")));
        let fields = json_of(edited);
        assert_eq!(fields["formatted_body"], "* <b>b</b>");
        assert_eq!(fields["m.new_content"]["formatted_body"], "<b>b</b>");
        assert_eq!(fields["m.new_content"]["format"], HTML);
        assert_eq!(fields["m.new_content"].get("m.relates_to"), None);
    }

    #[test]
    fn a_reply_and_a_reaction_point_at_their_event() {
        let answer = json_of(reply(event_id!("$0"), text("yes")));
        assert_eq!(answer["m.relates_to"], json!({ "m.in_reply_to": { "event_id": "$0" } }));
        let thumb = reaction(event_id!("$0"), "👍");
        assert_eq!(thumb.event_type, "m.reaction");
        assert_eq!(
            json_of(thumb)["m.relates_to"],
            json!({ "rel_type": "m.annotation", "event_id": "$0", "key": "👍" })
        );
    }
}
