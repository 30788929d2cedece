//! How large an event may be: what does not fit is split, or shortened.
//!
//! A homeserver takes events of up to 64 KiB, counted as JSON, where a quotation mark is two bytes
//! and a control character six; what it adds to a content itself takes some of that.

use serde_json::Value;
use unicode_segmentation::GraphemeCursor;

use super::{Content, WRITTEN};

/// The content as one event or, where it is too large for that, as several texts with its words.
///
/// `dressed` is what the first of them becomes when it is sent, as the answer to something else for
/// example.
pub fn texts(whole: Content, dressed: impl Fn(Content) -> Content) -> Vec<Content> {
    let body = match whole.fields.get("body") {
        Some(Value::String(body)) if !fits(&dressed(whole.clone())) => body.clone(),
        Some(_) | None => return vec![whole],
    };
    let mut bare = whole;
    bare.fields.retain(|key, _| KEPT.contains(&key.as_str()));
    let bare = bare.with("body", "");
    let rooms = [room_in(&dressed(bare.clone())), room_in(&bare)];
    let parts = parts(&body, |number| rooms[usize::from(number > 0)]);
    parts.into_iter().map(|part| bare.clone().with("body", part)).collect()
}

/// The text in as many pieces as have room in one notice each, at most `most`; `more` makes the
/// line that says how many lines were left out.
pub fn notices(text: &str, most: usize, more: impl Fn(usize) -> String) -> Vec<String> {
    let mut all = parts(text, |_| ROOM_OF_NOTICE);
    if all.len() > most {
        let left = all.split_off(most).iter().map(|part| part.lines().count()).sum();
        if let Some(last) = all.last_mut() {
            last.push('\n');
            last.push_str(&more(left));
        }
    }
    all
}

/// The content as it can be sent: one that is too large loses what clients can do without, and then
/// the end of its words.
pub(in crate::matrix) fn within(mut content: Content) -> Content {
    for key in ["formatted_body", "format", WRITTEN, "org.matrix.msc1767.text"] {
        if fits(&content) {
            return content;
        }
        content.fields.remove(key);
    }
    for (key, most) in [("filename", LONGEST_NAME), ("body", MOST_BYTES)] {
        if fits(&content) {
            return content;
        }
        let Some(Value::String(text)) = content.fields.get(key).cloned() else { continue };
        let room = room_in(&content.clone().with(key, "")).min(most);
        let cut = cut(&text, room.saturating_sub(ELLIPSIS.len()));
        if cut < text.len() {
            content = content.with(key, format!("{}{ELLIPSIS}", text[..cut].trim_end()));
        }
    }
    content
}

/// Whether a content has room in an event.
fn fits(content: &Content) -> bool {
    bytes_of(content) <= MOST_BYTES
}

/// How many bytes more a content could have.
fn room_in(content: &Content) -> usize {
    MOST_BYTES.saturating_sub(bytes_of(content))
}

/// Fields with text keys always have a JSON form; one that had none would be refused as too large.
fn bytes_of(content: &Content) -> usize {
    serde_json::to_vec(&content.fields).map_or(usize::MAX, |json| json.len())
}

/// Cuts a text into parts that take at most `room` bytes each as JSON, which may be another for
/// each part.
fn parts(text: &str, room: impl Fn(usize) -> usize) -> Vec<String> {
    let (mut parts, mut rest) = (Vec::new(), text);
    loop {
        let cut = cut(rest, room(parts.len()).max(LEAST_ROOM));
        let (part, behind) = rest.split_at(cut);
        if behind.is_empty() {
            if parts.is_empty() || !part.trim().is_empty() {
                parts.push(part.to_owned());
            }
            return parts;
        }
        if !part.trim().is_empty() {
            parts.push(part.trim_end_matches(['\n', ' ']).to_owned());
        }
        rest = behind.strip_prefix('\n').or_else(|| behind.strip_prefix(' ')).unwrap_or(behind);
    }
}

/// Where to cut a text that has so much room: all of it when it fits, else at the end of a line or
/// of a word in the last half, else between two characters as people see them.
fn cut(text: &str, room: usize) -> usize {
    let mut taken = 0;
    let over = text.char_indices().find(|(_, c)| {
        taken += bytes_in_json(*c);
        taken > room
    });
    let Some((end, _)) = over else { return text.len() };
    let last_half = text.floor_char_boundary(end / 2);
    let window = &text[last_half..end];
    let border = window.rfind('\n').or_else(|| window.rfind(' ')).filter(|at| last_half + at > 0);
    border.map_or_else(|| cluster_border(text, end), |at| last_half + at)
}

/// The last border of a cluster up to `end`, or `end` when the first cluster is longer.
fn cluster_border(text: &str, end: usize) -> usize {
    let mut cursor = GraphemeCursor::new(end, text.len(), true);
    if cursor.is_boundary(text, 0).unwrap_or(true) {
        return end;
    }
    let before = cursor.prev_boundary(text, 0).ok().flatten();
    before.filter(|border| *border > 0 && end - border <= LONGEST_CLUSTER).unwrap_or(end)
}

fn bytes_in_json(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        c => c.len_utf8(),
    }
}

/// Of the 64 KiB of an event, in which its sender, its room, its signatures and the ids of the
/// events before it have to have room as well.
const MOST_BYTES: usize = 60 << 10;
/// What a notice can say, with room for all that may stand around it.
const ROOM_OF_NOTICE: usize = 48 << 10;
/// A part gets on in any case.
const LEAST_ROOM: usize = 1 << 10;
/// As file systems have it.
const LONGEST_NAME: usize = 255;
/// Longer ones are no character, in bytes.
const LONGEST_CLUSTER: usize = 1 << 10;
const ELLIPSIS: &str = "…";
/// What every part of a long text has of the whole one.
const KEPT: [&str; 2] = ["msgtype", "m.mentions"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ruma::event_id;

    use super::*;
    use crate::matrix::content;

    fn bodies(contents: &[Content]) -> Vec<&str> {
        contents.iter().map(|content| content.fields["body"].as_str().unwrap()).collect()
    }

    /// Texts that are short enough as letters and too long as JSON, or the other way round.
    fn long_texts() -> [String; 6] {
        [
            "\"".repeat(40_000),
            "字".repeat(30_000),
            "\u{1}".repeat(30_000),
            "a line of words\n".repeat(8_000),
            "👨\u{200d}👩\u{200d}👧".repeat(5_000),
            format!("e{}", "\u{301}".repeat(60_000)),
        ]
    }

    #[test]
    fn a_long_text_becomes_several_that_are_the_whole() {
        for text in long_texts() {
            let dressed = |content| content::quoting(&"\"old\" ".repeat(400), content);
            let dressed = |content| content::reply(event_id!("$0"), dressed(content));
            let contents = texts(content::text(&*text), dressed);
            assert!(contents.len() > 1);
            assert!(contents.iter().all(fits) && fits(&dressed(contents[0].clone())));
            let whole = bodies(&contents).concat();
            let bare = |text: &str| text.replace(['\n', ' '], "");
            assert_eq!(bare(&whole), bare(&text));
        }
        assert_eq!(texts(content::text("hi"), |content| content), [content::text("hi")]);
    }

    #[test]
    fn whatever_is_sent_fits() {
        for text in long_texts() {
            let file = content::text(&*text).with("filename", &*text).with("url", "mxc://b/1");
            for content in [
                content::notice(&*text),
                content::text(&*text).with_html(&*text),
                content::written(content::text("x"), &text[..0]).with(WRITTEN, &*text),
                content::edit(event_id!("$1"), content::notice("x")).with("body", &*text),
                file,
            ] {
                let sent = within(content);
                assert!(fits(&sent), "{}", bytes_of(&sent));
                assert!(!sent.fields["body"].as_str().unwrap().is_empty());
            }
        }
        let short = content::text("x").with_html("<b>x</b>");
        assert_eq!(within(short.clone()), short);
    }

    #[test]
    fn of_a_long_answer_the_lines_that_were_left_out_are_counted() {
        let line = "x".repeat(999);
        let text = vec![line.as_str(); 200].join("\n");
        let said = notices(&text, 2, |count| format!("… and {count} more"));
        assert_eq!(said.len(), 2);
        let shown: usize = said.iter().map(|part| part.matches(&line).count()).sum();
        assert!(said[1].ends_with(&format!("\n… and {} more", 200 - shown)));
        assert!(said.iter().all(|part| fits(&content::notice(&**part))));
        assert_eq!(notices("a\nb", 2, |_| String::new()), ["a\nb"]);
        assert_eq!(notices("", 2, |_| String::new()), [""]);
    }

    #[test]
    fn a_text_is_cut_where_a_line_or_a_word_ends() {
        let at = |text: &str, room| text[..cut(text, room)].to_owned();
        assert_eq!(at("one two\nthree four", 13), "one two");
        assert_eq!(at("one two three", 9), "one two");
        assert_eq!(at("一二三四", 7), "一二");
        assert_eq!(at("\"\"\"\"", 5), "\"\"");
        assert_eq!(at("short", 5), "short");
    }

    proptest! {
        #[test]
        fn no_part_has_more_bytes_than_room(text in any::<String>(), room in 1_usize..40) {
            for part in parts(&text.repeat(60), |_| room) {
                let json = serde_json::to_string(&part).unwrap();
                prop_assert!(json.len() - 2 <= LEAST_ROOM);
            }
        }
    }
}
