//! The reasons why a worker refuses a medium.

use serde::{Deserialize, Serialize};

/// The reason why a medium cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Unreadable {
    /// The kind of the medium is not known.
    #[error("unknown kind")]
    Kind,
    /// The medium is damaged or cut off.
    #[error("damaged")]
    Damaged,
    /// The medium is empty.
    #[error("empty")]
    Empty,
}

/// The answer of a worker that has no report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MediaRefusal {
    /// The medium cannot be read.
    Unreadable(Unreadable),
    /// The medium, or the result, exceeds a limit.
    TooLarge,
}

impl From<Unreadable> for MediaRefusal {
    fn from(why: Unreadable) -> Self {
        Self::Unreadable(why)
    }
}
