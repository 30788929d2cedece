//! The events of rooms that are no portals: invitations, the management room, commands.

use std::sync::Arc;

use ruma::UserId;

use super::{
    invitation::{ghost_invited, invited},
    unreadable,
};
use crate::{
    bridge::{
        command::{self, Ran},
        core::{
            Core,
            attempt::{Halt, Handled},
            owner,
            txn::Txn,
        },
        policy,
        portal::{departed, space},
    },
    matrix::event::{Event, Kind, Membership, MembershipState},
    store::{Entry, Outcome},
};

/// Handles one event in a room that is no portal.
pub(super) async fn from_room(
    core: &Arc<Core>,
    entry: &Entry,
    event: Event,
) -> Result<Handled, Halt> {
    match &event.kind {
        Kind::Message(message) => {
            Ok(match command::try_run(core, entry, &event, message, None).await? {
                Ran::NotACommand => Handled::Done(Outcome::Ignored("not a command".into())),
                Ran::Done(outcome) => Handled::Done(outcome),
                Ran::GoesOn => Handled::Deferred,
            })
        }
        Kind::Encrypted if policy::is_stranger(core, &event.sender) => {
            Ok(Handled::Done(Outcome::Ignored("stranger".into())))
        }
        Kind::Encrypted => encrypted(core, &event).await.map(Handled::Done),
        Kind::Membership(change) => membership(core, &event, change).await.map(Handled::Done),
        Kind::Sticker(_)
        | Kind::Reaction { .. }
        | Kind::Poll(_)
        | Kind::LiveLocation
        | Kind::Redaction { .. }
        | Kind::RoomEncryption(_)
        | Kind::RoomName(_)
        | Kind::RoomPicture(_)
        | Kind::Tombstone { .. }
        | Kind::Other { .. } => Ok(Handled::Done(Outcome::Ignored("not a portal".into()))),
    }
}

async fn membership(core: &Arc<Core>, event: &Event, change: &Membership) -> Result<Outcome, Halt> {
    match change.now {
        MembershipState::Invite if change.user == core.bot => invited(core, event).await,
        MembershipState::Invite => ghost_invited(core, event, &change.user).await,
        MembershipState::Leave | MembershipState::Ban => left(core, event, &change.user).await,
        MembershipState::Join | MembershipState::Knock | MembershipState::Other => {
            Ok(Outcome::Ignored("membership".into()))
        }
    }
}

/// Tells an encrypted room that the bot cannot read it; the homeserver drops repetitions for a day.
pub(super) async fn encrypted(core: &Core, event: &Event) -> Result<Outcome, Halt> {
    let place = (&*event.room, Txn::Encrypted(&event.room));
    Box::pin(unreadable::say(core, &event.sender, place)).await?;
    Ok(Outcome::Refused("encrypted".into()))
}

/// Handles a user who leaves: their space or their management room ends.
async fn left(core: &Core, event: &Event, user: &UserId) -> Result<Outcome, Halt> {
    if space::left(core, user, &event.room).await? {
        return Ok(Outcome::Delivered);
    }
    for member in [user, &event.sender] {
        if core.registry.owner(member).management_room.as_ref() == Some(&event.room) {
            match member == user {
                true => owner::mark_left(core, member).await?,
                false => owner::mark_room(core, member, None).await?,
            }
            let bot = core.bot();
            core.insist(|| bot.leave(&event.room, None)).await?;
            departed::end_if_gone(core, member).await?;
        }
    }
    Ok(Outcome::Delivered)
}
