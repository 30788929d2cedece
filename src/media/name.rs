//! Safe file names: the name that a stranger has chosen becomes a valid one on every system.

use unicode_segmentation::UnicodeSegmentation as _;

use super::sniff::{Class, FileKind};

/// The greatest length of a name in bytes, which every file system accepts.
const LONGEST: usize = 255;
/// The greatest length of an ending in bytes; a longer one is part of the name.
const LONGEST_EXTENSION: usize = 16;

/// Returns a name without folders, control characters and characters that a system reserves; it is
/// never empty and has at most 255 bytes. A name without an ending gets that of `kind`, if the kind
/// is known and needs one.
pub fn safe_name(given: Option<&str>, kind: FileKind) -> String {
    let given = without_folders(given.unwrap_or_default());
    let kept: String = given.chars().filter(|c| !is_hidden(*c)).map(harmless).collect();
    // Windows drops dots and spaces at the end; a dot at the beginning hides the file.
    let (stem, extension) = parted(trimmed(&kept));
    let is_plain = kind.class == Class::Other
        && (kind.mime.starts_with("text/") || kind.mime == "application/octet-stream");
    let extension = extension.or((!is_plain || stem.is_empty()).then_some(kind.extension));
    let stem = if stem.is_empty() { fallback(kind.class) } else { stem };
    let ending = extension.map_or_else(String::new, |extension| format!(".{extension}"));
    let mut name = shortened(stem, LONGEST - ending.len()).to_owned();
    if is_device(&name) {
        name.insert(0, '_');
    }
    name + ending.as_str()
}

/// Returns the last part of a whole path. A separator within a name stays, to be replaced later.
fn without_folders(given: &str) -> &str {
    let is_separator = |c: char| matches!(c, '/' | '\\');
    let has_drive = given.split_at_checked(2).is_some_and(|(drive, path)| {
        drive.starts_with(|c: char| c.is_ascii_alphabetic())
            && drive.ends_with(':')
            && path.starts_with(is_separator)
    });
    let mut parts = given.split(is_separator);
    let is_path = has_drive
        || given.starts_with(is_separator)
        || parts.any(|part| matches!(part, "." | ".." | "~"));
    if !is_path {
        return given.trim_end_matches(is_separator);
    }
    given.rsplit(is_separator).next().unwrap_or_default()
}

fn trimmed(name: &str) -> &str {
    name.trim_matches(|c: char| c == '.' || c.is_whitespace())
}

/// Splits a name into stem and ending.
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

/// Returns whether a character is a control character, or one that changes how a name is read.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}')
        || matches!(c, '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}' | '\u{ffa0}')
        || matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffb}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}

fn harmless(c: char) -> char {
    if matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*' | '/' | '\\') { '_' } else { c }
}

/// Cuts a name to less than `room` bytes, between graphemes; one byte is left for the mark of a
/// device.
fn shortened(stem: &str, room: usize) -> &str {
    if stem.len() < room {
        return stem;
    }
    let fits = stem.grapheme_indices(true).map(|(at, one)| at + one.len());
    let end = fits.take_while(|end| *end < room).last();
    let cut = end.map_or("", |end| &stem[..end]);
    let cut = cut.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    if cut.is_empty() { "file" } else { cut }
}

/// Returns whether Windows reserves the name, whatever follows its first dot.
fn is_device(stem: &str) -> bool {
    let first = stem.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = |word: &str| {
        let number = first.strip_prefix(word).and_then(|number| {
            let mut digits = number.chars();
            digits.next().filter(|_| digits.next().is_none())
        });
        // Windows counts these three as digits, too.
        number.is_some_and(|c| c.is_ascii_digit() || matches!(c, '¹' | '²' | '³'))
    };
    matches!(first.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$")
        || numbered("COM")
        || numbered("LPT")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const JPEG: FileKind = FileKind { mime: "image/jpeg", extension: "jpg", class: Class::Image };
    const UNKNOWN: FileKind =
        FileKind { mime: "application/octet-stream", extension: "bin", class: Class::Other };

    #[test]
    fn names_are_made_harmless_and_stay_readable() {
        for (given, name) in [
            (None, "image.jpg"),
            (Some(""), "image.jpg"),
            (Some("cat.jpg"), "cat.jpg"),
            (Some("会议纪要 2026.docx"), "会议纪要 2026.docx"),
            (Some("../../etc/passwd"), "passwd.jpg"),
            (Some(r"C:\Users\me\a.pdf"), "a.pdf"),
            (Some("/a/"), "image.jpg"),
            (Some("a/"), "a.jpg"),
            (Some("AC/DC live.mp3"), "AC_DC live.mp3"),
            (Some("1/2.pdf"), "1_2.pdf"),
            (Some(r"either\or.txt"), "either_or.txt"),
            (Some("2026/11/28 notes.txt"), "2026_11_28 notes.txt"),
            (Some("./notes.txt"), "notes.txt"),
            (Some("a/../b.txt"), "b.txt"),
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
            (Some("com².log"), "_com².log"),
            (Some("nul .tar.gz"), "_nul .tar.gz"),
            (Some("console.txt"), "console.txt"),
            (Some("a\u{ad}\u{3164}b.txt"), "ab.txt"),
            (Some("\u{2067}txt.\u{2069}exe"), "txt.exe"),
            (Some("name . .jpg"), "name.jpg"),
        ] {
            assert_eq!(safe_name(given, JPEG), name, "{given:?}");
        }
        assert_eq!(safe_name(None, UNKNOWN), "file.bin");
    }

    #[test]
    fn a_name_without_an_ending_stays_as_it_is_where_nothing_better_is_known() {
        let script = FileKind { mime: "text/x-shellscript", extension: "sh", class: Class::Other };
        for kind in [UNKNOWN, script] {
            for name in ["README", "Makefile", "LICENSE", "会议纪要", "v1. the end", "plan.x7q"]
            {
                assert_eq!(safe_name(Some(name), kind), name);
            }
            assert_eq!(safe_name(Some("con"), kind), "_con");
            assert_eq!(safe_name(Some(" README. "), kind), "README");
        }
    }

    #[test]
    fn a_long_name_keeps_its_ending_and_whole_characters() {
        let whole = format!("{}.pdf", "文".repeat(80));
        assert_eq!(safe_name(Some(&whole), JPEG), whole);
        let name = safe_name(Some(&format!("{}.pdf", "文".repeat(100))), JPEG);
        assert_eq!(name, format!("{}.pdf", "文".repeat(83)));
        assert_eq!(safe_name(Some(&"a".repeat(300)), UNKNOWN), "a".repeat(254));
        let family = "👨‍👩‍👧‍👦".repeat(30);
        assert!(safe_name(Some(&family), JPEG).len() <= LONGEST);
        let marks = format!("e{}.txt", "\u{301}".repeat(300));
        assert_eq!(safe_name(Some(&marks), JPEG), "file.txt");
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
