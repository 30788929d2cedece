//! The end of a portal's room. The contact stays linked, and their next message opens a new room.

use std::sync::Arc;

use ruma::OwnedEventId;

use super::{departed, space, unseen};
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

/// Closes a room because of something that was done in Matrix, and tells its owner.
pub(crate) async fn by_matrix(core: &Arc<Core>, portal: &Portal) -> Result<Outcome, Halt> {
    close(core, portal, true).await?;
    Ok(Outcome::Delivered)
}

/// Closes the room: its queue is dropped, and the bot and the ghost leave. The owner is told
/// elsewhere if `tell` is set. Returns how many messages were dropped.
pub(crate) async fn close(core: &Arc<Core>, portal: &Portal, tell: bool) -> Result<usize, Halt> {
    let dropped = droppable(core, portal).len();
    portal_record::change(core, portal.id, |portal| portal.close(dropped, tell)).await?;
    drop_queue(core, portal).await;
    leave(core, portal.id).await?;
    Ok(dropped)
}

/// Leaves a closed room; repeated at the next start when it was not finished.
pub(crate) async fn leave(core: &Arc<Core>, portal: PortalId) -> Result<(), Halt> {
    let Some(portal) = core.registry.portal(portal) else { return Ok(()) };
    let Some(leaving) = portal.leaving.clone() else { return Ok(()) };
    let Leaving { room, in_space, dropped, tell } = &leaving;
    tracing::info!(portal = %portal.id, %room, dropped, "a portal room is closed");
    let (owner, name) = (&portal.key.owner, name_of(&portal));
    if *in_space {
        space::take_out(core, owner, room).await?;
    }
    let is_here = *tell && !departed::end_if_gone(core, owner).await?;
    let goes_on = is_here && unseen::bring_along(core, &portal, room).await?;
    let text = RoomText::Closed { name: &name }.text(core.language_of(owner));
    notice::say(core, room, &text, Txn::Closed(portal.id)).await?;
    let ghost = core.ghost(&portal.key.contact);
    for who in ghost.into_iter().chain([core.bot()]) {
        if let Err(Halt::Stopping) = core.insist(|| who.leave(room, None)).await {
            return Err(Halt::Stopping);
        }
    }
    // Where the chat goes on in a new room already, only what was dropped has to be said.
    if is_here && (!goes_on || *dropped > 0) {
        let (dropped, prefix) = (*dropped, core.prefix());
        let text = RoomText::ClosedFor { name: &name, dropped, prefix };
        let text = text.text(core.language_of(owner));
        notice::tell(core, owner, &text, Txn::ClosedFor(room)).await?;
    }
    portal_record::change(core, portal.id, |portal| portal.leave(&leaving)).await
}

/// Returns the events of the room that wait and were not tried. Waiting events of a room with
/// others do not belong to it.
fn droppable(core: &Core, portal: &Portal) -> Vec<OwnedEventId> {
    let room = portal.own_room();
    room.map(|room| core.outbox.untried_of(portal.id, room)).unwrap_or_default()
}

/// Drops the waiting messages of the room.
async fn drop_queue(core: &Core, portal: &Portal) {
    for waiting in droppable(core, portal) {
        if let Changed::Done(was) = core.outbox.cancel(portal.id, &waiting) {
            core.finish(&was.entry, &Outcome::Cancelled);
            status::unmark(core, &was).await;
        }
    }
}
