//! The file and the environment as sections of values that know where they were written.
//!
//! Knows no key by name: whoever takes a value names its key, and what nobody took is unknown.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    ops::{Range, RangeInclusive},
    path::{Path, PathBuf},
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::problem::{Place, Problem, Problems};

/// The whole configuration, before anybody has looked at what it means.
pub(super) struct Document {
    path: PathBuf,
    sections: BTreeMap<String, Entries>,
    known: Vec<&'static str>,
    syntax: Vec<Problem>,
    problems: Vec<Problem>,
}

/// One section while its values are taken out.
pub(super) struct Section<'d> {
    name: &'static str,
    entries: Entries,
    known: Vec<&'static str>,
    path: &'d Path,
    problems: &'d mut Vec<Problem>,
}

/// Says that a mistake has been noted, and that there is no value because of it.
#[derive(Debug)]
pub(super) struct Told;

type Entries = BTreeMap<String, Entry>;

#[derive(Debug)]
struct Entry {
    place: Place,
    value: Value,
}

#[derive(Debug)]
enum Value {
    /// From the environment, where everything is text.
    Raw(String),
    Text(String),
    Whole(i64),
    List(Vec<Value>),
    Table(Entries),
    Other,
}

impl Document {
    /// Lays `env` over the TOML in `text`; mistakes in the form of either are kept for
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

    /// Lets `take` have the values of one section, then notes the keys that it left.
    pub(super) fn section<T>(
        &mut self,
        name: &'static str,
        take: impl FnOnce(&mut Section<'_>) -> Result<T, Told>,
    ) -> Result<T, Told> {
        self.known.push(name);
        let mut section = Section {
            name,
            entries: self.sections.remove(name).unwrap_or_default(),
            known: Vec::new(),
            path: &self.path,
            problems: &mut self.problems,
        };
        let taken = take(&mut section);
        section.note_unknown();
        taken
    }

    /// Every mistake that was noted, unknown sections included.
    pub(super) fn finish(mut self) -> Problems {
        if !self.syntax.is_empty() {
            // Half a file would only add mistakes that nobody made.
            return Problems::new(self.path, self.syntax);
        }
        for (name, entries) in std::mem::take(&mut self.sections) {
            let place = entries.into_values().next().map_or(Place::Nowhere, |entry| entry.place);
            let hint = hint(&name, &self.known, "sections");
            self.note(place, format!("[{name}]"), format!("is not a section; {hint}"));
        }
        Problems::new(self.path, self.problems)
    }

    fn add_section(&mut self, name: String, Entry { place, value }: Entry) {
        if let Value::Table(mut entries) = value {
            if entries.is_empty() {
                // Keeps the line of an unknown section that holds nothing.
                entries.extend([(String::new(), Entry { place, value: Value::Other })]);
            }
            self.sections.insert(name, entries);
        } else {
            let what = "stands outside of a section; move it below a line like [homeserver]";
            self.note(place, name, what.to_owned());
        }
    }

    fn add_variable(&mut self, name: &str, value: OsString) {
        let place = Place::Environment(name.to_owned());
        let key = name.trim_start_matches(ENV_PREFIX).to_lowercase();
        let Some((section, key)) = key.split_once("__") else {
            let what = format!("names no key; write {ENV_PREFIX}SECTION__KEY");
            return self.note(place, String::new(), what);
        };
        let Ok(value) = value.into_string() else {
            let what = "is not UTF-8; set it again as plain text".to_owned();
            return self.note(place, format!("{section}.{key}"), what);
        };
        let entry = Entry { place, value: Value::Raw(value) };
        self.sections.entry(section.to_owned()).or_default().insert(key.to_owned(), entry);
    }

    fn note(&mut self, place: Place, key: String, what: String) {
        self.problems.push(Problem { place, key, what });
    }
}

impl Section<'_> {
    /// A text that must be there; `hint` says what to write when it is not.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        hint: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, Told> {
        match self.optional(key, parse)? {
            Some(value) => Ok(value),
            None => Err(self.wrong(key, format!("is missing; {hint}"))),
        }
    }

    /// A text, or `default` read the same way.
    pub(super) fn or<T>(
        &mut self,
        key: &'static str,
        default: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Told> {
        match self.optional(key, &parse)? {
            Some(value) => Ok(value),
            None => parse(default).map_err(|what| self.wrong(key, what)),
        }
    }

    /// A text that may be missing.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Told> {
        self.known.push(key);
        let parsed = match self.entries.get(key).map(|entry| &entry.value) {
            None => return Ok(None),
            Some(Value::Text(text) | Value::Raw(text)) => parse(text),
            Some(Value::Whole(_) | Value::List(_) | Value::Table(_) | Value::Other) => {
                Err("must be text in quotes".to_owned())
            }
        };
        parsed.map(Some).map_err(|what| self.wrong(key, what))
    }

    /// A whole number within `range`, or `default`.
    pub(super) fn whole(
        &mut self,
        key: &'static str,
        default: u32,
        range: RangeInclusive<u32>,
    ) -> Result<u32, Told> {
        self.known.push(key);
        let number = match self.entries.get(key).map(|entry| &entry.value) {
            None => return Ok(default),
            Some(Value::Whole(number)) => u32::try_from(*number).ok(),
            Some(Value::Raw(text)) => text.parse().ok(),
            Some(Value::Text(_) | Value::List(_) | Value::Table(_) | Value::Other) => None,
        };
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            let (from, to) = (range.start(), range.end());
            self.wrong(key, format!("must be a whole number from {from} to {to}, without quotes"))
        })
    }

    /// A list of texts; a missing one is empty.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Vec<T>, Told> {
        self.known.push(key);
        let texts: Option<Vec<&str>> = match self.entries.get(key).map(|entry| &entry.value) {
            None => return Ok(Vec::new()),
            Some(Value::List(list)) => list.iter().map(Value::as_text).collect(),
            Some(Value::Raw(text)) => Some(parts(text).collect()),
            Some(Value::Text(_) | Value::Whole(_) | Value::Table(_) | Value::Other) => None,
        };
        let parsed = texts
            .ok_or_else(|| "must be a list of texts, like [\"a\", \"b\"]".to_owned())
            .and_then(|texts| texts.into_iter().map(parse).collect());
        parsed.map_err(|what| self.wrong(key, what))
    }

    /// A table of texts as (name, text) pairs, each with the mistakes it turns out to hold; a
    /// missing one is empty.
    pub(super) fn pairs(
        &mut self,
        key: &'static str,
        mut on_pair: impl FnMut(&str, &str) -> Result<(), String>,
    ) -> Result<(), Told> {
        self.known.push(key);
        let mut problems = Vec::new();
        let mut on_pair = |place: &Place, name: &str, text: Option<&str>| {
            let text = text.ok_or_else(|| "must be text in quotes".to_owned());
            if let Err(what) = text.and_then(|text| on_pair(name, text)) {
                let key = format!("{}.{key}.\"{name}\"", self.name);
                problems.push(Problem { place: place.clone(), key, what });
            }
        };
        match self.entries.get(key) {
            None => {}
            Some(Entry { value: Value::Table(table), .. }) => {
                for (name, Entry { place, value }) in table {
                    on_pair(place, name, value.as_text());
                }
            }
            Some(Entry { value: Value::Raw(text), place }) => {
                for part in parts(text) {
                    let (name, level) = part.split_once('=').unwrap_or((part, ""));
                    on_pair(place, name.trim(), Some(level.trim()));
                }
            }
            Some(_) => {
                let what = format!("is a section; write [{}.{key}] above its entries", self.name);
                return Err(self.wrong(key, what));
            }
        }
        let sound = problems.is_empty();
        self.problems.append(&mut problems);
        if sound { Ok(()) } else { Err(Told) }
    }

    /// Notes that the value of `key` is wrong.
    pub(super) fn wrong(&mut self, key: &str, what: impl Into<String>) -> Told {
        let place = self.entries.get(key).map_or(Place::Nowhere, |entry| entry.place.clone());
        let key = format!("{}.{key}", self.name);
        self.problems.push(Problem { place, key, what: what.into() });
        Told
    }

    /// Whether the file itself holds `key`.
    pub(super) fn in_file(&self, key: &str) -> bool {
        matches!(self.entries.get(key), Some(Entry { place: Place::Line(_), .. }))
    }

    /// Of two spellings of one value the environment's hides the file's.
    pub(super) fn prefer_environment(&mut self, one: &str, other: &str) {
        if self.in_file(one) && self.entries.contains_key(other) && !self.in_file(other) {
            self.entries.remove(one);
        } else if self.in_file(other) && self.entries.contains_key(one) && !self.in_file(one) {
            self.entries.remove(other);
        }
    }

    /// The file of the configuration.
    pub(super) fn config_path(&self) -> &Path {
        self.path
    }

    fn note_unknown(self) {
        for (key, Entry { place, .. }) in self.entries {
            if !key.is_empty() && !self.known.contains(&key.as_str()) {
                let hint = hint(&key, &self.known, "keys");
                let what = format!("is not a key of [{}]; {hint}", self.name);
                self.problems.push(Problem { place, key: format!("{}.{key}", self.name), what });
            }
        }
    }
}

impl Value {
    fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Raw(_) | Self::Whole(_) | Self::List(_) | Self::Table(_) | Self::Other => None,
        }
    }
}

/// The name of `known` that is closest to `wrong`.
pub(super) fn closest<'k>(wrong: &str, known: &[&'k str]) -> Option<&'k str> {
    let likeness = |name: &str| strsim::normalized_damerau_levenshtein(wrong, name);
    let best = known.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(best) > ALIKE).then_some(best)
}

fn hint(wrong: &str, known: &[&str], what: &str) -> String {
    match closest(wrong, known) {
        Some(name) => format!("did you mean \"{name}\"?"),
        None => format!("the {what} here are {}", known.join(", ")),
    }
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

fn entries(text: &str, table: DeTable<'_>) -> Entries {
    let entry = |key: Spanned<_>, value: Spanned<DeValue<'_>>| {
        let place = Place::Line(line_of(text, &key.span()));
        (key.into_inner(), Entry { place, value: value_of(text, value.into_inner()) })
    };
    table.into_iter().map(|(key, value)| entry(key, value)).map(|(k, e)| (k.into(), e)).collect()
}

fn value_of(text: &str, value: DeValue<'_>) -> Value {
    match value {
        DeValue::String(string) => Value::Text(string.into_owned()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Other, Value::Whole)
        }
        DeValue::Array(array) => {
            Value::List(array.into_iter().map(|v| value_of(text, v.into_inner())).collect())
        }
        DeValue::Table(table) => Value::Table(entries(text, table)),
        DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => Value::Other,
    }
}

/// Says what the parser says, and nothing of the text around it.
fn syntax_problems(text: &str, errors: &[toml::de::Error]) -> Vec<Problem> {
    let problem = |error: &toml::de::Error| Problem {
        place: error.span().map_or(Place::Nowhere, |span| Place::Line(line_of(text, &span))),
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
