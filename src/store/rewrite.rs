//! The database written anew, so that its files hold nothing but what it contains.
//!
//! sled keeps old values in freed pages until it needs those. After an owner has logged a contact
//! out, the database is copied entry by entry when the store is closed or, after a crash, when it
//! is opened; the old files are overwritten.

use std::{io, path::Path};

use super::{
    engine::{Engine, Fault, WriteBatch},
    folder::{StoreFolder, sync_folders},
};

/// Rewrites the database of a closed store when something was to be forgotten. A failure is
/// logged, leaves the database as it was, and is made up for the next time.
pub(super) fn if_owed(folder: &StoreFolder) {
    if !folder.owes_rewrite() {
        return;
    }
    match rewrite(folder) {
        Ok(()) => tracing::info!("the database was rewritten without what was to be forgotten"),
        Err(error) => {
            tracing::warn!(%error, "the database could not be rewritten; it is tried again later");
        }
    }
}

fn rewrite(folder: &StoreFolder) -> io::Result<()> {
    let fresh = folder.fresh();
    copy(&folder.database(), &fresh)?;
    sync_folders(&fresh)?;
    folder.put_fresh()
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let failed = |fault: Fault| io::Error::other(format!("{fault:?}"));
    let from = Engine::open(from).map_err(failed)?;
    let copied = Engine::open(to).and_then(|to| {
        copy_all(&from, &to)?;
        to.close()
    });
    let closed = from.close();
    copied.and(closed).map_err(failed)
}

fn copy_all(from: &Engine, to: &Engine) -> Result<(), Fault> {
    let mut start = Vec::new();
    loop {
        let pairs = from.scan(&[], &start, STEP)?;
        let Some((last, _)) = pairs.last() else { return Ok(()) };
        start.clone_from(last);
        start.push(0);
        to.commit(
            pairs.into_iter().map(|(key, value)| (key, Some(value))).collect::<WriteBatch>(),
        )?;
    }
}

/// Few, since an entry can be as large as a message; each step waits for the disk.
const STEP: usize = 256;
