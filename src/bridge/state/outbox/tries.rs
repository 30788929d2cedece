//! The part that is under way: it was tried, and it is not known yet whether WeChat has it.

use super::{Outbox, Outgoing};
use crate::id::{InboxId, PortalId};

impl Outbox {
    /// Waits until the result of the part that is under way for this contact is known; returns at
    /// once when there is none. The wait may last as long as the sender's pauses.
    pub(crate) async fn settled(&self, portal: PortalId) {
        let Some(asked) = self.under_way(portal) else { return };
        loop {
            // Registered before the check, so that no notification is missed.
            let something = self.tried.notified();
            if self.under_way(portal) != Some(asked) {
                return;
            }
            something.await;
        }
    }

    /// Returns whether a part is under way for this contact.
    pub(crate) fn is_under_way(&self, portal: PortalId) -> bool {
        self.under_way(portal).is_some()
    }

    /// Returns the entry and the number of the part that is under way.
    fn under_way(&self, portal: PortalId) -> Option<(InboxId, u16)> {
        let queues = self.queues();
        let head = queues.get(&portal)?.waiting.front()?;
        (head.tries > 0 || head.is_of_earlier_run())
            .then_some((head.entry.id, head.progress.parts_done))
    }
}

impl Outgoing {
    /// Returns whether an earlier run has tried it, and everything that was sent along is here:
    /// then it can be sent as it was, whatever else comes into the queue.
    pub(crate) fn is_of_earlier_run(&self) -> bool {
        let tried = self.progress.tried && self.progress.parts_done == 0;
        tried && self.tries == 0 && self.is_complete()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::Future as _,
        pin::pin,
        task::{Context, Waker},
    };

    use super::*;
    use crate::bridge::state::outbox::tests::{PORTAL, outgoing, queue};

    /// An event that ends the wait for a part under way.
    type End = fn(&Outbox, Outgoing);

    #[test]
    fn the_wait_for_a_part_ends_with_its_answer_and_not_before() {
        let is_accepted: End = |outbox, mut head| {
            (head.tries, head.progress.parts_done) = (0, 1);
            outbox.put_head(PORTAL, head);
        };
        let is_over: End = |outbox, head| outbox.remove(PORTAL, head.entry.id);
        let is_refused: End = |outbox, head| drop(outbox.undo_try(PORTAL, head.entry.id));
        for end in [is_accepted, is_over, is_refused] {
            let outbox = queue([outgoing(1, &["one", "more"]), outgoing(2, &["two"])]);
            assert!(!outbox.is_under_way(PORTAL));
            let head = outbox.begin_try(PORTAL, InboxId(1)).unwrap();
            let mut wait = pin!(outbox.settled(PORTAL));
            let mut context = Context::from_waker(Waker::noop());
            assert!(wait.as_mut().poll(&mut context).is_pending());
            // A second try of the part, and a change of its state, are no answer.
            let again = outbox.begin_try(PORTAL, InboxId(1)).unwrap();
            outbox.put_head(PORTAL, again);
            assert!(wait.as_mut().poll(&mut context).is_pending());
            end(&outbox, head);
            assert!(wait.as_mut().poll(&mut context).is_ready());
        }
    }

    #[test]
    fn what_an_earlier_run_has_tried_is_under_way_once_it_is_whole() {
        let mut tried = outgoing(1, &["one"]);
        (tried.progress.tried, tried.progress.along) = (true, 1);
        let mut joined = outgoing(2, &["two"]);
        joined.progress.parcel = Some(InboxId(1));
        let outbox = queue([tried]);
        assert!(!outbox.is_under_way(PORTAL));
        outbox.push(PORTAL, joined);
        assert!(outbox.is_under_way(PORTAL));

        // The first part has arrived; the second was not tried yet.
        let mut half = outgoing(1, &["one", "more"]);
        (half.progress.tried, half.progress.parts_done) = (true, 1);
        assert!(!queue([half]).is_under_way(PORTAL));
    }
}
