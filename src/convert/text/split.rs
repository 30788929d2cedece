//! Long text in parts under a limit of bytes.

use std::ops::Range;

use unicode_segmentation::GraphemeCursor;

/// The longest text that goes into one item, in UTF-8 bytes. 16 384 is the measured limit
/// (docs/protocol.md §10); the rest is a margin.
pub const WECHAT_TEXT_LIMIT: usize = 16_000;

/// Cuts `text` into parts of at most `limit` UTF-8 bytes (at least 4, the longest character).
///
/// A part ends at the end of a paragraph, else of a line, else of a sentence in its last quarter;
/// else at the border of a word in its last half, where Chinese and Japanese text has one at
/// every character; else between two grapheme clusters. Only a cluster longer than the limit is
/// cut inside, between two characters. White space around a cut is lost, the indentation of a
/// line is not; no part is blank.
pub fn split(text: &str, limit: usize) -> Vec<String> {
    part_ranges(text, limit).into_iter().map(|part| text[part].to_owned()).collect()
}

fn part_ranges(text: &str, limit: usize) -> Vec<Range<usize>> {
    let limit = limit.max(char::MAX.len_utf8());
    let mut parts = Vec::new();
    let mut from = 0;
    while text.len() - from > limit {
        let rest = &text[from..];
        let cut = best_cut(rest, limit);
        let shown = rest[..cut].trim_end().len();
        if shown > 0 {
            parts.push(from..from + shown);
        }
        let step = shown + lost_space(&rest[shown..]);
        // No step is possible only where a space is the first half of a cluster over the limit.
        from += if step == 0 { cut } else { step };
    }
    if !text[from..].trim().is_empty() {
        parts.push(from..text.len());
    }
    parts
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Border {
    Word,
    Sentence,
    Line,
    Paragraph,
}

/// Where to cut `rest`, which is longer than `limit`; never 0.
fn best_cut(rest: &str, limit: usize) -> usize {
    let end = rest.floor_char_boundary(limit);
    let nearest = rest.floor_char_boundary(limit / 2);
    let mut best = None;
    let mut after = rest[end..].chars().next();
    for (at, before) in rest[nearest..end].char_indices().rev() {
        let cut = nearest + at + before.len_utf8();
        let in_last_quarter = cut >= limit - limit / 4;
        if !in_last_quarter && best.is_some() {
            break;
        }
        let border = border_at(rest, cut, before, after)
            .map(|border| if in_last_quarter { border } else { Border::Word });
        if border > best.map(|(border, _)| border) && is_cluster_border(rest, cut) {
            best = border.map(|border| (border, cut));
        }
        if border == Some(Border::Paragraph) {
            break;
        }
        after = Some(before);
    }
    best.map_or_else(|| last_cluster_border(rest, end), |(_, cut)| cut)
}

fn border_at(rest: &str, cut: usize, before: char, after: Option<char>) -> Option<Border> {
    let after = after?;
    if after == '\n' {
        let ends_paragraph = rest[cut..].starts_with("\n\n");
        return Some(if ends_paragraph { Border::Paragraph } else { Border::Line });
    }
    let last_of_sentence =
        rest[..cut].chars().rev().take(MAX_CLOSERS).find(|c| !CLOSERS.contains(*c));
    let ends_sentence = last_of_sentence
        .is_some_and(|c| WIDE_STOPS.contains(c) || (STOPS.contains(c) && after.is_whitespace()));
    if ends_sentence && !CLOSERS.contains(after) && !WIDE_STOPS.contains(after) {
        return Some(Border::Sentence);
    }
    let is_space = before.is_whitespace() || after.is_whitespace();
    let is_between_ideographs = (is_ideographic(before) || is_ideographic(after))
        && !OPENERS.contains(before)
        && ![CLOSERS, WIDE_STOPS, STOPS, PAUSES].iter().any(|marks| marks.contains(after));
    (is_space || is_between_ideographs).then_some(Border::Word)
}

/// How much of the white space at a cut is lost: all but the indentation of a line, and never
/// one half of a cluster.
fn lost_space(rest: &str) -> usize {
    let run = &rest[..rest.len() - rest.trim_start().len()];
    let lost = run.rfind('\n').map_or(run.len(), |at| at + 1);
    if is_cluster_border(rest, lost) { lost } else { rest.floor_char_boundary(lost - 1) }
}

fn is_cluster_border(text: &str, at: usize) -> bool {
    // An error would ask for text before or after this text, and there is none.
    GraphemeCursor::new(at, text.len(), true).is_boundary(text, 0).unwrap_or(true)
}

/// The last border of a cluster up to `end`, or `end` when the first cluster is longer.
fn last_cluster_border(text: &str, end: usize) -> usize {
    if is_cluster_border(text, end) {
        return end;
    }
    let border = GraphemeCursor::new(end, text.len(), true).prev_boundary(text, 0);
    border.ok().flatten().filter(|border| *border > 0).unwrap_or(end)
}

/// Characters of scripts that put no space between words; Korean does.
fn is_ideographic(c: char) -> bool {
    matches!(c,
        '\u{2E80}'..='\u{312F}' | '\u{3190}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{FE30}'..='\u{FE4F}' | '\u{FF00}'..='\u{FFEF}' | '\u{20000}'..='\u{3FFFF}')
}

const STOPS: &str = ".!?";
const WIDE_STOPS: &str = "。！？；…";
const PAUSES: &str = ",;:，、：·";
const CLOSERS: &str = "\"')]}”’）】」』》〉〕";
const OPENERS: &str = "（【「『《〈〔“‘([{";
/// How far back the mark that ends a sentence is looked for.
const MAX_CLOSERS: usize = 4;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_segmentation::UnicodeSegmentation;

    use super::*;

    #[test]
    fn a_text_under_the_limit_stays_as_it_is() {
        assert_eq!(split("", 10), Vec::<String>::new());
        assert_eq!(split(" \n ", 10), [" \n "; 0]);
        assert_eq!(split(" a\n", 10), [" a\n"]);
        assert_eq!(split("1234567890", 10), ["1234567890"]);
    }

    #[test]
    fn the_best_border_near_the_end_is_taken() {
        for (text, limit, parts) in [
            ("one two. three\n\nfour\nfive six", 18, vec!["one two. three", "four\nfive six"]),
            ("one two three\nfour five", 16, vec!["one two three", "four five"]),
            ("It is one. \"And two.\" Three", 24, vec!["It is one. \"And two.\"", "Three"]),
            ("one two three", 9, vec!["one two", "three"]),
            ("one two", 3, vec!["one", "two"]),
            ("unbreakable", 4, vec!["unbr", "eaka", "ble"]),
            ("版本3.5没有空格", 9, vec!["版本3.5", "没有空", "格"]),
            ("今天很好。明天也好", 18, vec!["今天很好。", "明天也好"]),
            ("一二三，四", 9, vec!["一二", "三，四"]),
        ] {
            assert_eq!(split(text, limit), parts, "{text}");
        }
    }

    #[test]
    fn the_indentation_of_a_line_after_a_cut_stays() {
        assert_eq!(split("if x:  \n\n    return", 12), ["if x:", "    return"]);
    }

    #[test]
    fn a_cluster_is_cut_only_when_it_is_longer_than_the_limit() {
        let family = "👨\u{200d}👩\u{200d}👧";
        assert_eq!(split(&family.repeat(2), 30), [family, family]);
        assert_eq!(split("🇩🇪🇫🇷", 12), ["🇩🇪", "🇫🇷"]);
        assert_eq!(split("ab \u{308}c", 4), ["ab", " \u{308}c"]);
        assert_eq!(split("e\u{301}\u{301}\u{301}", 5), ["e\u{301}\u{301}", "\u{301}"]);
        assert_eq!(split(" \u{1e8d0}x", 4), ["\u{1e8d0}", "x"]);
        assert_eq!(split("你好", 1), ["你", "好"]);
    }

    fn texts() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[a-z]{1,12}",
            "[一-龥]{1,8}",
            "[ \n\t.!?。，）\"]{1,3}",
            "[\u{300}-\u{303}\u{1e8d0}]{1,3}",
            Just("👨\u{200d}👩\u{200d}👧".to_owned()),
            Just("🇩🇪".to_owned()),
            Just("\r\n".to_owned()),
            Just("\u{600} ".to_owned()),
            any::<String>(),
        ];
        prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
    }

    fn assert_parts_hold(text: &str, limit: usize) {
        let borders: Vec<usize> =
            text.grapheme_indices(true).map(|(at, _)| at).chain([text.len()]).collect();
        let mut end_of_last = 0;
        for part in part_ranges(text, limit) {
            assert!(part.len() <= limit && !text[part.clone()].trim().is_empty());
            let gap = end_of_last..=part.start;
            assert!(text[end_of_last..part.start].trim().is_empty(), "only white space is lost");
            // The cut lies anywhere in the white space around it.
            let next = borders.partition_point(|border| border < gap.start());
            let is_clean = gap.contains(&borders[next]);
            let is_giant = next > 0 && borders[next] - borders[next - 1] > limit;
            assert!(is_clean || is_giant, "no cluster that fits is cut");
            end_of_last = part.end;
        }
        assert!(text[end_of_last..].trim().is_empty(), "only white space is lost");
    }

    proptest! {
        #[test]
        fn parts_keep_the_text_the_limit_and_the_clusters(text in texts(), limit in 4_usize..80) {
            assert_parts_hold(&text, limit);
        }
    }

    #[test]
    fn large_texts_of_one_kind_are_split_in_one_pass() {
        for piece in ["a", "字", " ", "\n", "🇩🇪", "\u{301}", "👩\u{200d}", "a)", "。", "a \u{308}"]
        {
            let text = piece.repeat((1 << 20) / piece.len());
            for limit in [WECHAT_TEXT_LIMIT, 1_000] {
                let parts = part_ranges(&text, limit);
                assert!(parts.iter().all(|part| part.len() <= limit));
                assert!(parts.len() <= 2 * text.len() / limit + 2);
            }
        }
    }
}
