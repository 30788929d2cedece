//! The store's folder: its permissions, its lock, and the copy from which a database is restored
//! after a refused open.
//!
//! sled writes into a damaged file while it opens it. So the database is copied first, and the copy
//! is put back when the open is refused.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::error::Error;

/// The mode of the store's folders.
pub(super) const FOLDER_MODE: u32 = 0o700;
/// The mode of the store's files.
pub(super) const FILE_MODE: u32 = 0o600;

/// The store's folder, locked by this process until it is dropped.
pub(super) struct StoreFolder {
    dir: PathBuf,
    lock: File,
}

impl StoreFolder {
    /// Creates the folder where there is none and locks it for this process.
    pub(super) fn take(dir: &Path) -> Result<Self, Error> {
        let failed = |error: io::Error| Error::io("prepare the store's folder", dir, &error);
        ensure_private_folder(dir).map_err(failed)?;
        let lock = private_file().create(true).open(dir.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::InUse { dir: dir.to_path_buf() }),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let folder = Self { dir: dir.to_path_buf(), lock };
        folder.finish_interrupted_open().map_err(failed)?;
        Ok(folder)
    }

    /// Returns the folder's path.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns the path of the database.
    pub(super) fn database(&self) -> PathBuf {
        self.dir.join("db")
    }

    /// Copies the database before it is opened.
    pub(super) fn keep_copy(&self) -> Result<(), Error> {
        copy_tree(&self.database(), &self.copy()).map_err(|error| {
            Error::io("copy the database before opening it to", &self.copy(), &error)
        })
    }

    /// Replaces the database by the copy.
    pub(super) fn put_copy_back(&self) -> Result<(), Error> {
        let put_back = || {
            fs::rename(self.database(), self.altered())?;
            fs::rename(self.copy(), self.database())?;
            fs::remove_dir_all(self.altered())
        };
        put_back().map_err(|error| Error::io("put back", &self.database(), &error))
    }

    /// Removes the copy and makes every file of the database private.
    pub(super) fn accept(&self) -> Result<(), Error> {
        let accept = || {
            match self.owes_rewrite() {
                true => wipe_tree(&self.copy())?,
                false => remove_if_there(&self.copy())?,
            }
            make_tree_private(&self.database())
        };
        accept().map_err(|error| Error::io("set the modes of", &self.database(), &error))
    }

    /// Notes durably that the database's files hold what was to be forgotten.
    pub(super) fn owe_rewrite(&self) -> io::Result<()> {
        private_file().create(true).open(self.owed())?.sync_all()?;
        File::open(&self.dir)?.sync_all()
    }

    /// Returns whether the database's files hold what was to be forgotten.
    pub(super) fn owes_rewrite(&self) -> bool {
        self.owed().exists()
    }

    /// Returns the folder in which a database is written anew.
    pub(super) fn fresh(&self) -> PathBuf {
        self.dir.join("db.fresh")
    }

    /// Puts the fresh database in the place of the other, whose files are overwritten.
    pub(super) fn put_fresh(&self) -> io::Result<()> {
        make_tree_private(&self.fresh())?;
        fs::rename(self.database(), self.stale())?;
        fs::rename(self.fresh(), self.database())?;
        File::open(&self.dir)?.sync_all()?;
        wipe_tree(&self.stale())?;
        fs::remove_file(self.owed())?;
        File::open(&self.dir)?.sync_all()
    }

    fn finish_interrupted_open(&self) -> io::Result<()> {
        for whole in [self.copy(), self.stale()] {
            if whole.exists() && !self.database().exists() {
                fs::rename(whole, self.database())?;
            }
        }
        wipe_tree(&self.stale())?;
        remove_if_there(&self.fresh())?;
        remove_if_there(&self.copy())?;
        remove_if_there(&self.altered())
    }

    fn copy(&self) -> PathBuf {
        self.dir.join("db.before-open")
    }

    fn altered(&self) -> PathBuf {
        self.dir.join("db.refused")
    }

    fn stale(&self) -> PathBuf {
        self.dir.join("db.stale")
    }

    fn owed(&self) -> PathBuf {
        self.dir.join("forget")
    }
}

impl Drop for StoreFolder {
    /// Unlocks the folder. Closing the file would not be enough: a child process that was just
    /// forked still has it open.
    fn drop(&mut self) {
        if let Err(error) = self.lock.unlock() {
            tracing::debug!(%error, "the store's folder was not given back at once");
        }
    }
}

/// Makes the names of a new database's files durable.
pub(super) fn sync_folders(database: &Path) -> io::Result<()> {
    File::open(database.join("conf"))?.sync_all()?;
    File::open(database)?.sync_all()?;
    match database.parent() {
        Some(dir) => File::open(dir)?.sync_all(),
        None => Ok(()),
    }
}

/// Returns options for a file that only this user may read and write.
pub(super) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(FILE_MODE);
    options
}

/// Creates `dir` for this user alone, or removes the permissions of others.
pub(super) fn ensure_private_folder(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(dir)?;
    make_private(dir, FOLDER_MODE)
}

/// Sets `mode` where it differs.
pub(super) fn make_private(path: &Path, mode: u32) -> io::Result<()> {
    let mut permissions = fs::metadata(path)?.permissions();
    if permissions.mode() & 0o777 != mode {
        permissions.set_mode(mode);
        fs::set_permissions(path, permissions)?;
    }
    Ok(())
}

fn make_tree_private(dir: &Path) -> io::Result<()> {
    make_private(dir, FOLDER_MODE)?;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            make_tree_private(&entry.path())?;
        } else {
            make_private(&entry.path(), FILE_MODE)?;
        }
    }
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    ensure_private_folder(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Overwrites each file of a folder in its place, as far as the file system allows, and removes it.
fn wipe_tree(dir: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => wipe_tree(&entry.path())?,
            false => overwrite(&entry.path())?,
        }
    }
    fs::remove_dir_all(dir)
}

/// Overwrites a file in its place; what the file system or the disk keeps of it elsewhere stays.
pub(super) fn overwrite(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    let length = file.metadata()?.len();
    io::copy(&mut io::repeat(b' ').take(length), &mut file)?;
    file.sync_all()
}

fn remove_if_there(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
