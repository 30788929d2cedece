//! Why something could not be encrypted, read or taken in.

use std::{error::Error, io};

use crate::matrix;

/// What went wrong, by what can be done about it.
#[derive(Debug, thiserror::Error)]
pub enum CryptoError {
    /// A request to the homeserver failed; see [`matrix::Error::retry`].
    #[error(transparent)]
    Homeserver(#[from] matrix::Error),
    /// The homeserver makes no devices for application services.
    #[error("the homeserver makes no devices for bridges (MSC4190)")]
    NoDevices,
    /// The folder of the crypto stores cannot be used.
    #[error("the folder of the keys cannot be used: {0}")]
    Disk(#[source] io::Error),
    /// The crypto store could not be read or written.
    #[error("the store of the keys failed: {0}")]
    Store(#[source] Box<dyn Error + Send + Sync>),
}

impl CryptoError {
    /// Returns a failure of the crypto store, or of the crate that keeps it.
    pub(super) fn store(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Store(Box::new(error))
    }
}
