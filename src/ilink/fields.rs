//! The lenient reading of JSON from outside.
//!
//! A field that is missing, null or of another type counts as absent; one bad field does not affect
//! the others. Numbers are never read through `f64`, and text may contain half of a surrogate pair.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{clock::Timestamp, id::MessageId};

/// The fields of one JSON object, whose values are not parsed yet.
pub(crate) struct Fields<'a>(BTreeMap<Cow<'a, str>, &'a RawValue>);

impl<'a> Fields<'a> {
    /// Reads the fields of `json`; `None` when it is not one JSON object.
    pub(crate) fn read(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// Returns the field's JSON of any type, unless the field is missing or null.
    pub(crate) fn json(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|raw| raw.get()).filter(|json| *json != "null")
    }

    /// Returns a string, or the digits of a number as they were sent.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let json = self.json(name)?;
        if json.starts_with('"') {
            return serde_json::from_str::<Lossy>(json).ok().map(|text| text.0.into_owned());
        }
        is_number(json).then(|| json.to_owned())
    }

    /// Returns a string that is not empty, or the digits of a number as they were sent.
    pub(crate) fn some_text(&self, name: &str) -> Option<String> {
        self.text(name).filter(|text| !text.is_empty())
    }

    /// Returns a whole number that was sent as a number or as text; a fraction or a number beyond
    /// `i64` counts as absent.
    pub(crate) fn whole(&self, name: &str) -> Option<i64> {
        self.text(name)?.trim().parse().ok()
    }

    /// Returns a whole number that is not negative, which was sent as a number or as text.
    pub(crate) fn count(&self, name: &str) -> Option<u64> {
        self.text(name)?.trim().parse().ok()
    }

    /// Reads a time in any unit; zero, negative numbers and times beyond the year 9999 count as
    /// absent.
    pub(crate) fn time(&self, name: &str) -> Option<Timestamp> {
        self.whole(name).and_then(super::time::read)
    }

    /// Reads a message id (docs/protocol.md §6) digit for digit; a negative number becomes the
    /// uint64 that it stands for, and zero counts as absent.
    pub(crate) fn message_id(&self, name: &str) -> Option<MessageId> {
        let text = self.text(name)?;
        let text = text.trim();
        if self.json(name)?.starts_with('"') || !text.contains(['.', 'e', 'E']) {
            let unsigned = text.parse::<i64>().ok().filter(|id| *id < 0).map(i64::cast_unsigned);
            let spelled = unsigned.map_or_else(|| text.to_owned(), |id| id.to_string());
            return MessageId::parse(&spelled).filter(|_| !spelled.trim_matches('0').is_empty());
        }
        None
    }

    /// Returns the fields of a nested object.
    pub(crate) fn object(&self, name: &str) -> Option<Self> {
        Self::read(self.json(name)?)
    }

    /// Reads the first `most` elements of a list, without the nulls.
    pub(crate) fn list(&self, name: &str, most: usize) -> Option<FirstOf<'a>> {
        let mut json = serde_json::Deserializer::from_str(self.json(name)?);
        let first = json.deserialize_seq(FirstVisitor { most }).ok()?;
        json.end().ok().map(|()| first)
    }
}

/// The beginning of a list, and how many elements were left out.
#[derive(Debug, Default)]
pub(crate) struct FirstOf<'a> {
    pub(crate) kept: Vec<&'a RawValue>,
    pub(crate) left_out: usize,
}

struct FirstVisitor {
    most: usize,
}

impl<'de> Visitor<'de> for FirstVisitor {
    type Value = FirstOf<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut first = FirstOf::default();
        while let Some(raw) = list.next_element::<&RawValue>()? {
            if raw.get() == "null" {
                continue;
            }
            if first.kept.len() < self.most {
                first.kept.push(raw);
            } else {
                first.left_out += 1;
            }
        }
        Ok(first)
    }
}

fn is_number(json: &str) -> bool {
    json.starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<Lossy, &RawValue>()? {
            // No object of the protocol has this many fields; the rest of a flood is dropped.
            if fields.len() < MAX_FIELDS || fields.contains_key(&name.0) {
                fields.insert(name.0, value);
            }
        }
        Ok(Fields(fields))
    }
}

/// A JSON string in which half of a surrogate pair becomes U+FFFD instead of an error.
struct Lossy<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Lossy<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(LossyVisitor)
    }
}

struct LossyVisitor;

impl<'de> Visitor<'de> for LossyVisitor {
    type Value = Lossy<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Lossy<'de>, E> {
        Ok(Lossy(lossy(bytes)))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Lossy<'de>, E> {
        Ok(Lossy(Cow::Owned(lossy(bytes).into_owned())))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Lossy<'de>, E> {
        Ok(Lossy(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Lossy<'de>, E> {
        Ok(Lossy(Cow::Owned(text.to_owned())))
    }
}

/// Replaces each half of a surrogate pair, which arrives as three bytes that UTF-8 forbids.
fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let text = String::from_utf8_lossy(bytes);
            Cow::Owned(text.replace("\u{fffd}\u{fffd}\u{fffd}", "\u{fffd}"))
        }
    }
}

const MAX_FIELDS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn id(json: &str) -> Option<String> {
        let object = format!(r#"{{"id":{json}}}"#);
        let fields = Fields::read(&object).unwrap();
        fields.message_id("id").map(|id| id.as_str().to_owned())
    }

    #[test]
    fn ids_keep_every_digit() {
        for (json, expected) in [
            ("18446744073709551615", "18446744073709551615"),
            ("7345678901234567891", "7345678901234567891"),
            (r#""7345678901234567891""#, "7345678901234567891"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("-1", "18446744073709551615"),
            (r#""-1""#, "18446744073709551615"),
            (r#""v1:1""#, "v1:1"),
        ] {
            assert_eq!(id(json).as_deref(), Some(expected), "{json}");
        }
    }

    #[test]
    fn what_is_no_id_is_absent() {
        for json in ["0", r#""0""#, "null", "true", "[]", "{}", r#""""#, "1.5", "1e30", r#""a b""#]
        {
            assert_eq!(id(json), None, "{json}");
        }
    }

    #[test]
    fn numbers_in_text_and_text_in_numbers_are_read() {
        let json = r#"{"a":"12","b":12,"c":" 7 ","d":1.5,"e":1e400,"f":-3,"g":true,"h":[1]}"#;
        let fields = Fields::read(json).unwrap();
        assert_eq!(
            (fields.whole("a"), fields.count("b"), fields.whole("c")),
            (Some(12), Some(12), Some(7))
        );
        assert_eq!((fields.whole("d"), fields.whole("e"), fields.count("f")), (None, None, None));
        assert_eq!(
            (fields.text("b").as_deref(), fields.text("g"), fields.text("h")),
            (Some("12"), None, None)
        );
    }

    #[test]
    fn half_an_emoji_costs_one_character_and_not_the_text() {
        let fields = Fields::read(r#"{"\ud83d":1,"text":"a\ud83d b \ud83d\ude00"}"#).unwrap();
        let text = fields.text("text").unwrap();
        assert_eq!(text, "a\u{fffd} b 😀");
    }

    #[test]
    fn the_last_of_two_equal_names_counts() {
        let fields = Fields::read(r#"{"a":1,"a":2}"#).unwrap();
        assert_eq!(fields.whole("a"), Some(2));
    }

    #[test]
    fn times_that_cannot_be_are_absent() {
        let fields =
            Fields::read(r#"{"a":0,"b":-5,"c":9223372036854775807,"d":"1795171026660"}"#).unwrap();
        assert_eq!([fields.time("a"), fields.time("b"), fields.time("c")], [None; 3]);
        assert_eq!(fields.time("d"), Some(Timestamp(1_795_171_026_660)));
    }

    #[test]
    fn nesting_is_no_danger() {
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(200_000), "]".repeat(200_000));
        assert!(Fields::read(&deep).unwrap().object("a").is_none());
    }
}
