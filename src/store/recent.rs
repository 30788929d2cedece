//! A cache of recent writes that are soon replaced, so that they need not be read back.
//!
//! The guard needs the fingerprint of each value that is replaced. Most of these were written a
//! moment before: an entry that is finished, a cursor, a reply window, a count.

use std::collections::HashMap;

use super::{guard::fingerprint, record::Table};

/// Fingerprints and counts by key; other values are read from the database.
#[derive(Default)]
pub(super) struct Recent {
    fingerprints: HashMap<Vec<u8>, u64>,
    counts: HashMap<Vec<u8>, u64>,
}

impl Recent {
    /// Returns the fingerprint of the value of a key, if it was written lately.
    pub(super) fn fingerprint(&self, key: &[u8]) -> Option<u64> {
        self.fingerprints.get(key).copied()
    }

    /// Returns the count of a key, if it was written lately.
    pub(super) fn count(&self, key: &[u8]) -> Option<u64> {
        self.counts.get(key).copied()
    }

    /// Notes the new value of a key, or its removal.
    pub(super) fn note(&mut self, key: &[u8], value: Option<&[u8]>) {
        match value {
            Some(value) if is_soon_replaced(key) => {
                if self.fingerprints.len() >= MOST {
                    self.fingerprints.clear();
                }
                self.fingerprints.insert(key.to_vec(), fingerprint(key, value));
            }
            Some(_) | None => {
                self.fingerprints.remove(key);
            }
        }
    }

    /// Notes a new count.
    pub(super) fn note_count(&mut self, key: &[u8], count: u64) {
        self.counts.insert(key.to_vec(), count);
    }
}

/// Returns whether a value is soon replaced; links and transactions stay until they are forgotten.
fn is_soon_replaced(key: &[u8]) -> bool {
    [Table::Cursor, Table::Reply, Table::Inbox, Table::Progress, Table::Source, Table::Outcome]
        .iter()
        .any(|table| key.first() == Some(&(*table as u8)))
}

/// The greatest number of fingerprints, which take a little more than a megabyte.
const MOST: usize = 8_192;
