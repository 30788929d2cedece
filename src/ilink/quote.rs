//! What an item answers to (docs/protocol.md §8).

use super::{body::Body, fields::Fields};
use crate::{clock::Timestamp, id::MessageId};

/// A quoted message; which of the fields are there depends on the phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The quoted message's id, the first choice for finding it.
    pub svr_id: Option<MessageId>,
    /// The quoted item's id, the second choice.
    pub msg_id: Option<MessageId>,
    /// When the quoted item was made.
    pub created: Option<Timestamp>,
    /// A summary, or the name of who is quoted; never empty.
    pub title: Option<String>,
    /// The quoted content, where the phone sent it along.
    pub body: Option<Box<Body>>,
    /// Which part was quoted, where it was not the whole.
    pub partial: Option<PartialText>,
}

/// The part of a text that was selected, found again by its ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialText {
    /// How the part begins.
    pub start: String,
    /// How it ends.
    pub end: String,
    /// Which occurrence of [`PartialText::start`] is meant, from 0.
    pub start_index: u64,
    /// Which occurrence of [`PartialText::end`] is meant, from 0.
    pub end_index: u64,
    /// MD5 of the part in hex, which decides between two readings.
    pub md5: Option<String>,
}

impl Quote {
    /// The quote of an item; `None` when it has none, or one that says nothing. A quote inside
    /// the quoted item is not followed.
    pub(crate) fn read(item: &Fields<'_>) -> Option<Self> {
        let quote = item.object("ref_msg")?;
        let quoted = quote.object("message_item");
        let quoted = quoted.as_ref();
        let read = Self {
            svr_id: quote.message_id("svr_id"),
            msg_id: quoted.and_then(|item| item.message_id("msg_id")),
            created: quoted.and_then(|item| item.time("create_time_ms")),
            title: quote.some_text("title"),
            body: quoted.map(Body::read).filter(|body| !says_nothing(body)).map(Box::new),
            partial: PartialText::read(&quote),
        };
        let useful = read.svr_id.is_some()
            || read.msg_id.is_some()
            || read.created.is_some()
            || read.title.is_some()
            || read.body.is_some();
        useful.then_some(read)
    }
}

impl PartialText {
    fn read(quote: &Fields<'_>) -> Option<Self> {
        let part = quote.object("partial_text")?;
        Some(Self {
            start: part.some_text("start")?,
            end: part.some_text("end")?,
            start_index: part.count("startindex").unwrap_or(0),
            end_index: part.count("endindex").unwrap_or(0),
            md5: part.some_text("quotemd5"),
        })
    }
}

/// New phones quote by id alone and send an item of type 0 with it.
fn says_nothing(body: &Body) -> bool {
    matches!(body, Body::Unsupported { kind: None | Some(0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(json: &str) -> Option<Quote> {
        Quote::read(&Fields::read(&format!(r#"{{"ref_msg":{json}}}"#)).unwrap())
    }

    #[test]
    fn an_old_phone_sends_the_content() {
        let quote = quote(r#"{"title":"T","message_item":{"type":1,"text_item":{"text":"old"}}}"#);
        let quote = quote.unwrap();
        assert_eq!(quote.title.as_deref(), Some("T"));
        assert_eq!(quote.body.as_deref(), Some(&Body::Text("old".to_owned())));
    }

    #[test]
    fn a_new_phone_sends_an_id() {
        let quote =
            quote(r#"{"svr_id":7345678901234567891,"message_item":{"type":0,"msg_id":"73"}}"#);
        let quote = quote.unwrap();
        assert_eq!(quote.svr_id.unwrap().as_str(), "7345678901234567891");
        assert_eq!(quote.msg_id.unwrap().as_str(), "73");
        assert_eq!(quote.body, None);
    }

    #[test]
    fn a_selected_part_is_read() {
        let part = r#"{"start":"i","end":"g","startindex":"1","endindex":0,"quotemd5":"4E"}"#;
        let quote = quote(&format!(r#"{{"svr_id":1,"partial_text":{part}}}"#)).unwrap();
        let part = quote.partial.unwrap();
        assert_eq!((part.start_index, part.end_index), (1, 0));
        assert_eq!(part.md5.as_deref(), Some("4E"));
    }

    #[test]
    fn a_quote_that_says_nothing_is_none() {
        for json in ["null", "{}", "[]", r#"{"message_item":{}}"#, r#"{"title":"","svr_id":0}"#] {
            assert_eq!(quote(json), None, "{json}");
        }
    }

    #[test]
    fn quotes_within_quotes_end_at_the_first() {
        let deep = r#"{"message_item":{"ref_msg":"#.repeat(20_000);
        let json = format!("{deep}1{}", "}}".repeat(20_000));
        assert_eq!(quote(&json), None);
    }
}
