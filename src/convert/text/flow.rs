//! A writer for lines of words and blocks: margins, quote marks, bullets, white space.
//!
//! Knows nothing of HTML.

/// Text that is written block by block; white space is written only before further text.
#[derive(Debug, Default)]
pub(super) struct TextFlow {
    text: String,
    containers: Vec<Container>,
    /// The number of line ends that blocks require before the next text; the greatest one counts.
    margin: usize,
    /// The number of line ends that were written one by one.
    breaks: usize,
    space: bool,
    /// Whether one quote has been open since the last written character.
    quoted_since: bool,
    one_line: bool,
    overflown: bool,
    /// The open marks, each with its position once text was written behind it.
    marks: Vec<(&'static str, Option<usize>)>,
}

/// A block that puts a prefix before each of its lines.
#[derive(Debug)]
pub(super) enum Container {
    /// A quote: one mark per line, however deeply quotes are nested.
    Quote,
    /// A list; for a numbered one, the number of its next item.
    List { next: Option<i64> },
    /// An item of a list; its further lines are indented by the width of the marker.
    Item { marker: String, written: bool },
}

impl TextFlow {
    /// Writes text whose white space only separates words.
    pub(super) fn words(&mut self, text: &str) {
        let is_space = |c: char| c.is_ascii_whitespace();
        self.space |= text.starts_with(is_space);
        for word in text.split(is_space).filter(|word| !word.is_empty()) {
            self.put(word);
            self.space = true;
        }
        self.space = text.ends_with(is_space) || (self.space && text.is_empty());
    }

    /// Writes text whose white space is kept.
    pub(super) fn verbatim(&mut self, text: &str) {
        for (i, line) in text.split('\n').enumerate() {
            if i > 0 && self.one_line {
                self.space = true;
            } else if i > 0 {
                self.breaks += 1;
            }
            if !line.is_empty() {
                self.put(line);
            }
        }
    }

    /// Ends the line; several in a row leave at most two lines empty.
    pub(super) fn line_break(&mut self) {
        if self.one_line {
            self.space = true;
        } else {
            self.breaks = self.breaks.max((self.breaks + 1).min(MAX_BREAKS));
        }
    }

    /// Starts a new line for the next text.
    pub(super) fn line(&mut self) {
        if self.one_line {
            self.space = true;
        } else {
            self.margin = self.margin.max(1);
        }
    }

    /// Puts an empty line before the next text; within a list only a new line.
    pub(super) fn block(&mut self) {
        self.line();
        let in_list = self.containers.iter().any(|c| matches!(c, Container::Item { .. }));
        if !self.one_line && !in_list {
            self.margin = 2;
        }
    }

    /// Sets whether line ends become spaces from here on, as in a cell of a table.
    pub(super) fn keep_on_one_line(&mut self, one_line: bool) {
        self.one_line = one_line;
    }

    /// Opens a pair of marks around the next text; without text nothing is written.
    pub(super) fn open_mark(&mut self, mark: &'static str) {
        self.marks.push((mark, None));
    }

    /// Closes the innermost pair of this mark. The pair is removed when `stays` returns false for
    /// the text between them.
    pub(super) fn close_mark(&mut self, mark: &str, stays: impl Fn(&str) -> bool) {
        let Some(at) = self.marks.iter().rposition(|(open, _)| *open == mark) else { return };
        let (mark, written) = self.marks.remove(at);
        let Some(start) = written else { return };
        match self.text.get(start + mark.len()..).is_some_and(stays) {
            true => self.text.push_str(mark),
            false => self.take_away(start, mark.len()),
        }
    }

    /// Closes the innermost pair around code, with so many backticks that the code contains no
    /// equal run.
    pub(super) fn close_code(&mut self, mark: &'static str) {
        let opened = self.marks.iter().rev().find(|(open, _)| *open == mark);
        let Some(start) = opened.and_then(|(_, written)| *written) else {
            return self.close_mark(mark, |_| true);
        };
        let code = self.text.get(start + mark.len()..).unwrap_or_default();
        let runs = || code.split(|c| c != '`').map(str::len);
        let longer = (1..).find(|len| runs().all(|run| run != *len)).unwrap_or(1) - 1;
        let space = if code.starts_with('`') || code.ends_with('`') { " " } else { "" };
        self.close_mark(mark, |_| true);
        if longer > 0 {
            let more = mark.repeat(longer);
            self.text.insert_str(self.text.len() - mark.len(), space);
            self.text.push_str(&more);
            self.insert(start, &more);
            self.insert(start + more.len() + mark.len(), space);
        }
    }

    /// Returns the length of the text in bytes.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Returns the text that was written from `start` on.
    pub(super) fn since(&self, start: usize) -> &str {
        self.text.get(start..).unwrap_or_default()
    }

    /// Inserts text at `start`.
    pub(super) fn insert(&mut self, start: usize, more: &str) {
        self.text.insert_str(start, more);
        self.move_marks(start, |at| at + more.len());
    }

    fn take_away(&mut self, start: usize, len: usize) {
        self.text.replace_range(start..start + len, "");
        self.move_marks(start, |at| at - len);
    }

    fn move_marks(&mut self, behind: usize, to: impl Fn(usize) -> usize) {
        for written in self.marks.iter_mut().filter_map(|(_, written)| written.as_mut()) {
            if *written > behind {
                *written = to(*written);
            }
        }
    }

    /// Opens a quote.
    pub(super) fn open_quote(&mut self) {
        self.block();
        self.open(Container::Quote);
    }

    /// Opens a list that counts from `first`, or one with bullets.
    pub(super) fn open_list(&mut self, first: Option<i64>) {
        self.block();
        self.open(Container::List { next: first.map(|n| n.clamp(-MAX_NUMBER, MAX_NUMBER)) });
    }

    /// Opens an item of the open list, and ends the item before it.
    pub(super) fn open_item(&mut self) {
        self.close_item();
        self.line();
        let marker = match self.containers.last_mut() {
            Some(Container::List { next: Some(number) }) => {
                *number += 1;
                format!("{}. ", *number - 1)
            }
            _ => "• ".to_owned(),
        };
        self.open(Container::Item { marker, written: false });
    }

    /// Closes the innermost quote, if one is open, with everything inside.
    pub(super) fn close_quote(&mut self) {
        if let Some(at) = self.innermost(|c| matches!(c, Container::Quote)) {
            self.containers.truncate(at);
            self.quoted_since &= self.is_quoted();
        }
        self.block();
    }

    /// Closes the innermost list, if one is open, with everything inside.
    pub(super) fn close_list(&mut self) {
        if let Some(at) = self.innermost(|c| matches!(c, Container::List { .. })) {
            self.containers.truncate(at);
        }
        self.block();
    }

    /// Closes the item of the innermost list, if one is open, with everything inside.
    pub(super) fn close_item(&mut self) {
        let list = self.innermost(|c| matches!(c, Container::List { .. }));
        let item = self.innermost(|c| matches!(c, Container::Item { .. }));
        if let Some(at) = item.filter(|_| item > list) {
            self.containers.truncate(at);
        }
        self.line();
    }

    /// Returns the text; `None` when it is empty, too long or nested too deeply.
    pub(super) fn finish(mut self) -> Option<String> {
        self.text.truncate(self.text.trim_end().len());
        (!self.overflown && !self.text.is_empty()).then_some(self.text)
    }

    fn is_quoted(&self) -> bool {
        self.innermost(|c| matches!(c, Container::Quote)).is_some()
    }

    fn innermost(&self, is_wanted: impl Fn(&Container) -> bool) -> Option<usize> {
        self.containers.iter().rposition(is_wanted)
    }

    fn open(&mut self, container: Container) {
        self.overflown |= self.containers.len() >= MAX_DEPTH;
        if !self.overflown {
            self.containers.push(container);
        }
    }

    fn put(&mut self, text: &str) {
        self.overflown |= self.text.len() + text.len() > MAX_BYTES;
        if self.overflown {
            return;
        }
        let line_ends = self.margin.max(self.breaks);
        if self.text.is_empty() {
            self.start_line();
        } else if line_ends > 0 {
            self.end_lines(line_ends);
            self.start_line();
        } else if self.space {
            self.text.push(' ');
        }
        for (mark, written) in self.marks.iter_mut().filter(|(_, written)| written.is_none()) {
            *written = Some(self.text.len());
            self.text.push_str(mark);
        }
        self.text.push_str(text);
        (self.margin, self.breaks, self.space) = (0, 0, false);
        self.quoted_since = self.is_quoted();
    }

    fn end_lines(&mut self, count: usize) {
        let end = self.text.trim_end_matches([' ', '\t']).len();
        self.text.truncate(end);
        for _ in 1..count {
            self.text.push('\n');
            if self.quoted_since {
                self.text.push('>');
            }
        }
        self.text.push('\n');
    }

    fn start_line(&mut self) {
        let mut quoted = false;
        for container in &mut self.containers {
            match container {
                Container::Quote if !quoted => {
                    self.text.push_str("> ");
                    quoted = true;
                }
                Container::Quote | Container::List { .. } => {}
                Container::Item { marker, written: false } => self.text.push_str(marker),
                Container::Item { marker, .. } => {
                    self.text.extend(marker.chars().map(|_| ' '));
                }
            }
            if let Container::Item { written, .. } = container {
                *written = true;
            }
        }
    }
}

/// The greatest length of the text in bytes; four times what a Matrix event can hold.
const MAX_BYTES: usize = 256 * 1024;
/// The greatest depth of nested quotes, lists and items.
const MAX_DEPTH: usize = 64;
const MAX_BREAKS: usize = 3;
/// The greatest number of an item, which stays readable and cannot overflow.
const MAX_NUMBER: i64 = 999_999;
