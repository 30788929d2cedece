//! A message that some contacts of a room have not got, sent to those once more.

use std::sync::Arc;

use ruma::EventId;

use super::copies::{self, with_copies};
use crate::{
    bridge::core::{Core, attempt::Halt},
    matrix::event::Event,
    store::{Change, Entry, Outcome, Portal, Source, SourceState},
};

/// The event has its outcome, and each of `targets` has its copies, in one commit.
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
    let asked = copies::asking_again(asking, of);
    hand_on(core, entry, asked.as_slice(), &targets).await
}

pub(super) fn has_got(core: &Core, portal: &Portal, event: &EventId) -> Result<bool, Halt> {
    let source = Source::Copy { portal: portal.id, event: event.to_owned() };
    let seen = core.read(core.store.source_seen(&source))?;
    Ok(matches!(
        seen,
        Some(SourceState::Finished { outcome: Outcome::Delivered | Outcome::Unconfirmed, .. })
    ))
}
