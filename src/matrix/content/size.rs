//! The size limit of an event: larger contents are split or shortened.
//!
//! A homeserver accepts events of up to 64 KiB, counted as JSON, in which a quotation mark takes
//! two bytes and a control character six. A part of that is needed for what the homeserver adds.

use serde_json::{Map, Value};
use unicode_segmentation::GraphemeCursor;

use super::{Content, WRITTEN};

/// Returns the content as one event or, where it is too large, as several texts with its words.
///
/// `dressed` returns the form in which the first of them is sent, for example as a reply.
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

/// Splits a text into at most `most` notices; `more` makes the line that tells how many lines were
/// left out.
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

/// Returns a content that fits into an event. One that is too large loses its optional fields
/// first, and then the end of its file name and of its body.
pub(in crate::matrix) fn within(content: Content) -> Content {
    shortened(content, MOST_BYTES)
}

/// Returns a content that still fits into an event when it is encrypted, which makes it longer by a
/// third.
pub fn within_encrypted(content: Content) -> Content {
    shortened(content, MOST_ENCRYPTED_BYTES)
}

/// Shortens a content to so many bytes. Of an edit the new content keeps what room there is: the
/// words beside it are for clients that know no edits.
fn shortened(mut content: Content, most: usize) -> Content {
    if bytes_of(&content) <= most {
        return content;
    }
    if let Some(Value::Object(newer)) = content.fields.remove(NEWER) {
        let older = shortened(content, MOST_OF_FALLBACK.min(most));
        let newer = Content::new(older.event_type.clone(), newer);
        let around = bytes_of(&older.clone().with(NEWER, Map::new()));
        let newer = shortened(newer, most.saturating_sub(around));
        return older.with(NEWER, newer.fields);
    }
    for key in ["formatted_body", "format", WRITTEN, "org.matrix.msc1767.text"] {
        if bytes_of(&content) <= most {
            return content;
        }
        content.fields.remove(key);
    }
    for (key, longest) in [("filename", LONGEST_NAME), ("body", MOST_BYTES)] {
        if bytes_of(&content) <= most {
            return content;
        }
        let Some(Value::String(text)) = content.fields.get(key).cloned() else { continue };
        let room = most.saturating_sub(bytes_of(&content.clone().with(key, ""))).min(longest);
        let cut = cut(&text, room.saturating_sub(ELLIPSIS.len()));
        if cut < text.len() {
            content = content.with(key, format!("{}{ELLIPSIS}", text[..cut].trim_end()));
        }
    }
    content
}

/// Returns whether a content fits into an event.
fn fits(content: &Content) -> bool {
    bytes_of(content) <= MOST_BYTES
}

/// Returns how many bytes may still be added to a content.
fn room_in(content: &Content) -> usize {
    MOST_BYTES.saturating_sub(bytes_of(content))
}

/// Returns the size of a content as JSON. A map with text keys can always be serialised; otherwise
/// it would count as too large.
fn bytes_of(content: &Content) -> usize {
    serde_json::to_vec(&content.fields).map_or(usize::MAX, |json| json.len())
}

/// Cuts a text into parts that take at most `room` bytes each as JSON; `room` receives the number
/// of the part.
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

/// Returns where to cut a text that may take `room` bytes: at its end when it fits, else at the end
/// of a line or of a word in the last half, else between two graphemes.
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

/// Returns the last border between graphemes up to `end`, or `end` when the first one is longer.
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

/// The greatest size of a content in bytes. An event may have 64 KiB, which also hold its sender,
/// its room, its signatures and the ids of earlier events.
const MOST_BYTES: usize = 60 << 10;
/// Base64, the padding of the cipher, and what the envelope says beside it.
const MOST_ENCRYPTED_BYTES: usize = 44 << 10;
/// The greatest size of the text of a notice in bytes, which leaves room for the other fields.
const ROOM_OF_NOTICE: usize = 48 << 10;
/// The least size of a part in bytes, so that the split always ends.
const LEAST_ROOM: usize = 1 << 10;
/// The greatest length of a file name in bytes, as in file systems.
const LONGEST_NAME: usize = 255;
/// The greatest length of a grapheme that is kept whole, in bytes.
const LONGEST_CLUSTER: usize = 1 << 10;
/// The most bytes of an edit around its new content.
const MOST_OF_FALLBACK: usize = 4 << 10;
/// The key of the new content of an edit.
const NEWER: &str = "m.new_content";
const ELLIPSIS: &str = "…";
/// The fields that every part of a long text takes from the whole.
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

    /// Texts that are short in letters and too long as JSON, and the reverse.
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
            let newer = content::notice(&*text).with_html(&*text);
            let file = content::text(&*text).with("filename", &*text).with("url", "mxc://b/1");
            for content in [
                content::notice(&*text),
                content::text(&*text).with_html(&*text),
                content::written(content::text("x"), &text[..0]).with(WRITTEN, &*text),
                content::edit(event_id!("$1"), content::notice("x")).with("body", &*text),
                content::edit(event_id!("$1"), newer),
                file,
            ] {
                let sent = within(content);
                assert!(fits(&sent), "{}", bytes_of(&sent));
                assert!(!sent.fields["body"].as_str().unwrap().is_empty());
            }
        }
        let long = within(content::edit(event_id!("$1"), content::notice("word ".repeat(20_000))));
        let newer = long.fields[NEWER]["body"].as_str().unwrap();
        assert!(newer.len() > 50_000 && newer.ends_with("word…"), "{}", newer.len());
        assert_eq!(long.fields["m.relates_to"]["event_id"], "$1");
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
