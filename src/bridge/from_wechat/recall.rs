//! The recall of a message by a contact, whose events in the room are redacted.

use ruma::RoomId;

use crate::{
    bridge::{
        core::{
            Core,
            attempt::{Halt, Handled},
            txn::{Beside, ItemOf, Txn},
        },
        group::copies,
    },
    id::PortalId,
    ilink::Message,
    matrix::Intent,
    store::{Change, Entry, Link, Outcome, Portal},
};

/// Redacts the events of a recalled message, as the ghost that sent them.
pub(crate) async fn from_wechat(
    core: &Core,
    entry: &Entry,
    portal: PortalId,
    message: &Message,
) -> Result<Handled, Halt> {
    let Some(portal) = core.registry.portal(portal) else {
        return Ok(Handled::Done(Outcome::Ignored("no portal".into())));
    };
    // Links are submitted without waiting; after this barrier all of them can be read.
    core.barrier().await?;
    let links = match message.known_as() {
        Some(id) => core.read(core.store.events_of(portal.id, id))?,
        None => Vec::new(),
    };
    let deleted = Handled::Done(Outcome::Ignored("deleted".into()));
    let (Some(ghost), Some(first)) = (core.ghost(&portal.key.contact), links.first()) else {
        return Ok(deleted);
    };
    let Some(room) = room_of(core, &portal, &ghost, first).await? else { return Ok(deleted) };
    let mut gone = Vec::new();
    for link in links {
        let (login, message) = (portal.login, ItemOf::Message(&link.message));
        let item = Txn::Item { login, message, item: link.item }.to_string();
        let txn = Txn::Beside { item: &item, what: Beside::Gone }.to_string();
        let redaction = core.insist(|| ghost.redact(room, &link.event, &txn, None)).await?;
        gone.push((redaction, link.event));
    }
    let (events, others) = copies::redactions(core, &portal, room, &gone);
    if others.is_empty() {
        return Ok(Handled::Done(Outcome::Delivered));
    }
    let now = core.clock.now();
    let done = Change::new().finish(entry.id, entry.source(), &Outcome::Delivered, now);
    copies::with_copies(core, done, &events, &others).await.map(|()| Handled::Deferred)
}

/// Returns the contact's room that has the event: their own, or the one with others.
async fn room_of<'a>(
    core: &Core,
    portal: &'a Portal,
    ghost: &Intent,
    link: &Link,
) -> Result<Option<&'a RoomId>, Halt> {
    let Some(group) = &portal.group else { return Ok(portal.own_room()) };
    match core.event(ghost, group, &link.event).await {
        Ok(_) => Ok(Some(group)),
        Err(Halt::Refused(_)) => Ok(portal.own_room()),
        Err(Halt::Stopping) => Err(Halt::Stopping),
    }
}
