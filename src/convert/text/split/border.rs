//! The places at which a part of a text may end.

use unicode_segmentation::GraphemeCursor;

/// What markup says about the end of a part at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BorderPlace {
    /// A part may end here.
    Free,
    /// A part may end here, within a block of code, where an empty line ends no paragraph.
    Code,
    /// No part may end here.
    Taken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Border {
    Word,
    Sentence,
    Line,
    Paragraph,
}

/// Returns where to cut `rest`, which is longer than `limit`; never 0. `place` tells whether a part
/// may end at a place, and whether the place lies in code.
pub(super) fn best_cut(rest: &str, limit: usize, place: impl Fn(usize) -> BorderPlace) -> usize {
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
            let border = match place(cut) {
                BorderPlace::Free => border,
                BorderPlace::Code => border.map(|border| border.min(Border::Line)),
                BorderPlace::Taken => None,
            };
            if border > best.map(|(border, _)| border) {
                best = border.map(|border| (border, cut));
            }
        }
        if best.is_some_and(|(border, _)| border == Border::Paragraph) {
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

/// Returns how many bytes of white space are dropped at a cut: all but the indentation of a line,
/// and never half of a grapheme.
pub(super) fn lost_space(rest: &str) -> usize {
    let run = &rest[..rest.len() - rest.trim_start().len()];
    let lost = run.rfind('\n').map_or(run.len(), |at| at + 1);
    if is_cluster_border(rest, lost) { lost } else { rest.floor_char_boundary(lost - 1) }
}

fn is_cluster_border(text: &str, at: usize) -> bool {
    // An error would ask for text before or after this one, which does not exist.
    GraphemeCursor::new(at, text.len(), true).is_boundary(text, 0).unwrap_or(true)
}

/// Returns the last border between graphemes up to `end`, or `end` when the first one is longer.
fn last_cluster_border(text: &str, end: usize) -> usize {
    if is_cluster_border(text, end) {
        return end;
    }
    let border = GraphemeCursor::new(end, text.len(), true).prev_boundary(text, 0);
    border.ok().flatten().filter(|border| *border > 0).unwrap_or(end)
}

/// Returns whether a character belongs to a script without spaces between words; Korean has spaces.
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
/// The number of characters in which the mark that ends a sentence is searched backwards.
const MAX_CLOSERS: usize = 4;
