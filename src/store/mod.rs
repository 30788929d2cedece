//! What must survive a crash, behind questions and answers.
//!
//! Everything is written in [`Change`]s, each whole or not there, and durable when its commit
//! returns. Knows nothing of HTTP, rooms or WeChat's wire; `engine` alone knows the database.

mod backup;
mod change;
mod digest;
mod engine;
mod error;
mod fault;
mod folder;
mod guard;
mod inbox;
mod kept;
mod link;
mod login;
mod looked;
mod open;
mod portal;
mod question;
mod recent;
mod record;
mod reserve;
mod source;
mod timing;
pub mod transfer;
mod upload;
mod worker;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Sender, channel},
    },
    thread::JoinHandle,
};

use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

pub use change::Change;
pub use digest::DigestKey;
pub use error::Error;
pub use inbox::{Entry, Progress, Tries, Words, Work};
pub use kept::Kept;
pub use link::{Direction, Link};
pub use login::{Login, LoginState, LogoutReason, Owner};
pub use portal::{Leaving, Portal, Reply};
pub use question::{Asked, Question};
pub use source::{Outcome, OutcomeCount, Source, SourceState};
pub use timing::{Timing, Timings};
pub use upload::{SentAs, Upload};

use crate::id::{InboxId, LoginId, PortalId};
use engine::{Engine, Fault, Pair};
use record::{Table, decode};
use worker::{Job, Shared, Worker};

/// The open store; cheap to clone. Reads answer from memory on the caller's thread, writes go
/// through the store's own thread.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    dir: PathBuf,
    engine: Arc<Engine>,
    shared: Arc<Shared>,
    jobs: Option<Sender<Job>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// How much of each kind there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Logins in every state.
    pub logins: u64,
    /// Portals with and without a room.
    pub portals: u64,
    /// Owners.
    pub owners: u64,
    /// Unfinished work.
    pub inbox: u64,
    /// Sources that are remembered, pending or finished.
    pub sources: u64,
    /// Transactions that are remembered.
    pub transactions: u64,
    /// Links between events and messages.
    pub links: u64,
    /// Items that could not be brought, and the notices that tell of them.
    pub kept: u64,
    /// Commits that reached the disk since the store was opened, each with one sync for all
    /// that waited.
    pub syncs: u64,
}

impl Store {
    /// Opens the store in `dir`, or makes one there. Blocks while the whole of it is checked.
    ///
    /// # Errors
    /// When another process has it, when it is damaged or newer than this program (its files are
    /// left as they were), or when the file system says no.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let worker = Worker::new(open::open(dir)?);
        let (engine, shared) = (worker.engine(), worker.shared());
        let (jobs, waiting) = channel();
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || worker.run(&waiting))
            .map_err(|error| Error::io("start the thread of the store in", dir, &error))?;
        let (jobs, thread) = (Some(jobs), Mutex::new(Some(thread)));
        Ok(Self(Arc::new(Inner { dir: dir.to_path_buf(), engine, shared, jobs, thread })))
    }

    /// Writes a change; it is on the disk when this returns.
    ///
    /// # Errors
    /// When this or an earlier write failed; nothing is accepted from then on.
    pub async fn commit(&self, change: Change) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        self.ask(Job::Commit(change.into_ops(), Some(answer)))?;
        answered.await.unwrap_or_else(|_| Err(self.gone()))
    }

    /// Returns when every change that was asked for before is on the disk.
    ///
    /// # Errors
    /// When one of them could not be written.
    pub async fn barrier(&self) -> Result<(), Error> {
        self.commit(Change::new()).await
    }

    /// Writes a change behind those before it, soon; nobody waits. For what is harmless to do
    /// again. A failure is logged and ends the store's acceptance of changes.
    pub fn submit(&self, change: Change) {
        // A closed store has said so to those who wait.
        let _ = self.ask(Job::Commit(change.into_ops(), None));
    }

    /// Ends the store: what was submitted is on the disk, the export is written, the thread has
    /// ended, and the folder is free for others.
    ///
    /// # Errors
    /// When a write failed, now or before.
    pub async fn close(&self) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        self.ask(Job::Close(Some(answer)))?;
        answered.await.unwrap_or_else(|_| Err(self.gone()))
    }

    /// Writes the export of the logins now, unless the newest one says the same.
    ///
    /// # Errors
    /// When a write failed before.
    pub async fn export(&self) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        self.ask(Job::Export(Some(answer)))?;
        answered.await.unwrap_or_else(|_| Err(self.gone()))
    }

    /// A login number that was never used.
    pub fn new_login_id(&self) -> LoginId {
        LoginId(u32::try_from(self.next(0)).unwrap_or(u32::MAX))
    }

    /// A portal number that was never used.
    pub fn new_portal_id(&self) -> PortalId {
        PortalId(u32::try_from(self.next(1)).unwrap_or(u32::MAX))
    }

    /// An inbox number behind all that were used.
    pub fn new_inbox_id(&self) -> InboxId {
        InboxId(self.next(2))
    }

    /// How much of each kind there is.
    pub fn count(&self) -> Counts {
        let shared = &self.0.shared;
        let of = |table: Table| {
            shared.counts.get(table as usize).map_or(0, |count| count.load(Ordering::SeqCst))
        };
        Counts {
            logins: of(Table::Login),
            portals: of(Table::Portal),
            owners: of(Table::Owner),
            inbox: of(Table::Inbox),
            sources: of(Table::Source),
            transactions: of(Table::Transaction),
            links: of(Table::EventLink),
            kept: of(Table::Kept),
            syncs: shared.syncs.load(Ordering::SeqCst),
        }
    }

    /// How long the commits took since the store was opened.
    pub fn timings(&self) -> Timings {
        self.0.engine.timings()
    }

    fn next(&self, kind: usize) -> u64 {
        let next: Option<&AtomicU64> = self.0.shared.next.get(kind);
        next.map_or(u64::MAX, |next| next.fetch_add(1, Ordering::SeqCst))
    }

    fn ask(&self, job: Job) -> Result<(), Error> {
        let jobs = self.0.jobs.as_ref().ok_or(Error::Closed)?;
        jobs.send(job).map_err(|_| self.gone())
    }

    fn gone(&self) -> Error {
        self.0.shared.failed.get().cloned().unwrap_or(Error::Closed)
    }

    fn find<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, Error> {
        let value = self.0.engine.find(key).map_err(|fault| self.fault(fault))?;
        value.map(|value| self.sound(decode(&value))).transpose()
    }

    fn all(&self, table: Table) -> Result<Vec<Pair>, Error> {
        self.scan(table, &table.key(&[]), usize::MAX)
    }

    fn scan(&self, table: Table, from: &[u8], limit: usize) -> Result<Vec<Pair>, Error> {
        let pairs = self.0.engine.scan(&table.key(&[]), from, limit);
        pairs.map_err(|fault| self.fault(fault))
    }

    fn sound<T>(&self, read: Result<T, String>) -> Result<T, Error> {
        read.map_err(|found| Error::damaged(&self.0.dir, found))
    }

    fn fault(&self, fault: Fault) -> Error {
        match fault {
            Fault::Corrupt(found) => Error::damaged(&self.0.dir, found),
            Fault::Io(cause) | Fault::NoDescriptor(cause) => {
                Error::Io { doing: "read", path: self.0.dir.clone(), cause }
            }
            Fault::Closed | Fault::Locked => Error::Closed,
        }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("dir", &self.0.dir).finish_non_exhaustive()
    }
}

/// The last one to let go waits until what was asked is on the disk and the folder is free.
impl Drop for Inner {
    fn drop(&mut self) {
        drop(self.jobs.take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic there has left its waiters without an answer, which they report.
            let _ = thread.join();
        }
    }
}
