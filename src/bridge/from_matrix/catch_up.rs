//! The search for events that the homeserver has but did not push.
//!
//! Synapse 1.163 can leave a transaction unsent that it makes at the moment in which it reaches the
//! bridge again, and it forgets what it had not pushed yet when it is killed. So the bot syncs its
//! rooms, as a client would: before each push of the first half minute that contains events of
//! others, which keeps the order, and later with growing pauses of up to five minutes. Events that
//! were not pushed are stored as if they had been.
//!
//! A store without a position gets one by its first sync. Earlier events may still be pushed, so
//! nothing is taken from that position on until an event behind it is known to have been pushed:
//! pushes come in order.

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

/// Syncs again and again, until the bridge stops.
pub(crate) async fn run(core: Arc<Core>) {
    let known = core.store.looked().is_ok_and(|looked| looked.is_some());
    // Without a stored position, the first sync only gets one.
    let mut pause = if known { SHORTEST } else { Duration::ZERO };
    let mut failed = false;
    let mut first = None;
    let mut found = LookFound::default();
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
            Ok(events) => {
                found.add(events, core.looks.come_first());
                false
            }
            Err(Halt::Stopping) => return,
            Err(Halt::Refused(error)) => {
                tracing::debug!(%error, "the homeserver did not say what happened in the rooms");
                true
            }
        };
        if is_wish {
            continue;
        }
        // While the homeserver comes back, the next sync should be soon.
        pause = if fails == failed { (pause * 2).clamp(SHORTEST, LONGEST) } else { SHORTEST };
        failed = fails;
    }
}

/// Compares the events since the last sync with what was pushed. `first` is the position of a store
/// that has none, until the pushes are known to have come that far. Returns how many events were not
/// pushed.
async fn look(core: &Arc<Core>, first: &mut Option<String>) -> Result<usize, Halt> {
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
            return Ok(0);
        }
        if !pushes_have_come(core, &changes.rooms)? {
            return Ok(0);
        }
    }
    let rooms = if since.is_some() { changes.rooms } else { Vec::new() };
    let found = take_unpushed(core, &changes.next, rooms).await?;
    // The write is not waited for: from an earlier position, known events would be found again.
    core.store.submit(Change::new().put_looked(&changes.next));
    Ok(found)
}

/// Queues the events of these rooms that were to be pushed and were not, and returns how many.
async fn take_unpushed(core: &Arc<Core>, next: &str, rooms: Vec<Timeline>) -> Result<usize, Halt> {
    let mut events = Vec::new();
    for timeline in rooms {
        events.extend(unpushed(core, timeline)?);
    }
    let count = events.len();
    if count > 0 {
        let id = format!("look {next}");
        let found = Transaction { id, events, ephemeral: Vec::new() };
        // Taking fails only when the store fails or the bridge stops.
        ingest::take(core, &found).await.map_err(|_| Halt::Stopping)?;
    }
    Ok(count)
}

/// The events found since the last line of the log. The first half minute, in which each push has a
/// look before it, gets one line; a bridge that stops writes what is left.
#[derive(Default)]
struct LookFound(usize);

impl LookFound {
    /// Counts events; writes the line, unless more looks of the first half minute follow.
    fn add(&mut self, events: usize, more_follow: bool) {
        self.0 += events;
        if !more_follow {
            self.log();
        }
    }

    fn log(&mut self) {
        let events = std::mem::take(&mut self.0);
        if events > 0 {
            tracing::info!(events, "found what the homeserver had not pushed");
        }
    }
}

impl Drop for LookFound {
    fn drop(&mut self) {
        self.log();
    }
}

/// Returns whether any event of these rooms since the position was pushed. Events before the bot's
/// join may have happened before that position.
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

/// Returns whether an event is the bot's join.
fn joins(core: &Core, event: &Event) -> bool {
    matches!(&event.kind, Kind::Membership(change)
        if change.user == core.bot && change.now == MembershipState::Join)
}

/// Returns whether a sync from this position would always fail: the homeserver does not know it, or
/// too much has happened since.
fn is_about_the_place(error: &matrix::Error) -> bool {
    matches!(error, matrix::Error::Rejected { .. } | matrix::Error::Garbled { status: 200 })
}

/// Returns the events of a room that should have been pushed and were not.
fn unpushed(
    core: &Core,
    timeline: Timeline,
) -> Result<Vec<Box<serde_json::value::RawValue>>, Halt> {
    let since = Timestamp(core.clock.now().0 - OLDEST_MILLIS);
    let mut marks = Vec::with_capacity(timeline.events.len());
    for raw in &timeline.events {
        marks.push(match event::parse(raw) {
            Ok(event) => mark(core, &event, since)?,
            Err(_) => TimelineMark::Ours,
        });
    }
    let first = begin(&marks, timeline.is_cut);
    let events = timeline.events.into_iter().zip(marks).skip(first);
    Ok(events.filter(|(_, mark)| *mark == TimelineMark::Unknown).map(|(raw, _)| raw).collect())
}

fn mark(core: &Core, event: &Event, since: Timestamp) -> Result<TimelineMark, Halt> {
    if core.is_ours(&event.sender) {
        return Ok(if joins(core, event) { TimelineMark::Entered } else { TimelineMark::Ours });
    }
    let source = Source::Event(event.id.clone());
    let known = core.read(core.store.source_seen(&source))?.is_some();
    Ok(if known || event.at < since { TimelineMark::Known } else { TimelineMark::Unknown })
}

/// The kind of an event in a timeline, for the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TimelineMark {
    /// The bot's join; earlier events were not for the bridge.
    Entered,
    /// An event of the bot or of a ghost, or none that can be parsed.
    Ours,
    /// An event that was pushed before, or is so old that its record may be removed.
    Known,
    Unknown,
}

/// Returns the index of the first event of a timeline that is to be compared. In a timeline whose
/// beginning is missing, events before a known one may still be pushed after what is missing.
fn begin(marks: &[TimelineMark], is_cut: bool) -> usize {
    if let Some(entered) = marks.iter().rposition(|mark| *mark == TimelineMark::Entered) {
        return entered;
    }
    match is_cut {
        true => marks.iter().position(|mark| *mark == TimelineMark::Known).unwrap_or(marks.len()),
        false => 0,
    }
}

const SHORTEST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(5 * 60);
/// The age of the oldest event that is compared: a day. Older ones were not lost while the
/// homeserver reached the bridge again.
const OLDEST_MILLIS: i64 = 24 * 60 * 60 * 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_first_looks_found_is_told_with_the_first_look_behind_them() {
        let mut found = LookFound::default();
        found.add(2, true);
        found.add(3, true);
        assert_eq!(found.0, 5, "nothing is told while more looks follow");
        found.add(0, false);
        assert_eq!(found.0, 0, "all is told");
    }

    #[test]
    fn what_may_still_be_on_its_way_and_what_was_for_others_is_left_alone() {
        use TimelineMark::Entered;
        use TimelineMark::Known;
        use TimelineMark::Ours;
        use TimelineMark::Unknown;
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
