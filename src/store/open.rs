//! The opening of a store: the states in which a folder can be found, and which of them are
//! accepted.

use std::{io, path::Path};

use super::{
    backup,
    engine::{Engine, Fault, WriteBatch},
    error::Error,
    folder::{StoreFolder, sync_folders},
    guard::{self, GuardFile, GuardFound, GuardRefusal, SCHEMA, StoreSummary},
    record::encode,
    rewrite,
};

/// A store that was checked and accepted.
pub(super) struct Opened {
    pub(super) folder: StoreFolder,
    pub(super) engine: Engine,
    pub(super) guard: GuardFile,
    pub(super) state: StoreSummary,
}

/// Opens the store in `dir`, or creates one where nothing was ever stored.
pub(super) fn open(dir: &Path) -> Result<Opened, Error> {
    let folder = StoreFolder::take(dir)?;
    let unreadable = |error: io::Error| Error::io("read the guard file in", dir, &error);
    let there = folder.database().join("db").exists();
    let damaged = |found: &str| Err(Error::damaged(dir, found));
    match (GuardFile::find(dir).map_err(unreadable)?, there) {
        (GuardFound::Missing, false) if backup::newest(dir).is_none() => {
            let guard = GuardFile::create(dir)
                .map_err(|error| Error::io("make the guard file in", dir, &error))?;
            create(folder, guard)
        }
        // The first start was interrupted before anything was accepted.
        (GuardFound::Untouched(guard), _) => create(folder, guard),
        (GuardFound::State(guard, state), true) => {
            let opened = reopen(folder, guard, &state)?;
            match opened.folder.owes_rewrite() {
                true => renew(opened),
                false => Ok(opened),
            }
        }
        (GuardFound::Missing, false) => {
            damaged("the database is missing, but its exports are there")
        }
        (GuardFound::State(..) | GuardFound::Unreadable, false) => {
            damaged("the database is missing, but its guard file is there")
        }
        (GuardFound::Missing, true) => damaged("the guard file of the database is missing"),
        (GuardFound::Unreadable, true) => damaged("the guard file of the database cannot be read"),
    }
}

fn create(folder: StoreFolder, guard: GuardFile) -> Result<Opened, Error> {
    let database = folder.database();
    let failed = |cause: Fault| Error::Io {
        doing: "make the database in",
        path: database.clone(),
        cause: format!("{cause:?}"),
    };
    match std::fs::remove_dir_all(&database) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(Error::io("clear", &database, &error));
        }
        _ => {}
    }
    let engine = Engine::open(&database).map_err(failed)?;
    folder.accept()?;
    let state = StoreSummary { epoch: 1, ..StoreSummary::default() };
    let batch = WriteBatch::from([(guard::meta_key(), Some(encode(&state)))]);
    engine.commit(batch).map_err(failed)?;
    sync_folders(&database).map_err(|error| Error::io("sync", &database, &error))?;
    guard.note(&state).map_err(|error| Error::io("write the guard file of", &database, &error))?;
    Ok(Opened { folder, engine, guard, state })
}

/// Writes a sound database anew and opens it again.
fn renew(opened: Opened) -> Result<Opened, Error> {
    let Opened { folder, engine, guard, state } = opened;
    // What does not close cannot be copied either, and the second open says why.
    let _ = engine.close();
    drop(engine);
    rewrite::if_owed(&folder);
    reopen(folder, guard, &state)
}

fn reopen(folder: StoreFolder, guard: GuardFile, noted: &StoreSummary) -> Result<Opened, Error> {
    folder.keep_copy()?;
    let refusal = match Engine::open(&folder.database()) {
        Err(fault) => GuardRefusal::from(fault),
        Ok(engine) => match guard::audit(&engine, noted) {
            Ok(state) => {
                folder.accept()?;
                return Ok(Opened { folder, engine, guard, state });
            }
            Err(refusal) => {
                // A database that is refused may fail to close; it is put away in any case.
                let _ = engine.close();
                refusal
            }
        },
    };
    folder.put_copy_back()?;
    let dir = folder.dir();
    Err(match refusal {
        GuardRefusal::Damaged(found) => Error::damaged(dir, found),
        GuardRefusal::Newer(found) => Error::Newer { dir: dir.to_path_buf(), found, known: SCHEMA },
        GuardRefusal::Io(cause) => Error::Io { doing: "open", path: folder.database(), cause },
    })
}
