//! How a job is carried through, or halted: the three things a job does to the world.

use std::future::Future;

use super::{Core, Death};
use crate::{
    matrix,
    store::{self, Change, Entry, Outcome},
};

/// Why a job was not brought to its end.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The bridge is stopping; the job is done at the next start.
    Stopping,
    /// The homeserver said no, and would say no again.
    Refused(matrix::Error),
}

/// What an entry came to, as far as the one who took it knows.
#[derive(Debug)]
pub(crate) enum Handled {
    /// It has reached its end.
    Done(Outcome),
    /// The outbox, or the copies that it became, will record its end.
    Deferred,
}

impl Core {
    /// Makes a request to the homeserver until it succeeds, is refused for good, or the bridge
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

    /// Makes a change durable; a store that cannot is the end of the bridge.
    pub(crate) async fn commit(&self, change: Change) -> Result<(), Halt> {
        self.store.commit(change).await.map_err(|error| {
            self.die(Death::Store(error));
            Halt::Stopping
        })
    }

    /// Returns when every change that was handed over before is durable; a store that cannot do it
    /// is the end of the bridge.
    pub(crate) async fn barrier(&self) -> Result<(), Halt> {
        self.store.barrier().await.map_err(|error| {
            self.die(Death::Store(error));
            Halt::Stopping
        })
    }

    /// What was read from the store; a store that cannot be read is the end of the bridge.
    pub(crate) fn read<T>(&self, read: Result<T, store::Error>) -> Result<T, Halt> {
        read.map_err(|error| {
            self.die(Death::Store(error));
            Halt::Stopping
        })
    }

    /// Records what an entry came to. Nobody waits: doing the work again would be the same
    /// request.
    pub(crate) fn finish(&self, entry: &Entry, outcome: &Outcome) {
        let now = self.clock.now();
        self.store.submit(Change::new().finish(entry.id, entry.source(), outcome, now));
        self.copies.end(entry.source(), outcome);
    }
}
