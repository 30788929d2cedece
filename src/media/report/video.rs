//! What is known about a video.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What is known about a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoReport {
    /// Width in pixels as it is to be shown.
    pub width: Option<u32>,
    /// Height in pixels as it is to be shown.
    pub height: Option<u32>,
    /// How long it plays, at most a week.
    pub duration: Option<Duration>,
}

impl VideoReport {
    /// Within the ranges that are promised, whatever a worker has answered.
    pub(super) fn is_sound(&self) -> bool {
        let edge = |pixels: Option<u32>| pixels.is_none_or(|it| (1..=65_535).contains(&it));
        let lasts = self.duration.is_none_or(|it| !it.is_zero() && it <= LONGEST);
        edge(self.width) && edge(self.height) && lasts
    }

    pub(in crate::media) fn new(pixels: Option<(u32, u32)>, duration: Option<Duration>) -> Self {
        let pixels = pixels.filter(|(width, height)| *width > 0 && *height > 0);
        let duration = duration.filter(|it| !it.is_zero() && *it <= LONGEST);
        let (width, height) = pixels.unzip();
        Self { width, height, duration }
    }
}

const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);
