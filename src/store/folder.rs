//! The store's folder: its permissions, its lock, and the copy from which a database is restored
//! after a refused open.
//!
//! sled writes into a damaged file while it opens it. So the database is copied first, and the copy
//! is put back when the open is refused.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
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
            remove_if_there(&self.copy())?;
            make_tree_private(&self.database())
        };
        accept().map_err(|error| Error::io("set the modes of", &self.database(), &error))
    }

    fn finish_interrupted_open(&self) -> io::Result<()> {
        if self.copy().exists() && !self.database().exists() {
            fs::rename(self.copy(), self.database())?;
        }
        remove_if_there(&self.copy())?;
        remove_if_there(&self.altered())
    }

    fn copy(&self) -> PathBuf {
        self.dir.join("db.before-open")
    }

    fn altered(&self) -> PathBuf {
        self.dir.join("db.refused")
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

fn remove_if_there(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
