//! The file and the environment as one tree of values with their places.
//!
//! Knows no section by name: the caller takes sections by their names, and the rest is unknown.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    ops::Range,
    path::{Path, PathBuf},
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    problem::{Problem, ProblemPlace, Problems},
    section::{ConfigSection, Told},
};

/// The whole configuration, before its values are interpreted.
pub(super) struct Document {
    path: PathBuf,
    sections: BTreeMap<String, Entries>,
    known: Vec<&'static str>,
    syntax: Vec<Problem>,
    problems: Vec<Problem>,
}

pub(super) type Entries = BTreeMap<String, DocumentEntry>;

#[derive(Debug)]
pub(super) struct DocumentEntry {
    pub(super) place: ProblemPlace,
    pub(super) value: DocumentValue,
}

#[derive(Debug)]
pub(super) enum DocumentValue {
    /// A value of the environment, which is always text.
    Raw(String),
    Text(String),
    Whole(i64),
    Flag(bool),
    List(Vec<DocumentValue>),
    Table(Entries),
    Other,
}

impl Document {
    /// Lays `env` over the TOML in `text`; syntax errors of either are kept for
    /// [`Document::finish`].
    pub(super) fn parse(
        path: &Path,
        text: &str,
        env: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Self {
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut document = Self {
            path: path.to_owned(),
            sections: BTreeMap::new(),
            known: Vec::new(),
            syntax: syntax_problems(text, &errors),
            problems: Vec::new(),
        };
        for (name, entry) in entries(text, table.into_inner()) {
            document.add_section(name, entry);
        }
        for (name, value) in env {
            if let Some(name) = name.to_str().filter(|name| name.starts_with(ENV_PREFIX)) {
                document.add_variable(name, value);
            }
        }
        document
    }

    /// Lets `take` read the values of one section, then notes the keys that it did not ask for.
    pub(super) fn section<T>(
        &mut self,
        name: &'static str,
        take: impl FnOnce(&mut ConfigSection<'_>) -> Result<T, Told>,
    ) -> Result<T, Told> {
        self.known.push(name);
        let entries = self.sections.remove(name).unwrap_or_default();
        let mut section = ConfigSection::new(name, entries, &self.path, &mut self.problems);
        let taken = take(&mut section);
        section.note_unknown();
        taken
    }

    /// Returns all mistakes, unknown sections included.
    pub(super) fn finish(mut self) -> Problems {
        if !self.syntax.is_empty() {
            // Half a file would only lead to further, misleading mistakes.
            return Problems::new(self.path, self.syntax);
        }
        for (name, entries) in std::mem::take(&mut self.sections) {
            let place =
                entries.into_values().next().map_or(ProblemPlace::Nowhere, |entry| entry.place);
            let hint = hint(&name, &self.known, "sections");
            self.note(place, format!("[{name}]"), format!("is not a section; {hint}"));
        }
        Problems::new(self.path, self.problems)
    }

    fn add_section(&mut self, name: String, DocumentEntry { place, value }: DocumentEntry) {
        if let DocumentValue::Table(mut entries) = value {
            if entries.is_empty() {
                // Keeps the line of an unknown section that is empty.
                entries.extend([(
                    String::new(),
                    DocumentEntry { place, value: DocumentValue::Other },
                )]);
            }
            self.sections.insert(name, entries);
        } else {
            let what = "stands outside of a section; move it below a line like [homeserver]";
            self.note(place, name, what.to_owned());
        }
    }

    fn add_variable(&mut self, name: &str, value: OsString) {
        let place = ProblemPlace::Environment(name.to_owned());
        let key = name.trim_start_matches(ENV_PREFIX).to_lowercase();
        let Some((section, key)) = key.split_once("__") else {
            let what = format!("names no key; write {ENV_PREFIX}SECTION__KEY");
            return self.note(place, String::new(), what);
        };
        let Ok(value) = value.into_string() else {
            let what = "is not UTF-8; set it again as plain text".to_owned();
            return self.note(place, format!("{section}.{key}"), what);
        };
        let entry = DocumentEntry { place, value: DocumentValue::Raw(value) };
        self.sections.entry(section.to_owned()).or_default().insert(key.to_owned(), entry);
    }

    fn note(&mut self, place: ProblemPlace, key: String, what: String) {
        self.problems.push(Problem { place, key, what });
    }
}

impl DocumentValue {
    /// Returns the text of a value in quotes.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Raw(_)
            | Self::Whole(_)
            | Self::Flag(_)
            | Self::List(_)
            | Self::Table(_)
            | Self::Other => None,
        }
    }
}

/// Returns the name in `known` that is most similar to `wrong`.
pub(super) fn closest<'k>(wrong: &str, known: &[&'k str]) -> Option<&'k str> {
    let likeness = |name: &str| strsim::normalized_damerau_levenshtein(wrong, name);
    let best = known.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(best) > ALIKE).then_some(best)
}

/// Returns a suggestion for what to write instead of `wrong`.
pub(super) fn hint(wrong: &str, known: &[&str], what: &str) -> String {
    match closest(wrong, known) {
        Some(name) => format!("did you mean \"{name}\"?"),
        None => format!("the {what} here are {}", known.join(", ")),
    }
}

fn entries(text: &str, table: DeTable<'_>) -> Entries {
    let entry = |key: Spanned<_>, value: Spanned<DeValue<'_>>| {
        let place = ProblemPlace::Line(line_of(text, &key.span()));
        (key.into_inner(), DocumentEntry { place, value: value_of(text, value.into_inner()) })
    };
    table.into_iter().map(|(key, value)| entry(key, value)).map(|(k, e)| (k.into(), e)).collect()
}

fn value_of(text: &str, value: DeValue<'_>) -> DocumentValue {
    match value {
        DeValue::String(string) => DocumentValue::Text(string.into_owned()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(DocumentValue::Other, DocumentValue::Whole),
        DeValue::Boolean(flag) => DocumentValue::Flag(flag),
        DeValue::Array(array) => {
            DocumentValue::List(array.into_iter().map(|v| value_of(text, v.into_inner())).collect())
        }
        DeValue::Table(table) => DocumentValue::Table(entries(text, table)),
        DeValue::Float(_) | DeValue::Datetime(_) => DocumentValue::Other,
    }
}

/// Returns the parser's messages without the text of the file.
fn syntax_problems(text: &str, errors: &[toml::de::Error]) -> Vec<Problem> {
    let problem = |error: &toml::de::Error| Problem {
        place: error
            .span()
            .map_or(ProblemPlace::Nowhere, |span| ProblemPlace::Line(line_of(text, &span))),
        key: String::new(),
        what: format!("this is not TOML: {}", error.message()),
    };
    let mut problems: Vec<_> = errors.iter().map(problem).collect();
    problems.dedup_by(|later, first| later.place == first.place);
    problems
}

fn line_of(text: &str, span: &Range<usize>) -> usize {
    text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1
}

const ENV_PREFIX: &str = "WECHAT_BRIDGE__";
const ALIKE: f64 = 0.5;
