//! The quote of a WeChat message that carries several messages of the room, one line or more each:
//! which of them is meant.

use std::ops::Range;

use crate::ilink::{Body, Quote};

/// The part of such a message that is quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meant {
    /// All of it, or an unknown part: then the last message is meant. It is nearest to the reply,
    /// and people mostly reply to what was said last.
    All,
    /// The whole of the message with this index, from 0.
    One(usize),
    /// A few words, which end in the message with this index.
    Words(usize, String),
}

/// Returns what a quote means. `texts` are the messages, in order, where they are known.
pub(super) fn meant(texts: &[Option<String>], quote: &Quote) -> Meant {
    let sent_along = quote.body.as_deref().and_then(Body::text);
    let whole: Option<Vec<&str>> = texts.iter().map(Option::as_deref).collect();
    let whole = whole.map(|texts| texts.join("\n"));
    if let (Some(whole), Some(part)) = (&whole, &quote.partial)
        && let Some(range) = part.range_in(whole)
    {
        return at(texts, whole, &range);
    }
    let words = match &quote.partial {
        Some(part) => sent_along.and_then(|text| part.within(text)),
        None => sent_along,
    };
    let Some(words) = words.map(str::trim).filter(|words| !words.is_empty()) else {
        return Meant::All;
    };
    let is_it = |text: &Option<String>| text.as_deref().map(str::trim) == Some(words);
    if let Some(number) = texts.iter().rposition(is_it) {
        return Meant::One(number);
    }
    match whole.as_deref().and_then(|whole| Some((whole, whole.find(words)?))) {
        Some((whole, from)) => at(texts, whole, &(from..from + words.len())),
        None => Meant::All,
    }
}

/// Returns the meaning of a range of the message.
fn at(texts: &[Option<String>], whole: &str, range: &Range<usize>) -> Meant {
    let words = whole.get(range.clone()).unwrap_or_default();
    let mut from = 0;
    for (number, text) in texts.iter().flatten().enumerate() {
        let end = from + text.len();
        // The line break behind a text belongs to that text.
        if range.end <= end + 1 {
            return match words.trim() == text.trim() {
                true => Meant::One(number),
                false if words.trim() == whole.trim() => Meant::All,
                false => Meant::Words(number, words.trim().to_owned()),
            };
        }
        from = end + 1;
    }
    Meant::All
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ilink::PartialText;

    fn texts() -> Vec<Option<String>> {
        ["ok", "see you\nat six", "not ok", "ok"].map(|text| Some(text.to_owned())).into()
    }

    fn quote(part: Option<(&str, u64, &str, u64)>, text: Option<&str>) -> Quote {
        let partial = part.map(|(start, start_index, end, end_index)| PartialText {
            start: start.to_owned(),
            end: end.to_owned(),
            start_index,
            end_index,
            md5: None,
        });
        let body = text.map(|text| Box::new(Body::Text(text.to_owned())));
        Quote { svr_id: None, msg_id: None, created: None, title: None, body, partial }
    }

    fn words(number: usize, words: &str) -> Meant {
        Meant::Words(number, words.to_owned())
    }

    #[test]
    fn the_selected_words_tell_which_one_is_meant() {
        for (part, expected) in [
            (("see", 0, "six", 0), Meant::One(1)),
            (("you", 0, "at", 0), words(1, "you\nat")),
            (("not", 0, "not", 0), words(2, "not")),
            // The third `ok` of the message is the whole of the last one.
            (("ok", 2, "ok", 2), Meant::One(3)),
            (("ok", 1, "ok", 1), words(2, "ok")),
            // A selection over a border means the last one.
            (("six", 0, "not", 0), words(2, "six\nnot")),
            (("ok", 0, "ok", 2), Meant::All),
            (("nothing", 0, "of it", 0), Meant::All),
        ] {
            assert_eq!(meant(&texts(), &quote(Some(part), None)), expected, "{part:?}");
        }
    }

    #[test]
    fn the_text_that_a_phone_sends_along_tells_it_too() {
        let all = "ok\nsee you\nat six\nnot ok\nok";
        for (text, expected) in [
            (all, Meant::All),
            ("see you\nat six", Meant::One(1)),
            ("ok", Meant::One(3)),
            ("at six\nnot", words(2, "at six\nnot")),
            ("something else", Meant::All),
            (" ", Meant::All),
        ] {
            assert_eq!(meant(&texts(), &quote(None, Some(text))), expected, "{text}");
        }
        assert_eq!(meant(&texts(), &quote(None, None)), Meant::All);
    }

    #[test]
    fn where_one_is_lost_the_words_that_came_along_are_looked_for() {
        let mut texts = texts();
        texts[0] = None;
        let part = Some(("see", 0, "six", 0));
        let all = "ok\nsee you\nat six\nnot ok\nok";
        assert_eq!(meant(&texts, &quote(part, Some(all))), Meant::One(1));
        assert_eq!(meant(&texts, &quote(part, None)), Meant::All);
        assert_eq!(meant(&texts, &quote(Some(("you", 0, "at", 0)), Some(all))), Meant::All);
        assert_eq!(meant(&[], &quote(part, Some(all))), Meant::All);
    }
}
