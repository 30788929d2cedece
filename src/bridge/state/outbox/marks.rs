//! The marks of waiting messages: which message is to be marked next, and what is shown already.

use ruma::OwnedEventId;

use super::{Outbox, Outgoing};
use crate::{
    id::{InboxId, PortalId},
    store::Progress,
};

/// How much of a message's waiting its room shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shown {
    /// Nothing is shown yet.
    Nothing,
    /// The status of the message shows it, in clients that support it.
    Status,
    /// A mark shows it as well, if the homeserver allows one.
    Mark,
}

impl Outbox {
    /// Returns the first message of which less is shown than should be, and what should be shown.
    /// Only the beginning of a long queue is marked, since a mark costs two events: messages
    /// further behind get their status now, and their mark when they move up.
    pub(crate) fn find_unshown(&self, portal: PortalId) -> Option<(Outgoing, Shown)> {
        let queues = self.queues();
        let waiting = &queues.get(&portal)?.waiting;
        let front = waiting.iter().take(MOST_MARKED).map(|one| (one, Shown::Mark));
        let behind = waiting.iter().skip(MOST_MARKED).map(|one| (one, Shown::Status));
        let (one, wanted) = front.chain(behind).find(|(one, wanted)| one.shown < *wanted)?;
        Some((one.clone(), wanted))
    }

    /// Notes what is shown of a message, and its mark; returns its progress, or `None` when it no
    /// longer waits.
    pub(crate) fn put_shown(
        &self,
        portal: PortalId,
        entry: InboxId,
        shown: Shown,
        mark: Option<OwnedEventId>,
    ) -> Option<Progress> {
        let mut queues = self.queues();
        let waiting = queues.get_mut(&portal).map(|queue| queue.waiting.iter_mut());
        let one = waiting.into_iter().flatten().find(|one| one.entry.id == entry)?;
        one.progress.mark = mark;
        one.shown = shown;
        Some(one.progress.clone())
    }
}

/// The number of messages at the beginning of a queue that are marked as waiting.
const MOST_MARKED: usize = 50;

#[cfg(test)]
mod tests {
    use ruma::event_id;

    use super::*;
    use crate::bridge::state::outbox::tests::{PORTAL, outgoing, queue};

    #[test]
    fn what_comes_to_a_queue_is_unmarked_until_its_mark_is_noted() {
        let outbox = queue([outgoing(1, &["one"]), outgoing(2, &["two"])]);
        let mark = event_id!("$mark").to_owned();
        let refused = outbox.put_shown(PORTAL, InboxId(1), Shown::Mark, None);
        assert_eq!(refused.unwrap().mark, None);
        let (next, wanted) = outbox.find_unshown(PORTAL).unwrap();
        assert_eq!((next.event.as_str(), wanted), ("$2", Shown::Mark));
        let shown = outbox.put_shown(PORTAL, InboxId(2), Shown::Mark, Some(mark.clone()));
        assert_eq!(shown.unwrap().mark, Some(mark));
        assert!(outbox.find_unshown(PORTAL).is_none());
        let gone = outbox.put_shown(PORTAL, InboxId(3), Shown::Mark, None);
        assert_eq!(gone, None, "no such message waits");
    }

    #[test]
    fn who_is_far_behind_has_a_status_until_it_is_further_in_front() {
        let all: Vec<_> = (1..=MOST_MARKED as u64 + 2).map(|id| outgoing(id, &["x"])).collect();
        let outbox = queue(all);
        let mut seen = Vec::new();
        while let Some((next, wanted)) = outbox.find_unshown(PORTAL) {
            outbox.put_shown(PORTAL, next.entry.id, wanted, None);
            seen.push((next.entry.id.0, wanted));
        }
        let (front, behind) = seen.split_at(MOST_MARKED);
        assert!(front.iter().all(|(_, shown)| *shown == Shown::Mark), "{front:?}");
        assert_eq!(behind, [(51, Shown::Status), (52, Shown::Status)]);
        outbox.remove(PORTAL, InboxId(1));
        let (next, wanted) = outbox.find_unshown(PORTAL).unwrap();
        assert_eq!((next.entry.id.0, wanted), (51, Shown::Mark));
    }
}
