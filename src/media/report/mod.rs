//! What a worker found out about a medium, in ranges that hold whatever a worker has answered.

pub(super) mod image;
pub(super) mod video;
pub(super) mod voice;

use serde::{Deserialize, Serialize};

use self::{image::ImageReport, video::VideoReport, voice::VoiceReport};

/// What a worker found out about a medium.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// The medium is audio.
    Voice(VoiceReport),
    /// The medium is an image.
    Image(ImageReport),
    /// The medium is a video.
    Video(VideoReport),
    /// Only from [`Job::SelfTest`]: the worker is still there after it has opened a file.
    Unguarded,
}

impl Report {
    /// Whether all numbers lie within the ranges that are promised.
    pub(super) fn is_sound(&self) -> bool {
        match self {
            Self::Voice(voice) => voice.is_sound(),
            Self::Image(image) => image.is_sound(),
            Self::Video(video) => video.is_sound(),
            Self::Unguarded => true,
        }
    }
}
