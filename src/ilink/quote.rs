//! The message that an item replies to (docs/protocol.md §8).

use std::ops::Range;

use md5::{Digest, Md5};

use super::{body::Body, fields::Fields};
use crate::{clock::Timestamp, id::MessageId};

/// A quoted message; which fields are set depends on the phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The id of the quoted message, by which it is looked up first.
    pub svr_id: Option<MessageId>,
    /// The id of the quoted item, by which it is looked up second.
    pub msg_id: Option<MessageId>,
    /// The time at which the quoted item was made.
    pub created: Option<Timestamp>,
    /// A summary, or the name of the quoted person; never empty.
    pub title: Option<String>,
    /// The quoted content, where the phone sent it.
    pub body: Option<Box<Body>>,
    /// The selected part, where less than the whole text was quoted.
    pub partial: Option<PartialText>,
}

/// A selected part of a text, described by its beginning and its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialText {
    /// The beginning of the part.
    pub start: String,
    /// The end of the part.
    pub end: String,
    /// The occurrence of [`PartialText::start`] in the text, from 0.
    pub start_index: u64,
    /// The occurrence of [`PartialText::end`] in the text, from 0.
    pub end_index: u64,
    /// The MD5 of the part in hex, which decides between two possible readings.
    pub md5: Option<String>,
}

impl Quote {
    /// Reads the quote of an item; `None` when it has none, or one without any content. A quote
    /// inside the quoted item is ignored.
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

    /// Returns the selected part of the quoted text, from the beginning of [`PartialText::start`]
    /// to the end of [`PartialText::end`]; `None` when the text does not contain it
    /// (docs/protocol.md §8).
    ///
    /// Some phones count the occurrences of the end over the whole text, others from behind the
    /// start. The checksum decides; without one the count over the whole text is taken, unless that
    /// end is missing or lies before the start.
    pub fn within<'a>(&self, text: &'a str) -> Option<&'a str> {
        text.get(self.range_in(text)?)
    }

    /// Returns the byte range of the selected part in the text; see [`PartialText::within`].
    pub fn range_in(&self, text: &str) -> Option<Range<usize>> {
        let from = occurrence(text, &self.start, self.start_index)?;
        let behind = from + self.start.len();
        let over_all = occurrence(text, &self.end, self.end_index);
        let after_start =
            occurrence(text.get(behind..)?, &self.end, self.end_index).map(|at| behind + at);
        let readings = [over_all, after_start]
            .into_iter()
            .map(|at| Some(from..at?.checked_add(self.end.len())?).filter(|part| !part.is_empty()));
        match &self.md5 {
            None => readings.flatten().next(),
            Some(md5) => readings.flatten().find(|part| {
                let sum = text.get(part.clone()).map(|part| hex::encode(Md5::digest(part)));
                sum.is_some_and(|sum| sum.eq_ignore_ascii_case(md5.trim()))
            }),
        }
    }
}

/// Returns the byte offset of the `index`-th occurrence of `part`, counted from 0 without overlaps.
fn occurrence(text: &str, part: &str, index: u64) -> Option<usize> {
    let index = usize::try_from(index).ok()?;
    text.match_indices(part).nth(index).map(|(at, _)| at)
}

/// Returns whether a quoted body is empty: new phones quote by id alone, with an item of type 0.
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
    fn the_selected_part_is_found_by_its_ends() {
        let part = |start: &str, start_index, end: &str, end_index, of: Option<&str>| PartialText {
            start: start.into(),
            end: end.into(),
            start_index,
            end_index,
            md5: of.map(|part| hex::encode_upper(Md5::digest(part))),
        };
        let text = "one two one three 二 one";
        for (part, found) in [
            (part("two", 0, "three", 0, None), Some("two one three")),
            (part("one", 1, "二", 0, None), Some("one three 二")),
            // Counted over the whole text it is the third `one`, counted behind the start the
            // second.
            (part("two", 0, "one", 2, None), Some("two one three 二 one")),
            (part("two", 0, "one", 1, Some("two one three 二 one")), Some("two one three 二 one")),
            (part("two", 0, "one", 1, Some("two one")), Some("two one")),
            (part("two", 0, "one", 1, Some("something else")), None),
            (part("one", 0, "one", 0, None), Some("one")),
            // Counted over the whole text, there is no such end, or it stands before the start.
            (part("三", 0, "one", 0, None), None),
            (part("one", 1, "two", 0, None), None),
            (part("two", 0, "one", 0, None), Some("two one")),
            (part("三", 0, "two", 0, None), None),
            (part("one", 2, "one", 2, None), Some("one")),
            (part("four", 0, "one", 0, None), None),
            (part("one", 9, "one", 0, None), None),
            (part("one", u64::MAX, "one", u64::MAX, None), None),
        ] {
            assert_eq!(part.within(text), found, "{part:?}");
        }
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
