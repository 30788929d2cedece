//! The resend of a message to those contacts of a room who have not received it.

use std::sync::Arc;

use ruma::{EventId, OwnedUserId, UserId};

use super::copies::{self, with_copies};
use crate::{
    bridge::{
        core::{
            Core,
            attempt::{Halt, Handled},
        },
        notice::refusal::refuse,
        policy::{self, Act, Actor, RoomRules, Ruling},
        text::SendRefusal,
    },
    matrix::event::{self, Event},
    store::{Change, Entry, Outcome, Portal, Source, SourceState},
};

/// Commits the outcome of the event together with a copy for each of `targets`.
pub(crate) async fn hand_on(
    core: &Core,
    entry: &Entry,
    events: &[(Event, Box<str>)],
    targets: &[Arc<Portal>],
) -> Result<(), Halt> {
    let now = core.clock.now();
    let done = Change::new().finish(entry.id, entry.source(), &Outcome::Delivered, now);
    with_copies(core, done, events, targets).await
}

/// Sends a message again to the contacts who have not received it, or to all when all have. The
/// asker must have written it, or own the chat to which it goes.
pub(crate) async fn again(
    core: &Core,
    entry: &Entry,
    asking: &Event,
    of: &EventId,
) -> Result<Handled, Halt> {
    let mut targets = core.registry.members(&asking.room);
    if let Some(kept) = core.read(core.store.kept_of(of))? {
        targets.retain(|portal| portal.id == kept.portal);
    } else {
        if let Some(author) = author_of(core, asking, of).await? {
            targets.retain(|portal| may_resend(core, portal, asking, &author));
            if targets.is_empty() {
                return refuse(core, asking, SendRefusal::NotYours).await.map(Handled::Done);
            }
        }
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
    let asked = copies::asking_again(asking, of);
    hand_on(core, entry, asked.as_slice(), &targets).await.map(|()| Handled::Deferred)
}

fn may_resend(core: &Core, portal: &Portal, asking: &Event, author: &UserId) -> bool {
    let authored_by_actor = author == asking.sender;
    let rules = RoomRules { authored_by_actor, ..policy::rules(portal, &asking.room) };
    let actor = Actor::of_event(core, portal, asking);
    policy::decide(actor, Act::Resend, rules) == Ruling::Allowed
}

/// Returns the sender of an event of the room; `None` when the homeserver does not say.
async fn author_of(core: &Core, asking: &Event, of: &EventId) -> Result<Option<OwnedUserId>, Halt> {
    let bot = core.bot();
    match core.event(&bot, &asking.room, of).await {
        Ok(raw) => Ok(event::parse(&raw).ok().map(|event| event.sender)),
        Err(Halt::Refused(_)) => Ok(None),
        Err(Halt::Stopping) => Err(Halt::Stopping),
    }
}

pub(super) fn has_got(core: &Core, portal: &Portal, event: &EventId) -> Result<bool, Halt> {
    let source = Source::Copy { portal: portal.id, event: event.to_owned() };
    let seen = core.read(core.store.source_seen(&source))?;
    Ok(matches!(
        seen,
        Some(SourceState::Finished { outcome: Outcome::Delivered | Outcome::Unconfirmed, .. })
    ))
}
