//! What can be told of encryption without any key.

use sha2::{Digest, Sha256};

use super::super::object::Object;

/// How often the keys of an encrypted room are to be changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rotation {
    /// After so many milliseconds.
    pub millis: Option<u64>,
    /// After so many messages.
    pub messages: Option<u64>,
}

impl Rotation {
    /// Reads the event `m.room.encryption`.
    pub(super) fn read(fields: &Object<'_>) -> Self {
        Self::of(&fields.object("content").unwrap_or_default())
    }

    /// Reads the content of `m.room.encryption`; what is missing or no positive number is left to
    /// the usual.
    pub fn of_content(content: &str) -> Self {
        Self::of(&Object::parse(content).unwrap_or_default())
    }

    fn of(content: &Object<'_>) -> Self {
        let number = |key| u64::try_from(content.integer(key)?).ok().filter(|number| *number > 0);
        Self { millis: number("rotation_period_ms"), messages: number("rotation_period_msgs") }
    }
}

/// Returns the session with which an event was encrypted; `None` when it names none.
pub fn session_of(event: &str) -> Option<String> {
    let session = Object::parse(event)?.object("content")?.text("session_id")?;
    (session.len() <= LONGEST_SESSION).then_some(session)
}

/// Returns what an encrypted event is known by when it comes again under another id; `None` when it
/// holds no ciphertext.
pub fn fingerprint_of(event: &str) -> Option<[u8; 16]> {
    let fields = Object::parse(event)?;
    let content = fields.object("content")?;
    let mut digest = Sha256::new();
    for part in [fields.text("sender")?, content.text("session_id")?, content.text("ciphertext")?] {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    let digest = digest.finalize();
    digest.first_chunk::<16>().copied()
}

/// A session id is 43 letters.
const LONGEST_SESSION: usize = 200;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rotation_that_is_no_positive_number_is_none() {
        let read = |content: serde_json::Value| Rotation::of_content(&content.to_string());
        let whole = read(json!({ "rotation_period_ms": 5, "rotation_period_msgs": 7 }));
        assert_eq!(whole, Rotation { millis: Some(5), messages: Some(7) });
        let odd = json!({ "rotation_period_ms": -5, "rotation_period_msgs": "7" });
        assert_eq!(read(odd), Rotation::default());
        assert_eq!(Rotation::of_content("[]"), Rotation::default());
    }

    #[test]
    fn a_ciphertext_is_known_under_another_event_id() {
        let event = |id: &str, sender: &str, ciphertext: &str| {
            let content = json!({ "session_id": "s", "ciphertext": ciphertext });
            let event = json!({ "event_id": id, "sender": sender, "content": content });
            fingerprint_of(&event.to_string())
        };
        assert_eq!(event("$1", "@a:b", "x"), event("$2", "@a:b", "x"));
        assert_ne!(event("$1", "@a:b", "x"), event("$1", "@a:b", "y"));
        assert_ne!(event("$1", "@a:b", "x"), event("$1", "@c:b", "x"));
        assert_eq!(fingerprint_of(r#"{"sender":"@a:b","content":{}}"#), None);
    }

    #[test]
    fn a_session_is_a_short_text_or_none() {
        assert_eq!(session_of(r#"{"content":{"session_id":"abc"}}"#).as_deref(), Some("abc"));
        let long = json!({ "content": { "session_id": "x".repeat(201) } });
        assert_eq!(session_of(&long.to_string()), None);
        assert_eq!(session_of("{}"), None);
    }
}
