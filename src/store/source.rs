//! What work comes from, how it ended, and which transactions were answered.

use ruma::OwnedEventId;
use serde::{Deserialize, Serialize};

use super::{
    Change, Error, Store,
    record::{Table, bounded, decode, encode},
};
use crate::{clock::Timestamp, id::LoginId};

/// What a piece of work comes from: the key by which it is known when it comes again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// A Matrix event.
    Event(OwnedEventId),
    /// A message of one login, by one of the ids it brought.
    Message {
        /// The login it came through.
        login: LoginId,
        /// The id, with a prefix that says which one it is.
        key: Box<str>,
    },
}

/// What is known of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceState {
    /// Its work is in the inbox.
    Pending,
    /// Its work has ended.
    Finished {
        /// How.
        outcome: Outcome,
        /// When.
        at: Timestamp,
    },
}

/// How a piece of work ended. The texts are short fixed codes: each is a counter of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Outcome {
    /// The other side has it, and gave it an id.
    Delivered,
    /// The other side accepted it without giving it an id.
    Unconfirmed,
    /// It was not bridged, and a notice said why.
    Refused(Box<str>),
    /// It was left alone on purpose.
    Ignored(Box<str>),
    /// Its sender took it back in time.
    Cancelled,
}

impl Change {
    /// Records the outcome of a source that needs no entry, and counts it.
    pub fn mark_source(self, source: &Source, outcome: &Outcome, at: Timestamp) -> Self {
        let record = SourceRecord::Finished { outcome: outcome.clone(), at: at.0 };
        self.put(source.key(), encode(&record)).count_outcome(outcome)
    }

    /// Counts an outcome that has no source.
    pub fn count_outcome(self, outcome: &Outcome) -> Self {
        self.count(Table::Outcome.key(&[&encode(outcome)]))
    }

    /// Notes that a transaction of the homeserver was taken in.
    pub fn mark_transaction(self, id: &str, at: Timestamp) -> Self {
        self.put(transaction_key(id), encode(&at.0))
    }
}

impl Store {
    /// What is known of a source, by any of its keys.
    ///
    /// A change shows here a moment before its commit returns; who must answer for a `Some`
    /// commits an empty [`Change`] first, which returns when all before it is on the disk.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn source_seen(&self, source: &Source) -> Result<Option<SourceState>, Error> {
        let record = match self.find(&source.key())? {
            Some(SourceRecord::Alias { of, .. }) => self.find(&Source::from(of).key())?,
            other => other,
        };
        Ok(record.map(|record| match record {
            SourceRecord::Finished { outcome, at } => {
                SourceState::Finished { outcome, at: Timestamp(at) }
            }
            // An alias of an alias is never written; if there were one, it would still be known.
            SourceRecord::Pending | SourceRecord::Alias { .. } => SourceState::Pending,
        }))
    }

    /// Whether a transaction was taken in; see [`Store::source_seen`] on when it shows.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn transaction_seen(&self, id: &str) -> Result<bool, Error> {
        Ok(self.find::<i64>(&transaction_key(id))?.is_some())
    }

    /// How often each outcome came about, since the store was made.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn outcome_counts(&self) -> Result<Vec<(Outcome, u64)>, Error> {
        let pairs = self.all(Table::Outcome)?;
        let count = |(key, value): &(Vec<u8>, Vec<u8>)| Ok((decode(&key[1..])?, decode(value)?));
        pairs.iter().map(|pair| self.sound(count(pair))).collect()
    }

    /// Whether a source's record is old enough to be forgotten.
    pub(super) fn source_is_over(&self, value: &[u8], before: Timestamp) -> Result<bool, Error> {
        Ok(match self.sound(decode(value))? {
            SourceRecord::Pending => false,
            SourceRecord::Finished { at, .. } => at < before.0,
            SourceRecord::Alias { of, at } => {
                let pending =
                    matches!(self.find(&Source::from(of).key())?, Some(SourceRecord::Pending));
                at < before.0 && !pending
            }
        })
    }
}

impl Source {
    pub(super) fn key(&self) -> Vec<u8> {
        match self {
            Self::Event(event) => Table::Source.key(&[b"e", &bounded(event.as_str())]),
            Self::Message { login, key } => {
                Table::Source.key(&[b"m", &login.0.to_be_bytes(), &bounded(key)])
            }
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) enum SourceRecord {
    Pending,
    Finished { outcome: Outcome, at: i64 },
    Alias { of: StoredSource, at: i64 },
}

/// A source as it lies in records.
#[derive(Serialize, Deserialize)]
pub(super) enum StoredSource {
    Event(OwnedEventId),
    Message(u32, Box<str>),
}

impl From<&Source> for StoredSource {
    fn from(source: &Source) -> Self {
        match source {
            Source::Event(event) => Self::Event(event.clone()),
            Source::Message { login, key } => Self::Message(login.0, key.clone()),
        }
    }
}

impl From<StoredSource> for Source {
    fn from(source: StoredSource) -> Self {
        match source {
            StoredSource::Event(event) => Self::Event(event),
            StoredSource::Message(login, key) => Self::Message { login: LoginId(login), key },
        }
    }
}

fn transaction_key(id: &str) -> Vec<u8> {
    Table::Transaction.key(&[&bounded(id)])
}
