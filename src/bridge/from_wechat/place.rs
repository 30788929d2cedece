//! The place of an item in Matrix: its room, its sender and its transaction id.

use ruma::{EventId, OwnedEventId, RoomId};

use super::quote::Answers;
use crate::{
    bridge::{
        core::{
            Core,
            attempt::Halt,
            txn::{Beside, Txn},
        },
        group::copies::Said,
        notice,
        text::{ItemNotice, Medium},
    },
    clock::Timestamp,
    id::MessageId,
    ilink::{MediaBody, Mismatch},
    matrix::{
        Intent,
        content::{self, Content},
    },
    store::{Change, Direction, Link, Portal},
};

/// The place of an item in Matrix.
pub(crate) struct Place<'a> {
    pub(super) portal: &'a Portal,
    pub(crate) room: &'a RoomId,
    pub(super) ghost: &'a Intent,
    /// The transaction id of the item's own event.
    pub(super) txn: String,
    /// The time of writing.
    pub(crate) at: Timestamp,
    /// The index of the item in its message, from 0.
    pub(super) number: u16,
    pub(super) message: Option<&'a MessageId>,
    /// The events that were sent, for the other contacts in the room.
    pub(super) said: &'a Said,
    /// What the item replies to.
    pub(super) answers: Answers,
}

impl Place<'_> {
    /// Sends the item's event, or one in its place, as the contact and with the original time.
    pub(super) async fn send(
        &self,
        core: &Core,
        content: &Content,
        txn: &str,
    ) -> Result<OwnedEventId, Halt> {
        let content = self.answers.show(content.clone());
        let event = core.send(self.ghost, self.room, &content, (txn, Some(self.at))).await?;
        self.said.note(&event, &content);
        if let Some(message) = self.message {
            self.link(core, message, self.number, &event);
        }
        Ok(event)
    }

    /// Sends the event of an item with a file, and a notice below it when the file is not what was
    /// announced.
    pub(super) async fn send_file(
        &self,
        core: &Core,
        body: &MediaBody,
        (content, mismatch): (&Content, Option<Mismatch>),
    ) -> Result<(), Halt> {
        let event = self.send(core, content, &self.txn).await?;
        let Some(how) = mismatch else { return Ok(()) };
        let differs = ItemNotice::Differs { what: &Medium::of(body), how };
        let text = differs.text(core.language_of(&self.portal.key.owner));
        let reply = content::reply(&event, content::notice(text));
        let txn = self.beside(Beside::Differs);
        match notice::in_room(core, self.room, &reply, txn).await {
            Err(Halt::Refused(error)) => {
                tracing::warn!(%error, "the homeserver refused a notice");
                Ok(())
            }
            said => said.map(drop),
        }
    }

    /// Sends a further part of a text that is too long for one event.
    pub(super) async fn send_more(
        &self,
        core: &Core,
        content: &Content,
        part: u16,
    ) -> Result<(), Halt> {
        let txn = self.beside(Beside::Part(part)).to_string();
        let event = core.send(self.ghost, self.room, content, (&txn, Some(self.at))).await?;
        self.said.note(&event, content);
        if let Some(message) = self.message {
            // The part's number lies behind those of the items, so that a recall of the message
            // finds all parts.
            let item = part.saturating_mul(MOST_ITEMS).saturating_add(self.number);
            self.link(core, message, item, &event);
        }
        Ok(())
    }

    /// Returns the transaction id of a request that accompanies the item.
    pub(super) fn beside(&self, what: Beside) -> Txn<'_> {
        Txn::Beside { item: &self.txn, what }
    }

    /// Stores the link between an item of WeChat's and its event.
    pub(crate) fn link(&self, core: &Core, message: &MessageId, item: u16, event: &EventId) {
        let link = Link {
            portal: self.portal.id,
            message: message.clone(),
            item,
            event: event.to_owned(),
            direction: Direction::ToMatrix,
            at: core.clock.now(),
        };
        core.store.submit(Change::new().link(&link));
    }
}

/// The number behind which the links of further parts begin.
const MOST_ITEMS: u16 = 1 << 10;
