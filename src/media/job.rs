//! What can be asked of a worker, and what can be said about it.

use std::io;

use serde::{Deserialize, Serialize};

use super::refusal::{Refusal, Unreadable};

/// What is to be made of a medium.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Job {
    /// SILK or any other audio that can be read, to Ogg/Opus, 48 kHz, mono.
    VoiceForMatrix,
    /// Any audio that can be read, to SILK, 24 kHz, mono, with the one byte 0x02 before it.
    VoiceForPhone,
    /// Any audio that can be read, to a file that a phone plays.
    VoiceAsFile,
    /// Any image that can be decoded: its size and colours, and a thumbnail of a large one.
    Image,
    /// Any image that can be decoded: as it is when phones show it, else as PNG or GIF.
    ImageForPhone,
    /// A video: its size and how long it plays.
    Video,
    /// Tries to open a file, which ends a worker that is held as it should be.
    SelfTest,
}

impl Job {
    /// The largest input in bytes. A job that loads its input whole needs that much memory.
    pub(super) fn most_input(self) -> u64 {
        match self {
            Self::VoiceForMatrix | Self::VoiceForPhone | Self::VoiceAsFile => 64 * 1024 * 1024,
            Self::Image | Self::ImageForPhone => 64 * 1024 * 1024,
            // Only its index is read.
            Self::Video | Self::SelfTest => u64::MAX,
        }
    }
}

/// Why nothing was made of a medium. Holds nothing of the medium.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// The medium is not what it should be.
    #[error("unreadable: {0}")]
    Unreadable(Unreadable),
    /// The medium, or what would be made of it, is above a limit.
    #[error("too large")]
    TooLarge,
    /// The worker ended without an answer, or with one that is none: the medium is hostile.
    #[error("the worker died of it")]
    Crashed,
    /// The worker used up its time.
    #[error("took too long")]
    TimedOut,
    /// No worker could be started, or held; the medium was not looked at.
    #[error("no worker")]
    CannotStart(#[source] io::Error),
}

impl From<Refusal> for WorkError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unreadable(why) => Self::Unreadable(why),
            Refusal::TooLarge => Self::TooLarge,
        }
    }
}

/// Whether workers are held by the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sandbox {
    /// Calls to the system are filtered, memory and time are limited.
    Full,
    /// Memory and time are limited, but a codec that is taken over can do what the bridge can;
    /// or no worker starts at all. One English clause for the log.
    Missing(&'static str),
}
