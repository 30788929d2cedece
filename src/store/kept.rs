//! Items of contacts that could not be brought into their room, kept for `retry`.
//!
//! The item is stored before its notice is sent, so a crash between the two repeats the notice.
//! Later it is found by the notice's event. Ciphertext that could not be decrypted is stored in a
//! folder beside the database, where the oldest is removed when the space is used up.

use std::{
    collections::HashSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use ruma::{EventId, OwnedEventId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    Change, Error, Store,
    folder::{ensure_private_folder, private_file},
    record::{Table, bounded, decode, encode},
};
use crate::{clock::Timestamp, id::PortalId};

/// One item that could not be brought.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept {
    /// The transaction id that its event will have, which identifies the item.
    pub txn: String,
    /// The portal.
    pub portal: PortalId,
    /// The message's JSON.
    pub raw: Box<str>,
    /// The index of the item in the message, from 0.
    pub item: u16,
    /// The time at which the contact wrote it.
    pub written: Timestamp,
    /// The time at which it was kept.
    pub at: Timestamp,
    /// The text of the notice.
    pub notice: Box<str>,
}

/// Leaves the raw text out, which is the message itself.
impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { txn, portal, item, .. } = self;
        write!(f, "Kept({txn} of {portal:?}, item {item})")
    }
}

impl Change {
    /// Stores an item.
    pub fn keep(self, kept: &Kept) -> Self {
        let record = KeptRecord::Item {
            portal: kept.portal.0,
            raw: kept.raw.clone(),
            item: kept.item,
            written: kept.written.0,
            at: kept.at.0,
            notice: kept.notice.clone(),
        };
        self.put(item_key(&kept.txn), encode(&record))
    }

    /// Stores the event of a kept item's notice.
    pub fn keep_notice(self, notice: &OwnedEventId, txn: &str, at: Timestamp) -> Self {
        let record = KeptRecord::Notice { txn: txn.to_owned(), at: at.0 };
        self.put(notice_key(notice), encode(&record))
    }

    /// Forgets a kept item that has been brought since, and its notice.
    pub fn forget_kept(self, notice: &EventId, txn: &str) -> Self {
        self.del(notice_key(notice)).del(item_key(txn))
    }
}

impl Store {
    /// Returns the item with this transaction id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn kept(&self, txn: &str) -> Result<Option<Kept>, Error> {
        let Some(record) = self.find::<KeptRecord>(&item_key(txn))? else { return Ok(None) };
        Ok(match record {
            KeptRecord::Item { portal, raw, item, written, at, notice } => Some(Kept {
                txn: txn.to_owned(),
                portal: PortalId(portal),
                raw,
                item,
                written: Timestamp(written),
                at: Timestamp(at),
                notice,
            }),
            KeptRecord::Notice { .. } => None,
        })
    }

    /// Returns the item whose notice is this event.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn kept_of(&self, notice: &EventId) -> Result<Option<Kept>, Error> {
        match self.find::<KeptRecord>(&notice_key(notice))? {
            Some(KeptRecord::Notice { txn, .. }) => self.kept(&txn),
            Some(KeptRecord::Item { .. }) | None => Ok(None),
        }
    }

    /// Stores the ciphertext of an item, which is read from the position of `from` on. Blocks.
    ///
    /// A file of more than 200 MiB is left out.
    ///
    /// # Errors
    /// When it cannot be written; nothing of it is left then.
    pub fn keep_ciphertext(&self, txn: &str, from: &mut File, len: u64) -> io::Result<()> {
        let folder = self.kept_folder();
        if len > MOST_KEPT {
            return Ok(());
        }
        ensure_private_folder(&folder)?;
        make_room(&folder, MOST_KEPT - len)?;
        let (path, part) = (folder.join(name_of(txn)), folder.join(PART));
        let written = private_file().create(true).truncate(true).open(&part).and_then(|mut to| {
            io::copy(from, &mut to)?;
            to.sync_all()
        });
        let done = written.and_then(|()| fs::rename(&part, &path));
        if done.is_err() {
            // A file that cannot be removed is overwritten by the next one.
            let _ = fs::remove_file(&part);
        }
        done
    }

    /// Opens the kept ciphertext of an item. Blocks.
    pub fn kept_ciphertext(&self, txn: &str) -> Option<File> {
        File::open(self.kept_folder().join(name_of(txn))).ok()
    }

    /// Removes the ciphertext of every item that is no longer kept. Blocks.
    ///
    /// # Errors
    /// When the database or the folder cannot be read.
    pub fn sweep_kept(&self) -> Result<(), Error> {
        let folder = self.kept_folder();
        let mut names = HashSet::new();
        for (key, _) in self.all(Table::Kept)? {
            if let Some((ITEM, txn)) = key.get(1..).and_then(|rest| rest.split_first_chunk()) {
                names.insert(name_of_key(txn));
            }
        }
        let sweep = || {
            for (_, _, path) in files(&folder)? {
                let name = path.file_name().and_then(|name| name.to_str());
                if !name.is_some_and(|name| names.contains(name)) {
                    fs::remove_file(&path)?;
                }
            }
            Ok(())
        };
        sweep().map_err(|error: io::Error| Error::io("tidy up", &folder, &error))
    }

    /// Returns whether the record of a kept item, or of its notice, is old enough to be forgotten.
    pub(super) fn kept_is_over(&self, value: &[u8], before: Timestamp) -> Result<bool, Error> {
        let (KeptRecord::Item { at, .. } | KeptRecord::Notice { at, .. }) =
            self.sound(decode(value))?;
        Ok(at < before.0)
    }

    fn kept_folder(&self) -> PathBuf {
        self.0.dir.join("kept")
    }
}

#[derive(Serialize, Deserialize)]
enum KeptRecord {
    Item { portal: u32, raw: Box<str>, item: u16, written: i64, at: i64, notice: Box<str> },
    Notice { txn: String, at: i64 },
}

fn item_key(txn: &str) -> Vec<u8> {
    Table::Kept.key(&[ITEM, &bounded(txn)])
}

fn notice_key(notice: &EventId) -> Vec<u8> {
    Table::Kept.key(&[b"n", &bounded(notice.as_str())])
}

/// Returns the file name of a ciphertext. It is a hash, since a transaction id may contain text
/// that a contact's app has chosen.
fn name_of(txn: &str) -> String {
    name_of_key(&bounded(txn))
}

fn name_of_key(txn: &[u8]) -> String {
    hex::encode(Sha256::digest(txn))
}

/// Removes the oldest files until the others have at most `most` bytes together.
fn make_room(folder: &Path, most: u64) -> io::Result<()> {
    let mut files = files(folder)?;
    files.sort();
    let mut total: u64 = files.iter().map(|(_, len, _)| len).sum();
    for (_, len, path) in files {
        if total <= most {
            break;
        }
        fs::remove_file(path)?;
        total -= len;
    }
    Ok(())
}

/// Returns the time, the length and the path of each file; empty when there is no folder.
fn files(folder: &Path) -> io::Result<Vec<(impl Ord + use<>, u64, PathBuf)>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    entries
        .map(|entry| {
            let entry = entry?;
            let about = entry.metadata()?;
            Ok((about.modified()?, about.len(), entry.path()))
        })
        .collect()
}

const ITEM: &[u8; 1] = b"i";
/// The name of the file that is being written; never the name of a ciphertext.
const PART: &str = "part";
/// The space for kept ciphertext, in bytes.
const MOST_KEPT: u64 = 200 << 20;
