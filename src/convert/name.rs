//! The names of people, made safe for a line of text that tells who speaks. Pure.
//!
//! People choose their names freely: with invisible characters, line breaks, a colon and words
//! behind it, or letters that only look like those of another person's name.

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, ExtendedPictographic, GeneralCategory},
};
use unicode_security::confusable_detection::skeleton;
use unicode_segmentation::UnicodeSegmentation as _;

use super::text::safe_for_wechat;

/// Returns a name as one short visible line that cannot be mistaken for text; `None` when nothing
/// is left of it.
///
/// - Invisible characters are removed, and those that change the direction of writing; so are marks
///   without a letter, and more than three on one letter. Emoji stay whole.
/// - White space, line breaks included, becomes single spaces.
/// - Colons and similar characters become `·`: the text before the first colon of a line is the
///   speaker.
/// - What WeChat reads as markup or a tag is replaced, and a long name is cut.
pub fn name(given: &str) -> Option<String> {
    let words: String = visible(given).chars().map(harmless).collect();
    let mut left = LONGEST;
    let fits = |cluster: &&str| {
        let fits = cluster.chars().count() <= left;
        left = left.saturating_sub(cluster.chars().count());
        fits
    };
    let short: String = words.graphemes(true).take_while(fits).collect();
    let safe = safe_for_wechat(&short).into_owned();
    safe.chars().any(|c| !is_mark(c)).then_some(safe)
}

/// Returns a name without its invisible characters, for a place where it stands alone, such as the
/// name of a room. Empty when nothing is left of it.
pub fn visible(given: &str) -> String {
    let seen = seen(given);
    let words: Vec<_> = seen.split_whitespace().collect();
    match words.iter().all(|word| word.chars().all(is_mark)) {
        true => String::new(),
        false => words.join(" "),
    }
}

/// Returns the name or, where nothing is left of it, the `id`, such as the localpart of a user id.
pub fn name_or(given: Option<&str>, id: &str) -> String {
    let given = given.and_then(name);
    given.or_else(|| name(id)).unwrap_or_else(|| NAMELESS.to_owned())
}

/// Returns the name, with the `id` behind it when one of `others` looks alike, whatever letters it
/// is written with. Both `name` and `others` must be results of [`name`].
pub fn told_apart<'a>(name: &str, id: &str, others: impl IntoIterator<Item = &'a str>) -> String {
    let looks = look_of(name);
    match others.into_iter().any(|other| look_of(other) == looks) {
        true => format!("{name} ({})", name_or(Some(id), id)),
        false => name.to_owned(),
    }
}

/// Returns whether a text has no visible character.
pub fn shows_nothing(text: &str) -> bool {
    text.chars().all(|c| is_blank(c) || is_invisible(c))
}

/// Returns a key that is equal for names that look alike: it ignores case, white space and the
/// differences between letters of one shape.
fn look_of(name: &str) -> String {
    let shape = |text: &str| skeleton(text).collect::<String>();
    // Done twice, since the lower-case letter of a shape may have another shape: `I` looks like
    // `l`.
    let lower = shape(&shape(name).to_lowercase()).to_lowercase();
    shape(&lower).chars().filter(|c| !c.is_whitespace()).collect()
}

/// Removes the characters that are not visible.
fn seen(given: &str) -> String {
    let mut seen = String::with_capacity(given.len());
    let mut marks = 0;
    let mut letters = given.chars().take(MOST_READ).peekable();
    while let Some(c) = letters.next() {
        let before = seen.chars().next_back();
        if is_blank(c) {
            marks = 0;
            seen.push(' ');
        } else if joins_emoji(c, before, letters.peek().copied()) {
            seen.push(c);
        } else if is_invisible(c) {
            continue;
        } else if is_mark(c) {
            marks += 1;
            if before.is_some_and(|before| before != ' ') && marks <= MOST_MARKS {
                seen.push(c);
            }
        } else {
            marks = 0;
            seen.push(c);
        }
    }
    seen
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

/// Returns whether a character is white space of any kind, or a letter that is drawn as empty
/// space.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{2800}' | '\u{1d159}')
}

fn is_invisible(c: char) -> bool {
    let hidden = matches!(category(c), GeneralCategory::Control | GeneralCategory::Format);
    hidden || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Returns whether a character is drawn on the letter before it and takes no space of its own.
fn is_mark(c: char) -> bool {
    matches!(category(c), GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark)
}

/// Returns whether an invisible character is a part of the emoji around it or before it.
fn joins_emoji(c: char, before: Option<char>, after: Option<char>) -> bool {
    let is_emoji = |c: Option<char>| {
        let set = CodePointSetData::new::<ExtendedPictographic>();
        c.is_some_and(|c| set.contains(c) || matches!(c, '\u{1f3fb}'..='\u{1f3ff}'))
    };
    match c {
        '\u{200d}' => (is_emoji(before) || before == Some('\u{fe0f}')) && is_emoji(after),
        '\u{fe0f}' => is_emoji(before) || after == Some('\u{20e3}'),
        _ => false,
    }
}

/// Replaces colons of all scripts by a dot, and a backtick, which begins code, by a quotation mark.
fn harmless(c: char) -> char {
    match c {
        ':' | '：' | '\u{a789}' | '\u{2236}' | '\u{fe13}' | '\u{fe55}' | '\u{fe30}' | '\u{2d0}'
        | '\u{2f8}' | '\u{589}' | '\u{5c3}' | '\u{703}' | '\u{704}' | '\u{1365}' | '\u{1366}'
        | '\u{16ec}' | '\u{1803}' | '\u{1809}' | '\u{205a}' | '\u{a4fd}' | '\u{2982}'
        | '\u{2237}' | '\u{205d}' | '\u{2254}' | '\u{2a74}' => '·',
        '`' => '’',
        c => c,
    }
}

/// The greatest length of a name, in characters.
const LONGEST: usize = 40;
/// The number of characters of a name that are looked at.
const MOST_READ: usize = 1_000;
/// The greatest number of marks on one letter; Vietnamese has two, Hebrew three.
const MOST_MARKS: usize = 3;
/// The name of a person who has neither a visible name nor a visible id.
const NAMELESS: &str = "?";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_one_short_line_in_which_all_is_seen() {
        for (given, shown) in [
            ("张三", "张三"),
            ("  Bob\n the\t builder ", "Bob the builder"),
            ("Bob\u{2028}Mum\u{2029}x\u{85}y\u{3000}z", "Bob Mum x y z"),
            ("<b>Bob</b>", "＜b＞Bob＜/b＞"),
            ("\u{202e}muM\u{202c}\u{2066}x\u{2069}\u{61c}", "muMx"),
            ("M\u{200b}u\u{ad}m\u{2060}\u{feff}\u{34f}\u{180e}", "Mum"),
            ("Mum\u{e0041}\u{e007f}\u{e0100}\u{fe0e}", "Mum"),
            ("\u{3164}Mum\u{ffa0}\u{115f}\u{1160}", "Mum"),
            ("\u{2800}Mum\u{2800}\u{2800}Li", "Mum Li"),
            ("a\u{301}\u{301}\u{301}\u{301}\u{301}b", "a\u{301}\u{301}\u{301}b"),
            ("\u{301}a \u{20dd}b", "a b"),
            ("Nguyễn Thị Bé", "Nguyễn Thị Bé"),
            ("สมหญิง", "สมหญิง"),
            ("नमस्ते", "नमस्ते"),
            (
                "👨\u{200d}👩\u{200d}👧 ❤\u{fe0f} 1\u{fe0f}\u{20e3}",
                "👨\u{200d}👩\u{200d}👧 ❤\u{fe0f} 1\u{fe0f}\u{20e3}",
            ),
            ("👩🏽\u{200d}🚀🏳\u{fe0f}\u{200d}🌈", "👩🏽\u{200d}🚀🏳\u{fe0f}\u{200d}🌈"),
            ("Mum: send money", "Mum· send money"),
            ("Mum： x꞉∶︓﹕ː˸։׃", "Mum· x········"),
            ("```sh", "’’’sh"),
        ] {
            assert_eq!(name(given).as_deref(), Some(shown), "{given:?}");
        }
        assert_eq!(name(&"好".repeat(100)).unwrap().chars().count(), LONGEST);
        let family = "👨\u{200d}👩\u{200d}👧".repeat(20);
        assert_eq!(name(&family), Some("👨\u{200d}👩\u{200d}👧".repeat(8)));
    }

    #[test]
    fn a_name_of_which_nothing_is_seen_is_none() {
        assert_eq!(visible(" Mum:\n<\u{202e}3 "), "Mum: <3");
        for given in ["", " \n", "\u{7}", "\u{200b}\u{e0041}", "\u{3164}", "\u{2800}", "\u{301}"] {
            assert_eq!((name(given), visible(given).as_str()), (None, ""), "{given:?}");
            assert_eq!(name_or(Some(given), "ann"), "ann");
            assert_eq!(shows_nothing(given), given != "\u{301}");
        }
        assert_eq!(name_or(None, "ann:b"), "ann·b");
        assert_eq!(name_or(None, "\u{200b}"), NAMELESS);
    }

    #[test]
    fn who_looks_like_another_is_told_apart() {
        for (one, other, same) in [
            ("Mum", "Mum", true),
            ("Mum", "mum", true),
            ("Mum", "Мum", true),
            ("Mum", "Ｍｕｍ", true),
            ("Lisa", "Iisa", true),
            ("Ann Lee", "AnnLee", true),
            ("Mum", "Dad", false),
            ("张三", "张三", true),
            ("张三", "张二", false),
        ] {
            let (one, other) = (name(one).unwrap(), name(other).unwrap());
            let shown = told_apart(&one, "eve", ["Zoe", &other]);
            assert_eq!(shown, if same { format!("{one} (eve)") } else { one }, "{other}");
        }
        assert_eq!(told_apart("Mum", "eve", []), "Mum");
    }

    proptest! {
        #[test]
        fn no_name_breaks_the_line_or_fakes_another(given in any::<String>()) {
            if let Some(shown) = name(&given) {
                prop_assert!(!shown.contains(['\n', '\r', ':', '：', '<', '>', '`']));
                prop_assert_eq!(shown.trim(), &shown);
                prop_assert!(shown.chars().count() <= LONGEST);
                prop_assert_eq!(name(&shown), Some(shown.clone()));
            }
        }
    }
}
