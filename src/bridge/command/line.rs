//! The recognition of commands, and their words.
//!
//! Knows only the command `help` by name, which is also the meaning of the prefix alone.

use crate::{bridge::policy::after_prefix, convert::text::strip_reply_fallback};

/// A message to the bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// The first word, in lower case; `help` when there is only the prefix.
    pub(crate) name: String,
    /// The text behind the first word, as it was written, without surrounding white space.
    pub(super) rest: &'a str,
}

/// Reads `body` as a command; `None` when it is not one.
///
/// A command begins with `prefix`, in any case (ASCII), followed by white space or nothing. In a
/// management room every text that is not blank is a command, with the prefix or without. A reply
/// fallback before it is ignored.
pub(super) fn command_in<'a>(
    body: &'a str,
    prefix: &str,
    management_room: bool,
) -> Option<Line<'a>> {
    let said = strip_reply_fallback(body).trim();
    let line = match after_prefix(body, prefix) {
        Some("") => return Some(Line { name: "help".to_owned(), rest: "" }),
        Some(line) => line,
        None if management_room && !said.is_empty() => said,
        None => return None,
    };
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    Some(Line { name: name.to_lowercase(), rest: rest.trim_start() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(body: &str, management_room: bool) -> Option<(String, &str)> {
        command_in(body, "!wechat", management_room).map(|line| (line.name, line.rest))
    }

    #[test]
    fn a_prefix_at_a_word_border_makes_a_command_everywhere() {
        for (body, name, rest) in [
            ("!wechat login", "login", ""),
            ("!wechat  Name  Aunt  May ", "name", "Aunt  May"),
            ("!WeChat LIST", "list", ""),
            ("  !wechat\nstatus", "status", ""),
            ("!wechat\u{3000}status", "status", ""),
            ("!wechat", "help", ""),
            ("!wechat  ", "help", ""),
            ("> <@a:b.c> hi\n\n!wechat ping", "ping", ""),
            ("!wechat name 阿姨\n第二行", "name", "阿姨\n第二行"),
        ] {
            for management_room in [false, true] {
                assert_eq!(read(body, management_room), Some((name.to_owned(), rest)), "{body:?}");
            }
        }
    }

    #[test]
    fn without_the_prefix_only_a_management_room_hears_a_command() {
        for (body, name, rest) in [
            ("login Aunt May", "login", "Aunt May"),
            ("!wechatty", "!wechatty", ""),
            ("!wechat: help", "!wechat:", "help"),
            ("帮助", "帮助", ""),
            ("123456", "123456", ""),
            ("say !wechat help", "say", "!wechat help"),
        ] {
            assert_eq!(read(body, false), None, "{body:?}");
            assert_eq!(read(body, true), Some((name.to_owned(), rest)), "{body:?}");
        }
    }

    #[test]
    fn a_blank_message_is_no_command() {
        for body in ["", " \n", "> <@a:b.c> !wechat help"] {
            assert_eq!(read(body, false), None);
            assert_eq!(read(body, true), None);
        }
    }

    #[test]
    fn the_rest_is_what_stands_after_the_name() {
        let line = command_in("!wechat name  Aunt\tMay", "!wechat", false).unwrap();
        assert_eq!(line.rest, "Aunt\tMay");
        assert_eq!(command_in("list", "", false), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(body in any::<String>(), prefix in any::<String>()) {
            let _ = command_in(&body, &prefix, true);
            let prefixed = format!("{prefix} x");
            let line = command_in(&prefixed, &prefix, false);
            prop_assert!(line.is_none_or(|line| !line.name.is_empty()));
        }
    }
}
