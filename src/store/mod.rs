//! The data that must survive a crash.
//!
//! All data is written in [`Change`]s, which are atomic, and durable when their commit returns.
//! Knows nothing of HTTP, rooms or WeChat's wire format; only `engine` knows the database.

mod backup;
mod change;
mod cipher_room;
mod digest;
mod engine;
mod error;
mod fault;
mod folder;
mod given;
mod guard;
mod inbox;
mod kept;
mod keys;
mod link;
mod login;
mod looked;
mod open;
mod passphrase;
mod portal;
mod question;
mod recent;
mod record;
mod reserve;
mod rewrite;
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
pub use cipher_room::CipherRoom;
pub use digest::DigestKey;
pub use error::Error;
pub use given::Given;
pub use inbox::{Entry, Progress, Tries, Words, Work};
pub use kept::Kept;
pub use keys::{KeyIdentity, KeyStream};
pub use link::{Direction, Link};
pub use login::{Login, LoginState, LogoutReason, Owner};
pub use passphrase::Passphrase;
pub use portal::{Leaving, Portal, Reply};
pub use question::{AskedQuestion, Question};
pub use source::{Outcome, OutcomeCount, Source, SourceState};
pub use timing::{Timing, Timings};
pub use upload::{SentAs, Upload};

use crate::id::{InboxId, LoginId, PortalId};
use engine::{Engine, Fault, Pair};
use record::{Table, decode};
use worker::{StoreJob, Worker, WorkerShared};

/// The open store; cheap to clone. Reads run on the caller's thread, from memory as a rule; writes
/// go through the store's own thread.
#[derive(Clone)]
pub struct Store(Arc<StoreInner>);

struct StoreInner {
    dir: PathBuf,
    engine: Arc<Engine>,
    shared: Arc<WorkerShared>,
    jobs: Option<Sender<StoreJob>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// The number of records of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Logins in every state.
    pub logins: u64,
    /// Portals with and without a room.
    pub portals: u64,
    /// Owners.
    pub owners: u64,
    /// Entries of unfinished work.
    pub inbox: u64,
    /// Remembered sources, pending or finished.
    pub sources: u64,
    /// Remembered transactions.
    pub transactions: u64,
    /// Links between events and messages.
    pub links: u64,
    /// Kept items, and their notices.
    pub kept: u64,
    /// Commits that reached the disk since the store was opened; one commit takes all changes that
    /// waited.
    pub syncs: u64,
}

impl Store {
    /// Opens the store in `dir`, or creates one there. Blocks while the whole store is checked.
    ///
    /// # Errors
    /// When another process has it open, when it is damaged or newer than this program (its files
    /// are left as they were), or when the file system refuses.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let worker = Worker::new(open::open(dir)?);
        let (engine, shared) = (worker.engine(), worker.shared());
        let (jobs, waiting) = channel();
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || worker.run(&waiting))
            .map_err(|error| Error::io("start the thread of the store in", dir, &error))?;
        let (jobs, thread) = (Some(jobs), Mutex::new(Some(thread)));
        Ok(Self(Arc::new(StoreInner { dir: dir.to_path_buf(), engine, shared, jobs, thread })))
    }

    /// Writes a change and waits until it is on the disk.
    ///
    /// # Errors
    /// When this or an earlier write failed; from then on no change is accepted.
    pub async fn commit(&self, change: Change) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        self.ask(StoreJob::Commit(change.into_ops(), Some(answer)))?;
        answered.await.unwrap_or_else(|_| Err(self.gone()))
    }

    /// Waits until every earlier change is on the disk.
    ///
    /// # Errors
    /// When one of them could not be written.
    pub async fn barrier(&self) -> Result<(), Error> {
        self.commit(Change::new()).await
    }

    /// Queues a change without waiting for it. For changes that are harmless to repeat after a
    /// crash. A failure is logged, and from then on no change is accepted.
    pub fn submit(&self, change: Change) {
        // A closed store reports the error to the callers that wait.
        let _ = self.ask(StoreJob::Commit(change.into_ops(), None));
    }

    /// Closes the store: writes everything that was submitted and the export, ends the thread, and
    /// unlocks the folder.
    ///
    /// # Errors
    /// When a write failed, now or before.
    pub async fn close(&self) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        self.ask(StoreJob::Close(Some(answer)))?;
        answered.await.unwrap_or_else(|_| Err(self.gone()))
    }

    /// Writes the export of the logins now, unless the newest one is equal.
    ///
    /// # Errors
    /// When a write failed before.
    pub async fn export(&self) -> Result<(), Error> {
        let (answer, answered) = oneshot::channel();
        self.ask(StoreJob::Export(Some(answer)))?;
        answered.await.unwrap_or_else(|_| Err(self.gone()))
    }

    /// Returns an unused login number.
    pub fn new_login_id(&self) -> LoginId {
        LoginId(u32::try_from(self.next(0)).unwrap_or(u32::MAX))
    }

    /// Returns an unused portal number.
    pub fn new_portal_id(&self) -> PortalId {
        PortalId(u32::try_from(self.next(1)).unwrap_or(u32::MAX))
    }

    /// Returns an inbox number that is greater than all used ones.
    pub fn new_inbox_id(&self) -> InboxId {
        InboxId(self.next(2))
    }

    /// Returns the number of records of each kind.
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

    /// Returns how long the commits took since the store was opened.
    pub fn timings(&self) -> Timings {
        self.0.engine.timings()
    }

    fn next(&self, kind: usize) -> u64 {
        let next: Option<&AtomicU64> = self.0.shared.next.get(kind);
        next.map_or(u64::MAX, |next| next.fetch_add(1, Ordering::SeqCst))
    }

    fn ask(&self, job: StoreJob) -> Result<(), Error> {
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

/// Waits until everything is on the disk and the folder is unlocked.
impl Drop for StoreInner {
    fn drop(&mut self) {
        drop(self.jobs.take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // The panic of the thread has left its callers without an answer, which they report.
            let _ = thread.join();
        }
    }
}
