//! Rooms into which contacts were brought, beside other people and other contacts: who gets what.
//!
//! Each event becomes one copy for each contact, durably and at once; the copies go their own ways
//! from there, each in the lane and the queue of its contact. `docs/groups.md` tells the whole.

mod copy;
mod following;
mod member;

use std::sync::Arc;

use ruma::{EventId, UserId};

use super::{
    change,
    command::{self, Ran},
    core::{Core, name_of},
    halt::Halt,
    management, outgoing,
    text::Refusal,
};
use crate::{
    config::Level,
    convert,
    id::PortalKey,
    matrix::event::{Event, Kind, Membership, MembershipState, Poll},
    store::{Change, Entry, Outcome, Portal, Source, SourceState, Work},
};
pub(crate) use copy::{Said, pass_on, redactions, with_copies};
pub(crate) use following::let_in;
pub(crate) use member::{Barrier, bring_in, leave, mend, take_out};

/// Decides about one event in a room with contacts in it; `None` when its entry is finished here,
/// or will be by somebody else.
pub(crate) async fn from_room(
    core: &Arc<Core>,
    entry: &Entry,
    event: Event,
) -> Result<Option<Outcome>, Halt> {
    match &event.kind {
        Kind::Message(message) => {
            match command::try_run(core, entry, &event, message, None).await? {
                Ran::NotACommand => to_all(core, entry, &event).await,
                Ran::Done(outcome) => Ok(Some(outcome)),
                Ran::GoesOn => Ok(None),
            }
        }
        Kind::Sticker(_) => to_all(core, entry, &event).await,
        Kind::Reaction { of, key } if change::asks_again(key) => {
            again(core, entry, &event, of).await.map(|()| None)
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
            refuse(core, &event, outgoing::refusal_of(event_type)).await
        }
        Kind::Redaction { .. } => to_all(core, entry, &event).await,
        Kind::Membership(change) => membership(core, entry, &event, change).await,
        Kind::Tombstone { replacement } => {
            following::replaced(core, &event, replacement.as_deref()).await.map(Some)
        }
        Kind::RoomName(_) | Kind::RoomPicture(_) | Kind::Other { .. } => {
            Ok(Some(Outcome::Ignored("state".into())))
        }
    }
}

async fn refuse(core: &Core, event: &Event, why: Refusal) -> Result<Option<Outcome>, Halt> {
    outgoing::refuse(core, event, why).await.map(Some)
}

/// A copy for each contact in the room.
async fn to_all(core: &Arc<Core>, entry: &Entry, event: &Event) -> Result<Option<Outcome>, Halt> {
    let Work::FromMatrix { raw, .. } = &entry.work else { return Ok(None) };
    if core.config.bridge.permissions.level_of(&event.sender) < Some(Level::Relay) {
        return refuse(core, event, Refusal::NotAllowed).await;
    }
    let members = core.registry.members(&event.room);
    hand_on(core, entry, &[(event.clone(), raw.clone())], &members).await.map(|()| None)
}

/// The event has its outcome, and each of `targets` has its copies, in one commit.
async fn hand_on(
    core: &Core,
    entry: &Entry,
    events: &[(Event, Box<str>)],
    targets: &[Arc<Portal>],
) -> Result<(), Halt> {
    let now = core.clock.now();
    let done = Change::new().finish(entry.id, entry.source(), &Outcome::Delivered, now);
    with_copies(core, done, events, targets).await
}

/// Whoever has not got a message gets it once more; when all have it, all do.
pub(crate) async fn again(
    core: &Core,
    entry: &Entry,
    asking: &Event,
    of: &EventId,
) -> Result<(), Halt> {
    let mut targets = core.registry.members(&asking.room);
    if let Some(kept) = core.read(core.store.kept_of(of))? {
        targets.retain(|portal| portal.id == kept.portal);
    } else {
        let mut lacking = Vec::new();
        for portal in &targets {
            if !has_got(core, portal, of)? {
                lacking.push(Arc::clone(portal));
            }
        }
        if !lacking.is_empty() {
            targets = lacking;
        }
    }
    let asked = copy::asking_again(asking, of);
    hand_on(core, entry, asked.as_slice(), &targets).await
}

fn has_got(core: &Core, portal: &Portal, event: &EventId) -> Result<bool, Halt> {
    let source = Source::Copy { portal: portal.id, event: event.to_owned() };
    let seen = core.read(core.store.source_seen(&source))?;
    Ok(matches!(
        seen,
        Some(SourceState::Finished { outcome: Outcome::Delivered | Outcome::Unconfirmed, .. })
    ))
}

/// A contact who is sent out of the room is no longer in it, and neither are those of an owner who
/// leaves; when the bot goes, all are out.
async fn membership(
    core: &Arc<Core>,
    entry: &Entry,
    event: &Event,
    change: &Membership,
) -> Result<Option<Outcome>, Halt> {
    match change.now {
        MembershipState::Leave | MembershipState::Ban => {}
        // Whoever belongs here already is not to be asked what to do here.
        MembershipState::Invite if is_at_home(core, event, &change.user) => {
            let who = core.homeserver.intent(&change.user);
            core.insist(|| who.join(&event.room)).await?;
            return Ok(Some(Outcome::Delivered));
        }
        MembershipState::Invite
        | MembershipState::Join
        | MembershipState::Knock
        | MembershipState::Other => return management::from_room(core, entry, event.clone()).await,
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
    Ok(Some(Outcome::Delivered))
}

/// Whether this is the bot, or the ghost of a contact in the event's room.
fn is_at_home(core: &Core, event: &Event, user: &UserId) -> bool {
    let contact = core.ghosts.contact(user);
    let mut members = core.registry.members(&event.room).into_iter();
    user == core.bot || contact.is_some_and(|contact| members.any(|one| one.key.contact == contact))
}

/// Whether this is a copy: an event of a room that is not the contact's own.
pub(crate) fn is_copy(portal: &Portal, event: &Event) -> bool {
    portal.room.as_ref() != Some(&event.room)
}

/// Whether a contact wrote this event, and whether it was the one that the portal is for.
pub(crate) fn author(core: &Core, portal: &Portal, event: &Event) -> Author {
    match core.ghosts.contact(&event.sender) {
        Some(contact) if contact == portal.key.contact => Author::Themselves,
        Some(_) if is_copy(portal, event) => Author::AnotherContact,
        Some(_) => Author::Bridge,
        None if event.sender == core.bot => Author::Bridge,
        None => Author::Person,
    }
}

/// Who wrote an event, as the contact sees it who is to get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Author {
    Person,
    AnotherContact,
    Themselves,
    Bridge,
}

/// What a contact who wrote an event is called; `None` when it was no contact.
pub(crate) fn contact_name(core: &Core, event: &Event, portal: &Portal) -> Option<String> {
    let contact = core.ghosts.contact(&event.sender)?;
    let members = core.registry.members(&event.room).into_iter();
    let known = members.into_iter().find(|other| other.key.contact == contact).or_else(|| {
        let owner = portal.key.owner.clone();
        core.registry.find_portal(&PortalKey { owner, contact: contact.clone() })
    });
    let name = known.map(|other| name_of(&other));
    Some(convert::name_or(name.as_deref(), contact.as_str()))
}
