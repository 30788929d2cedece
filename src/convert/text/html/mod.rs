//! The conversion of Matrix HTML to Markdown, tag by tag.
//!
//! It reads tokens and builds no tree, so the cost is one pass over the input, however many
//! elements are unclosed or nested.

#[cfg(test)]
mod tests;

use std::cell::RefCell;

use html5ever::{
    tendril::StrTendril,
    tokenizer::{
        BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
    },
};

use super::{flow::TextFlow, script::Script};

/// Returns the text that `html` shows; `None` when it shows nothing or exceeds a limit.
pub(super) fn render(html: &str) -> Option<String> {
    if html.len() > MAX_HTML_BYTES {
        return None;
    }
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    let tokenizer = Tokenizer::new(Reader::default(), TokenizerOpts::default());
    // The reader never pauses the tokenizer, so one call consumes all of the input.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner().finish()
}

#[derive(Default)]
struct Reader(RefCell<Page>);

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut page = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => page.on_text(&text),
            Token::TagToken(tag) => page.on_tag(&tag),
            Token::DoctypeToken(_)
            | Token::CommentToken(_)
            | Token::NullCharacterToken
            | Token::EOFToken
            | Token::ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
}

#[derive(Default)]
struct Page {
    flow: TextFlow,
    /// The element whose content is left out, and how many elements of that name are open.
    skipped: Option<(String, usize)>,
    link: Option<Link>,
    /// How many open elements keep their white space.
    preformatted: usize,
    /// The language behind the fence of a block of code, until the fence is written.
    fence: Option<String>,
    /// The position of that fence, once it is written.
    fenced: Option<usize>,
    /// The open superscript or subscript, and its text so far.
    script: Option<(Script, String)>,
    /// The number of cells in the row so far.
    cells: usize,
    /// Whether the table's first row has ended.
    ruled: bool,
}

struct Link {
    target: String,
    shown: String,
}

impl Page {
    fn on_text(&mut self, text: &str) {
        if self.skipped.is_some() {
            return;
        }
        if let Some(link) = &mut self.link {
            link.shown.push_str(text);
        }
        match &mut self.script {
            Some((_, held)) => held.push_str(text),
            None => self.write(text),
        }
    }

    fn write(&mut self, text: &str) {
        if self.preformatted > 0 {
            self.open_fence();
            self.flow.verbatim(text);
        } else if self.cells > 0 && text.contains('|') {
            // A vertical bar would begin the next cell.
            self.flow.words(&text.replace('|', "｜"));
        } else {
            self.flow.words(text);
        }
    }

    /// Writes the text of a superscript or subscript so far, which may continue.
    fn write_script(&mut self) {
        let Some((script, held)) = &mut self.script else { return };
        let (script, held) = (*script, std::mem::take(held));
        let words = held.trim();
        let small = if words.is_empty() { String::new() } else { script.write(words) };
        let before = &held[..held.len() - held.trim_start().len()];
        let after = if words.is_empty() { "" } else { &held[held.trim_end().len()..] };
        self.write(&format!("{before}{small}{after}"));
    }

    fn on_tag(&mut self, tag: &Tag) {
        let opens = tag.kind == TagKind::StartTag;
        if let Some((name, open)) = &mut self.skipped {
            if **name == *tag.name {
                *open = if opens { *open + 1 } else { *open - 1 };
                self.skipped = self.skipped.take().filter(|(_, open)| *open > 0);
            }
        } else if let Some(script) = Script::of(&tag.name) {
            self.write_script();
            self.script = opens.then(|| (script, String::new()));
        } else if opens {
            self.write_script();
            self.on_start(tag);
        } else {
            self.write_script();
            self.on_end(&tag.name);
        }
    }

    fn on_start(&mut self, tag: &Tag) {
        if let Some(formula) = attribute(tag, "data-mx-maths") {
            return self.formula(tag, formula);
        }
        match &*tag.name {
            name @ ("mx-reply" | "script" | "style" | "title") => {
                self.skipped = Some((name.to_owned(), 1));
            }
            "br" => self.flow.line_break(),
            "hr" => self.rule(),
            "img" => {
                let label = attribute(tag, "alt").or_else(|| attribute(tag, "title"));
                self.on_text(label.unwrap_or_default());
            }
            "blockquote" => self.flow.open_quote(),
            "ul" => self.flow.open_list(None),
            "ol" => {
                let first = attribute(tag, "start").and_then(|number| number.trim().parse().ok());
                self.flow.open_list(Some(first.unwrap_or(1)));
            }
            "li" => self.flow.open_item(),
            "pre" => {
                self.flow.block();
                self.preformatted += 1;
                self.fence = Some(String::new());
            }
            "code" if self.preformatted == 0 => self.flow.open_mark(CODE),
            "code" => self.name_language(attribute(tag, "class").unwrap_or_default()),
            "b" | "strong" => self.flow.open_mark(BOLD),
            "i" | "em" => self.flow.open_mark(ITALIC),
            "h1" | "h2" | "h3" | "h4" => {
                self.flow.block();
                self.flow.words(HEADINGS.get(..heading_level(&tag.name)).unwrap_or_default());
                self.flow.words(" ");
            }
            "a" => self.open_link(attribute(tag, "href").unwrap_or_default()),
            "del" | "s" | "strike" => self.flow.open_mark(STRUCK),
            "table" => {
                self.flow.block();
                self.ruled = false;
            }
            "tr" => self.start_row(),
            "td" | "th" => self.start_cell(),
            name => self.start_plain(name),
        }
        if let Some(reason) = attribute(tag, "data-mx-spoiler") {
            self.on_text(&format!("({reason}) "));
        }
    }

    fn on_end(&mut self, name: &str) {
        match name {
            "blockquote" => self.flow.close_quote(),
            "ul" | "ol" => self.flow.close_list(),
            "li" => self.flow.close_item(),
            "pre" if self.preformatted > 0 => self.close_pre(),
            "code" if self.preformatted == 0 => self.flow.close_code(CODE),
            "b" | "strong" => self.flow.close_mark(BOLD, |_| true),
            "i" | "em" => self.flow.close_mark(ITALIC, |text| !text.contains(is_cjk)),
            "a" => self.close_link(),
            "del" | "s" | "strike" => self.flow.close_mark(STRUCK, |_| true),
            "td" | "th" => self.flow.keep_on_one_line(false),
            "tr" => self.end_row(),
            "table" => {
                self.end_row();
                self.flow.keep_on_one_line(false);
                self.flow.block();
            }
            name => self.start_plain(name),
        }
    }

    /// Starts or ends an element that only separates its content from the text around it.
    fn start_plain(&mut self, name: &str) {
        match name {
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "details" => {
                self.flow.block();
            }
            "div" | "caption" | "summary" | "dl" | "dt" | "dd" => self.flow.line(),
            _ => {}
        }
    }

    /// Writes a formula in LaTeX instead of its fallback.
    fn formula(&mut self, tag: &Tag, formula: &str) {
        let stands_apart = &*tag.name == "div";
        if stands_apart {
            self.flow.block();
        }
        self.flow.open_mark(CODE);
        self.on_text(formula);
        self.flow.close_code(CODE);
        if stands_apart {
            self.flow.block();
        }
        if !tag.self_closing {
            self.skipped = Some((tag.name.to_string(), 1));
        }
    }

    fn rule(&mut self) {
        self.flow.block();
        self.on_text("---");
        self.flow.block();
    }

    /// Takes the language of a block of code from the class of the `code` element inside the `pre`.
    fn name_language(&mut self, classes: &str) {
        let named = classes.split_whitespace().find_map(|class| class.strip_prefix("language-"));
        if let (Some(fence), Some(language)) = (&mut self.fence, named) {
            *fence =
                language.chars().filter(|c| c.is_alphanumeric() || "+#-".contains(*c)).collect();
        }
    }

    fn open_fence(&mut self) {
        if let Some(language) = self.fence.take() {
            let fence = format!("{FENCE}{language}");
            self.flow.verbatim(&fence);
            self.fenced = Some(self.flow.len().saturating_sub(fence.len()));
            self.flow.line();
        }
    }

    fn close_pre(&mut self) {
        self.preformatted -= 1;
        if self.preformatted == 0 && self.fence.take().is_none() {
            // The fence has to be longer than any run of backticks at the beginning of a line of
            // the code.
            let start = self.fenced.take().unwrap_or_else(|| self.flow.len());
            let lines = self
                .flow
                .since(start)
                .lines()
                .skip(1)
                .map(|line| line.trim_start_matches([' ', '>']));
            let runs = lines.map(|line| line.len() - line.trim_start_matches('`').len());
            let more = (runs.max().unwrap_or_default() + 1).saturating_sub(FENCE.len());
            self.flow.insert(start, &CODE.repeat(more));
            self.flow.line();
            self.flow.verbatim(&FENCE[..1].repeat(FENCE.len() + more));
        }
        self.flow.block();
    }

    fn start_row(&mut self) {
        self.flow.keep_on_one_line(false);
        self.flow.line();
        self.cells = 0;
    }

    fn start_cell(&mut self) {
        self.flow.keep_on_one_line(true);
        self.flow.words(if self.cells > 0 { " | " } else { "| " });
        self.cells += 1;
    }

    /// Ends a row of a table; a rule is written behind the first one.
    fn end_row(&mut self) {
        if self.cells == 0 {
            return;
        }
        self.flow.words(" |");
        self.flow.keep_on_one_line(false);
        if !std::mem::replace(&mut self.ruled, true) {
            self.flow.line();
            self.flow.verbatim(&format!("|{}", " --- |".repeat(self.cells.min(MAX_COLUMNS))));
        }
        self.cells = 0;
    }

    fn open_link(&mut self, target: &str) {
        self.close_link();
        self.link = Some(Link { target: target.trim().to_owned(), shown: String::new() });
    }

    fn close_link(&mut self) {
        let Some(link) = self.link.take().filter(|link| is_worth_showing(&link.target)) else {
            return;
        };
        let shown = link.shown.trim();
        if shown.is_empty() {
            self.flow.words(&link.target);
        } else if !is_same_address(shown, &link.target) {
            self.flow.words(&format!(" ({})", link.target));
        }
    }

    fn finish(mut self) -> Option<String> {
        self.write_script();
        self.close_link();
        self.flow.finish()
    }
}

fn attribute<'a>(tag: &'a Tag, name: &str) -> Option<&'a str> {
    let found = tag.attrs.iter().find(|attribute| *attribute.name.local == *name)?;
    Some(&*found.value).filter(|value| !value.trim().is_empty())
}

/// Returns whether an address can be opened by a person outside Matrix.
fn is_worth_showing(target: &str) -> bool {
    let starts_with = |start: &str| {
        target.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
    };
    SHOWN_ADDRESSES.iter().any(|start| starts_with(start))
        && !MATRIX_ADDRESSES.iter().any(|start| starts_with(start))
}

fn is_same_address(shown: &str, target: &str) -> bool {
    let bare = target.trim_start_matches("mailto:").trim_start_matches("tel:");
    shown == target || shown.trim_end_matches('/') == bare.trim_end_matches('/')
}

/// The greatest length of the HTML in bytes, which is that of a Matrix event.
const MAX_HTML_BYTES: usize = 64 * 1024;
const SHOWN_ADDRESSES: [&str; 6] = ["http:", "https:", "ftp:", "magnet:", "mailto:", "tel:"];
const MATRIX_ADDRESSES: [&str; 2] = ["https://matrix.to/", "http://matrix.to/"];
const STRUCK: &str = "~~";
/// The Markdown that WeChat shows (docs/protocol.md §5).
const BOLD: &str = "**";
const ITALIC: &str = "*";
const CODE: &str = "`";
const FENCE: &str = "```";
const HEADINGS: &str = "####";
/// The greatest number of columns in the rule of a table.
const MAX_COLUMNS: usize = 64;

fn heading_level(name: &str) -> usize {
    name.as_bytes().get(1).map_or(0, |digit| usize::from(digit.saturating_sub(b'0')))
}

/// Returns whether a character belongs to a Chinese, Japanese or Korean script; WeChat shows the
/// marks of emphasis literally beside such characters.
fn is_cjk(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}'
        | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}
