//! The database: ordered keys, values, and atomic batches.
//!
//! The only file that names sled. Knows nothing of records, guards or threads. sled's own `flush`
//! hands the data to the kernel and does not wait for the disk, so each batch ends with a sync of
//! sled's files.

use std::{
    collections::{BTreeMap, HashSet},
    ffi::OsString,
    fs::{self, File},
    io::ErrorKind,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError, RwLock},
    time::{Duration, Instant},
};

use super::{
    fault::contain,
    folder,
    reserve::{Reserve, is_no_descriptor},
    timing::{Stopwatch, Timings},
};

/// The writes of a batch: each key once, with its new value, or `None` to remove it.
pub(super) type WriteBatch = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// A key and its value.
pub(super) type Pair = (Vec<u8>, Vec<u8>);

/// The reason why the database failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// Another process has the file open.
    Locked,
    /// The file system failed; the data may be intact.
    Io(String),
    /// The process may open no further file, which usually passes.
    NoDescriptor(String),
    /// The data that was read is invalid.
    Corrupt(String),
    /// The database was closed.
    Closed,
}

/// An open database.
pub(super) struct Engine {
    db: RwLock<Option<sled::Db>>,
    /// A second handle on sled's file, for the sync that sled leaves out.
    file: File,
    blobs: PathBuf,
    synced_blobs: Mutex<Blobs>,
    commits: Stopwatch,
    syncs: Stopwatch,
    reserve: Reserve,
}

impl Engine {
    /// Opens or creates the database in `path`.
    pub(super) fn open(path: &Path) -> Result<Self, Fault> {
        let config = sled::Config::new()
            .path(path)
            .flush_every_ms(None)
            .mode(sled::Mode::LowSpace)
            .segment_size(SEGMENT_BYTES)
            .cache_capacity(CACHE_BYTES);
        let db = open_when_free(&config)?;
        let file = File::open(path.join("db")).map_err(|error| Fault::Io(error.to_string()))?;
        let blobs = path.join("blobs");
        Ok(Self {
            db: RwLock::new(Some(db)),
            file,
            blobs,
            synced_blobs: Mutex::default(),
            commits: Stopwatch::default(),
            syncs: Stopwatch::default(),
            reserve: Reserve::take(),
        })
    }

    /// Applies a batch atomically and returns when it is on the disk. Blocks.
    pub(super) fn commit(&self, batch: WriteBatch) -> Result<(), Fault> {
        let began = Instant::now();
        let mut changes = sled::Batch::default();
        for (key, value) in batch {
            match value {
                Some(value) => changes.insert(key, value),
                None => changes.remove(key),
            }
        }
        self.with(|db| db.apply_batch(changes.clone()).and_then(|()| db.flush()).map(drop))?;
        let applied = Instant::now();
        self.reserve.lend(|| self.sync().map_err(|error| refused(&error)))?;
        self.syncs.note(applied.elapsed());
        self.commits.note(began.elapsed());
        Ok(())
    }

    /// Returns how long the commits took.
    pub(super) fn timings(&self) -> Timings {
        Timings { commits: self.commits.read(), syncs: self.syncs.read() }
    }

    /// Returns the value of `key`.
    pub(super) fn find(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        self.with(|db| db.get(key)).map(|value| value.map(|value| value.to_vec()))
    }

    /// Returns at most `limit` pairs whose key begins with `prefix` and is not below `from`, in
    /// order.
    pub(super) fn scan(
        &self,
        prefix: &[u8],
        from: &[u8],
        limit: usize,
    ) -> Result<Vec<Pair>, Fault> {
        self.with(|db| {
            let pairs = db.range(prefix.max(from)..).take(limit);
            let pairs =
                pairs.take_while(|pair| !matches!(pair, Ok((key, _)) if !key.starts_with(prefix)));
            pairs.map(|pair| pair.map(|(key, value)| (key.to_vec(), value.to_vec()))).collect()
        })
    }

    /// Closes the database; later calls return [`Fault::Closed`].
    pub(super) fn close(&self) -> Result<(), Fault> {
        let db = self.db.write().unwrap_or_else(PoisonError::into_inner).take();
        // Dropping the database writes and syncs, and sled panics when that fails.
        contain(move || drop(db)).map_err(Fault::Io)
    }

    fn with<T>(&self, work: impl Fn(&sled::Db) -> sled::Result<T>) -> Result<T, Fault> {
        let db = self.db.read().unwrap_or_else(PoisonError::into_inner);
        let db = db.as_ref().ok_or(Fault::Closed)?;
        self.reserve.lend(|| contain(|| work(db)).map_err(Fault::Corrupt)?.map_err(fault))
    }

    /// Syncs sled's file, and the files of large pages, which sled does not sync either.
    fn sync(&self) -> std::io::Result<()> {
        self.file.sync_data()?;
        let mut known = self.synced_blobs.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = fs::metadata(&self.blobs)?;
        let changed = Some((changed.mtime(), changed.mtime_nsec()));
        if known.changed == changed && known.settled {
            return Ok(());
        }
        if known.changed != changed {
            (known.changed, known.seen) = (changed, Instant::now());
        }
        known.settled = known.seen.elapsed() > MTIME_STEP;
        let mut found = HashSet::new();
        let mut any_new = false;
        for blob in fs::read_dir(&self.blobs)? {
            let blob = blob?;
            let name = blob.file_name();
            if !known.synced.contains(&name) && sync_blob(&blob.path())? {
                any_new = true;
            }
            found.insert(name);
        }
        if any_new {
            File::open(&self.blobs)?.sync_all()?;
        }
        known.synced = found;
        Ok(())
    }
}

/// The files of large pages that are known to be on the disk.
struct Blobs {
    synced: HashSet<OsString>,
    /// The folder's time of change, which the file system counts in steps of a few milliseconds.
    changed: Option<(i64, i64)>,
    /// The moment at which that time was first seen.
    seen: Instant,
    /// Whether the folder was read after that step had ended: a second change within one step would
    /// not be visible in the time.
    settled: bool,
}

impl Default for Blobs {
    fn default() -> Self {
        let (synced, changed, seen) = (HashSet::new(), None, Instant::now());
        Self { synced, changed, seen, settled: false }
    }
}

/// Syncs one file; returns `false` when sled has removed it in the meantime.
fn sync_blob(path: &Path) -> std::io::Result<bool> {
    match File::open(path) {
        Ok(file) => {
            file.sync_all()?;
            folder::make_private(path, folder::FILE_MODE)?;
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Opens the database. The threads of one that was just closed can hold its lock a little longer,
/// so it tries for two seconds.
fn open_when_free(config: &sled::Config) -> Result<sled::Db, Fault> {
    let mut tries = 0;
    loop {
        let opened = contain(|| config.open()).map_err(Fault::Corrupt)?.map_err(fault);
        match opened {
            Err(Fault::Locked) if tries < LOCK_TRIES => {
                tries += 1;
                std::thread::sleep(LOCK_PAUSE);
            }
            other => return other,
        }
    }
}

fn refused(error: &std::io::Error) -> Fault {
    match is_no_descriptor(error) {
        true => Fault::NoDescriptor(error.to_string()),
        false => Fault::Io(error.to_string()),
    }
}

fn fault(error: sled::Error) -> Fault {
    match error {
        sled::Error::Io(io) if io.to_string().contains("could not acquire lock") => Fault::Locked,
        sled::Error::Io(io) if is_no_descriptor(&io) => Fault::NoDescriptor(io.to_string()),
        sled::Error::Io(io) if REFUSALS.contains(&io.kind()) => Fault::Io(io.to_string()),
        sled::Error::Io(io) => Fault::Corrupt(format!("the database cannot be read ({io})")),
        sled::Error::Corruption { .. } => Fault::Corrupt("a page's checksum is wrong".into()),
        other @ (sled::Error::CollectionNotFound(_)
        | sled::Error::Unsupported(_)
        | sled::Error::ReportableBug(_)) => {
            Fault::Corrupt(format!("the database says \"{other}\""))
        }
    }
}

/// The errors of a file system after which the data is probably intact.
const REFUSALS: [ErrorKind; 5] = [
    ErrorKind::PermissionDenied,
    ErrorKind::StorageFull,
    ErrorKind::QuotaExceeded,
    ErrorKind::FileTooLarge,
    ErrorKind::ReadOnlyFilesystem,
];
const SEGMENT_BYTES: usize = 512 * 1024;
const CACHE_BYTES: u64 = 8 * 1024 * 1024;
/// The greatest step of a file system's times, with a margin.
const MTIME_STEP: Duration = Duration::from_millis(100);
const LOCK_TRIES: u32 = 200;
const LOCK_PAUSE: Duration = Duration::from_millis(10);
