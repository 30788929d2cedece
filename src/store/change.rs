//! A change: what is written together or not at all.
//!
//! The methods that say what is changed stand beside the records they change.

use super::worker::Op;

/// What is written together or not at all.
#[derive(Default)]
#[must_use = "a change does nothing before it is committed"]
pub struct Change(Vec<Op>);

/// Without the records, which hold tokens and texts.
impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Change({} writes)", self.0.len())
    }
}

impl Change {
    /// A change of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts `other` behind this change, as one.
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many writes it is.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn put(mut self, key: Vec<u8>, value: Vec<u8>) -> Self {
        self.0.push(Op::Put { key, value });
        self
    }

    pub(super) fn del(mut self, key: Vec<u8>) -> Self {
        self.0.push(Op::Del { key });
        self
    }

    pub(super) fn count(mut self, key: Vec<u8>, by: u64) -> Self {
        self.0.push(Op::Count { key, by });
        self
    }

    pub(super) fn into_ops(self) -> Vec<Op> {
        self.0
    }
}
