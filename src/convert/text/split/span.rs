//! The spans of markup in a text, which a part must keep whole, or close and open again.
//!
//! Reads the Markdown that WeChat shows (docs/protocol.md §5) in one pass.

use std::{collections::BTreeMap, ops::Range};

/// A piece of markup, including its marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    /// The range of the whole span.
    pub(super) all: Range<usize>,
    /// The range between the marks, from the first letter on.
    pub(super) inner: Range<usize>,
    /// The marks that open it again in the next part, and close it at the end of a part.
    pub(super) marks: Marks,
    /// The index of the surrounding span.
    pub(super) parent: Option<usize>,
}

/// The marks with which a span is closed and opened again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Marks {
    /// A fence around a block of code of any length; each mark is a line.
    Fence { open: String, close: String },
    /// A mark that stands on both sides, such as `**`.
    Same(String),
    /// No marks: an address, which must never be cut.
    None,
}

impl Marks {
    pub(super) fn open(&self) -> &str {
        match self {
            Self::Fence { open, .. } => open,
            Self::Same(mark) => mark,
            Self::None => "",
        }
    }

    pub(super) fn close(&self) -> &str {
        match self {
            Self::Fence { close, .. } => close,
            Self::Same(mark) => mark,
            Self::None => "",
        }
    }

    /// Returns the length of both marks in bytes.
    pub(super) fn len(&self) -> usize {
        self.open().len() + self.close().len()
    }

    pub(super) fn is_fence(&self) -> bool {
        matches!(self, Self::Fence { .. })
    }
}

/// Returns all spans in the order in which they begin; each lies in its parent as a whole.
pub(super) fn spans(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let (mut from, mut paragraph) = (0, 0);
    while from < text.len() {
        let end = line_end(text, from);
        let line = &text[from..end];
        if let Some(fence) = fence_at(text, from..end) {
            inline(text, paragraph..from, &mut found);
            from = fence.all.end.max(end);
            paragraph = from;
            found.push(fence);
            continue;
        }
        if line.trim_matches(|c: char| c.is_whitespace() || c == '>').is_empty() {
            inline(text, paragraph..from, &mut found);
            paragraph = end;
        }
        from = end;
    }
    inline(text, paragraph..text.len(), &mut found);
    found.sort_by_key(|span| (span.all.start, std::cmp::Reverse(span.all.end)));
    nest(found)
}

/// Returns the position behind the end of the line.
fn line_end(text: &str, from: usize) -> usize {
    text[from..].find('\n').map_or(text.len(), |at| from + at + 1)
}

/// Sets the parent of each span; one that crosses the border of another is left out.
fn nest(found: Vec<Span>) -> Vec<Span> {
    let mut nested: Vec<Span> = Vec::with_capacity(found.len());
    let mut open: Vec<usize> = Vec::new();
    for mut span in found {
        while open.last().is_some_and(|last| nested[*last].all.end <= span.all.start) {
            open.pop();
        }
        span.parent = open.last().copied();
        let fits = span.parent.is_none_or(|parent| {
            let inner = &nested[parent].inner;
            inner.start <= span.all.start && span.all.end <= inner.end
        });
        if fits {
            open.push(nested.len());
            nested.push(span);
        }
    }
    nested
}

/// Returns the fence that a line opens, up to the line that closes it or the end of the text.
fn fence_at(text: &str, line: Range<usize>) -> Option<Span> {
    let (start, first) = (line.start, text[line.clone()].trim_end());
    let lead = first.len() - first.trim_start_matches(is_lead).len();
    let lead = if lead == 0 { numbered(first) } else { lead };
    let (before, rest) = first.split_at(lead);
    let sign = rest.chars().next().filter(|sign| matches!(sign, '`' | '~'))?;
    let run = rest.len() - rest.trim_start_matches(sign).len();
    let language = &rest[run..];
    if !(3..=LONGEST_RUN).contains(&run) || language.contains('`') {
        return None;
    }
    let (inner_end, end) = closing(text, line.end, (sign, run));
    let margin: String = before.chars().map(|c| if c == '>' { '>' } else { ' ' }).collect();
    let fence = &rest[..run];
    let language = if language.len() <= LONGEST_LANGUAGE { language } else { "" };
    let content = &text[line.end..inner_end.max(line.end)];
    let blank = content.len() - content.trim_start().len();
    Some(Span {
        all: start..end,
        inner: line.end + blank..inner_end,
        marks: Marks::Fence {
            open: format!("{margin}{fence}{language}\n"),
            close: format!("\n{margin}{fence}"),
        },
        parent: None,
    })
}

/// Returns whether a character may stand before a fence: marks of quotes, bullets and indentation.
fn is_lead(c: char) -> bool {
    matches!(c, '>' | ' ' | '\t' | '•')
}

/// Returns the length of the number before an item of a list, such as `1. `.
fn numbered(line: &str) -> usize {
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    if digits > 0 && line[digits..].starts_with(". ") { digits + 2 } else { 0 }
}

/// Returns the end of a fence's content, before its last line break, and the end of the fence.
fn closing(text: &str, from: usize, (sign, run): (char, usize)) -> (usize, usize) {
    let mut at = from;
    while at < text.len() {
        let end = line_end(text, at);
        let line = text[at..end].trim_end();
        let marks = line.trim_start_matches(is_lead);
        let closes = marks.len() >= run && marks.chars().all(|c| c == sign);
        if closes {
            let inner = if at > from { at - 1 } else { at };
            return (inner, at + line.len());
        }
        at = end;
    }
    (text.len(), text.len())
}

/// Finds code, addresses, links and emphasis in one paragraph.
fn inline(text: &str, paragraph: Range<usize>, found: &mut Vec<Span>) {
    if paragraph.is_empty() {
        return;
    }
    let taken = code(text, &paragraph, found);
    let mut reader = Reader::new(text, paragraph.end, found);
    let mut at = paragraph.start;
    let mut taken = taken.into_iter().peekable();
    while at < paragraph.end {
        if let Some(code) = taken.next_if(|code| code.start <= at) {
            at = at.max(code.end);
            continue;
        }
        let end = taken.peek().map_or(paragraph.end, |code| code.start);
        at = reader.step(at, end);
    }
}

/// Finds code in backticks, which is closed by a run of as many as have opened it.
fn code(text: &str, paragraph: &Range<usize>, found: &mut Vec<Span>) -> Vec<Range<usize>> {
    let runs = runs_of(text, paragraph.clone());
    let last: BTreeMap<usize, usize> =
        runs.iter().enumerate().map(|(number, run)| (run.len(), number)).collect();
    let (mut taken, mut number) = (Vec::new(), 0);
    while let Some(open) = runs.get(number) {
        let is_last = last.get(&open.len()) == Some(&number);
        number += 1;
        if is_last || open.len() > LONGEST_RUN {
            continue;
        }
        let mut behind = runs[number..].iter();
        let Some(more) = behind.position(|run| run.len() == open.len()) else { continue };
        let close = &runs[number + more];
        let marks = Marks::Same(text[open.clone()].to_owned());
        taken.push(open.start..close.end);
        found.push(Span {
            all: open.start..close.end,
            inner: open.end..close.start,
            marks,
            parent: None,
        });
        number += more + 1;
    }
    taken
}

fn runs_of(text: &str, paragraph: Range<usize>) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (at, _) in text[paragraph.clone()].match_indices('`') {
        let at = paragraph.start + at;
        match runs.last_mut().filter(|run| run.end == at) {
            Some(run) => run.end += 1,
            None => runs.push(at..at + 1),
        }
    }
    runs
}

/// A reader of a paragraph's text outside code.
struct Reader<'a, 'b> {
    text: &'a str,
    end: usize,
    found: &'b mut Vec<Span>,
    /// The open emphasis: its marks and their positions.
    open: Vec<(&'static str, usize)>,
    /// The position at which the text of a link may have begun.
    bracket: Option<usize>,
    /// The position before which no target of a link ends.
    no_target: usize,
}

impl<'a, 'b> Reader<'a, 'b> {
    fn new(text: &'a str, end: usize, found: &'b mut Vec<Span>) -> Self {
        Self { text, end, found, open: Vec::new(), bracket: None, no_target: 0 }
    }

    /// Reads the markup at `at`; returns the next position to read, at most `end`.
    fn step(&mut self, at: usize, end: usize) -> usize {
        let rest = &self.text[at..end];
        let Some(sign) = rest.find(['*', '~', '[', ']', 'h', 'f', 'm']) else { return end };
        let at = at + sign;
        let rest = &self.text[at..end];
        if let Some(address) = address_len(self.text, at, rest) {
            self.push(at..at + address, Marks::None);
            return at + address;
        }
        match rest.as_bytes().first() {
            Some(b'[') => self.bracket = Some(at),
            Some(b']') => return self.link(at, end),
            Some(b'*') if rest.starts_with("**") => return self.emphasis(at, "**"),
            Some(b'*') => return self.emphasis(at, "*"),
            Some(b'~') if rest.starts_with("~~") => return self.emphasis(at, "~~"),
            _ => {}
        }
        at + 1
    }

    fn push(&mut self, all: Range<usize>, marks: Marks) {
        let len = marks.open().len();
        let inner = all.start + len..all.end - len;
        self.found.push(Span { all, inner, marks, parent: None });
    }

    /// Makes a link of `](…)` and an opened bracket before it.
    fn link(&mut self, at: usize, end: usize) -> usize {
        let Some(start) = self.bracket.take() else { return at + 1 };
        let target = &self.text[at + 1..end];
        if !target.starts_with('(') || at < self.no_target {
            return at + 1;
        }
        let stops = |c: char| c.is_whitespace() || c == ')';
        match target.find(stops).filter(|stop| target[*stop..].starts_with(')')) {
            Some(stop) => {
                let behind = at + 1 + stop + 1;
                self.push(start..behind, Marks::None);
                behind
            }
            None => {
                self.no_target = at + 1 + target.find(stops).unwrap_or(target.len());
                at + 1
            }
        }
    }

    /// Closes emphasis with a mark behind a word, and opens it with one before a word.
    fn emphasis(&mut self, at: usize, mark: &'static str) -> usize {
        let behind = at + mark.len();
        let is_word = |c: Option<char>| c.is_some_and(|c| !c.is_whitespace());
        let before = is_word(self.text[..at].chars().next_back());
        let after = is_word(self.text[behind..self.end].chars().next());
        let opened = self.open.iter().rposition(|(open, _)| *open == mark);
        match opened {
            Some(number) if before && self.open[number].1 + mark.len() < at => {
                let start = self.open[number].1;
                self.open.truncate(number);
                self.push(start..behind, Marks::Same(mark.to_owned()));
            }
            Some(_) => {}
            None if after => self.open.push((mark, at)),
            None => {}
        }
        behind
    }
}

/// Returns the length of an address that begins here, if one does.
fn address_len(text: &str, at: usize, rest: &str) -> Option<usize> {
    let scheme = SCHEMES.iter().find(|scheme| rest.starts_with(**scheme))?;
    if text[..at].chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    let ends = |c: char| c.is_whitespace() || ADDRESS_ENDS.contains(c) || !c.is_ascii();
    let len = rest.find(ends).unwrap_or(rest.len());
    let len = rest[..len].trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '~', ')']).len();
    (len > scheme.len()).then_some(len)
}

const SCHEMES: [&str; 5] = ["https://", "http://", "ftp://", "mailto:", "magnet:"];
const ADDRESS_ENDS: &str = "<>\"`|";
/// The greatest length of a run of marks; longer runs are decoration.
const LONGEST_RUN: usize = 16;
/// The greatest length of the language behind a fence that is repeated in the next part.
const LONGEST_LANGUAGE: usize = 40;
