//! Quoted words above a message, for a quoted message that has no event in the room.

use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation as _;

use super::{Content, HTML};

/// The field that holds what the contact wrote, where the body differs from it.
pub const WRITTEN: &str = "matrix_appservice_wechat.text";

/// Adds the text that was written to a message whose body differs from it, up to 3 KiB.
pub fn written(content: Content, text: &str) -> Content {
    let shown = content.fields.get("body").and_then(Value::as_str);
    match shown != Some(text) && text.len() <= MOST_TWICE {
        true => content.with(WRITTEN, text),
        false => content,
    }
}

/// Puts the quoted words above a message. In a file they become the beginning of its caption.
pub fn quoting(words: &str, content: Content) -> Content {
    let words = shortened(words);
    let text = |key: &str| content.fields.get(key).and_then(Value::as_str).map(str::to_owned);
    let body = text("body").unwrap_or_default();
    let is_file = content.fields.contains_key("url");
    let named_apart = text("filename").is_some();
    let answer = if is_file && !named_apart { "" } else { body.as_str() };
    let content = match (is_file, named_apart, content.fields.contains_key(WRITTEN)) {
        (true, false, _) => content.with("filename", body.as_str()),
        (false, _, false) => written(content.with("body", ""), &body),
        (true, true, _) | (false, _, true) => content,
    };
    let quoted: Vec<_> = words.lines().map(|line| format!("> {line}")).collect();
    let whole = format!("{}\n\n{answer}", quoted.join("\n"));
    let content = content.with("body", whole.trim_end());
    if answer.len() > MOST_TWICE {
        return content;
    }
    let (words, answer) = (to_html(words.trim_end()), to_html(answer));
    content
        .with("format", HTML)
        .with("formatted_body", format!("<blockquote>{words}</blockquote>{answer}"))
}

/// Shortens the words of a quote to 500 graphemes.
fn shortened(words: &str) -> String {
    let reach = &words[..words.floor_char_boundary(MOST_QUOTED_BYTES)];
    let mut graphemes = reach.grapheme_indices(true);
    match graphemes.nth(MOST_QUOTED) {
        Some((end, _)) => format!("{}…", words[..end].trim_end()),
        None if reach.len() < words.len() => format!("{}…", reach.trim_end()),
        None => words.to_owned(),
    }
}

fn to_html(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\n' => html.push_str("<br>"),
            '\r' => {}
            c => html.push(c),
        }
    }
    html
}

/// The greatest length of a quote, in graphemes.
const MOST_QUOTED: usize = 500;
/// The greatest length of a quote in bytes, since a grapheme may have any number of marks.
const MOST_QUOTED_BYTES: usize = 4 * MOST_QUOTED;
/// The greatest length of a text that is written twice into an event, in bytes. An event holds 64
/// KiB, and as HTML in JSON a quotation mark takes six bytes.
const MOST_TWICE: usize = 3 * 1024;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::matrix::content;

    fn fields(content: Content) -> Value {
        Value::Object(content.fields)
    }

    #[test]
    fn quoted_words_stand_above_a_text_and_cannot_be_taken_for_markup() {
        let expected = json!({
            "msgtype": "m.text",
            "body": "> a <b>\n> c & d\n\nno <i>\nnever",
            "format": HTML,
            "formatted_body": "<blockquote>a &lt;b&gt;<br>c &amp; d</blockquote>no &lt;i&gt;<br>never",
            "m.mentions": {},
            WRITTEN: "no <i>\nnever",
        });
        assert_eq!(fields(quoting("a <b>\nc & d", content::text("no <i>\nnever"))), expected);
    }

    #[test]
    fn what_was_written_is_kept_where_something_else_is_shown() {
        assert_eq!(fields(written(content::text("hi"), "hi")).get(WRITTEN), None);
        let face = written(content::text("🙂"), "[Smile]");
        assert_eq!(fields(quoting("a", face))[WRITTEN], "[Smile]");
    }

    #[test]
    fn a_file_gets_a_caption_and_keeps_its_name() {
        let file = || content::text("a.png").with("msgtype", "m.image").with("url", "mxc://b/1");
        let quoted = fields(quoting("old", file()));
        assert_eq!((&quoted["body"], &quoted["filename"]), (&json!("> old"), &json!("a.png")));
        assert_eq!(quoted["formatted_body"], "<blockquote>old</blockquote>");
        assert_eq!(quoted.get(WRITTEN), None);
        let captioned = fields(quoting("old", file().with("filename", "b.png")));
        assert_eq!(captioned["body"], "> old\n\na.png");
        assert_eq!(captioned["filename"], "b.png");
    }

    #[test]
    fn a_long_text_is_neither_repeated_nor_quoted_whole() {
        let long = "字".repeat(5_000);
        let fields = fields(quoting(&long, content::text(&*long)));
        assert_eq!(fields.get("formatted_body"), None);
        assert_eq!(fields.get(WRITTEN), None);
        let body = fields["body"].as_str().unwrap();
        assert!(body.starts_with(&format!("> {}…\n\n字", "字".repeat(MOST_QUOTED))));
    }
}
