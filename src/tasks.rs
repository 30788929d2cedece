//! The tasks of the bridge, and how they end.
//!
//! At the soft stop, no task begins new work, and each finishes the item in hand. At the hard stop,
//! all remaining tasks are dropped; the store makes that harmless.

use std::{future::Future, time::Duration};

use futures_util::FutureExt;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

/// The starting and stopping of tasks; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    soft: CancellationToken,
    hard: CancellationToken,
}

impl Tasks {
    /// Runs `work` in the current span until it ends or the hard stop comes; a panic is logged
    /// here, once, and ends only this task.
    pub fn spawn(&self, name: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let hard = self.hard.clone();
        // Boxed, since each layer below would hold its size once more.
        let work = Box::pin(work);
        let guarded = async move {
            let work = std::panic::AssertUnwindSafe(work).catch_unwind();
            if let Some(Err(_)) = hard.run_until_cancelled(work).await {
                tracing::error!(task = name, "a task panicked; its unfinished work is kept");
            }
        };
        self.tracker.spawn(guarded.in_current_span());
    }

    /// Returns whether the soft stop has come.
    pub fn stopping(&self) -> bool {
        self.soft.is_cancelled()
    }

    /// Waits for the soft stop.
    pub async fn stopped(&self) {
        self.soft.cancelled().await;
    }

    /// Returns the result of `work`, or `None` when the soft stop comes first.
    pub async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.soft.run_until_cancelled(work).await
    }

    /// Begins the soft stop.
    pub fn soft_stop(&self) {
        self.soft.cancel();
        self.tracker.close();
    }

    /// Begins the soft stop, and after at most `patience` the hard stop; returns when no task is
    /// left.
    pub async fn stop(&self, patience: Duration) {
        self.soft_stop();
        if tokio::time::timeout(patience, self.tracker.wait()).await.is_err() {
            tracing::warn!(
                left = self.tracker.len(),
                "stopping hard; what is left resumes at the next start"
            );
            self.hard.cancel();
            self.tracker.wait().await;
        }
    }

    /// Waits, unless the soft stop comes first.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where a task of the bridge waits for time"
    )]
    pub async fn pause(&self, how_long: Duration) {
        let _ = self.unless_stopped(tokio::time::sleep(how_long)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_ends_one_task_and_the_stop_still_comes() {
        let tasks = Tasks::default();
        tasks.spawn("bad", async { panic!("on purpose") });
        let (told, hears) = tokio::sync::oneshot::channel();
        let waiting = tasks.clone();
        tasks.spawn("good", async move {
            waiting.stopped().await;
            let _ = told.send(());
        });
        tasks.stop(Duration::from_secs(30)).await;
        assert!(hears.await.is_ok());
    }

    #[tokio::test]
    async fn a_task_that_ignores_the_soft_stop_is_dropped() {
        let tasks = Tasks::default();
        tasks.spawn("deaf", std::future::pending());
        tasks.stop(Duration::ZERO).await;
    }
}
