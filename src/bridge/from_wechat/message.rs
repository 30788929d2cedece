//! The way of a WeChat message into a room, item by item, in order.

use std::sync::Arc;

use super::{
    lost_media,
    media::{self, Brought, Failed},
    place::Place,
    quote::{self, Answers},
};
use crate::{
    bridge::{
        core::{
            Core,
            attempt::{Halt, Handled},
            name_of, portal_record,
            txn::{ItemOf, Txn},
        },
        group::{
            copies::{self, Said},
            membership,
        },
        notice,
        portal::{entry::enter, profile, room, space},
        text::{ItemNotice, Note},
    },
    convert,
    id::{InboxId, LoginId, MessageId, PortalId},
    ilink::{self, Body, Item, MediaBody, Message},
    matrix::{
        self,
        content::{self, Content},
    },
    store::{Entry, Outcome, Work},
};

/// Brings a contact's message into the portal's room. The outcome is a refusal when one of its
/// items was replaced by a notice.
///
/// Each event has a transaction id that is derived from the message, so a repetition after a crash
/// sends nothing twice. A room that the ghost cannot enter again, or that was closed in the
/// meantime, is replaced by a new one, which gets the whole message; after three rooms the message
/// is set aside.
pub(crate) async fn from_wechat(
    core: &Arc<Core>,
    entry: &Entry,
    portal: PortalId,
    message: Option<Message>,
) -> Result<Handled, Halt> {
    for _ in 1..MOST_ROOMS {
        match into_room(core, entry, portal, message.as_ref()).await {
            Err(Halt::Refused(why)) if mend(core, portal, &why).await? => {}
            came => return came,
        }
    }
    into_room(core, entry, portal, message.as_ref()).await
}

async fn into_room(
    core: &Arc<Core>,
    entry: &Entry,
    portal: PortalId,
    message: Option<&Message>,
) -> Result<Handled, Halt> {
    // In a room with others, the contact needs no room of their own.
    let elsewhere = core.registry.portal(portal).filter(|portal| portal.group.is_some());
    let portal = match elsewhere {
        Some(portal) => Some(portal),
        None => room::ensure_room(core, portal).await?,
    };
    let Some(portal) = portal else {
        say_refused(core, entry).await;
        return Ok(Handled::Done(Outcome::Refused("no_room".into())));
    };
    let Work::FromWechat { raw, .. } = &entry.work else {
        return Ok(Handled::Done(Outcome::Ignored("not of a contact".into())));
    };
    // The room may have been closed since it was made; then the message needs another one.
    let room = portal.place().ok_or(Halt::Refused(matrix::Error::NotFound))?;
    let ghost = core.ghost(&portal.key.contact).ok_or(Halt::Refused(matrix::Error::TooLarge))?;
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
        return say_instead(core, &place(0), &ItemNotice::Unreadable).await.map(Handled::Done);
    };
    if message.items.is_empty() {
        return say_instead(core, &place(0), &ItemNotice::Empty).await.map(Handled::Done);
    }
    let mut outcome = Outcome::Delivered;
    for (number, Item { body, quote, .. }) in (0_u16..).zip(&message.items) {
        let mut place = place(number);
        place.answers = quote::find(core, &place, quote.as_ref()).await?;
        let came = bring(core, &place, body, raw).await?;
        if outcome == Outcome::Delivered {
            outcome = came;
        }
    }
    copies::pass_on(core, entry, &portal, &said, outcome).await
}

/// Brings one item to its place.
async fn bring(core: &Core, place: &Place<'_>, body: &Body, raw: &str) -> Result<Outcome, Halt> {
    match body {
        // A phone cannot send such a text, and clients would show nothing.
        Body::Text(text) if convert::shows_nothing(text) => {
            say_instead(core, place, &ItemNotice::Empty).await
        }
        Body::Text(text) => {
            let shown = content::text(convert::faces_to_unicode(text));
            say_text(core, place, content::written(shown, text)).await
        }
        Body::Unsupported { kind } => {
            say_instead(core, place, &ItemNotice::Unknown { kind: *kind }).await
        }
        Body::Media(body) => bring_file(core, place, body, raw).await,
    }
}

/// Brings an item with a file, or keeps it for `retry` and sends a notice.
async fn bring_file(
    core: &Core,
    place: &Place<'_>,
    body: &MediaBody,
    raw: &str,
) -> Result<Outcome, Halt> {
    if let Some(kept) = core.read(core.store.kept(&place.txn))? {
        return lost_media::say(core, place, body, &kept).await;
    }
    // Boxed, since a text does not need the space that a transfer takes.
    match Box::pin(media::bring(core, place.ghost, body)).await {
        Ok(Brought { content, mismatch }) => {
            place.send_file(core, body, (&content, mismatch)).await?;
            Ok(Outcome::Delivered)
        }
        Err(Failed::Lost(lost)) => lost_media::keep(core, place, raw, body, lost).await,
        Err(Failed::Halt(halt)) => Err(halt),
    }
}

/// Sends a text, in as many events as it needs.
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

/// Sends a notice in place of an item.
async fn say_instead(
    core: &Core,
    place: &Place<'_>,
    what: &ItemNotice<'_>,
) -> Result<Outcome, Halt> {
    let language = core.language_of(&place.portal.key.owner);
    place.send(core, &content::notice(what.text(language)), &place.txn).await?;
    Ok(Outcome::Refused(what.code().into()))
}

/// Returns the transaction id of an item, derived from login, message and item. A message without
/// an id is identified by the number of its entry, which is as lasting.
fn transaction_id(
    login: LoginId,
    entry: InboxId,
    message: Option<&MessageId>,
    item: u16,
) -> String {
    let message = message.map_or(ItemOf::Entry(entry), ItemOf::Message);
    Txn::Item { login, message, item }.to_string()
}

/// Tells the owner once that a contact's message could not be put into the room.
pub(crate) async fn say_refused(core: &Core, entry: &Entry) {
    let Work::FromWechat { portal, .. } = &entry.work else { return };
    let Some(portal) = core.registry.portal(*portal) else { return };
    let name = name_of(&portal);
    let note = Note::DeliveryRefused { name: &name };
    // When the bridge is stopping, the next start tries the message again and reports it.
    let _ = notice::to_owner(core, &portal.key.owner, &note, Txn::Refused(entry.id)).await;
}

/// Recovers after the homeserver refused the ghost: brings it back into its room, or closes a room
/// that it cannot enter again, so that a new one is made. Returns false when the ghost is in its
/// room, so the reason is another one.
pub(super) async fn mend(
    core: &Arc<Core>,
    portal: PortalId,
    refused: &matrix::Error,
) -> Result<bool, Halt> {
    let is_lost = matches!(refused, matrix::Error::Forbidden { .. } | matrix::Error::NotFound);
    let Some(portal) = core.registry.portal(portal).filter(|_| is_lost) else { return Ok(false) };
    if let Some(room) = &portal.group {
        return membership::mend(core, &portal, room).await;
    }
    let (Some(room), Some(ghost)) = (portal.own_room(), core.ghost(&portal.key.contact)) else {
        tracing::info!(portal = %portal.id, "a room was closed while a message was on its way");
        return Ok(true);
    };
    if core.insist(|| ghost.joined_rooms()).await?.iter().any(|joined| joined == room) {
        return Ok(false);
    }
    if enter(core, &ghost, &core.bot(), room).await? {
        tracing::info!(portal = %portal.id, %room, "a ghost came back into its room");
        profile::on_ghost(core, &portal).await?;
    } else {
        tracing::info!(portal = %portal.id, %room, "a portal room is lost");
        space::take_room_out(core, &portal).await?;
        portal_record::change(core, portal.id, |portal| portal.lose(room)).await?;
    }
    Ok(true)
}

/// The number of rooms that are tried for one message.
const MOST_ROOMS: u32 = 3;

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
