//! The events that a contact has received, and in which version.

use ruma::{EventId, OwnedEventId};
use serde::{Deserialize, Serialize};

use super::{
    Change, Error, Store,
    record::{Table, bounded, decode, encode},
};
use crate::{clock::Timestamp, id::PortalId};

/// An event that a contact has received as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The contact's portal.
    pub portal: PortalId,
    /// The event.
    pub event: OwnedEventId,
    /// The event whose words the contact has: the event itself, or an edit of it.
    pub version: OwnedEventId,
    /// A digest of what was sent; see [`super::DigestKey`].
    pub digest: Box<str>,
    /// The time of sending.
    pub at: Timestamp,
}

impl Change {
    /// Notes that a contact has received an event in this version; replaces an earlier one.
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
    /// Returns the version in which a contact has received an event; `None` also for what an older
    /// release of the bridge has sent.
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

    /// Returns whether a record is old enough to be forgotten.
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
