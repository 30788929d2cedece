//! The sources of work, their outcomes, and the transactions that were answered.

use ruma::OwnedEventId;
use serde::{Deserialize, Serialize};

use super::{
    Change, Direction, Error, Store,
    record::{Table, bounded, decode, encode},
};
use crate::{
    clock::Timestamp,
    id::{LoginId, PortalId},
};

/// The source of a piece of work: the key by which it is recognised when it comes again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// A Matrix event.
    Event(OwnedEventId),
    /// The copy of a Matrix event for one contact of a room with several.
    Copy {
        /// The contact's portal.
        portal: PortalId,
        /// The event.
        event: OwnedEventId,
    },
    /// A message of one login, by one of its ids.
    Message {
        /// The login through which it came.
        login: LoginId,
        /// The id, with a prefix that tells which one it is.
        key: Box<str>,
    },
}

/// The state of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceState {
    /// The source's work is in the inbox.
    Pending,
    /// The source's work has ended.
    Finished {
        /// The outcome.
        outcome: Outcome,
        /// The time of the end.
        at: Timestamp,
    },
}

/// The outcome of a piece of work. The texts are short fixed codes, each with a counter of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Outcome {
    /// The other side has the message, and returned an id.
    Delivered,
    /// The other side accepted the message without returning an id.
    Unconfirmed,
    /// The work was not bridged, and a notice told why.
    Refused(Box<str>),
    /// The work was ignored on purpose.
    Ignored(Box<str>),
    /// The sender withdrew the message in time.
    Cancelled,
}

/// The counter of one outcome in one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeCount {
    /// The direction in which the work went, or would have gone.
    pub direction: Direction,
    /// The outcome.
    pub outcome: Outcome,
    /// The count.
    pub count: u64,
}

impl OutcomeCount {
    fn read(key: &[u8], value: &[u8]) -> Result<Self, String> {
        let (direction, outcome) = match key {
            [_, TO_MATRIX, outcome @ ..] => (Direction::ToMatrix, outcome),
            [_, TO_WECHAT, outcome @ ..] => (Direction::ToWechat, outcome),
            _ => return Err("a count has no direction".into()),
        };
        Ok(Self { direction, outcome: decode(outcome)?, count: decode(value)? })
    }
}

impl Change {
    /// Stores the outcome of a source that needs no entry, and counts it.
    pub fn mark_source(self, source: &Source, outcome: &Outcome, at: Timestamp) -> Self {
        let record = SourceRecord::Finished { outcome: outcome.clone(), at: at.0 };
        self.put(source.key(), encode(&record)).count_outcome(source.direction(), outcome, 1)
    }

    /// Adds further keys to a source, by which its state is found as well.
    pub fn add_aliases(self, source: &Source, aliases: &[Source], at: Timestamp) -> Self {
        aliases.iter().filter(|alias| *alias != source).fold(self, |change, alias| {
            let record = SourceRecord::Alias { of: source.into(), at: at.0 };
            change.put(alias.key(), encode(&record))
        })
    }

    /// Adds to the counter of an outcome, for work without a source or with a stored outcome.
    pub fn count_outcome(self, direction: Direction, outcome: &Outcome, by: u64) -> Self {
        self.count(Table::Outcome.key(&[&[direction_code(direction)], &encode(outcome)]), by)
    }

    /// Notes that a transaction of the homeserver was accepted.
    pub fn mark_transaction(self, id: &str, at: Timestamp) -> Self {
        self.put(transaction_key(id), encode(&at.0))
    }
}

impl Store {
    /// Returns the state of a source, by any of its keys.
    ///
    /// A change is visible here a moment before its commit returns. A caller that has to answer for
    /// a `Some` awaits [`Store::barrier`] first, which returns when everything before it is on the
    /// disk.
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
            // An alias of an alias is never written; if there were one, its source would still be
            // known.
            SourceRecord::Pending | SourceRecord::Alias { .. } => SourceState::Pending,
        }))
    }

    /// Returns whether a transaction was accepted; see [`Store::source_seen`] on when it is
    /// visible.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn transaction_seen(&self, id: &str) -> Result<bool, Error> {
        Ok(self.find::<i64>(&transaction_key(id))?.is_some())
    }

    /// Returns the counter of each outcome since the store was created. Each piece of work that
    /// came in is in exactly one of these counters, or still in the inbox.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn outcome_counts(&self) -> Result<Vec<OutcomeCount>, Error> {
        let pairs = self.all(Table::Outcome)?;
        pairs.iter().map(|(key, value)| self.sound(OutcomeCount::read(key, value))).collect()
    }

    /// Returns whether a source's record is old enough to be forgotten.
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
    /// Returns the direction of work from this source.
    fn direction(&self) -> Direction {
        match self {
            Self::Event(_) | Self::Copy { .. } => Direction::ToWechat,
            Self::Message { .. } => Direction::ToMatrix,
        }
    }

    pub(super) fn key(&self) -> Vec<u8> {
        match self {
            Self::Event(event) => Table::Source.key(&[b"e", &bounded(event.as_str())]),
            Self::Copy { portal, event } => {
                Table::Source.key(&[b"c", &portal.0.to_be_bytes(), &bounded(event.as_str())])
            }
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

/// The stored form of a source.
#[derive(Serialize, Deserialize)]
pub(super) enum StoredSource {
    Event(OwnedEventId),
    Message(u32, Box<str>),
    Copy(u32, OwnedEventId),
}

impl From<&Source> for StoredSource {
    fn from(source: &Source) -> Self {
        match source {
            Source::Event(event) => Self::Event(event.clone()),
            Source::Copy { portal, event } => Self::Copy(portal.0, event.clone()),
            Source::Message { login, key } => Self::Message(login.0, key.clone()),
        }
    }
}

impl From<StoredSource> for Source {
    fn from(source: StoredSource) -> Self {
        match source {
            StoredSource::Event(event) => Self::Event(event),
            StoredSource::Copy(portal, event) => Self::Copy { portal: PortalId(portal), event },
            StoredSource::Message(login, key) => Self::Message { login: LoginId(login), key },
        }
    }
}

fn direction_code(direction: Direction) -> u8 {
    match direction {
        Direction::ToMatrix => TO_MATRIX,
        Direction::ToWechat => TO_WECHAT,
    }
}

const TO_MATRIX: u8 = b'm';
const TO_WECHAT: u8 = b'w';

fn transaction_key(id: &str) -> Vec<u8> {
    Table::Transaction.key(&[&bounded(id)])
}
