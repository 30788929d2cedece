//! A section of the configuration while its values are read.

use std::{ops::RangeInclusive, path::Path};

use super::{
    document::{DocumentEntry, DocumentValue, Entries, hint},
    problem::{Problem, ProblemPlace},
};

/// A section while its values are read.
pub(super) struct ConfigSection<'d> {
    name: &'static str,
    entries: Entries,
    known: Vec<&'static str>,
    path: &'d Path,
    problems: &'d mut Vec<Problem>,
}

/// The mark of a value that is missing because a mistake was noted.
#[derive(Debug)]
pub(super) struct Told;

impl<'d> ConfigSection<'d> {
    pub(super) fn new(
        name: &'static str,
        entries: Entries,
        path: &'d Path,
        problems: &'d mut Vec<Problem>,
    ) -> Self {
        Self { name, entries, known: Vec::new(), path, problems }
    }

    /// Reads a required text; `hint` tells what to write when it is missing.
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

    /// Reads a text; `default` is parsed when it is missing.
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

    /// Reads an optional text.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Told> {
        self.known.push(key);
        let parsed = match self.entries.get(key).map(|entry| &entry.value) {
            None => return Ok(None),
            Some(DocumentValue::Text(text) | DocumentValue::Raw(text)) => parse(text),
            Some(
                DocumentValue::Whole(_)
                | DocumentValue::Flag(_)
                | DocumentValue::List(_)
                | DocumentValue::Table(_)
                | DocumentValue::Other,
            ) => Err("must be text in quotes".to_owned()),
        };
        parsed.map(Some).map_err(|what| self.wrong(key, what))
    }

    /// Reads a whole number within `range`, with a default.
    pub(super) fn whole(
        &mut self,
        key: &'static str,
        default: u32,
        range: RangeInclusive<u32>,
    ) -> Result<u32, Told> {
        self.known.push(key);
        let number = match self.entries.get(key).map(|entry| &entry.value) {
            None => return Ok(default),
            Some(DocumentValue::Whole(number)) => u32::try_from(*number).ok(),
            Some(DocumentValue::Raw(text)) => text.parse().ok(),
            Some(
                DocumentValue::Text(_)
                | DocumentValue::Flag(_)
                | DocumentValue::List(_)
                | DocumentValue::Table(_)
                | DocumentValue::Other,
            ) => None,
        };
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            let (from, to) = (range.start(), range.end());
            self.wrong(key, format!("must be a whole number from {from} to {to}, without quotes"))
        })
    }

    /// Reads `true` or `false`, with a default.
    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> Result<bool, Told> {
        self.known.push(key);
        let flag = match self.entries.get(key).map(|entry| &entry.value) {
            None => return Ok(default),
            Some(DocumentValue::Flag(flag)) => Some(*flag),
            Some(DocumentValue::Raw(text)) => text.parse().ok(),
            Some(
                DocumentValue::Text(_)
                | DocumentValue::Whole(_)
                | DocumentValue::List(_)
                | DocumentValue::Table(_)
                | DocumentValue::Other,
            ) => None,
        };
        flag.ok_or_else(|| self.wrong(key, "must be true or false, without quotes"))
    }

    /// Reads a list of texts; a missing one is empty.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Vec<T>, Told> {
        self.known.push(key);
        let texts: Option<Vec<&str>> = match self.entries.get(key).map(|entry| &entry.value) {
            None => return Ok(Vec::new()),
            Some(DocumentValue::List(list)) => list.iter().map(DocumentValue::as_text).collect(),
            Some(DocumentValue::Raw(text)) => Some(parts(text).collect()),
            Some(
                DocumentValue::Text(_)
                | DocumentValue::Whole(_)
                | DocumentValue::Flag(_)
                | DocumentValue::Table(_)
                | DocumentValue::Other,
            ) => None,
        };
        let parsed = texts
            .ok_or_else(|| "must be a list of texts, like [\"a\", \"b\"]".to_owned())
            .and_then(|texts| texts.into_iter().map(parse).collect());
        parsed.map_err(|what| self.wrong(key, what))
    }

    /// Reads a table of texts as pairs of name and text, and notes the mistakes that `on_pair`
    /// finds; a missing table is empty.
    pub(super) fn pairs(
        &mut self,
        key: &'static str,
        mut on_pair: impl FnMut(&str, &str) -> Result<(), String>,
    ) -> Result<(), Told> {
        self.known.push(key);
        let mut problems = Vec::new();
        let mut on_pair = |place: &ProblemPlace, name: &str, text: Option<&str>| {
            let text = text.ok_or_else(|| "must be text in quotes".to_owned());
            if let Err(what) = text.and_then(|text| on_pair(name, text)) {
                let key = format!("{}.{key}.\"{name}\"", self.name);
                problems.push(Problem { place: place.clone(), key, what });
            }
        };
        match self.entries.get(key) {
            None => {}
            Some(DocumentEntry { value: DocumentValue::Table(table), .. }) => {
                for (name, DocumentEntry { place, value }) in table {
                    on_pair(place, name, value.as_text());
                }
            }
            Some(DocumentEntry { value: DocumentValue::Raw(text), place }) => {
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
        let place =
            self.entries.get(key).map_or(ProblemPlace::Nowhere, |entry| entry.place.clone());
        let key = format!("{}.{key}", self.name);
        self.problems.push(Problem { place, key, what: what.into() });
        Told
    }

    /// Returns whether `key` is set, and marks it as known.
    pub(super) fn has(&mut self, key: &'static str) -> bool {
        self.known.push(key);
        self.entries.contains_key(key)
    }

    /// Returns whether the file itself sets `key`.
    pub(super) fn in_file(&self, key: &str) -> bool {
        matches!(self.entries.get(key), Some(DocumentEntry { place: ProblemPlace::Line(_), .. }))
    }

    /// Drops the file's key for a value when the environment sets the other key for it.
    pub(super) fn prefer_environment(&mut self, one: &str, other: &str) {
        if self.in_file(one) && self.entries.contains_key(other) && !self.in_file(other) {
            self.entries.remove(one);
        } else if self.in_file(other) && self.entries.contains_key(one) && !self.in_file(one) {
            self.entries.remove(other);
        }
    }

    /// Returns the path of the configuration file.
    pub(super) fn config_path(&self) -> &Path {
        self.path
    }

    /// Notes every unknown key.
    pub(super) fn note_unknown(self) {
        for (key, DocumentEntry { place, .. }) in self.entries {
            if !key.is_empty() && !self.known.contains(&key.as_str()) {
                let hint = hint(&key, &self.known, "keys");
                let what = format!("is not a key of [{}]; {hint}", self.name);
                self.problems.push(Problem { place, key: format!("{}.{key}", self.name), what });
            }
        }
    }
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}
