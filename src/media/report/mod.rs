//! The reports of workers, whose values are checked to be within their ranges.

pub(super) mod image;
pub(super) mod video;
pub(super) mod voice;

use serde::{Deserialize, Serialize};

use self::{image::ImageReport, video::VideoReport, voice::VoiceReport};

/// The report of a worker on a medium.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MediaReport {
    /// The medium is audio.
    Voice(VoiceReport),
    /// The medium is an image.
    Image(ImageReport),
    /// The medium is a video.
    Video(VideoReport),
    /// The worker could open a file, so it has no sandbox; only from [`MediaJob::SelfTest`].
    Unguarded,
}

impl MediaReport {
    /// Returns whether all numbers are within their ranges.
    pub(super) fn is_sound(&self) -> bool {
        match self {
            Self::Voice(voice) => voice.is_sound(),
            Self::Image(image) => image.is_sound(),
            Self::Video(video) => video.is_sound(),
            Self::Unguarded => true,
        }
    }
}
