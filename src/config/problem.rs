//! The mistakes in a configuration.

use std::{fmt, path::PathBuf};

/// A mistake: its place, what is wrong and how to fix it. Contains no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub(super) place: ProblemPlace,
    pub(super) key: String,
    pub(super) what: String,
}

/// The place of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ProblemPlace {
    /// A line of the file, counted from 1.
    Line(usize),
    /// A variable of the environment.
    Environment(String),
    /// No place: a default, or a missing value.
    Nowhere,
}

/// All mistakes of one configuration, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    path: PathBuf,
    list: Vec<Problem>,
}

impl Problems {
    pub(super) fn new(path: PathBuf, mut list: Vec<Problem>) -> Self {
        list.sort_by_key(|problem| match problem.place {
            ProblemPlace::Line(line) => (0, line),
            ProblemPlace::Nowhere => (1, 0),
            ProblemPlace::Environment(_) => (2, 0),
        });
        Self { path, list }
    }

    /// Returns the number of mistakes.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Returns whether there is no mistake.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl fmt::Display for Problems {
    /// Writes one line per mistake.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match self.list.len() {
            1 => write!(f, "there is a mistake in the configuration:")?,
            count => write!(f, "there are {count} mistakes in the configuration:")?,
        }
        for Problem { place, key, what } in &self.list {
            match place {
                ProblemPlace::Line(line) => write!(f, "\n  {path}:{line}: ")?,
                ProblemPlace::Environment(name) => write!(f, "\n  environment {name}: ")?,
                ProblemPlace::Nowhere => write!(f, "\n  {path}: ")?,
            }
            let space = if key.is_empty() { "" } else { " " };
            write!(f, "{key}{space}{what}")?;
        }
        Ok(())
    }
}
