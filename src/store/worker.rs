//! The store's own thread: commits waiting changes as one batch, and answers their callers.
//!
//! One sync for all waiting changes makes durability cheap under load. No caller is answered before
//! its change is on the disk.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use super::{
    backup,
    engine::{Engine, Fault, WriteBatch},
    error::Error,
    folder::StoreFolder,
    guard::{GuardFile, StoreSummary, fingerprint, meta_key},
    login,
    open::Opened,
    recent::Recent,
    record::{TABLES, Table, decode, encode},
    rewrite,
};
use crate::crash::Point;

/// A write to one key.
#[derive(Debug)]
pub(super) enum Op {
    Put {
        key: Vec<u8>,
        value: Vec<u8>,
    },
    Del {
        key: Vec<u8>,
    },
    /// Adds to a counter.
    Count {
        key: Vec<u8>,
        by: u64,
    },
}

/// The channel for an answer; `None` when no caller waits.
pub(super) type CommitAnswer = Option<oneshot::Sender<Result<(), Error>>>;

/// A job of the thread; jobs are done in order.
pub(super) enum StoreJob {
    Commit(Vec<Op>, CommitAnswer),
    Export(CommitAnswer),
    Close(CommitAnswer),
}

/// The part of the thread's state that callers read.
pub(super) struct WorkerShared {
    pub(super) counts: [AtomicU64; TABLES],
    pub(super) next: [AtomicU64; 3],
    pub(super) syncs: AtomicU64,
    pub(super) failed: OnceLock<Error>,
}

impl WorkerShared {
    pub(super) fn new(state: &StoreSummary) -> Self {
        Self {
            counts: state.counts.map(AtomicU64::new),
            next: state.next.map(AtomicU64::new),
            syncs: AtomicU64::new(0),
            failed: OnceLock::new(),
        }
    }
}

/// The state of the thread.
pub(super) struct Worker {
    folder: StoreFolder,
    engine: Arc<Engine>,
    guard: GuardFile,
    state: StoreSummary,
    shared: Arc<WorkerShared>,
    recent: Recent,
    /// The time of the next export; `None` while the logins are as exported.
    export_due: Option<Instant>,
    exported: Option<Instant>,
}

impl Worker {
    pub(super) fn new(opened: Opened) -> Self {
        let shared = Arc::new(WorkerShared::new(&opened.state));
        Self {
            folder: opened.folder,
            engine: Arc::new(opened.engine),
            guard: opened.guard,
            state: opened.state,
            shared,
            recent: Recent::default(),
            export_due: Some(Instant::now()),
            exported: None,
        }
    }

    pub(super) fn engine(&self) -> Arc<Engine> {
        Arc::clone(&self.engine)
    }

    pub(super) fn shared(&self) -> Arc<WorkerShared> {
        Arc::clone(&self.shared)
    }

    /// Runs until the store is closed or every handle to it is dropped.
    pub(super) fn run(mut self, jobs: &Receiver<StoreJob>) {
        let mut next = None;
        let closing = loop {
            let job = next.take().map_or_else(|| self.next_job(jobs), Ok);
            match job {
                Ok(StoreJob::Commit(ops, answer)) => next = self.commit_group(ops, answer, jobs),
                Ok(StoreJob::Export(waiting)) => {
                    self.export();
                    answer(waiting, self.shared.failed.get().cloned().map_or(Ok(()), Err));
                }
                Ok(StoreJob::Close(waiting)) => break waiting,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break None,
            }
            if self.export_due.is_some_and(|due| due <= Instant::now()) {
                self.export();
            }
        };
        self.close(closing);
    }

    fn close(mut self, waiting: CommitAnswer) {
        self.export();
        let closed = self.engine.close();
        if closed.is_ok() && self.shared.failed.get().is_none() {
            rewrite::if_owed(&self.folder);
        }
        let result = match (self.shared.failed.get(), closed) {
            (Some(error), _) => Err(error.clone()),
            (None, Err(fault)) => Err(Error::Failed { cause: cause(fault) }),
            (None, Ok(())) => Ok(()),
        };
        drop(self.folder);
        answer(waiting, result);
    }

    fn next_job(&self, jobs: &Receiver<StoreJob>) -> Result<StoreJob, RecvTimeoutError> {
        match self.export_due {
            Some(due) => jobs.recv_timeout(due.saturating_duration_since(Instant::now())),
            None => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    /// Commits `ops` and the commits that wait behind them; returns the first job of another kind.
    ///
    /// Changes without a waiting caller are held back for a moment, since they cost no sync of
    /// their own when they are written with the next commit.
    fn commit_group(
        &mut self,
        ops: Vec<Op>,
        first: CommitAnswer,
        jobs: &Receiver<StoreJob>,
    ) -> Option<StoreJob> {
        let mut kept_until = first.is_none().then(|| Instant::now() + SUBMIT_PATIENCE);
        let mut points = vec![point(&ops)];
        let (mut group, mut answers, mut next) = (ops, vec![first], None);
        loop {
            let most = if kept_until.is_some() { KEPT_OPS } else { GROUP_OPS };
            if group.len() >= most || next.is_some() {
                break;
            }
            let job = match kept_until {
                Some(until) => {
                    jobs.recv_timeout(until.saturating_duration_since(Instant::now())).ok()
                }
                None => jobs.try_recv().ok(),
            };
            match job {
                Some(StoreJob::Commit(ops, answer)) => {
                    points.push(point(&ops));
                    group.extend(ops);
                    kept_until = kept_until.filter(|_| answer.is_none());
                    answers.push(answer);
                }
                Some(other) => next = Some(other),
                None => break,
            }
        }
        points.iter().for_each(Point::before);
        let result = self.commit(group);
        points.iter().for_each(Point::after);
        for waiting in answers {
            answer(waiting, result.clone());
        }
        next
    }

    fn commit(&mut self, ops: Vec<Op>) -> Result<(), Error> {
        if let Some(error) = self.shared.failed.get() {
            return Err(error.clone());
        }
        if ops.is_empty() {
            return Ok(());
        }
        self.try_commit(ops).map_err(|fault| {
            let error = Error::Failed { cause: cause(fault) };
            tracing::error!(%error, "a commit failed");
            self.shared.failed.get_or_init(|| error).clone()
        })
    }

    fn try_commit(&mut self, ops: Vec<Op>) -> Result<(), Fault> {
        let logins_change = ops.iter().any(|op| op.key().first() == Some(&(Table::Login as u8)));
        if logins_change && ops.iter().any(Op::forgets) {
            self.owe_rewrite();
        }
        let wanted = self.merge(ops)?;
        let mut state = self.state.clone();
        let mut batch = WriteBatch::new();
        for (key, value) in wanted {
            let old = match self.recent.fingerprint(&key) {
                Some(known) => Some(known),
                None => {
                    let old = self.engine.find(&key)?;
                    if old == value {
                        continue;
                    }
                    old.map(|old| fingerprint(&key, &old))
                }
            };
            if let Some(old) = old {
                state.remove(&key, old);
            }
            if let Some(value) = &value {
                state.add(&key, value);
            }
            self.recent.note(&key, value.as_deref());
            batch.insert(key, value);
        }
        if batch.is_empty() {
            return Ok(());
        }
        state.epoch += 1;
        for (mark, next) in state.next.iter_mut().zip(&self.shared.next) {
            *mark = next.load(Ordering::SeqCst);
        }
        batch.insert(meta_key(), Some(encode(&state)));
        self.engine.commit(batch)?;
        self.state = state;
        self.publish();
        if logins_change {
            self.plan_export();
        }
        Ok(())
    }

    fn read_count(&self, key: &[u8]) -> Result<u64, Fault> {
        let stored = self.engine.find(key)?;
        let count = stored.map_or(Ok(0), |value| decode::<u64>(&value));
        count.map_err(Fault::Corrupt)
    }

    /// Reduces `ops` to one write per key.
    fn merge(&mut self, ops: Vec<Op>) -> Result<WriteBatch, Fault> {
        let mut wanted = BTreeMap::new();
        for op in ops {
            match op {
                Op::Put { key, value } => wanted.insert(key, Some(value)),
                Op::Del { key } => wanted.insert(key, None),
                Op::Count { key, by } => {
                    let count = match self.recent.count(&key) {
                        Some(count) => count,
                        None => self.read_count(&key)?,
                    };
                    let count = count.saturating_add(by);
                    self.recent.note_count(&key, count);
                    wanted.insert(key, Some(encode(&count)))
                }
            };
        }
        Ok(wanted)
    }

    fn publish(&self) {
        self.shared.syncs.fetch_add(1, Ordering::SeqCst);
        for (seen, count) in self.shared.counts.iter().zip(self.state.counts) {
            seen.store(count, Ordering::SeqCst);
        }
        // An older guard file is valid, so a failure here is no reason to stop.
        if let Err(error) = self.guard.note(&self.state) {
            tracing::warn!(%error, "the guard file beside the database could not be written");
        }
    }

    /// Notes before a commit that the database is to be rewritten; a crash between the two causes a
    /// rewrite too many, and never one too few.
    fn owe_rewrite(&self) {
        if let Err(error) = self.folder.owe_rewrite() {
            tracing::warn!(%error, "it could not be noted that the database is to be rewritten");
        }
    }

    /// Schedules an export: soon after the first change, and rarely while many follow.
    fn plan_export(&mut self) {
        let now = Instant::now();
        let rested = self.exported.map_or(now, |last| last + EXPORT_REST);
        self.export_due.get_or_insert(rested.max(now + EXPORT_PATIENCE));
    }

    fn export(&mut self) {
        self.export_due = None;
        self.exported = Some(Instant::now());
        if let Err(error) = backup::write(&self.engine, self.folder.dir()) {
            tracing::warn!(%error, "the export of the logins could not be written");
        }
    }
}

impl Op {
    /// Returns whether this removes a token that its owner wants forgotten.
    fn forgets(&self) -> bool {
        match self {
            Self::Put { key, value } => login::is_put_away(key, value),
            Self::Del { .. } | Self::Count { .. } => false,
        }
    }

    fn key(&self) -> &[u8] {
        match self {
            Self::Put { key, .. } | Self::Del { key } | Self::Count { key, .. } => key,
        }
    }
}

/// Returns the crash point of a change, named by the tables that it writes.
fn point(ops: &[Op]) -> Point {
    Point::new(|| {
        let tables = ops.iter().filter_map(|op| op.key().first()).map(|&table| Table::name(table));
        let tables: BTreeSet<_> = tables.collect();
        format!("commit {}", tables.into_iter().collect::<Vec<_>>().join("+"))
    })
}

/// Answers a caller; one that is gone needs no answer.
fn answer(waiting: CommitAnswer, result: Result<(), Error>) {
    if let Some(waiting) = waiting {
        let _ = waiting.send(result);
    }
}

fn cause(fault: Fault) -> String {
    match fault {
        Fault::Io(cause) | Fault::NoDescriptor(cause) | Fault::Corrupt(cause) => cause,
        Fault::Locked => "the database is locked".into(),
        Fault::Closed => "the database is closed".into(),
    }
}

const GROUP_OPS: usize = 8_192;
/// How long a change without a waiting caller is held back; after a crash in this time, its work is
/// repeated with its ids.
const SUBMIT_PATIENCE: Duration = Duration::from_millis(20);
/// The number of writes after which changes are no longer held back, so that the next commit is not
/// delayed.
const KEPT_OPS: usize = 256;
const EXPORT_PATIENCE: Duration = Duration::from_secs(2);
const EXPORT_REST: Duration = Duration::from_secs(180);
