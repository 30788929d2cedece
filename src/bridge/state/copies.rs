//! The copies of events that go to several contacts, and which of them are still under way.
//!
//! A message in a room with several contacts becomes a copy for each of them, and each copy ends by
//! itself. The event shows the state of all: it is marked as waiting until the last copy waits no
//! longer, and as delivered when every copy is. The store has every unfinished copy; this state is
//! rebuilt from it at each start.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use ruma::OwnedEventId;

use crate::{
    id::PortalId,
    store::{Entry, Outcome, Source, Work},
};

/// The state of an event's copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stand {
    /// A copy other than this one is under way.
    Open,
    /// Every copy was accepted, or there is only one.
    Whole,
    /// No copy is under way any more, and not all of them were accepted.
    Spoiled,
}

/// The mark of an event, shared by all of its copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The event has no mark.
    None,
    /// The mark is this reaction of the bot.
    Known(OwnedEventId),
    /// An earlier run may have set a mark, for a copy that has ended since.
    Maybe,
}

/// The events that have copies.
#[derive(Debug, Default)]
pub(crate) struct Copies(Mutex<Events>);

#[derive(Debug, Default)]
struct Events {
    open: HashMap<OwnedEventId, OpenCopies>,
    /// The events whose copies ended last, for which something may still be shown.
    over: VecDeque<(OwnedEventId, OpenCopies)>,
}

#[derive(Debug, Default)]
struct OpenCopies {
    left: BTreeSet<PortalId>,
    spoiled: bool,
    /// Whether one of them is of an earlier run, whose marks are not known here.
    resumed: bool,
    /// The bot's reaction that shows that one of them waits.
    mark: Option<OwnedEventId>,
}

impl Copies {
    /// Notes a copy that is under way; does nothing for an entry that is no copy.
    pub(crate) fn begin(&self, entry: &Entry) {
        let Work::FromMatrix { source: Source::Copy { portal, event }, progress, .. } = &entry.work
        else {
            return;
        };
        let mut events = self.events();
        let shared = events.open.entry(event.clone()).or_default();
        shared.left.insert(*portal);
        if progress.mark.is_some() {
            shared.mark.clone_from(&progress.mark);
        }
    }

    /// Notes a copy that an earlier run has left.
    pub(crate) fn resume(&self, entry: &Entry) {
        self.begin(entry);
        let Some(Source::Copy { event, .. }) = entry.source() else { return };
        if let Some(shared) = self.events().open.get_mut(event) {
            shared.resumed = true;
        }
    }

    /// Notes the end of a copy.
    pub(crate) fn end(&self, source: Option<&Source>, outcome: &Outcome) {
        let Some(Source::Copy { portal, event }) = source else { return };
        let mut events = self.events();
        let Some(shared) = events.open.get_mut(event) else { return };
        shared.left.remove(portal);
        shared.spoiled |= match outcome {
            Outcome::Delivered | Outcome::Unconfirmed => false,
            Outcome::Refused(_) | Outcome::Ignored(_) | Outcome::Cancelled => true,
        };
        if shared.left.is_empty()
            && let Some(shared) = events.open.remove(event)
        {
            events.over.push_back((event.clone(), shared));
            if events.over.len() > REMEMBERED {
                events.over.pop_front();
            }
        }
    }

    /// Returns the state of the event's copies, without this one.
    pub(crate) fn stand(&self, source: Option<&Source>) -> Stand {
        let Some(Source::Copy { portal, event }) = source else { return Stand::Whole };
        let events = self.events();
        match events.find(event) {
            Some(shared) if shared.left.iter().any(|other| other != portal) => Stand::Open,
            Some(shared) if shared.spoiled => Stand::Spoiled,
            Some(_) | None => Stand::Whole,
        }
    }

    /// Notes the mark of the event, which its copies share.
    pub(crate) fn put_mark(&self, source: Option<&Source>, mark: Option<&OwnedEventId>) {
        let (Some(Source::Copy { event, .. }), Some(mark)) = (source, mark) else { return };
        if let Some(shared) = self.events().open.get_mut(event) {
            shared.mark = Some(mark.clone());
        }
    }

    /// Returns the mark of the event, which its copies share.
    pub(crate) fn mark(&self, source: Option<&Source>) -> Mark {
        let Some(Source::Copy { event, .. }) = source else { return Mark::None };
        match self.events().find(event) {
            Some(OpenCopies { mark: Some(mark), .. }) => Mark::Known(mark.clone()),
            Some(OpenCopies { resumed: true, .. }) => Mark::Maybe,
            Some(_) | None => Mark::None,
        }
    }

    fn events(&self) -> MutexGuard<'_, Events> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Events {
    fn find(&self, event: &OwnedEventId) -> Option<&OpenCopies> {
        let over = || self.over.iter().rev().find(|(other, _)| other == event);
        self.open.get(event).or_else(|| over().map(|(_, shared)| shared))
    }
}

/// The number of ended events that are remembered; what is shown follows the end by a request or
/// two.
const REMEMBERED: usize = 256;

#[cfg(test)]
mod tests {
    use ruma::{owned_event_id, owned_room_id};

    use super::*;
    use crate::{clock::Timestamp, id::InboxId, store::Progress};

    fn copy(portal: u32) -> Entry {
        let source = Source::Copy { portal: PortalId(portal), event: owned_event_id!("$1") };
        let (room, to) = (owned_room_id!("!r"), Some(PortalId(portal)));
        let progress = Progress::default();
        let work = Work::FromMatrix { room, source, raw: "{}".into(), to, progress };
        Entry { id: InboxId(u64::from(portal)), at: Timestamp(0), work }
    }

    #[test]
    fn an_event_is_whole_when_its_last_copy_was_accepted() {
        let copies = Copies::default();
        let both = [copy(1), copy(2)];
        both.iter().for_each(|entry| copies.begin(entry));
        let [one, two] = both.each_ref().map(Entry::source);
        assert_eq!([one, two].map(|source| copies.stand(source)), [Stand::Open; 2]);
        copies.put_mark(one, Some(&owned_event_id!("$mark")));
        copies.end(one, &Outcome::Delivered);
        assert_eq!(copies.stand(one), Stand::Open);
        assert_eq!(copies.stand(two), Stand::Whole, "it is the last");
        copies.end(two, &Outcome::Unconfirmed);
        assert_eq!([one, two].map(|source| copies.stand(source)), [Stand::Whole; 2]);
        let mark = Mark::Known(owned_event_id!("$mark"));
        assert_eq!(copies.mark(two), mark, "somebody takes it away");
    }

    #[test]
    fn of_what_an_earlier_run_has_shown_nothing_is_certain() {
        let copies = Copies::default();
        let new = copy(1);
        copies.begin(&new);
        assert_eq!(copies.mark(new.source()), Mark::None);
        let old = copy(2);
        copies.resume(&old);
        copies.end(old.source(), &Outcome::Delivered);
        copies.end(new.source(), &Outcome::Delivered);
        assert_eq!(copies.mark(old.source()), Mark::Maybe, "also when all is over");
        let event = Source::Event(owned_event_id!("$1"));
        assert_eq!(
            [Some(&event), None].map(|source| copies.mark(source)),
            [Mark::None, Mark::None]
        );
    }

    #[test]
    fn one_copy_that_did_not_arrive_spoils_it() {
        let copies = Copies::default();
        let both = [copy(1), copy(2)];
        both.iter().for_each(|entry| copies.begin(entry));
        copies.end(both[0].source(), &Outcome::Cancelled);
        copies.end(both[1].source(), &Outcome::Delivered);
        assert_eq!(copies.stand(both[1].source()), Stand::Spoiled);
    }

    #[test]
    fn what_is_for_one_contact_alone_is_whole_by_itself() {
        let copies = Copies::default();
        let source = Source::Event(owned_event_id!("$1"));
        copies.end(Some(&source), &Outcome::Delivered);
        assert_eq!([Some(&source), None].map(|one| copies.stand(one)), [Stand::Whole; 2]);
    }
}
