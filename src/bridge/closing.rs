//! The end of a portal's room. The contact stays linked, and what they write next opens a new one.

use std::sync::Arc;

use ruma::RoomId;

use super::{
    core::{Core, name_of},
    halt::Halt,
    management, notice, room, shown, space,
    state::{Changed, Outgoing},
    text::RoomText,
};
use crate::{
    matrix::{
        Intent,
        event::{Event, Membership, MembershipState},
    },
    store::{Outcome, Portal},
};

/// Somebody came or went in a portal room: a room without its owner or the bot is over, and a
/// ghost that was put out comes back with the next message.
pub(crate) async fn membership(
    core: &Arc<Core>,
    event: &Event,
    change: &Membership,
    portal: &Portal,
) -> Result<Outcome, Halt> {
    let ghost = core.ghost(&portal.key.contact).filter(|ghost| *ghost.user() == change.user);
    let is_pillar = change.user == portal.key.owner || change.user == core.bot;
    match (change.now, ghost) {
        (MembershipState::Invite, Some(ghost)) => join(core, &ghost, event).await,
        (MembershipState::Invite, None) if change.user == core.bot => {
            join(core, &core.bot(), event).await
        }
        (MembershipState::Invite, None) if core.is_ours(&change.user) => {
            management::ghost_invited(core, event, &change.user).await
        }
        (MembershipState::Ban, Some(_)) => by_matrix(core, portal).await,
        (MembershipState::Leave | MembershipState::Ban, None) if is_pillar => {
            by_matrix(core, portal).await
        }
        (MembershipState::Leave, Some(_)) => {
            tracing::info!(portal = %portal.id, "a ghost was removed from its room");
            let (name, prefix) = (name_of(portal), core.prefix());
            let text = RoomText::GhostRemoved { name: &name, prefix };
            let text = text.text(core.language_of(&portal.key.owner));
            notice::say(core, &event.room, &text, &format!("ghost-out-{}", event.id)).await?;
            Ok(Outcome::Delivered)
        }
        (
            MembershipState::Invite
            | MembershipState::Join
            | MembershipState::Leave
            | MembershipState::Ban
            | MembershipState::Knock
            | MembershipState::Other,
            _,
        ) => Ok(Outcome::Ignored("state".into())),
    }
}

async fn join(core: &Core, who: &Intent, event: &Event) -> Result<Outcome, Halt> {
    core.insist(|| who.join(&event.room)).await?;
    Ok(Outcome::Delivered)
}

/// What was done in Matrix ends the room; its owner hears what that means.
pub(crate) async fn by_matrix(core: &Arc<Core>, portal: &Portal) -> Result<Outcome, Halt> {
    let dropped = close(core, portal).await?;
    let (name, prefix) = (name_of(portal), core.prefix());
    let text = RoomText::ClosedFor { name: &name, dropped, prefix };
    let text = text.text(core.language_of(&portal.key.owner));
    let txn = format!("closed-for-{}-{}", portal.id, portal.generation);
    notice::tell(core, &portal.key.owner, &text, &txn).await?;
    Ok(Outcome::Delivered)
}

/// Gives the room up: nothing waits for it any more, and the bot and the ghost leave. Gives how
/// many messages were taken back.
pub(crate) async fn close(core: &Arc<Core>, portal: &Portal) -> Result<usize, Halt> {
    let closed = |portal: &mut Portal| {
        portal.forget_room();
        portal.closed = true;
    };
    room::change(core, portal.id, closed).await?;
    let dropped = drop_queue(core, portal).await;
    if let Some(room) = &portal.room {
        tracing::info!(portal = %portal.id, %room, dropped, "a portal room is closed");
        leave(core, portal, room).await?;
    }
    Ok(dropped)
}

/// Leaves the room that a portal has no more, if a crash came before that.
pub(crate) async fn leave_former(core: &Core, portal: &Portal, room: &RoomId) -> Result<(), Halt> {
    tracing::info!(portal = %portal.id, %room, "a room that was given up is left");
    // Whether it was in a space is forgotten with it.
    let then = Portal { room: Some(room.to_owned()), in_space: true, ..portal.clone() };
    leave(core, &then, room).await
}

/// Says so in the room; then the bot and the ghost leave it.
async fn leave(core: &Core, portal: &Portal, room: &RoomId) -> Result<(), Halt> {
    space::take_out(core, portal).await?;
    let name = name_of(portal);
    let text = RoomText::Closed { name: &name }.text(core.language_of(&portal.key.owner));
    notice::say(core, room, &text, &format!("closed-{}", portal.id)).await?;
    let ghost = core.ghost(&portal.key.contact);
    for who in ghost.into_iter().chain([core.bot()]) {
        if let Err(Halt::Stopping) = core.insist(|| who.leave(room, None)).await {
            return Err(Halt::Stopping);
        }
    }
    Ok(())
}

/// Takes back whatever nobody has tried to send.
async fn drop_queue(core: &Core, portal: &Portal) -> usize {
    let mut dropped = 0;
    // What waits of a room with others has nothing to do with this one.
    let of_room = |waiting: &Outgoing| portal.room.as_ref() == Some(&waiting.room);
    for waiting in core.outbox.waiting(portal.id).into_iter().filter(of_room) {
        if let Changed::Done(was) = core.outbox.cancel(portal.id, &waiting.event) {
            core.finish(&was.entry, &Outcome::Cancelled);
            shown::unmark(core, &was).await;
            dropped += 1;
        }
    }
    dropped
}
