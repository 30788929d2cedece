//! The operations by which a job affects the outside world, and how a job ends or is halted.

use std::future::Future;

use super::{Core, Death};
use crate::{
    matrix,
    store::{self, Change, Entry, Outcome},
};

/// The reason why a job was not finished.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The bridge is stopping; the job is done at the next start.
    Stopping,
    /// The homeserver refused a request for good.
    Refused(matrix::Error),
}

/// The result of an entry for the task that took it.
#[derive(Debug)]
pub(crate) enum Handled {
    /// The entry has ended with this outcome.
    Done(Outcome),
    /// The end is recorded later, by the outbox or by the entry's copies.
    Deferred,
}

impl Core {
    /// Repeats a request to the homeserver until it succeeds, is refused for good, or the bridge
    /// stops.
    pub(crate) async fn insist<T, F>(&self, call: impl FnMut() -> F) -> Result<T, Halt>
    where
        F: Future<Output = Result<T, matrix::Error>>,
    {
        match self.homeserver.with_retry(&self.tasks, call).await {
            Err(matrix::Error::Stopping) => Err(Halt::Stopping),
            answer => answer.map_err(Halt::Refused),
        }
    }

    /// Commits a change. When the store fails, the bridge ends.
    pub(crate) async fn commit(&self, change: Change) -> Result<(), Halt> {
        self.store.commit(change).await.map_err(|error| {
            self.die(Death::Store(error));
            Halt::Stopping
        })
    }

    /// Waits until every change that was submitted earlier is durable. When the store fails, the
    /// bridge ends.
    pub(crate) async fn barrier(&self) -> Result<(), Halt> {
        self.store.barrier().await.map_err(|error| {
            self.die(Death::Store(error));
            Halt::Stopping
        })
    }

    /// Returns the result of a read from the store. When the store fails, the bridge ends.
    pub(crate) fn read<T>(&self, read: Result<T, store::Error>) -> Result<T, Halt> {
        read.map_err(|error| {
            self.die(Death::Store(error));
            Halt::Stopping
        })
    }

    /// Records the outcome of an entry, without waiting for the disk: after a crash, the work is
    /// repeated with its ids.
    pub(crate) fn finish(&self, entry: &Entry, outcome: &Outcome) {
        let now = self.clock.now();
        self.store.submit(Change::new().finish(entry.id, entry.source(), outcome, now));
        self.copies.end(entry.source(), outcome);
    }
}
