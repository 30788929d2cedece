//! Why a worker makes nothing of a medium.

use serde::{Deserialize, Serialize};

/// What is wrong with a medium.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Unreadable {
    /// Nothing that is known here.
    #[error("unknown kind")]
    Kind,
    /// A known kind, broken or cut off.
    #[error("damaged")]
    Damaged,
    /// There is nothing in it.
    #[error("empty")]
    Empty,
}

/// What a worker answers when it has no report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// The medium is not what it should be.
    Unreadable(Unreadable),
    /// The medium, or what would be made of it, is above a limit.
    TooLarge,
}

impl From<Unreadable> for Refusal {
    fn from(why: Unreadable) -> Self {
        Self::Unreadable(why)
    }
}
