//! Why the store cannot do what it was asked, and what the operator does about it.

use std::{
    io,
    path::{Path, PathBuf},
};

/// What went wrong in the store. The text of each is a sentence for the operator.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Another process has the store open.
    #[error(
        "the store in {} is in use by another process; only one bridge may run on a store, \
         so stop the other one first", dir.display()
    )]
    InUse {
        /// The store's folder.
        dir: PathBuf,
    },
    /// What is on disk is not what was written; the files were left as they were found.
    #[error(
        "the store in {0} is damaged: {found}. Its files were left as they were found. \
         To recover: stop the bridge, move the folder away (`mv {0} {0}.damaged`), {recovery}",
        dir.display()
    )]
    Damaged {
        /// The store's folder.
        dir: PathBuf,
        /// What was found.
        found: String,
        /// The rest of the way back, from the newest export when there is one.
        recovery: String,
    },
    /// The store was written by a later version of the program.
    #[error(
        "the store in {} has schema {found}, and this program knows up to {known}; \
         run the newer version of the program that wrote it", dir.display()
    )]
    Newer {
        /// The store's folder.
        dir: PathBuf,
        /// The schema of the store.
        found: u32,
        /// The newest schema this program knows.
        known: u32,
    },
    /// The file system said no.
    #[error("cannot {doing} {}: {cause}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the file system answered.
        cause: String,
    },
    /// A commit failed; nothing has been accepted since, and nothing will be before a restart.
    #[error(
        "the store has stopped accepting changes because writing failed ({cause}); \
         see that the disk has room and is sound, then restart the bridge"
    )]
    Failed {
        /// Why the first commit failed.
        cause: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// A file with tokens can be read by others.
    #[error(
        "{0} holds tokens and can be read by other users (mode {mode:03o}); \
         run `chmod 600 {0}` and import again", path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

impl Error {
    pub(super) fn io(doing: &'static str, path: &Path, cause: &io::Error) -> Self {
        Self::Io { doing, path: path.to_path_buf(), cause: cause.to_string() }
    }

    pub(super) fn damaged(dir: &Path, found: impl Into<String>) -> Self {
        Self::Damaged {
            dir: dir.to_path_buf(),
            found: found.into(),
            recovery: super::backup::recovery(dir),
        }
    }
}
