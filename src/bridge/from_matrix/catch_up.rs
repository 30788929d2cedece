//! Finds the events that the homeserver has but did not push.
//!
//! Synapse 1.163 can leave a transaction in its table that it makes at the moment in which it finds
//! the bridge back, and it forgets what it had not pushed yet when it is killed. So the bot reads
//! what happened in its rooms, as a client would: before each push of the first half minute that
//! brings something of others, which keeps the order, and with growing pauses, every few minutes in
//! the end. What was not pushed is taken over as if it had been.
//!
//! A store without a place to begin from gets one at its first look. What happened before may still
//! have to be pushed, so nothing is taken from there on until something is known to have been pushed
//! that happened after: pushes come in order.

use std::{sync::Arc, time::Duration};

use super::ingest;
use crate::{
    bridge::core::{Core, attempt::Halt},
    clock::Timestamp,
    matrix::{
        self, Retry, Timeline, Transaction,
        event::{self, Event, Kind, MembershipState},
    },
    store::{Change, Source},
};

/// Looks again and again, until the bridge stops.
pub(crate) async fn run(core: Arc<Core>) {
    let known = core.store.looked().is_ok_and(|looked| looked.is_some());
    // Without a place to begin from, the first look is for finding one.
    let mut pause = if known { SHORTEST } else { Duration::ZERO };
    let mut failed = false;
    let mut first = None;
    loop {
        let is_wish = tokio::select! {
            () = core.tasks.pause(pause) => false,
            () = core.looks.wish() => true,
        };
        if core.tasks.stopping() {
            return;
        }
        let wishes = core.looks.begin();
        let looked = look(&core, &mut first).await;
        let in_vain = matches!(&looked, Err(Halt::Refused(error)) if error.retry() == Retry::Never);
        core.looks.end(wishes, in_vain);
        let fails = match looked {
            Ok(()) => false,
            Err(Halt::Stopping) => return,
            Err(Halt::Refused(error)) => {
                tracing::debug!(%error, "the homeserver did not say what happened in the rooms");
                true
            }
        };
        if is_wish {
            continue;
        }
        // What happens while the homeserver comes back is to be looked at soon.
        pause = if fails == failed { (pause * 2).clamp(SHORTEST, LONGEST) } else { SHORTEST };
        failed = fails;
    }
}

/// Compares what happened since the last look with what was pushed. `first` is the place of a store
/// that has none, until it is known that pushes have come that far.
async fn look(core: &Arc<Core>, first: &mut Option<String>) -> Result<(), Halt> {
    let stored = core.read(core.store.looked())?;
    let since = stored.clone().or_else(|| first.clone());
    let changes = match core.bot().changes(since.as_deref()).await {
        Ok(changes) => changes,
        Err(error) => {
            if since.is_some() && is_about_the_place(&error) {
                *first = None;
                core.commit(Change::new().drop_looked()).await?;
            }
            return Err(Halt::Refused(error));
        }
    };
    if stored.is_none() {
        if first.is_none() {
            *first = Some(changes.next);
            return Ok(());
        }
        if !pushes_have_come(core, &changes.rooms)? {
            return Ok(());
        }
    }
    if since.is_some() {
        let mut events = Vec::new();
        for timeline in changes.rooms {
            events.extend(unpushed(core, timeline)?);
        }
        if !events.is_empty() {
            tracing::info!(events = events.len(), "found what the homeserver has not pushed yet");
            let id = format!("look {}", changes.next);
            let found = Transaction { id, events, ephemeral: Vec::new() };
            // Only a store that fails, or the end, keeps it from being taken.
            ingest::take(core, &found).await.map_err(|_| Halt::Stopping)?;
        }
    }
    // Nobody waits for it: from an earlier place the same is found, and known.
    core.store.submit(Change::new().put_looked(&changes.next));
    Ok(())
}

/// Whether any of what happened in these rooms since the place was pushed. What lies before the
/// bot's entry may have happened before that place.
fn pushes_have_come(core: &Core, rooms: &[Timeline]) -> Result<bool, Halt> {
    for timeline in rooms {
        let events = timeline.events.iter().map(|raw| event::parse(raw).ok());
        let events: Vec<_> = events.collect();
        let entered =
            |event: &Option<Event>| event.as_ref().is_some_and(|event| joins(core, event));
        let from = events.iter().rposition(entered).unwrap_or(0);
        for event in events.iter().skip(from).flatten() {
            let source = Source::Event(event.id.clone());
            let was_pushed = match core.is_ours(&event.sender) {
                true => core.looks.was_pushed(&event.id),
                false => core.read(core.store.source_seen(&source))?.is_some(),
            };
            if was_pushed {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Whether an event is the bot's entry into a room.
fn joins(core: &Core, event: &Event) -> bool {
    matches!(&event.kind, Kind::Membership(change)
        if change.user == core.bot && change.now == MembershipState::Join)
}

/// Whether another look from the same place would fail as well: the homeserver does not know it, or
/// too much has happened since.
fn is_about_the_place(error: &matrix::Error) -> bool {
    matches!(error, matrix::Error::Rejected { .. } | matrix::Error::Garbled { status: 200 })
}

/// The events of a room that were to be pushed and were not.
fn unpushed(
    core: &Core,
    timeline: Timeline,
) -> Result<Vec<Box<serde_json::value::RawValue>>, Halt> {
    let since = Timestamp(core.clock.now().0 - OLDEST_MILLIS);
    let mut marks = Vec::with_capacity(timeline.events.len());
    for raw in &timeline.events {
        marks.push(match event::parse(raw) {
            Ok(event) => mark(core, &event, since)?,
            Err(_) => Mark::Ours,
        });
    }
    let first = begin(&marks, timeline.is_cut);
    let events = timeline.events.into_iter().zip(marks).skip(first);
    Ok(events.filter(|(_, mark)| *mark == Mark::Unknown).map(|(raw, _)| raw).collect())
}

fn mark(core: &Core, event: &Event, since: Timestamp) -> Result<Mark, Halt> {
    if core.is_ours(&event.sender) {
        return Ok(if joins(core, event) { Mark::Entered } else { Mark::Ours });
    }
    let source = Source::Event(event.id.clone());
    let known = core.read(core.store.source_seen(&source))?.is_some();
    Ok(if known || event.at < since { Mark::Known } else { Mark::Unknown })
}

/// What an event of a timeline is to the bridge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// The bot has joined: what lies before was for others.
    Entered,
    /// Of the bot or of a ghost, or no event at all.
    Ours,
    /// Pushed before, or so old that it may be forgotten.
    Known,
    Unknown,
}

/// The place of the first event of a timeline that is to be compared. Of one whose beginning is
/// missing, what comes before anything known may still be on its way, behind what is missing.
fn begin(marks: &[Mark], is_cut: bool) -> usize {
    if let Some(entered) = marks.iter().rposition(|mark| *mark == Mark::Entered) {
        return entered;
    }
    match is_cut {
        true => marks.iter().position(|mark| *mark == Mark::Known).unwrap_or(marks.len()),
        false => 0,
    }
}

const SHORTEST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(5 * 60);
/// A day: what is older was not lost at the moment in which the homeserver found the bridge.
const OLDEST_MILLIS: i64 = 24 * 60 * 60 * 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_still_be_on_its_way_and_what_was_for_others_is_left_alone() {
        use Mark::Entered;
        use Mark::Known;
        use Mark::Ours;
        use Mark::Unknown;
        for (marks, is_cut, first) in [
            (&[][..], false, 0),
            (&[Unknown, Known, Unknown], false, 0),
            (&[Unknown, Known, Unknown], true, 1),
            (&[Ours, Unknown, Unknown], true, 3),
            (&[Unknown, Entered, Unknown], false, 1),
            (&[Unknown, Entered, Ours, Unknown], true, 1),
            (&[Known, Entered, Unknown, Entered, Unknown], false, 3),
        ] {
            assert_eq!(begin(marks, is_cut), first, "{marks:?} {is_cut}");
        }
    }
}
