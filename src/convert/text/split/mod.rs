//! The split of a long text into parts under a limit of bytes.

mod border;
mod span;
#[cfg(test)]
mod tests;

use std::ops::Range;

use border::{BorderPlace, best_cut, lost_space};
use span::{Span, spans};

/// The longest text of one item, in UTF-8 bytes. The measured limit is 16 384 (docs/protocol.md
/// §10); the rest is a margin.
pub const WECHAT_TEXT_LIMIT: usize = 16_000;

/// Cuts `text` into parts of at most `limit` UTF-8 bytes (at least 4, the longest character).
///
/// A part ends at the end of a paragraph, else of a line, else of a sentence in its last quarter;
/// else at the border of a word in its last half, where Chinese and Japanese text has one at every
/// character; else between two graphemes. Only a grapheme longer than the limit is cut inside,
/// between two characters. White space around a cut is dropped, the indentation of a line is not;
/// no part is blank.
///
/// Markup stays whole: a part ends before bold or struck text, code in a line, a link or an address
/// that does not fit into it. Markup that is itself longer than the limit, and a block of code, is
/// closed at the end of a part and opened again in the next one.
pub fn split(text: &str, limit: usize) -> Vec<String> {
    split_led(None, text, limit)
}

/// Cuts `text` as [`split`] does, and puts `lead`, such as `Ann: `, before each part.
///
/// The lead counts towards the limit. Markup that has to begin a line, such as a block of code,
/// begins the line below it. A lead that would take more than half of the limit is cut.
pub fn split_led(lead: Option<&str>, text: &str, limit: usize) -> Vec<String> {
    let parts = parts(lead, text, limit).into_iter();
    parts.map(|part| format!("{}{}{}", part.head, &text[part.shown], part.tail)).collect()
}

/// One part: a range of the text, and the markup before and behind it.
#[derive(Debug)]
struct TextPart {
    head: String,
    shown: Range<usize>,
    tail: String,
}

fn parts(lead: Option<&str>, text: &str, limit: usize) -> Vec<TextPart> {
    let limit = limit.max(char::MAX.len_utf8());
    let lead = lead.unwrap_or_default();
    let lead = &lead[..lead.floor_char_boundary((limit / 2).min(limit - char::MAX.len_utf8()))];
    let is_short = lead.len() + text.len() <= limit;
    let spans = if is_short { Vec::new() } else { spans(text) };
    let mut cutter = Cutter { text, limit, lead, longest_tail: 0, spans, from: 0 };
    let tails = cutter.spans.iter().map(|span| cutter.tail_len(span.all.start + 1));
    cutter.longest_tail = tails.max().unwrap_or_default();
    std::iter::from_fn(|| cutter.next_part()).collect()
}

struct Cutter<'a> {
    text: &'a str,
    limit: usize,
    lead: &'a str,
    spans: Vec<Span>,
    /// The number of bytes to keep free for the marks that close open markup.
    longest_tail: usize,
    /// The position at which the next part begins.
    from: usize,
}

impl Cutter<'_> {
    fn next_part(&mut self) -> Option<TextPart> {
        loop {
            self.pass_closing_fence();
            let (from, text) = (self.from, self.text);
            let rest = &text[from..];
            if rest.trim().is_empty() {
                return None;
            }
            let (head, keeps) = self.head();
            if head.len() + rest.len() <= self.limit {
                self.from = text.len();
                return Some(TextPart { head, shown: from..text.len(), tail: String::new() });
            }
            let room = self.limit - head.len();
            let cut =
                if keeps { self.cut(room) } else { best_cut(rest, room, |_| BorderPlace::Free) };
            let shown = rest[..cut].trim_end().len();
            let step = shown + lost_space(&rest[shown..]);
            // A step of zero happens only where a space is the first half of a grapheme over the
            // limit.
            self.from += if step == 0 { cut } else { step };
            if shown > 0 {
                let tail = if keeps { self.tail(from + cut) } else { String::new() };
                return Some(TextPart { head, shown: from..from + shown, tail });
            }
        }
    }

    /// Skips the line that closes a block of code when nothing else is left of the block, since the
    /// last part has closed it.
    fn pass_closing_fence(&mut self) {
        let fence = self.around(self.from).find(|span| span.marks.is_fence());
        if let Some(end) = fence.filter(|f| self.from >= f.inner.end).map(|fence| fence.all.end) {
            self.from = end + lost_space(&self.text[end..]);
        }
    }

    /// Returns the beginning of a part, and whether markup is kept whole in it, for which a limit
    /// of a few bytes leaves no room.
    fn head(&self) -> (String, bool) {
        let around: Vec<_> = self.around(self.from).collect();
        let opening: String = around.iter().rev().map(|span| span.marks.open()).collect();
        let starts_line = begins_block(&opening) || begins_block(&self.text[self.from..]);
        let mut head = self.lead.to_owned();
        if starts_line && !head.is_empty() {
            head.truncate(head.trim_end().len());
            head.push('\n');
        }
        let most = head.len() + opening.len() + self.longest_tail;
        let keeps = most <= self.limit / 2 && most + char::MAX.len_utf8() <= self.limit;
        match keeps {
            true => (head + opening.as_str(), true),
            false => (self.lead.to_owned(), false),
        }
    }

    /// Returns where to end a part of at most `room` bytes, tail included; relative to its
    /// beginning.
    fn cut(&self, room: usize) -> usize {
        let rest = &self.text[self.from..];
        let cut = best_cut(rest, self.reach(room), |cut| self.place(cut, room));
        let free = |cut: &usize| self.place(*cut, room) != BorderPlace::Taken;
        let before = rest[..cut].char_indices().rev().map(|(at, _)| at).filter(|at| *at > 0);
        let found = std::iter::once(cut).chain(before.take(FARTHEST)).find(free);
        found.unwrap_or_else(|| rest.floor_char_boundary(room - self.longest_tail))
    }

    /// Returns the greatest end of a part, which lies outside the markup that stays whole.
    fn reach(&self, room: usize) -> usize {
        let (text, from) = (self.text, self.from);
        let floor = |end: usize| text.floor_char_boundary(from + end) - from;
        let mut end = floor(room);
        for _ in 0..FARTHEST {
            let around: Vec<_> = self.around(from + end).collect();
            let blocks = |span: &&&Span| {
                span.all.start > from && (self.is_whole(span) || from + end <= span.inner.start)
            };
            if let Some(span) = around.iter().rev().find(blocks) {
                end = span.all.start - from;
                continue;
            }
            let ended = around.iter().find(|s| from + end >= s.inner.end && s.inner.end > from + 1);
            if let Some(span) = ended.filter(|span| span.marks.len() > 0) {
                end = floor(span.inner.end - 1 - from);
                continue;
            }
            let tail = self.tail_len(from + end);
            if end + tail <= room {
                break;
            }
            end = floor(room - tail);
        }
        end
    }

    /// Returns whether the part may end there.
    fn place(&self, cut: usize, room: usize) -> BorderPlace {
        if self.spans.is_empty() {
            return BorderPlace::Free;
        }
        let at = self.from + cut;
        let is_taken = |span: &Span| {
            let in_marks = span.marks.len() > 0 && (at <= span.inner.start || at >= span.inner.end);
            in_marks || self.is_whole(span)
        };
        if cut + self.tail_len(at) > room || self.around(at).any(is_taken) {
            return BorderPlace::Taken;
        }
        match self.around(at).any(|span| span.marks.is_fence()) {
            true => BorderPlace::Code,
            false => BorderPlace::Free,
        }
    }

    /// Returns whether a span must not be cut, because it fits into a part of its own.
    fn is_whole(&self, span: &Span) -> bool {
        let parents = std::iter::successors(self.parent(span), |span| self.parent(span));
        let more: usize = parents.map(|parent| parent.marks.len()).sum();
        !span.marks.is_fence() && self.lead.len() + more + span.all.len() <= self.limit
    }

    fn parent(&self, span: &Span) -> Option<&Span> {
        span.parent.and_then(|parent| self.spans.get(parent))
    }

    /// Returns the spans that contain a place, innermost first.
    fn around(&self, at: usize) -> impl Iterator<Item = &Span> {
        let before = self.spans.partition_point(|span| span.all.start < at);
        let last = before.checked_sub(1).and_then(|last| self.spans.get(last));
        let all = std::iter::successors(last, |span| self.parent(span));
        all.filter(move |span| at < span.all.end)
    }

    /// Returns the marks that close everything that is open at a place.
    fn tail(&self, at: usize) -> String {
        self.around(at).map(|span| span.marks.close()).collect()
    }

    fn tail_len(&self, at: usize) -> usize {
        self.around(at).map(|span| span.marks.close().len()).sum()
    }
}

/// Returns whether a text has to begin a line: code, a quote, a table or a heading.
fn begins_block(text: &str) -> bool {
    ["```", "~~~", "> ", "| ", "# ", "## ", "### ", "#### "].iter().any(|m| text.starts_with(m))
}

/// The number of steps in which a better cut is searched; no markup has so many marks in a row.
const FARTHEST: usize = 64;
