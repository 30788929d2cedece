//! The events of rooms with several contacts, beside other people.
//!
//! Each event becomes one copy for each contact, durably and at once; from then on each copy is
//! handled by itself, in the lane and the queue of its contact. See `docs/groups.md`.

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
        text::SendRefusal,
    },
    matrix::event::{Event, Kind, Membership, MembershipState, Poll},
    store::{Entry, Outcome, Work},
};

/// Handles one event in a room with several contacts.
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
        // An event that cannot be sent to any contact is refused once, and not by each copy.
        Kind::Poll(Poll::Vote) => refuse(core, &event, SendRefusal::Vote).await,
        Kind::Reaction { .. } => refuse(core, &event, SendRefusal::Reaction).await,
        Kind::LiveLocation => refuse(core, &event, SendRefusal::LiveLocation).await,
        Kind::Encrypted => refuse(core, &event, SendRefusal::Encrypted).await,
        Kind::Other { is_state: false, event_type } => {
            refuse(core, &event, refusal::refusal_of(event_type)).await
        }
        Kind::Redaction { .. } => to_all(core, entry, &event).await,
        Kind::Membership(change) => membership(core, entry, &event, change).await,
        Kind::Tombstone { replacement } => {
            upgrade::replaced(core, &event, replacement.as_deref()).await.map(Handled::Done)
        }
        Kind::RoomEncryption(_) | Kind::RoomName(_) | Kind::RoomPicture(_) | Kind::Other { .. } => {
            Ok(Handled::Done(Outcome::Ignored("state".into())))
        }
    }
}

async fn refuse(core: &Core, event: &Event, why: SendRefusal) -> Result<Handled, Halt> {
    refusal::refuse(core, event, why).await.map(Handled::Done)
}

/// Makes a copy for each contact in the room.
async fn to_all(core: &Arc<Core>, entry: &Entry, event: &Event) -> Result<Handled, Halt> {
    let Work::FromMatrix { raw, .. } = &entry.work else { return Ok(Handled::Deferred) };
    let members = core.registry.members(&event.room);
    hand_on(core, entry, &[(event.clone(), raw.clone())], &members)
        .await
        .map(|()| Handled::Deferred)
}

/// Handles a change of membership: a contact whose ghost is removed is taken out, and so are the
/// contacts of an owner who leaves; when the bot leaves, all are.
async fn membership(
    core: &Arc<Core>,
    entry: &Entry,
    event: &Event,
    change: &Membership,
) -> Result<Handled, Halt> {
    match change.now {
        MembershipState::Leave | MembershipState::Ban => {}
        // The ghost belongs here already, so it joins without a question.
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

/// Returns whether this is the bot, or the ghost of a contact in the event's room.
fn is_at_home(core: &Core, event: &Event, user: &UserId) -> bool {
    let contact = core.ghosts.contact(user);
    let mut members = core.registry.members(&event.room).into_iter();
    user == core.bot || contact.is_some_and(|contact| members.any(|one| one.key.contact == contact))
}
