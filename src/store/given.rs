//! Which events a contact has been given, and in which form.

use ruma::{EventId, OwnedEventId};
use serde::{Deserialize, Serialize};

use super::{
    Change, Error, Store,
    record::{Table, bounded, decode, encode},
};
use crate::{clock::Timestamp, id::PortalId};

/// An event that a contact has on the phone as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The contact's chat.
    pub portal: PortalId,
    /// The event.
    pub event: OwnedEventId,
    /// The event that holds the words that the contact has: the event itself, or an edit of it.
    pub version: OwnedEventId,
    /// A digest of what was sent; see [`super::DigestKey`].
    pub digest: Box<str>,
    /// When it was sent.
    pub at: Timestamp,
}

impl Change {
    /// Notes that a contact has an event in this form, and in no earlier one.
    pub fn put_given(self, given: &Given) -> Self {
        let record = GivenRecord {
            version: given.version.clone(),
            digest: given.digest.clone(),
            at: given.at.0,
        };
        self.put(key(given.portal, &given.event), encode(&record))
    }
}

impl Store {
    /// In which form a contact has an event; `None` also for what an older version of the bridge
    /// has sent.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn given(&self, portal: PortalId, event: &EventId) -> Result<Option<Given>, Error> {
        let record: Option<GivenRecord> = self.find(&key(portal, event))?;
        Ok(record.map(|GivenRecord { version, digest, at }| {
            let (event, at) = (event.to_owned(), Timestamp(at));
            Given { portal, event, version, digest, at }
        }))
    }

    /// Whether a record is old enough to be forgotten.
    pub(super) fn given_is_over(&self, value: &[u8], before: Timestamp) -> Result<bool, Error> {
        Ok(self.sound(decode::<GivenRecord>(value))?.at < before.0)
    }
}

#[derive(Serialize, Deserialize)]
struct GivenRecord {
    version: OwnedEventId,
    digest: Box<str>,
    at: i64,
}

fn key(portal: PortalId, event: &EventId) -> Vec<u8> {
    Table::Given.key(&[&portal.0.to_be_bytes(), &bounded(event.as_str())])
}
