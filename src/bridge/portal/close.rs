//! The end of a portal's room. The contact stays linked, and what they write next opens a new one.

use std::sync::Arc;

use ruma::OwnedEventId;

use super::space;
use crate::{
    bridge::{
        core::{Core, attempt::Halt, name_of, portal_record, txn::Txn},
        notice::{self, status},
        state::Changed,
        text::RoomText,
    },
    id::PortalId,
    store::{Leaving, Outcome, Portal},
};

/// What was done in Matrix ends the room; its owner hears what that means.
pub(crate) async fn by_matrix(core: &Arc<Core>, portal: &Portal) -> Result<Outcome, Halt> {
    close(core, portal, true).await?;
    Ok(Outcome::Delivered)
}

/// Gives the room up: nothing waits for it any more, and the bot and the ghost leave. The owner is
/// told elsewhere if `tell` says so. Gives how many messages were taken back.
pub(crate) async fn close(core: &Arc<Core>, portal: &Portal, tell: bool) -> Result<usize, Halt> {
    let dropped = droppable(core, portal).len();
    let closed = |portal: &mut Portal| {
        let in_space = portal.in_space;
        let room = portal.room.clone();
        portal.leaving = room.map(|room| Leaving { room, in_space, dropped, tell });
        portal.forget_room();
        portal.closed = true;
    };
    portal_record::change(core, portal.id, closed).await?;
    drop_queue(core, portal).await;
    leave(core, portal.id).await?;
    Ok(dropped)
}

/// Leaves the room that was given up; done again at a start that finds it undone.
pub(crate) async fn leave(core: &Core, portal: PortalId) -> Result<(), Halt> {
    let Some(portal) = core.registry.portal(portal) else { return Ok(()) };
    let Some(leaving) = portal.leaving.clone() else { return Ok(()) };
    let Leaving { room, in_space, dropped, tell } = &leaving;
    tracing::info!(portal = %portal.id, %room, dropped, "a portal room is closed");
    let (room_then, in_space) = (Some(room.clone()), *in_space);
    space::take_out(core, &Portal { room: room_then, in_space, ..Portal::clone(&portal) }).await?;
    let (owner, name) = (&portal.key.owner, name_of(&portal));
    let text = RoomText::Closed { name: &name }.text(core.language_of(owner));
    notice::say(core, room, &text, Txn::Closed(portal.id)).await?;
    let ghost = core.ghost(&portal.key.contact);
    for who in ghost.into_iter().chain([core.bot()]) {
        if let Err(Halt::Stopping) = core.insist(|| who.leave(room, None)).await {
            return Err(Halt::Stopping);
        }
    }
    if *tell {
        let (dropped, prefix) = (*dropped, core.prefix());
        let text = RoomText::ClosedFor { name: &name, dropped, prefix };
        let text = text.text(core.language_of(owner));
        notice::tell(core, owner, &text, Txn::ClosedFor(room)).await?;
    }
    let left =
        |portal: &mut Portal| portal.leaving = portal.leaving.take().filter(|l| *l != leaving);
    portal_record::change(core, portal.id, left).await
}

/// What waits of the room and nobody has tried to send. What waits of a room with others has
/// nothing to do with this one.
fn droppable(core: &Core, portal: &Portal) -> Vec<OwnedEventId> {
    let room = portal.room.as_deref();
    room.map(|room| core.outbox.untried_of(portal.id, room)).unwrap_or_default()
}

/// Takes all of that back.
async fn drop_queue(core: &Core, portal: &Portal) {
    for waiting in droppable(core, portal) {
        if let Changed::Done(was) = core.outbox.cancel(portal.id, &waiting) {
            core.finish(&was.entry, &Outcome::Cancelled);
            status::unmark(core, &was).await;
        }
    }
}
