//! From WeChat to Matrix: one message, item by item, in order.

use std::sync::Arc;

use ruma::{EventId, OwnedEventId, RoomId};

use super::{
    core::{Core, name_of},
    group::{self, Said},
    halt::Halt,
    kept, moving, notice, quoted,
    quoted::Answers,
    room,
    text::{ItemNotice, Note},
    transfer::{self, Failed},
};
use crate::{
    clock::Timestamp,
    convert,
    id::{InboxId, LoginId, MessageId, PortalId},
    ilink::{self, Body, Item, Message},
    matrix::{
        Intent,
        content::{self, Content},
    },
    store::{Change, Direction, Entry, Link, Outcome, Portal, Work},
};

/// Brings one message of a contact into the portal's room. It is refused when one of its items
/// became a notice in place of what it is.
///
/// `None` when its end was recorded with the copies that other contacts in the room get.
///
/// Each event has a transaction id that is derived from the message, so doing this again after
/// a crash sends nothing twice. A room that the ghost cannot come back to is replaced by a new one,
/// which gets the whole message.
pub(crate) async fn from_wechat(
    core: &Arc<Core>,
    entry: &Entry,
    portal: PortalId,
    message: Option<Message>,
) -> Result<Option<Outcome>, Halt> {
    let came = into_room(core, entry, portal, message.as_ref()).await;
    let Err(Halt::Refused(why)) = &came else { return came };
    if moving::mend(core, portal, why).await? {
        return into_room(core, entry, portal, message.as_ref()).await;
    }
    came
}

async fn into_room(
    core: &Arc<Core>,
    entry: &Entry,
    portal: PortalId,
    message: Option<&Message>,
) -> Result<Option<Outcome>, Halt> {
    // In a room with others the contact has no use for one of their own.
    let elsewhere = core.registry.portal(portal).filter(|portal| portal.group.is_some());
    let portal = match elsewhere {
        Some(portal) => Some(portal),
        None => room::ensure_room(core, portal).await?,
    };
    let Some(portal) = portal else {
        say_refused(core, entry).await;
        return Ok(Some(Outcome::Refused("no_room".into())));
    };
    let Work::FromWechat { raw, .. } = &entry.work else {
        return Ok(Some(Outcome::Ignored("not of a contact".into())));
    };
    let (Some(room), Some(ghost)) = (portal.place(), core.ghost(&portal.key.contact)) else {
        return Ok(Some(Outcome::Delivered)); // `ensure_room` returns only portals that have both.
    };
    let id = message.and_then(|m| m.id.clone());
    let created = message.and_then(|m| m.created);
    let at = ilink::plausible(created, entry.at).unwrap_or(entry.at);
    let known_as = message.and_then(Message::known_as);
    let said = Said::default();
    let place = |number| Place {
        said: &said,
        portal: &portal,
        room,
        ghost: &ghost,
        txn: transaction_id(portal.login, entry.id, id.as_ref(), number),
        at,
        number,
        message: known_as,
        answers: Answers::Nothing,
    };
    let Some(message) = message else {
        return say_instead(core, &place(0), &ItemNotice::Unreadable).await.map(Some);
    };
    if message.items.is_empty() {
        return say_instead(core, &place(0), &ItemNotice::Empty).await.map(Some);
    }
    let mut outcome = Outcome::Delivered;
    for (number, Item { body, quote, .. }) in (0_u16..).zip(&message.items) {
        let mut place = place(number);
        place.answers = quoted::find(core, &place, quote.as_ref()).await?;
        let came = bring(core, &place, body, raw).await?;
        if outcome == Outcome::Delivered {
            outcome = came;
        }
    }
    group::pass_on(core, entry, &portal, &said, outcome).await
}

/// Where an item goes, and as what.
pub(super) struct Place<'a> {
    pub(super) portal: &'a Portal,
    pub(super) room: &'a RoomId,
    pub(super) ghost: &'a Intent,
    /// The transaction id of the item's own event.
    pub(super) txn: String,
    /// When it was written.
    pub(super) at: Timestamp,
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

    /// Sends a further part of a text that is too long for one event.
    async fn send_more(&self, core: &Core, content: &Content, part: u16) -> Result<(), Halt> {
        let txn = format!("{}.{part}", self.txn);
        let sending = || self.ghost.send(self.room, content, &txn, Some(self.at));
        let event = core.insist(sending).await?;
        self.said.note(&event, content);
        if let Some(message) = self.message {
            // Behind the links of the items: whoever takes the message back takes all of it.
            let item = part.saturating_mul(MOST_ITEMS).saturating_add(self.number);
            self.link(core, message, item, &event);
        }
        Ok(())
    }

    /// Notes which event an item of WeChat's is.
    pub(super) fn link(&self, core: &Core, message: &MessageId, item: u16, event: &EventId) {
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

/// Brings one item into its place.
async fn bring(core: &Core, place: &Place<'_>, body: &Body, raw: &str) -> Result<Outcome, Halt> {
    let content = match body {
        // A phone cannot send one, and nothing is shown of it.
        Body::Text(text) if convert::shows_nothing(text) => {
            return say_instead(core, place, &ItemNotice::Empty).await;
        }
        Body::Text(text) => {
            let shown = content::text(convert::faces_to_unicode(text));
            return say_text(core, place, content::written(shown, text)).await;
        }
        Body::Unsupported { kind } => {
            return say_instead(core, place, &ItemNotice::Unknown { kind: *kind }).await;
        }
        Body::Image(_) | Body::Voice(_) | Body::File(_) | Body::Video(_) => {
            if let Some(kept) = core.read(core.store.kept(&place.txn))? {
                return kept::say(core, place, body, &kept).await;
            }
            // Boxed, because a text has no use for the room that a transfer takes.
            match Box::pin(transfer::bring(core, place.ghost, body)).await {
                Ok(content) => content,
                Err(Failed::Lost(lost)) => return kept::keep(core, place, raw, body, lost).await,
                Err(Failed::Halt(halt)) => return Err(halt),
            }
        }
    };
    place.send(core, &content, &place.txn).await?;
    Ok(Outcome::Delivered)
}

/// Says a text, in as many events as it needs.
async fn say_text(core: &Core, place: &Place<'_>, whole: Content) -> Result<Outcome, Halt> {
    let parts = content::texts(whole, |first| place.answers.show(first));
    for (number, content) in (0_u16..).zip(&parts) {
        match number {
            0 => drop(place.send(core, content, &place.txn).await?),
            more => place.send_more(core, content, more).await?,
        }
    }
    Ok(Outcome::Delivered)
}

/// A notice in the place of what cannot be shown.
async fn say_instead(
    core: &Core,
    place: &Place<'_>,
    what: &ItemNotice<'_>,
) -> Result<Outcome, Halt> {
    let language = core.language_of(&place.portal.key.owner);
    place.send(core, &content::notice(what.text(language)), &place.txn).await?;
    Ok(Outcome::Refused(what.code().into()))
}

/// Derived from login, message and item; a message without an id is told apart by its place in
/// the inbox, which is as lasting.
fn transaction_id(
    login: LoginId,
    entry: InboxId,
    message: Option<&MessageId>,
    item: u16,
) -> String {
    match message {
        Some(message) => format!("w{login}.{}.{item}", message.as_str()),
        None => format!("w{login}.i{entry}.{item}"),
    }
}

/// Tells the owner, once, that a message of a contact could not be put into the room.
pub(crate) async fn say_refused(core: &Core, entry: &Entry) {
    let Work::FromWechat { portal, .. } = &entry.work else { return };
    let Some(portal) = core.registry.portal(*portal) else { return };
    let name = name_of(&portal);
    let note = Note::DeliveryRefused { name: &name };
    // When the bridge is stopping, the next start tries the message again, and says it then.
    let _ =
        notice::to_owner(core, &portal.key.owner, &note, &format!("refused-{}", entry.id)).await;
}

/// The links of a text's further parts begin behind so many items.
const MOST_ITEMS: u16 = 1 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_item_has_the_same_transaction_id_wherever_it_lies_in_the_inbox() {
        let id = MessageId::parse("7412345678901234567").unwrap();
        let first = transaction_id(LoginId(3), InboxId(1), Some(&id), 0);
        assert_eq!(first, "w3.7412345678901234567.0");
        assert_eq!(first, transaction_id(LoginId(3), InboxId(9), Some(&id), 0));
        assert_ne!(first, transaction_id(LoginId(3), InboxId(1), Some(&id), 1));
        assert_ne!(first, transaction_id(LoginId(4), InboxId(1), Some(&id), 0));
        assert_eq!(transaction_id(LoginId(3), InboxId(9), None, 2), "w3.i9.2");
    }
}
