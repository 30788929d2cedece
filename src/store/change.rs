//! A change: a group of writes that is committed as a whole or not at all.
//!
//! The methods that add writes stand beside the records that they write.

use super::worker::Op;

/// A group of writes that is committed as a whole or not at all.
#[derive(Default)]
#[must_use = "a change does nothing before it is committed"]
pub struct Change(Vec<Op>);

/// Prints the number of writes only, since the records hold tokens and texts.
impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Change({} writes)", self.0.len())
    }
}

impl Change {
    /// Makes a change without writes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the writes of `other` to this change.
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Returns whether the change has no writes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of writes.
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
