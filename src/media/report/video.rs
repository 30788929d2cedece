//! The report on a video.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The report on a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VideoReport {
    /// The displayed width in pixels.
    pub width: Option<u32>,
    /// The displayed height in pixels.
    pub height: Option<u32>,
    /// The playing time, at most a week.
    pub duration: Option<Duration>,
}

impl VideoReport {
    /// Returns whether all numbers are within their ranges, since a worker may answer anything.
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
