//! The keys by which a message that comes twice is recognised (docs/protocol.md §11).
//!
//! A second delivery may carry another `message_id` or none, and another context token. So a
//! message has several keys, and one known key is enough.

use sha2::{Digest, Sha256};

use super::message::Message;

impl Message {
    /// Returns the keys of this message within one login; it came before when any of them did.
    ///
    /// The ids of the server and of the sender come first. Only without both are the items' ids
    /// used, then the running number, then the content, each of them together with the time of
    /// writing. The context token is never part of a key. An empty list means that nothing
    /// identifies the message, and that it counts as new.
    pub fn dedupe_keys(&self) -> Vec<String> {
        let from = self.from.as_ref().map_or("", |from| from.as_str());
        let id = self.id.as_ref().map(|id| format!("m:{}", id.as_str()));
        let client_id = self.client_id.as_ref().map(|id| digest("c", [from, id.as_str()]));
        let keys: Vec<String> = id.into_iter().chain(client_id).collect();
        if keys.is_empty() { self.weak_keys(from) } else { keys }
    }

    fn weak_keys(&self, from: &str) -> Vec<String> {
        let Some(created) = self.created else {
            return self.seq.map(|seq| digest("s", [from, &seq.to_string()])).into_iter().collect();
        };
        let at = created.0.to_string();
        let ids = self.items.iter().filter_map(|item| item.msg_id.as_ref());
        let of_items: Vec<String> = ids.map(|id| digest("i", [from, &at, id.as_str()])).collect();
        if !of_items.is_empty() {
            return of_items;
        }
        if let Some(seq) = self.seq {
            return vec![digest("s", [from, &at, &seq.to_string()])];
        }
        let bodies: Vec<String> = self.items.iter().map(|item| item.body.fingerprint()).collect();
        let parts = [from, &at].into_iter().chain(bodies.iter().map(String::as_str));
        vec![digest("h", parts)]
    }
}

/// Returns whether a key is made of the content and its time only. Such a key recognises a batch
/// that comes again; within one batch, two messages may share it.
pub fn is_content_key(key: &str) -> bool {
    key.starts_with("h:")
}

/// Returns a key of fixed length. The length of each part is hashed before the part, so different
/// lists have different keys.
fn digest<'a>(kind: &str, parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    let hex: String = hash.finalize().iter().take(KEY_BYTES).map(|b| format!("{b:02x}")).collect();
    format!("{kind}:{hex}")
}

const KEY_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(json: &str) -> Vec<String> {
        Message::parse(json).unwrap().dedupe_keys()
    }

    fn same(one: &str, other: &str) -> bool {
        let other = keys(other);
        keys(one).iter().any(|key| other.contains(key))
    }

    #[test]
    fn a_second_delivery_is_known_by_either_id() {
        let first = r#"{"message_id":1,"client_id":"c","context_token":"a","create_time_ms":5}"#;
        assert!(same(first, r#"{"message_id":"1","context_token":"b"}"#));
        assert!(same(first, r#"{"message_id":2,"client_id":"c"}"#));
        assert!(same(first, r#"{"client_id":"c","seq":9}"#));
        assert!(!same(
            first,
            r#"{"message_id":2,"client_id":"d","context_token":"a","create_time_ms":5}"#
        ));
    }

    #[test]
    fn the_same_words_with_two_ids_are_two_messages() {
        let ok = |id| {
            format!(
                r#"{{"message_id":{id},"create_time_ms":5,"item_list":[{{"type":1,"text_item":{{"text":"ok"}}}}]}}"#
            )
        };
        assert!(!same(&ok(1), &ok(2)));
    }

    #[test]
    fn client_ids_belong_to_their_senders() {
        assert!(!same(
            r#"{"from_user_id":"a","client_id":"c"}"#,
            r#"{"from_user_id":"b","client_id":"c"}"#
        ));
    }

    #[test]
    fn without_ids_the_items_then_the_number_then_the_content_count() {
        let item = r#"{"create_time_ms":5,"seq":1,"item_list":[{"msg_id":"x"}]}"#;
        assert!(same(item, r#"{"create_time_ms":5,"seq":2,"item_list":[{"msg_id":"x"}]}"#));
        assert!(!same(item, r#"{"create_time_ms":6,"seq":1,"item_list":[{"msg_id":"x"}]}"#));
        assert!(same(
            r#"{"create_time_ms":5,"seq":1}"#,
            r#"{"create_time_ms":5,"seq":1,"item_list":[]}"#
        ));
        let said = |text: &str, at| {
            format!(
                r#"{{"create_time_ms":{at},"context_token":"{at}{text}","item_list":[{{"type":1,"text_item":{{"text":"{text}"}}}}]}}"#
            )
        };
        assert!(same(&said("ok", 5), &said("ok", 5)));
        assert!(!same(&said("ok", 5), &said("ok", 6)));
        assert!(!same(&said("ok", 5), &said("ko", 5)));
    }

    #[test]
    fn content_without_a_time_identifies_nothing() {
        let ok = r#"{"from_user_id":"a","context_token":"t","item_list":[{"type":1,"text_item":{"text":"ok"}}]}"#;
        assert_eq!(keys(ok), Vec::<String>::new());
        assert_eq!(keys("{}"), Vec::<String>::new());
    }
}
