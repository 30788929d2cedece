//! The errors of the store, each with the instruction for the administrator.

use std::{
    io,
    path::{Path, PathBuf},
};

/// An error of the store. The text of each is a sentence for the administrator.
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
    /// The database differs from what was written; its files were left as they were found.
    #[error(
        "the store in {0} is damaged: {found}. Its files were left as they were found. \
         To recover: stop the bridge, move the folder away (`mv {0} {0}.damaged`), {recovery}",
        dir.display()
    )]
    Damaged {
        /// The store's folder.
        dir: PathBuf,
        /// The damage that was found.
        found: String,
        /// The rest of the instructions for recovery, from the newest export when there is one.
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
        /// The newest schema that this program knows.
        known: u32,
    },
    /// The file system refused.
    #[error("cannot {doing} {}: {cause}", path.display())]
    Io {
        /// The attempted operation.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the file system.
        cause: String,
    },
    /// A commit failed; since then, until a restart, no change is accepted.
    #[error(
        "the store has stopped accepting changes because writing failed ({cause}); \
         check that the disk has free space and no errors, then restart the bridge"
    )]
    Failed {
        /// The error of the first commit that failed.
        cause: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// A file with tokens is readable for other users.
    #[error(
        "{0} holds tokens and can be read by other users (mode {mode:03o}); \
         run `chmod 600 {0}` and import again", path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// The file's permission bits.
        mode: u32,
    },
    /// A file cannot be opened with the passphrase, or without one.
    #[error("{}: {wrong}", path.display())]
    Sealed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        wrong: &'static str,
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
