//! Where an item of a WeChat message goes in Matrix, and as whom.

use ruma::{EventId, OwnedEventId, RoomId};

use super::quote::Answers;
use crate::{
    bridge::{
        core::{Core, attempt::Halt},
        group::copies::Said,
    },
    clock::Timestamp,
    id::MessageId,
    matrix::{Intent, content::Content},
    store::{Change, Direction, Link, Portal},
};

/// Where an item goes, and as what.
pub(crate) struct Place<'a> {
    pub(super) portal: &'a Portal,
    pub(crate) room: &'a RoomId,
    pub(super) ghost: &'a Intent,
    /// The transaction id of the item's own event.
    pub(super) txn: String,
    /// When it was written.
    pub(crate) at: Timestamp,
    /// Which item of its message; from 0.
    pub(super) number: u16,
    pub(super) message: Option<&'a MessageId>,
    /// What was sent, for the other contacts in the room.
    pub(super) said: &'a Said,
    /// What the item answers to.
    pub(super) answers: Answers,
}

impl Place<'_> {
    /// Sends the item's event, or what stands for it, as the contact and with the original time.
    pub(super) async fn send(
        &self,
        core: &Core,
        content: &Content,
        txn: &str,
    ) -> Result<OwnedEventId, Halt> {
        let content = self.answers.show(content.clone());
        let sending = || self.ghost.send(self.room, &content, txn, Some(self.at));
        let event = core.insist(sending).await?;
        self.said.note(&event, &content);
        if let Some(message) = self.message {
            self.link(core, message, self.number, &event);
        }
        Ok(event)
    }

    /// Notes which event an item of WeChat's is.
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
