//! From WeChat to Matrix: one message, item by item, in order.

use std::sync::Arc;

use super::{
    core::{Core, name_of},
    halt::Halt,
    notice, room,
    text::{ItemNotice, Note},
};
use crate::{
    clock::Timestamp,
    id::{InboxId, LoginId, MessageId, PortalId},
    ilink::{Body, Item, Message},
    matrix::content::{self, Content},
    store::{Change, Direction, Entry, Link, Outcome, Portal, Work},
};

/// Brings one message of a contact into the portal's room.
///
/// Each event has a transaction id that is derived from the message, so doing this again after
/// a crash sends nothing twice.
pub(crate) async fn from_wechat(
    core: &Arc<Core>,
    entry: &Entry,
    portal: PortalId,
    message: Option<Message>,
) -> Result<Outcome, Halt> {
    let Some(portal) = room::ensure_room(core, portal).await? else {
        say_refused(core, entry).await;
        return Ok(Outcome::Refused("no_room".into()));
    };
    let contents = contents(core, &portal, message.as_ref());
    let id = message.as_ref().and_then(|m| m.id.clone());
    let at = message.as_ref().and_then(|m| m.created).unwrap_or(entry.at);
    for (number, content) in (0_u16..).zip(contents) {
        let txn = transaction_id(portal.login, entry.id, id.as_ref(), number);
        send_one(core, &portal, Sending { content, txn, at, number, id: id.as_ref() }).await?;
    }
    Ok(outcome_of(message.as_ref()))
}

/// A message is refused when one of its items became a notice in place of what it is.
fn outcome_of(message: Option<&Message>) -> Outcome {
    let refused = match message {
        None => Some(ItemNotice::Unreadable),
        Some(message) if message.items.is_empty() => Some(ItemNotice::Empty),
        Some(message) => message.items.iter().find_map(|item| ItemNotice::of(&item.body)),
    };
    refused.map_or(Outcome::Delivered, |what| Outcome::Refused(what.code().into()))
}

struct Sending<'a> {
    content: Content,
    txn: String,
    at: Timestamp,
    number: u16,
    id: Option<&'a MessageId>,
}

async fn send_one(core: &Core, portal: &Portal, sending: Sending<'_>) -> Result<(), Halt> {
    let (Some(room), Some(ghost)) = (&portal.room, core.ghost(&portal.key.contact)) else {
        return Ok(()); // `ensure_room` returns only portals that have both.
    };
    let Sending { content, txn, at, number, id } = sending;
    let event = core.insist(|| ghost.send(room, &content, &txn, Some(at))).await?;
    if let Some(id) = id {
        let link = Link {
            portal: portal.id,
            message: id.clone(),
            item: number,
            event,
            direction: Direction::ToMatrix,
            at: core.clock.now(),
        };
        core.store.submit(Change::new().link(&link));
    }
    Ok(())
}

/// The contents of a message, in order; what is not text becomes a notice that names it.
fn contents(core: &Core, portal: &Portal, message: Option<&Message>) -> Vec<Content> {
    let language = core.language_of(&portal.key.owner);
    let notice = |what: ItemNotice| content::notice(what.text(language));
    match message {
        None => vec![notice(ItemNotice::Unreadable)],
        Some(message) if message.items.is_empty() => vec![notice(ItemNotice::Empty)],
        Some(message) => message
            .items
            .iter()
            .map(|Item { body, .. }| match (body, ItemNotice::of(body)) {
                (_, Some(what)) => notice(what),
                (Body::Text(text), None) => content::text(text.as_str()),
                (_, None) => notice(ItemNotice::Unreadable),
            })
            .collect(),
    }
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
