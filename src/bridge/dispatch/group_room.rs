//! Rooms into which contacts were brought, beside other people and other contacts: who gets what.
//!
//! Each event becomes one copy for each contact, durably and at once; the copies go their own ways
//! from there, each in the lane and the queue of its contact. `docs/groups.md` tells the whole.

use std::sync::Arc;

use ruma::UserId;

use super::{other_room, stranger};
use crate::{
    bridge::{
        command::{self, Ran},
        core::{
            Core,
            attempt::{Halt, Handled},
        },
        from_matrix::retry,
        group::{
            again::{again, hand_on},
            membership::take_out,
            upgrade,
        },
        notice::refusal,
        text::Refusal,
    },
    matrix::event::{Event, Kind, Membership, MembershipState, Poll},
    store::{Entry, Outcome, Work},
};

/// Decides about one event in a room with contacts in it.
pub(super) async fn from_room(
    core: &Arc<Core>,
    entry: &Entry,
    event: Event,
) -> Result<Handled, Halt> {
    if let Some(outcome) = stranger::turned_away(core, &event).await? {
        return Ok(Handled::Done(outcome));
    }
    match &event.kind {
        Kind::Message(message) => {
            match command::try_run(core, entry, &event, message, None).await? {
                Ran::NotACommand => to_all(core, entry, &event).await,
                Ran::Done(outcome) => Ok(Handled::Done(outcome)),
                Ran::GoesOn => Ok(Handled::Deferred),
            }
        }
        Kind::Sticker(_) => to_all(core, entry, &event).await,
        Kind::Reaction { of, key } if retry::asks_again(key) => {
            again(core, entry, &event, of).await
        }
        Kind::Reaction { .. } if core.config.delivery.reactions => {
            to_all(core, entry, &event).await
        }
        Kind::Poll(Poll::Start { .. } | Poll::End { .. }) => to_all(core, entry, &event).await,
        // What cannot go to anybody is said once, and not by each copy.
        Kind::Poll(Poll::Vote) => refuse(core, &event, Refusal::Vote).await,
        Kind::Reaction { .. } => refuse(core, &event, Refusal::Reaction).await,
        Kind::LiveLocation => refuse(core, &event, Refusal::LiveLocation).await,
        Kind::Encrypted => refuse(core, &event, Refusal::Encrypted).await,
        Kind::Other { is_state: false, event_type } => {
            refuse(core, &event, refusal::refusal_of(event_type)).await
        }
        Kind::Redaction { .. } => to_all(core, entry, &event).await,
        Kind::Membership(change) => membership(core, entry, &event, change).await,
        Kind::Tombstone { replacement } => {
            upgrade::replaced(core, &event, replacement.as_deref()).await.map(Handled::Done)
        }
        Kind::RoomName(_) | Kind::RoomPicture(_) | Kind::Other { .. } => {
            Ok(Handled::Done(Outcome::Ignored("state".into())))
        }
    }
}

async fn refuse(core: &Core, event: &Event, why: Refusal) -> Result<Handled, Halt> {
    refusal::refuse(core, event, why).await.map(Handled::Done)
}

/// A copy for each contact in the room.
async fn to_all(core: &Arc<Core>, entry: &Entry, event: &Event) -> Result<Handled, Halt> {
    let Work::FromMatrix { raw, .. } = &entry.work else { return Ok(Handled::Deferred) };
    let members = core.registry.members(&event.room);
    hand_on(core, entry, &[(event.clone(), raw.clone())], &members)
        .await
        .map(|()| Handled::Deferred)
}

/// A contact who is sent out of the room is no longer in it, and neither are those of an owner who
/// leaves; when the bot goes, all are out.
async fn membership(
    core: &Arc<Core>,
    entry: &Entry,
    event: &Event,
    change: &Membership,
) -> Result<Handled, Halt> {
    match change.now {
        MembershipState::Leave | MembershipState::Ban => {}
        // Whoever belongs here already is not to be asked what to do here.
        MembershipState::Invite if is_at_home(core, event, &change.user) => {
            let who = core.homeserver.intent(&change.user);
            core.insist(|| who.join(&event.room)).await?;
            return Ok(Handled::Done(Outcome::Delivered));
        }
        MembershipState::Invite
        | MembershipState::Join
        | MembershipState::Knock
        | MembershipState::Other => return other_room::from_room(core, entry, event.clone()).await,
    }
    let gone = &change.user;
    let contact = core.ghosts.contact(gone);
    for portal in core.registry.members(&event.room) {
        let goes = *gone == core.bot
            || portal.key.owner == *gone
            || contact.as_ref() == Some(&portal.key.contact);
        if goes {
            take_out(core, &portal, &event.room, event.id.as_str()).await?;
        }
    }
    Ok(Handled::Done(Outcome::Delivered))
}

/// Whether this is the bot, or the ghost of a contact in the event's room.
fn is_at_home(core: &Core, event: &Event, user: &UserId) -> bool {
    let contact = core.ghosts.contact(user);
    let mut members = core.registry.members(&event.room).into_iter();
    user == core.bot || contact.is_some_and(|contact| members.any(|one| one.key.contact == contact))
}
