//! The quoted message as a line above a reply, for WeChat, where bots cannot reply.

use unicode_segmentation::UnicodeSegmentation as _;

use super::text::safe_for_wechat;

/// Returns the line above a reply in WeChat: the beginning of the quoted message, in Chinese
/// quotation marks. `None` when there is nothing to show.
pub fn quote_line(quoted: &str) -> Option<String> {
    let safe = safe_for_wechat(quoted);
    let line = safe.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return None;
    }
    let mut graphemes = line.grapheme_indices(true);
    Some(match graphemes.nth(LONGEST) {
        Some((end, _)) => format!("「{}…」", line[..end].trim_end()),
        None => format!("「{line}」"),
    })
}

/// The greatest length of a quote in graphemes: two lines of a phone.
const LONGEST: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_one_short_line() {
        let family = "👨‍👩‍👧‍👦";
        let long = "字".repeat(60);
        for (quoted, line) in [
            ("hello", Some("「hello」".to_owned())),
            (" two\n\n lines\t", Some("「two lines」".to_owned())),
            ("a <b>", Some("「a ＜b＞」".to_owned())),
            (&*long, Some(format!("「{}…」", "字".repeat(40)))),
            (&*family.repeat(41), Some(format!("「{}…」", family.repeat(40)))),
            (&*family.repeat(40), Some(format!("「{}」", family.repeat(40)))),
            (" \n\u{7}", None),
        ] {
            assert_eq!(quote_line(quoted), line, "{quoted:?}");
        }
    }
}
