//! The comparisons of the rooms' events with what was pushed (`from_matrix/catch_up.rs`): the
//! requests for one, and which have ended.

use std::{
    collections::HashSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use ruma::{EventId, OwnedEventId};
use tokio::{sync::watch, time::timeout};

/// The state of the comparisons. Requests are numbered from 1; one comparison may answer several.
#[derive(Debug)]
pub(crate) struct Looks {
    begun: Instant,
    wished: watch::Sender<u64>,
    done: watch::Sender<u64>,
    in_vain: AtomicBool,
    /// The bridge's own events that were pushed, for as long as they matter.
    pushed: Mutex<HashSet<OwnedEventId>>,
}

impl Default for Looks {
    fn default() -> Self {
        let (wished, done) = (watch::Sender::new(0), watch::Sender::new(0));
        Self {
            begun: Instant::now(),
            wished,
            done,
            in_vain: AtomicBool::new(false),
            pushed: Mutex::default(),
        }
    }
}

impl Looks {
    /// Returns whether a comparison has to come before a push: in the first half minute of a run,
    /// unless the homeserver does not support it.
    pub(crate) fn come_first(&self) -> bool {
        self.begun.elapsed() < SETTLING && !self.in_vain.load(Ordering::Relaxed)
    }

    /// Waits until a comparison has ended that began after this call, for a few seconds at most.
    pub(crate) async fn next(&self) {
        let mut done = self.done.subscribe();
        let mut mine = 0;
        self.wished.send_modify(|wished| {
            *wished += 1;
            mine = *wished;
        });
        if timeout(PATIENCE, done.wait_for(|done| *done >= mine)).await.is_err() {
            tracing::debug!("a push goes before the look at the rooms, which takes long");
        }
    }

    /// Notes that an event of the bridge itself was pushed, which tells how far the pushes are.
    pub(crate) fn note_pushed(&self, event: OwnedEventId) {
        let mut pushed = self.pushed.lock().unwrap_or_else(PoisonError::into_inner);
        if pushed.len() < MOST_PUSHED {
            pushed.insert(event);
        }
    }

    /// Returns whether this event of the bridge itself was pushed.
    pub(crate) fn was_pushed(&self, event: &EventId) -> bool {
        self.pushed.lock().unwrap_or_else(PoisonError::into_inner).contains(event)
    }

    /// Waits for a request for a comparison.
    pub(crate) async fn wish(&self) {
        let fulfilled = *self.done.borrow();
        // The sender lives as long as `self`.
        let _ = self.wished.subscribe().wait_for(|wished| *wished > fulfilled).await;
    }

    /// Returns the number of the last request that a comparison beginning now answers.
    pub(crate) fn begin(&self) -> u64 {
        *self.wished.borrow()
    }

    /// Notes the end of a comparison; `in_vain` when the homeserver does not support it.
    pub(crate) fn end(&self, wishes: u64, in_vain: bool) {
        self.in_vain.store(in_vain, Ordering::Relaxed);
        self.done.send_replace(wishes);
    }
}

/// How long after the start a comparison comes before each push: about the time in which a
/// homeserver pushes what it has kept.
const SETTLING: Duration = Duration::from_secs(30);
/// The greatest number of the bridge's own events that are remembered.
const MOST_PUSHED: usize = 10_000;
const PATIENCE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "the tasks of a test")]
    async fn who_comes_during_a_look_waits_for_the_next() {
        let looks = Arc::new(Looks::default());
        let early = tokio::spawn({
            let looks = Arc::clone(&looks);
            async move { looks.next().await }
        });
        looks.wish().await;
        let first = looks.begin();
        let late = tokio::spawn({
            let looks = Arc::clone(&looks);
            async move { looks.next().await }
        });
        let mut wished = looks.wished.subscribe();
        wished.wait_for(|wished| *wished == 2).await.unwrap();
        looks.end(first, false);
        early.await.unwrap();
        assert!(looks.come_first());
        looks.wish().await;
        assert!(!late.is_finished());
        looks.end(looks.begin(), true);
        late.await.unwrap();
        assert!(!looks.come_first(), "in vain");
    }
}
