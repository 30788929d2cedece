//! The `bot_agent` field, in which the bridge names itself to the server (docs/protocol.md §2).

/// The `bot_agent` that is sent unless the configuration sets another one.
pub const DEFAULT_BOT_AGENT: &str = concat!("matrix-appservice-wechat/", env!("CARGO_PKG_VERSION"));

/// Returns whether the server accepts `text` as a `bot_agent`: products of the form `name/version`
/// or `name/version (comment)`, separated by one space, at most 256 bytes in all.
pub fn is_bot_agent(text: &str) -> bool {
    if text.is_empty() || text.len() > MAX_BYTES {
        return false;
    }
    let mut rest = text;
    loop {
        let Some(after) = skip_product(rest) else { return false };
        match after.strip_prefix(' ') {
            Some(next) => rest = next,
            None => return after.is_empty(),
        }
    }
}

fn skip_product(text: &str) -> Option<&str> {
    let (name, rest) = text.split_once('/')?;
    let end = rest.find(' ').unwrap_or(rest.len());
    let (version, rest) = rest.split_at(end);
    let sound = is_word(name, "_.-") && is_word(version, "_.-+");
    let Some(comment) = rest.strip_prefix(" (").filter(|_| sound) else {
        return sound.then_some(rest);
    };
    let (comment, rest) = comment.split_once(')')?;
    let printable = comment.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'(');
    (printable && (1..=MAX_COMMENT).contains(&comment.len())).then_some(rest)
}

fn is_word(text: &str, also: &str) -> bool {
    (1..=MAX_WORD).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || also.contains(c))
}

const MAX_BYTES: usize = 256;
const MAX_WORD: usize = 32;
const MAX_COMMENT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_name_conforms() {
        assert!(is_bot_agent(DEFAULT_BOT_AGENT));
    }

    #[test]
    fn products_with_versions_and_comments_conform() {
        for good in ["a/1", "a/1.0+x (hello, you!) b-c/2", "a/1 b/2 c/3 (z)"] {
            assert!(is_bot_agent(good), "{good}");
        }
    }

    #[test]
    fn anything_else_does_not() {
        let long = format!("{}/1", "x".repeat(33));
        let many = vec!["aaaa/1"; 40].join(" ");
        for bad in [
            "",
            "a",
            "a/",
            "/1",
            "a/1 ",
            " a/1",
            "a/1  b/2",
            "a/1 ()",
            "a/1 (x",
            "a/1 (x)b/2",
            "a/1 ((x))",
            "ä/1",
            "a/1 (ä)",
            "a/1+\n",
            "a+b/1",
            &long,
            &many,
        ] {
            assert!(!is_bot_agent(bad), "{bad}");
        }
    }
}
