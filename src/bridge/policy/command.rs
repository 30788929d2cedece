//! The recognition of commands, for those who run them and for those who must not send them on.

use crate::convert::text::strip_reply_fallback;

/// Returns the text behind the command prefix; `None` when the text is no command. An empty prefix
/// matches nothing, and a reply fallback before the text is ignored.
pub(crate) fn after_prefix<'a>(body: &'a str, prefix: &str) -> Option<&'a str> {
    let said = strip_reply_fallback(body).trim();
    let (head, tail) = said.split_at_checked(prefix.len())?;
    let ends_word = tail.is_empty() || tail.starts_with(char::is_whitespace);
    let found = !prefix.is_empty() && head.eq_ignore_ascii_case(prefix) && ends_word;
    found.then(|| tail.trim_start())
}

#[cfg(test)]
mod tests {
    use super::after_prefix;

    #[test]
    fn what_begins_with_the_prefix_and_a_border_is_for_the_bot() {
        for (body, expected) in [
            ("!wechat", true),
            ("  !WeChat  logout", true),
            ("> <@a:b.org> old\n\n!wechat retry", true),
            ("!wechats", false),
            ("see !wechat", false),
            ("", false),
        ] {
            assert_eq!(after_prefix(body, "!wechat").is_some(), expected, "{body}");
        }
        assert!(after_prefix("anything", "").is_none(), "an empty prefix is none");
    }
}
