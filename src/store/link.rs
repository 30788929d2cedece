//! The links between events and messages, in both directions, and the removal of old records.

use ruma::OwnedEventId;
use serde::{Deserialize, Serialize};

use super::{
    Change, Error, Store,
    record::{Table, bounded, decode, encode},
};
use crate::{
    clock::Timestamp,
    id::{MessageId, PortalId},
};

/// An event and a message (or one item of it) that have one content.
///
/// A message with several items has a link per item, to as many events; an event that was sent in
/// several parts has a link per part, to as many messages. Events that went to WeChat as the lines
/// of one message have a link per line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The portal.
    pub portal: PortalId,
    /// The WeChat message.
    pub message: MessageId,
    /// The index of the message's item or line, or of the event's part, from 0.
    pub item: u16,
    /// The Matrix event.
    pub event: OwnedEventId,
    /// The direction in which the content went.
    pub direction: Direction,
    /// The time of the link.
    pub at: Timestamp,
}

/// The direction of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// From WeChat to Matrix.
    ToMatrix,
    /// From Matrix to WeChat.
    ToWechat,
}

impl Change {
    /// Stores a link, to be found from either side.
    pub fn link(self, link: &Link) -> Self {
        let value = encode(&LinkRecord {
            portal: link.portal.0,
            message: link.message.as_str().to_owned(),
            item: link.item,
            event: link.event.clone(),
            direction: link.direction,
            at: link.at.0,
        });
        let item = link.item.to_be_bytes();
        let event_key = [by_message(link.portal, &link.message), item.to_vec()].concat();
        // In a room with several contacts, one event is a message to each of them.
        let portal = link.portal.0.to_be_bytes();
        let message_key = [by_event(&link.event), item.to_vec(), portal.to_vec()].concat();
        self.put(event_key, value.clone()).put(message_key, value)
    }
}

impl Store {
    /// Returns the links of a message, in the order of its items or lines.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn events_of(&self, portal: PortalId, message: &MessageId) -> Result<Vec<Link>, Error> {
        let prefix = by_message(portal, message);
        let pairs = self.0.engine.scan(&prefix, &prefix, usize::MAX);
        let pairs = pairs.map_err(|fault| self.fault(fault))?;
        let link = |value: &[u8]| self.sound(decode(value).and_then(LinkRecord::into_link));
        pairs.iter().map(|(_, value)| link(value)).collect()
    }

    /// Returns the link to the first message of an event.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn find_message(&self, event: &ruma::EventId) -> Result<Option<Link>, Error> {
        let prefix = by_event(event);
        let pairs = self.scan(Table::MessageLink, &prefix, 1)?;
        let link = pairs.first().filter(|(key, _)| key.starts_with(&prefix));
        link.map(|(_, value)| self.sound(decode(value).and_then(LinkRecord::into_link))).transpose()
    }

    /// Returns whether an event, or a part of it, was sent to this contact as a message with an id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn was_sent(&self, portal: PortalId, event: &ruma::EventId) -> Result<bool, Error> {
        let prefix = by_event(event);
        let pairs = self.0.engine.scan(&prefix, &prefix, usize::MAX);
        for (_, value) in pairs.map_err(|fault| self.fault(fault))? {
            let link = self.sound(decode(&value).and_then(LinkRecord::into_link))?;
            if link.portal == portal && link.direction == Direction::ToWechat {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes links, transactions, kept items, questions, and finished sources from before
    /// `before`, step by step; returns how many. Unfinished work is never removed.
    ///
    /// # Errors
    /// When the database cannot be read or written; earlier removals stay.
    pub async fn prune(&self, before: Timestamp) -> Result<usize, Error> {
        let mut forgotten = 0;
        for table in PRUNED {
            let mut from = table.key(&[]);
            loop {
                let pairs = self.scan(table, &from, PRUNE_STEP)?;
                let Some((last, _)) = pairs.last() else { break };
                from.clone_from(last);
                from.push(0);
                let mut change = Change::new();
                for (key, value) in pairs {
                    if self.is_over(table, &value, before)? {
                        change = change.del(key);
                    }
                }
                forgotten += change.len();
                self.commit(change).await?;
            }
        }
        Ok(forgotten)
    }

    fn is_over(&self, table: Table, value: &[u8], before: Timestamp) -> Result<bool, Error> {
        match table {
            Table::Transaction => Ok(self.sound(decode::<i64>(value))? < before.0),
            Table::EventLink | Table::MessageLink => {
                Ok(self.sound(decode::<LinkRecord>(value))?.at < before.0)
            }
            Table::Source => self.source_is_over(value, before),
            Table::Kept => self.kept_is_over(value, before),
            Table::Given => self.given_is_over(value, before),
            Table::Ciphertext => self.ciphertext_is_over(value, before),
            Table::Question => self.question_is_over(value, before),
            Table::Meta
            | Table::Login
            | Table::Portal
            | Table::Owner
            | Table::Cursor
            | Table::Reply
            | Table::Inbox
            | Table::Progress
            | Table::Outcome
            | Table::Looked
            | Table::Digest
            | Table::KeyIdentity
            | Table::KeyStream
            | Table::CipherRoom => Ok(false),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct LinkRecord {
    portal: u32,
    message: String,
    item: u16,
    event: OwnedEventId,
    direction: Direction,
    at: i64,
}

impl LinkRecord {
    fn into_link(self) -> Result<Link, String> {
        Ok(Link {
            portal: PortalId(self.portal),
            message: MessageId::parse(&self.message).ok_or("a link has an impossible id")?,
            item: self.item,
            event: self.event,
            direction: self.direction,
            at: Timestamp(self.at),
        })
    }
}

/// Returns the beginning of the keys of a message's links. The id is followed by a byte that no id
/// contains, so one key is never the beginning of another message's.
fn by_message(portal: PortalId, message: &MessageId) -> Vec<u8> {
    Table::EventLink.key(&[&portal.0.to_be_bytes(), message.as_str().as_bytes(), &[0]])
}

fn by_event(event: &ruma::EventId) -> Vec<u8> {
    Table::MessageLink.key(&[&bounded(event.as_str()), &[0]])
}

const PRUNED: [Table; 8] = [
    Table::Source,
    Table::Transaction,
    Table::EventLink,
    Table::MessageLink,
    Table::Kept,
    Table::Given,
    Table::Question,
    Table::Ciphertext,
];
const PRUNE_STEP: usize = 500;
