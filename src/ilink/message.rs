//! Messages and their items in checked form (docs/protocol.md §4).
//!
//! Reading is lenient: a field that is missing or of another type counts as absent, an unknown kind
//! keeps its number, and only a text that is no JSON object is an error.

use super::{
    body::Body,
    fields::{Fields, FirstOf},
    quote::Quote,
};
use crate::{
    clock::Timestamp,
    id::{ContextToken, MessageId, WechatUserId},
};

/// One message of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The server's id of the message.
    pub id: Option<MessageId>,
    /// `seq`, a running number of uncertain scope.
    pub seq: Option<u64>,
    /// The id that the sender's client made.
    pub client_id: Option<String>,
    /// The sender.
    pub from: Option<WechatUserId>,
    /// The recipient; as a rule, the bot.
    pub to: Option<WechatUserId>,
    /// The time of writing.
    pub created: Option<Timestamp>,
    /// The time of the recall; absent for a message that was not recalled.
    pub deleted: Option<Timestamp>,
    /// Whether a person or a bot wrote the message.
    pub sender: SenderKind,
    /// Whether the content is still being written.
    pub generating: bool,
    /// The context token that an answer has to carry.
    pub context: Option<ContextToken>,
    /// The items, in order; empty when the list was missing.
    pub items: Vec<Item>,
}

/// One part of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The item's own id.
    pub msg_id: Option<MessageId>,
    /// The quoted message, when the item is a reply.
    pub quote: Option<Quote>,
    /// The content.
    pub body: Body,
}

/// The kind of sender, from `message_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SenderKind {
    /// A person: 1, or no type.
    Contact,
    /// A bot, possibly this one: 2.
    Bot,
    /// A number that is not known.
    Other(i64),
}

/// The error for a message that is no JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message is no JSON object")]
pub struct MalformedMessage;

impl Message {
    /// Reads one message from its JSON.
    ///
    /// # Errors
    /// [`MalformedMessage`] when `raw` is no JSON object; no field's content is an error.
    pub fn parse(raw: &str) -> Result<Self, MalformedMessage> {
        let fields = Fields::read(raw).ok_or(MalformedMessage)?;
        Ok(Self {
            id: fields.message_id("message_id"),
            seq: fields.count("seq").filter(|seq| *seq != 0),
            client_id: fields.some_text("client_id"),
            from: fields.text("from_user_id").and_then(|id| WechatUserId::parse(&id)),
            to: fields.text("to_user_id").and_then(|id| WechatUserId::parse(&id)),
            created: fields.time("create_time_ms"),
            deleted: fields.time("delete_time_ms"),
            sender: SenderKind::of(fields.whole("message_type")),
            generating: fields.whole("message_state") == Some(GENERATING),
            context: fields.some_text("context_token").map(ContextToken::new),
            items: Item::read_list(&fields),
        })
    }
}

impl Message {
    /// Returns the id by which other messages refer to this one: its own or, where it came without
    /// one, that of its first item that has one (docs/protocol.md §8).
    pub fn known_as(&self) -> Option<&MessageId> {
        self.id.as_ref().or_else(|| self.items.iter().find_map(|item| item.msg_id.as_ref()))
    }
}

impl Item {
    fn read_list(message: &Fields<'_>) -> Vec<Self> {
        let FirstOf { kept, left_out } = message.list("item_list", MOST_ITEMS).unwrap_or_default();
        let items = kept.into_iter().map(|item| Self::read(item.get()));
        // The items beyond the limit become one item of an unsupported kind, so people see that
        // some are missing.
        items.chain((left_out > 0).then(Self::unsupported)).collect()
    }

    fn unsupported() -> Self {
        Self { msg_id: None, quote: None, body: Body::Unsupported { kind: None } }
    }

    fn read(raw: &str) -> Self {
        let Some(fields) = Fields::read(raw) else { return Self::unsupported() };
        Self {
            msg_id: fields.message_id("msg_id"),
            quote: Quote::read(&fields),
            body: Body::read(&fields),
        }
    }
}

impl SenderKind {
    fn of(message_type: Option<i64>) -> Self {
        match message_type {
            None | Some(1) => Self::Contact,
            Some(BOT) => Self::Bot,
            Some(other) => Self::Other(other),
        }
    }
}

/// `message_type` of a bot's message, also of this bridge's.
pub(super) const BOT: i64 = 2;
const GENERATING: i64 = 1;
/// The greatest number of items that are read from one message; WeChat sends one.
const MOST_ITEMS: usize = 100;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn whole_message() -> Value {
        let media =
            json!({"encrypt_query_param": "p", "aes_key": "k", "encrypt_type": 1, "full_url": "u"});
        json!({
            "seq": 7, "message_id": 7_000_000_001_727_130_903_u64, "client_id": "c-1",
            "from_user_id": "o9@im.wechat", "to_user_id": "b@im.bot", "session_id": "", "group_id": "",
            "create_time_ms": 1_795_171_026_660_i64, "update_time_ms": 1_795_171_026_660_i64,
            "delete_time_ms": 0, "message_type": 1, "message_state": 2, "context_token": "ctx",
            "item_list": [
                {"type": 1, "msg_id": "v1:1", "create_time_ms": 1, "is_completed": true,
                 "text_item": {"text": "hi"},
                 "ref_msg": {"svr_id": 5, "title": "t",
                    "message_item": {"type": 1, "msg_id": 6, "text_item": {"text": "q"}},
                    "partial_text": {"start": "a", "end": "b", "startindex": 0, "endindex": 0, "quotemd5": "m"}}},
                {"type": 2, "image_item": {"media": media, "thumb_media": media, "aeskey": "00", "url": "x",
                 "mid_size": 1, "thumb_size": 2, "thumb_height": 3, "thumb_width": 4, "hd_size": 5}},
                {"type": 3, "voice_item": {"media": media, "encode_type": 6, "bits_per_sample": 16,
                 "sample_rate": 24_000, "playtime": 900, "text": "said", "size": 9}},
                {"type": 4, "file_item": {"media": media, "file_name": "f", "md5": "m", "len": "3"}},
                {"type": 5, "video_item": {"media": media, "video_size": 1, "play_length": 2,
                 "video_md5": "m", "thumb_media": media, "thumb_size": 1, "thumb_height": 1, "thumb_width": 1}},
            ],
        })
    }

    /// Returns the JSON pointers of all values inside `value`.
    fn paths(value: &Value, at: &str, out: &mut Vec<String>) {
        let children: Vec<(String, &Value)> = match value {
            Value::Object(map) => map.iter().map(|(name, child)| (name.clone(), child)).collect(),
            Value::Array(list) => {
                list.iter().enumerate().map(|(i, child)| (i.to_string(), child)).collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
        };
        for (name, child) in children {
            let path = format!("{at}/{name}");
            paths(child, &path, out);
            out.push(path);
        }
    }

    fn without(value: &Value, path: &str) -> Value {
        let mut value = value.clone();
        let (parent, name) = path.rsplit_once('/').unwrap();
        match value.pointer_mut(parent).unwrap() {
            Value::Object(map) => drop(map.remove(name)),
            Value::Array(list) => drop(list.remove(name.parse().unwrap())),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => unreachable!(),
        }
        value
    }

    #[test]
    fn a_flood_of_items_costs_no_memory_and_is_not_hidden() {
        let flood = format!(r#"{{"item_list":[{}1]}}"#, "1,".repeat(1_000_000));
        let message = Message::parse(&flood).unwrap();
        assert_eq!(message.items.len(), MOST_ITEMS + 1);
        let few = format!(r#"{{"item_list":[{}null]}}"#, "1,".repeat(MOST_ITEMS));
        assert_eq!(Message::parse(&few).unwrap().items.len(), MOST_ITEMS);
    }

    #[test]
    fn every_field_is_read() {
        let message = Message::parse(&whole_message().to_string()).unwrap();
        assert_eq!(message.id.as_ref().unwrap().as_str(), "7000000001727130903");
        assert_eq!(message.created, Some(Timestamp(1_795_171_026_660)));
        assert_eq!((message.deleted, message.generating), (None, false));
        assert_eq!(message.items.len(), 5);
        assert!(!message.items.iter().any(|item| matches!(item.body, Body::Unsupported { .. })));
        assert!(!format!("{message:?}").contains("ctx"));
    }

    #[test]
    fn any_field_may_be_missing_null_of_another_type_or_huge() {
        let whole = whole_message();
        let mut all = Vec::new();
        paths(&whole, "", &mut all);
        assert!(all.len() > 80);
        let huge = format!("\"{}\"", "x".repeat(100_000));
        let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        let odd = [
            "null",
            "true",
            "-1",
            "1.5",
            "1e400",
            "99999999999999999999999",
            "\"\"",
            "\"x\"",
            "[]",
            "{}",
            "[null,1,\"a\",{}]",
            "{\"type\":{}}",
            huge.as_str(),
            deep.as_str(),
        ];
        for path in &all {
            assert!(Message::parse(&without(&whole, path).to_string()).is_ok(), "without {path}");
            let mut marked = whole.clone();
            *marked.pointer_mut(path).unwrap() = json!("@MARK@");
            let marked = marked.to_string();
            for value in odd {
                let message = Message::parse(&marked.replace("\"@MARK@\"", value));
                let message = message.unwrap_or_else(|_| panic!("{path} = {value:.40}"));
                // A bad field outside the items affects no item.
                if !path.starts_with("/item_list") {
                    assert_eq!(message.items.len(), 5, "{path} = {value:.40}");
                }
                let _ = message.dedupe_keys();
            }
        }
    }

    #[test]
    fn a_message_without_an_id_is_known_by_that_of_its_first_item() {
        let known = |json: &str| {
            let message = Message::parse(json).unwrap();
            message.known_as().map(|id| id.as_str().to_owned())
        };
        assert_eq!(known(r#"{"message_id":7,"item_list":[{"msg_id":8}]}"#).as_deref(), Some("7"));
        assert_eq!(known(r#"{"item_list":[{},{"msg_id":"8"}]}"#).as_deref(), Some("8"));
        assert_eq!(known(r#"{"item_list":[{"type":1}]}"#), None);
    }

    #[test]
    fn only_what_is_no_object_is_malformed() {
        for bad in ["", "null", "[]", "1", "\"x\"", "{", "{}x"] {
            assert_eq!(Message::parse(bad), Err(MalformedMessage), "{bad}");
        }
        let empty = Message::parse("{}").unwrap();
        assert_eq!((empty.sender, empty.items.len()), (SenderKind::Contact, 0));
    }

    #[test]
    fn the_sender_is_told_by_the_message_type() {
        let sender = |json: &str| Message::parse(json).unwrap().sender;
        assert_eq!(sender(r#"{"message_type":null}"#), SenderKind::Contact);
        assert_eq!(sender(r#"{"message_type":"1"}"#), SenderKind::Contact);
        assert_eq!(sender(r#"{"message_type":2}"#), SenderKind::Bot);
        assert_eq!(sender(r#"{"message_type":7}"#), SenderKind::Other(7));
    }

    #[test]
    fn a_message_that_was_taken_back_says_when() {
        let message =
            Message::parse(r#"{"delete_time_ms":"1795171026660","message_state":1}"#).unwrap();
        assert_eq!(message.deleted, Some(Timestamp(1_795_171_026_660)));
        assert!(message.generating);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let names = prop_oneof![
            Just("item_list"),
            Just("type"),
            Just("text_item"),
            Just("text"),
            Just("ref_msg"),
            Just("message_item"),
            Just("msg_id"),
            Just("message_id"),
            Just("image_item"),
            Just("media"),
            Just("msgs"),
            Just("get_updates_buf"),
            Just("create_time_ms"),
            Just("seq"),
            Just("other"),
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            (0..6_i64).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 64, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((names.clone(), inner), 0..6).prop_map(|fields| fields
                    .into_iter()
                    .map(|(k, v)| (k.to_owned(), v))
                    .collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_json_makes_the_reader_panic(value in any_json()) {
            let text = value.to_string();
            let parsed = Message::parse(&text);
            prop_assert_eq!(parsed.is_ok(), value.is_object());
            if let Ok(message) = parsed {
                let _ = message.dedupe_keys();
            }
            let _ = crate::ilink::Updates::parse(text.as_bytes());
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = crate::ilink::Updates::parse(&bytes);
            let _ = Message::parse(&String::from_utf8_lossy(&bytes));
        }
    }
}
