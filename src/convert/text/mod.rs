//! Text in the form that WeChat accepts: a little Markdown, no angle brackets, parts under the
//! limit.
//!
//! Knows nothing of messages, only of text.

mod flow;
mod html;
mod script;
mod split;

use std::borrow::Cow;

pub use split::{WECHAT_TEXT_LIMIT, split, split_led};

/// Converts a Matrix `formatted_body` to text with the Markdown that WeChat shows.
///
/// Paragraphs, lists, quotes, tables and code keep their shape, links show their address, a link to
/// a Matrix user or room shows its name only, and an `<mx-reply>` is left out. Lines are not
/// wrapped. Returns `plain` without its reply fallback when `html` shows nothing, is longer than 64
/// KiB or is nested deeper than 64 levels.
pub fn html_to_text(html: &str, plain: &str) -> String {
    html::render(html).unwrap_or_else(|| strip_reply_fallback(plain).to_owned())
}

/// Returns the text without the characters that WeChat does not show as they are.
///
/// - Every `<` and `>` becomes its full-width form: a bare `<` can swallow the rest of the line and
///   `&lt;` is shown literally (docs/protocol.md §10). Arrows are no exception, because it is not
///   known where WeChat draws the border between an arrow and a tag.
/// - Brackets around an address, as in `<https://a.example>`, are removed: a phone would make the
///   second one a part of the link.
/// - CR LF and a lone CR become LF.
/// - Control characters other than LF and tab are removed, and so is white space at the end.
pub fn safe_for_wechat(text: &str) -> Cow<'_, str> {
    let text = text.trim_end();
    if !text.contains(|c: char| matches!(c, '<' | '>') || is_unwanted(c)) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    let mut chars = text.char_indices().peekable();
    let mut address_end = None;
    while let Some((at, c)) = chars.next() {
        match c {
            '<' if bracketed(&text[at..]).is_some() => {
                address_end = bracketed(&text[at..]).map(|len| at + len);
            }
            '>' if address_end == Some(at) => {}
            '<' => safe.push('＜'),
            '>' => safe.push('＞'),
            '\r' if chars.peek().is_some_and(|(_, next)| *next == '\n') => {}
            '\r' => safe.push('\n'),
            c if is_unwanted(c) => {}
            c => safe.push(c),
        }
    }
    safe.truncate(safe.trim_end().len());
    Cow::Owned(safe)
}

/// Returns a plain `body` without the quote that older clients put before a reply.
///
/// Only a block that begins with `> <@user:server>` or `> * <@user:server>` is removed; a quote
/// that the writer typed stays.
pub fn strip_reply_fallback(body: &str) -> &str {
    if !REPLY_STARTS.iter().any(|start| body.starts_with(start)) {
        return body;
    }
    let mut rest = body;
    while rest.starts_with('>') {
        rest = rest.split_once('\n').map_or("", |(_, after)| after);
    }
    rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')).unwrap_or(rest)
}

/// Returns the position of the bracket that closes an address in brackets.
fn bracketed(text: &str) -> Option<usize> {
    let address = text.strip_prefix('<')?;
    let is_address = ADDRESSES.iter().any(|start| {
        address.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
    });
    let end =
        is_address.then(|| address.find(|c: char| c.is_whitespace() || "<>".contains(c)))??;
    address[end..].starts_with('>').then_some(end + 1)
}

fn is_unwanted(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
}

const ADDRESSES: [&str; 4] = ["http://", "https://", "ftp://", "mailto:"];
const REPLY_STARTS: [&str; 2] = ["> <@", "> * <@"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn angle_brackets_control_characters_and_line_ends_are_made_safe() {
        for (text, safe) in [
            ("plain", "plain"),
            ("a < b -> c", "a ＜ b -＞ c"),
            ("<b>bold</b>", "＜b＞bold＜/b＞"),
            ("one\r\ntwo\rthree", "one\ntwo\nthree"),
            ("\u{0}a\u{7}\tb\u{1b}[0m\u{85}", "a\tb[0m"),
            ("see <https://a.example/b?c>.", "see https://a.example/b?c."),
            ("<HTTP://a><mailto:a@b.example>", "HTTP://amailto:a@b.example"),
            ("<https://a.example b> <https://a", "＜https://a.example b＞ ＜https://a"),
            ("May <a@b.example>", "May ＜a@b.example＞"),
            ("end \n\t ", "end"),
            ("end \u{0}", "end"),
            ("", ""),
        ] {
            assert_eq!(safe_for_wechat(text), safe);
        }
        assert!(matches!(safe_for_wechat("as it is  "), Cow::Borrowed("as it is")));
    }

    #[test]
    fn only_a_reply_fallback_is_stripped() {
        for (body, stripped) in [
            ("> <@a:b.c> hi\n\nyes", "yes"),
            ("> <@a:b.c> hi\n> there\n\nyes\n> no", "yes\n> no"),
            ("> * <@a:b.c> waves\n\nyes", "yes"),
            ("> <@a:b.c> hi\r\n\r\nyes", "yes"),
            ("> <@a:b.c> hi", ""),
            ("> a quote of mine\n\nyes", "> a quote of mine\n\nyes"),
            ("yes\n> <@a:b.c> hi", "yes\n> <@a:b.c> hi"),
            ("", ""),
        ] {
            assert_eq!(strip_reply_fallback(body), stripped, "{body:?}");
        }
    }

    #[test]
    fn html_that_shows_nothing_gives_the_plain_body_without_its_fallback() {
        let html = "<mx-reply><blockquote>hi</blockquote></mx-reply>";
        assert_eq!(html_to_text(html, "> <@a:b.c> hi\n\nyes"), "yes");
    }

    proptest! {
        #[test]
        fn safe_text_has_no_brackets_and_stays_as_it_is(text in any::<String>()) {
            let safe = safe_for_wechat(&text).into_owned();
            prop_assert!(!safe.contains(['<', '>', '\r']));
            prop_assert_eq!(&safe_for_wechat(&safe), &safe);
        }
    }
}
