//! What is under way: a part that was tried and of which nobody knows yet whether WeChat has it.

use super::{Outbox, Outgoing};
use crate::id::{InboxId, PortalId};

impl Outbox {
    /// Waits until it is known what became of the part that is under way for this contact; not at
    /// all when none is. It is as long as the sender waits for whatever it waits for.
    pub(crate) async fn settled(&self, portal: PortalId) {
        let Some(asked) = self.under_way(portal) else { return };
        loop {
            // Hears of everything that happens from here on.
            let something = self.tried.notified();
            if self.under_way(portal) != Some(asked) {
                return;
            }
            something.await;
        }
    }

    /// Whether a part is under way for this contact.
    pub(crate) fn is_under_way(&self, portal: PortalId) -> bool {
        self.under_way(portal).is_some()
    }

    /// The message and the number of its part.
    fn under_way(&self, portal: PortalId) -> Option<(InboxId, u16)> {
        let queues = self.queues();
        let head = queues.get(&portal)?.waiting.front()?;
        (head.tries > 0 || head.is_of_earlier_run())
            .then_some((head.entry.id, head.progress.parts_done))
    }
}

impl Outgoing {
    /// Whether an earlier run has tried it, and all that went along with it is here: it can be sent
    /// as it was, whatever else may still come into the queue.
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

    /// What ends the wait for a part under way.
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
            // A second try of the same part, and what is written down of it, are no answer.
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

        // Of a message whose first part has arrived nobody has tried the next one.
        let mut half = outgoing(1, &["one", "more"]);
        (half.progress.tried, half.progress.parts_done) = (true, 1);
        assert!(!queue([half]).is_under_way(PORTAL));
    }
}
