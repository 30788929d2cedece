//! The jobs of workers, and their errors.

use std::io;

use serde::{Deserialize, Serialize};

use super::refusal::{MediaRefusal, Unreadable};

/// The job of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MediaJob {
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
    /// Tries to open a file, which ends a worker whose sandbox works.
    SelfTest,
}

impl MediaJob {
    /// Returns the largest input in bytes. A job that loads its whole input needs that much memory.
    pub(super) fn most_input(self) -> u64 {
        match self {
            Self::VoiceForMatrix | Self::VoiceForPhone | Self::VoiceAsFile => 64 * 1024 * 1024,
            Self::Image | Self::ImageForPhone => 64 * 1024 * 1024,
            // A video's job reads only the index, the self-test nothing.
            Self::Video | Self::SelfTest => u64::MAX,
        }
    }
}

/// The reason why a job failed. Contains nothing of the medium.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// The medium is damaged or of another kind.
    #[error("unreadable: {0}")]
    Unreadable(Unreadable),
    /// The medium, or the result, exceeds a limit.
    #[error("too large")]
    TooLarge,
    /// The worker ended without a valid answer, so the medium may be hostile.
    #[error("the worker died of it")]
    Crashed,
    /// The worker exceeded its time.
    #[error("took too long")]
    TimedOut,
    /// No worker could be started or put into its sandbox; the medium was not read.
    #[error("no worker")]
    CannotStart(#[source] io::Error),
}

impl From<MediaRefusal> for WorkError {
    fn from(refusal: MediaRefusal) -> Self {
        match refusal {
            MediaRefusal::Unreadable(why) => Self::Unreadable(why),
            MediaRefusal::TooLarge => Self::TooLarge,
        }
    }
}

/// Whether the system confines workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sandbox {
    /// System calls are filtered, memory and time are limited.
    Full,
    /// Memory and time are limited, but a codec that is taken over can do what the bridge can; or
    /// no worker starts at all. Holds an English clause for the log.
    Missing(&'static str),
}
