//! The guard: what the store knows about its own content, so that a database with lost or altered
//! records is refused.
//!
//! Each batch carries a [`StoreSummary`], which is also written into a small file beside the database
//! after the batch is on the disk. The file may therefore be older than the database, never newer.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::{
    engine::{Engine, Fault},
    folder::private_file,
    record::{self, TABLES, Table, body, decode, encode},
};

/// The newest layout of tables and records that this program knows.
pub(super) const SCHEMA: u32 = 1;

/// A summary of the store's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StoreSummary {
    pub(super) schema: u32,
    /// The number of batches so far.
    pub(super) epoch: u64,
    /// The number of entries per table; a store of an older version has fewer tables.
    #[serde(deserialize_with = "padded")]
    pub(super) counts: [u64; TABLES],
    /// The sum of the fingerprints of all entries, which reveals a lost, changed or restored one.
    pub(super) sum: u64,
    /// The next unused login, portal and inbox number.
    pub(super) next: [u64; 3],
}

fn padded<'de, D: Deserializer<'de>>(from: D) -> Result<[u64; TABLES], D::Error> {
    let mut counts = Vec::<u64>::deserialize(from)?;
    if counts.len() < TABLES {
        counts.resize(TABLES, 0);
    }
    counts.try_into().map_err(|_| D::Error::custom("more tables than are known"))
}

impl Default for StoreSummary {
    fn default() -> Self {
        Self { schema: SCHEMA, epoch: 0, counts: [0; TABLES], sum: 0, next: [1; 3] }
    }
}

impl StoreSummary {
    /// Adds an entry.
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        if let Some(count) = self.count_of(key) {
            *count += 1;
        }
        self.sum = self.sum.wrapping_add(fingerprint(key, value));
    }

    /// Removes an entry, by its fingerprint.
    pub(super) fn remove(&mut self, key: &[u8], fingerprint: u64) {
        if let Some(count) = self.count_of(key) {
            *count = count.saturating_sub(1);
        }
        self.sum = self.sum.wrapping_sub(fingerprint);
    }

    fn count_of(&mut self, key: &[u8]) -> Option<&mut u64> {
        self.counts.get_mut(usize::from(*key.first()?))
    }
}

/// The reason why a database is refused.
pub(super) enum GuardRefusal {
    Damaged(String),
    Newer(u32),
    Io(String),
}

impl From<Fault> for GuardRefusal {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Corrupt(found) => Self::Damaged(found),
            Fault::Io(cause) | Fault::NoDescriptor(cause) => Self::Io(cause),
            Fault::Locked => Self::Io("another process holds its lock".into()),
            Fault::Closed => Self::Io("it is closed".into()),
        }
    }
}

/// Reads the whole database and compares it with its own state and with the guard file.
pub(super) fn audit(engine: &Engine, guard: &StoreSummary) -> Result<StoreSummary, GuardRefusal> {
    let Some(value) = engine.find(&meta_key())? else {
        return Err(GuardRefusal::Damaged(
            "the record of the database's own state is missing".into(),
        ));
    };
    let state: StoreSummary = decode(&value).map_err(GuardRefusal::Damaged)?;
    if state.schema > SCHEMA {
        return Err(GuardRefusal::Newer(state.schema));
    }
    if state.epoch < guard.epoch {
        return Err(GuardRefusal::Damaged(format!(
            "the last {} commits are missing from the database",
            guard.epoch - state.epoch
        )));
    }
    let same = state.counts == guard.counts && state.sum == guard.sum;
    if state.epoch == guard.epoch && !same {
        return Err(GuardRefusal::Damaged(
            "the database and its guard file contradict each other".into(),
        ));
    }
    let found = tally(engine)?;
    let (told, there): (u64, u64) = (state.counts.iter().sum(), found.counts.iter().sum());
    if found.counts != state.counts {
        return Err(GuardRefusal::Damaged(format!(
            "it should have {told} entries and has {there}"
        )));
    }
    if found.sum != state.sum {
        return Err(GuardRefusal::Damaged(
            "some of its entries are older than they should be".into(),
        ));
    }
    Ok(state)
}

/// Returns the counts and the fingerprints of the actual content.
fn tally(engine: &Engine) -> Result<StoreSummary, GuardRefusal> {
    let mut found = StoreSummary::default();
    let mut from = Table::Login.key(&[]);
    loop {
        let pairs = engine.scan(&[], &from, TALLY_STEP)?;
        for (key, value) in &pairs {
            body(value).map_err(GuardRefusal::Damaged)?;
            found.add(key, value);
        }
        let full = pairs.len() == TALLY_STEP;
        match pairs.into_iter().next_back() {
            Some((last, _)) if full => {
                from = last;
                from.push(0);
            }
            _ => return Ok(found),
        }
    }
}

/// Returns the key of the state within the database.
pub(super) fn meta_key() -> Vec<u8> {
    Table::Meta.key(&[])
}

/// Returns the contribution of an entry to the checksum.
pub(super) fn fingerprint(key: &[u8], value: &[u8]) -> u64 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(value);
    // The bits are spread over 64, so that different sets of entries have different sums.
    let mixed = u64::from(hasher.finalize()).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ (mixed >> 29)
}

/// The small file beside the database. It holds the last two states in turns, since a power failure
/// during a write spoils one of them.
pub(super) struct GuardFile(File);

/// The content of the guard file.
#[expect(clippy::large_enum_variant, reason = "there is one, at the start")]
pub(super) enum GuardFound {
    Missing,
    Unreadable,
    /// The file was created, and nothing was ever committed.
    Untouched(GuardFile),
    State(GuardFile, StoreSummary),
}

impl GuardFile {
    /// Reads the file in `dir`.
    pub(super) fn find(dir: &Path) -> io::Result<GuardFound> {
        let file = match private_file().open(path(dir)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(GuardFound::Missing);
            }
            Err(error) => return Err(error),
        };
        super::folder::make_private(&path(dir), super::folder::FILE_MODE)?;
        let mut slots = [0; 2 * SLOT_BYTES];
        let read = read_up_to(&file, &mut slots)?;
        if read == slots.len() && slots.iter().all(|byte| *byte == 0) {
            return Ok(GuardFound::Untouched(Self(file)));
        }
        let states = slots.chunks_exact(SLOT_BYTES).filter_map(read_slot);
        Ok(match states.max_by_key(|state| state.epoch) {
            Some(state) => GuardFound::State(Self(file), state),
            None => GuardFound::Unreadable,
        })
    }

    /// Creates the file in `dir`, durably, before there is a database.
    pub(super) fn create(dir: &Path) -> io::Result<Self> {
        let file = private_file().create_new(true).open(path(dir))?;
        file.write_all_at(&[0; 2 * SLOT_BYTES], 0)?;
        file.sync_all()?;
        File::open(dir)?.sync_all()?;
        Ok(Self(file))
    }

    /// Writes a state that is already on the disk in the database.
    pub(super) fn note(&self, state: &StoreSummary) -> io::Result<()> {
        let record = encode(state);
        let length = u16::try_from(record.len()).unwrap_or(u16::MAX);
        let mut slot = [0; SLOT_BYTES];
        let (head, rest) = slot.split_at_mut(2);
        head.copy_from_slice(&length.to_le_bytes());
        let room = rest.get_mut(..record.len()).ok_or(io::ErrorKind::InvalidInput)?;
        room.copy_from_slice(&record);
        self.0.write_all_at(&slot, (state.epoch % 2) * SLOT_BYTES as u64)
    }
}

fn read_slot(slot: &[u8]) -> Option<StoreSummary> {
    let (length, rest) = slot.split_first_chunk::<2>()?;
    record::decode(rest.get(..usize::from(u16::from_le_bytes(*length)))?).ok()
}

fn read_up_to(file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], filled as u64)? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

fn path(dir: &Path) -> PathBuf {
    dir.join("guard")
}

const SLOT_BYTES: usize = 1024;
/// The number of entries that are read at once; few, since an entry can be as large as a message.
const TALLY_STEP: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taking_an_entry_in_and_out_leaves_the_state_as_it_was() {
        let mut state = StoreSummary::default();
        state.add(&[1, 7], b"one");
        let before = state.clone();
        state.add(&[2, 7], b"two");
        assert_ne!(state, before);
        state.remove(&[2, 7], fingerprint(&[2, 7], b"two"));
        assert_eq!(state, before);
    }

    #[test]
    fn the_largest_state_fits_into_its_slot() {
        let dir = tempfile::tempdir().unwrap();
        let largest = StoreSummary {
            schema: SCHEMA,
            epoch: u64::MAX,
            counts: [u64::MAX; TABLES],
            sum: u64::MAX,
            next: [u64::MAX; 3],
        };
        GuardFile::create(dir.path()).unwrap().note(&largest).unwrap();
        let GuardFound::State(_, read) = GuardFile::find(dir.path()).unwrap() else {
            panic!("no state found");
        };
        assert_eq!(read, largest);
    }

    #[test]
    fn a_spoiled_slot_leaves_the_state_before_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = GuardFile::create(dir.path()).unwrap();
        for epoch in [1, 2, 3] {
            file.note(&StoreSummary { epoch, ..StoreSummary::default() }).unwrap();
        }
        file.0.write_all_at(b"xxxx", SLOT_BYTES as u64 + 20).unwrap();
        let GuardFound::State(_, read) = GuardFile::find(dir.path()).unwrap() else {
            panic!("no state found");
        };
        assert_eq!(read.epoch, 2);
    }
}
