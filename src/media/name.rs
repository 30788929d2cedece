//! File names that harm nobody: what a stranger calls a file becomes a name in a folder.

use std::path::Path;

use unicode_segmentation::UnicodeSegmentation as _;

use super::sniff::{Class, Kind};

/// The longest name in bytes; every file system and both networks take as much.
const LONGEST: usize = 120;
/// An ending longer than this in bytes is part of the name.
const LONGEST_EXTENSION: usize = 16;

/// A name without folders, control characters and characters that a system reserves, never empty
/// and at most 120 bytes long, ending as `kind` does when `given` has no ending.
pub fn safe_name(given: Option<&str>, kind: Kind) -> String {
    let last = given.and_then(|given| given.rsplit(['/', '\\']).next()).unwrap_or_default();
    let kept: String = last.chars().filter(|c| !is_hidden(*c)).map(harmless).collect();
    // Windows loses dots and spaces at the end; a dot at the beginning hides the file.
    let kept = kept.trim_matches(|c: char| c == '.' || c.is_whitespace());
    let (stem, extension) = parted(kept);
    let stem = if stem.is_empty() { fallback(kind.class) } else { stem };
    let extension = extension.unwrap_or(kind.extension);
    let room = LONGEST - extension.len() - 1;
    let mut name = shortened(stem, room).to_owned();
    if is_device(&name) {
        name.insert(0, '_');
    }
    format!("{name}.{extension}")
}

/// The name and its ending.
fn parted(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once('.') {
        Some((stem, end)) if is_extension(end) => {
            (stem.trim_end_matches(|c: char| c == '.' || c.is_whitespace()), Some(end))
        }
        _ => (name, None),
    }
}

fn is_extension(end: &str) -> bool {
    (1..=LONGEST_EXTENSION).contains(&end.len()) && end.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn fallback(class: Class) -> &'static str {
    match class {
        Class::Image => "image",
        Class::Audio => "audio",
        Class::Video => "video",
        Class::Other => "file",
    }
}

/// Control characters, and those that make a name read otherwise than it is.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{61c}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}

fn harmless(c: char) -> char {
    if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*' | '/' | '\\') { '_' } else { c }
}

/// At most `room` bytes, cut where a reader would cut.
fn shortened(stem: &str, room: usize) -> &str {
    let fits = stem.grapheme_indices(true).map(|(at, one)| at + one.len());
    let end = fits.take_while(|end| *end < room).last();
    match end {
        // One byte is left for the mark of a device.
        _ if stem.len() < room => stem,
        Some(end) => stem[..end].trim_end_matches(|c: char| c == '.' || c.is_whitespace()),
        None => "file",
    }
}

/// Names that Windows keeps for itself, whatever follows their first dot.
fn is_device(stem: &str) -> bool {
    let first = Path::new(stem).to_str().and_then(|stem| stem.split('.').next());
    let first = first.unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |word: &str| {
        first.strip_prefix(word).is_some_and(|n| n.len() == 1 && n.as_bytes()[0].is_ascii_digit())
    };
    matches!(first.as_str(), "CON" | "PRN" | "AUX" | "NUL") || numbered("COM") || numbered("LPT")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const JPEG: Kind = Kind { mime: "image/jpeg", extension: "jpg", class: Class::Image };
    const UNKNOWN: Kind =
        Kind { mime: "application/octet-stream", extension: "bin", class: Class::Other };

    #[test]
    fn names_are_made_harmless_and_stay_readable() {
        for (given, name) in [
            (None, "image.jpg"),
            (Some(""), "image.jpg"),
            (Some("cat.jpg"), "cat.jpg"),
            (Some("会议纪要 2026.docx"), "会议纪要 2026.docx"),
            (Some("../../etc/passwd"), "passwd.jpg"),
            (Some(r"C:\Users\me\a.pdf"), "a.pdf"),
            (Some("a/"), "image.jpg"),
            (Some(".."), "image.jpg"),
            (Some(".bashrc"), "bashrc.jpg"),
            (Some("\u{202e}gpj.exe"), "gpj.exe"),
            (Some("a\0b\nc.png"), "abc.png"),
            (Some("what?<1>.png"), "what__1_.png"),
            (Some("photo"), "photo.jpg"),
            (Some("v1. the end"), "v1. the end.jpg"),
            (Some("x.tar.gz"), "x.tar.gz"),
            (Some("con.txt"), "_con.txt"),
            (Some("COM1"), "_COM1.jpg"),
            (Some("name . .jpg"), "name.jpg"),
        ] {
            assert_eq!(safe_name(given, JPEG), name, "{given:?}");
        }
        assert_eq!(safe_name(None, UNKNOWN), "file.bin");
    }

    #[test]
    fn a_long_name_keeps_its_ending_and_whole_characters() {
        let name = safe_name(Some(&format!("{}.pdf", "文".repeat(100))), JPEG);
        assert_eq!(name, format!("{}.pdf", "文".repeat(38)));
        let family = "👨‍👩‍👧‍👦".repeat(30);
        assert!(safe_name(Some(&family), JPEG).len() <= LONGEST);
    }

    proptest! {
        #[test]
        fn any_name_becomes_a_safe_one(given in prop_oneof![".{0,80}", r"[./\\: \u{202e}a-c文]{0,200}"]) {
            let name = safe_name(Some(&given), JPEG);
            prop_assert!(name.len() <= LONGEST && name.contains('.'), "{}", name);
            prop_assert!(!name.starts_with('.') && !name.ends_with('.'), "{}", name);
            prop_assert!(!name.contains(['/', '\\', ':', '\0']), "{}", name);
            prop_assert!(!name.chars().any(is_hidden), "{}", name);
            prop_assert_eq!(safe_name(Some(&name), JPEG), name);
        }
    }
}
