//! The report on an image.

use image::ImageFormat as Codec;
use serde::{Deserialize, Serialize};

/// The report on an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageReport {
    /// The format of the output, or of the input where there is no output.
    pub format: ImageFormat,
    /// The displayed width in pixels, 1 to 65,535.
    pub width: u32,
    /// The displayed height in pixels, 1 to 65,535.
    pub height: u32,
    /// Whether it is an animation.
    pub animated: bool,
    /// The image's colours in about 30 letters (blurhash); `None` when it is too large to be
    /// decoded.
    pub blurhash: Option<String>,
    /// The thumbnail that comes with this report.
    pub thumbnail: Option<ThumbnailReport>,
}

/// The report on a thumbnail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThumbnailReport {
    /// JPEG, or PNG where it is transparent.
    pub format: ImageFormat,
    /// Width in pixels, at most 800.
    pub width: u32,
    /// Height in pixels, at most 800.
    pub height: u32,
}

/// The image formats that can be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImageFormat {
    /// JPEG.
    Jpeg,
    /// PNG, also an animated one.
    Png,
    /// GIF.
    Gif,
    /// WebP.
    WebP,
    /// Windows bitmap.
    Bmp,
}

impl ImageFormat {
    /// Returns the MIME type.
    pub fn mime(self) -> &'static str {
        self.image().to_mime_type()
    }

    /// Returns the extension of a file name, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::WebP => "webp",
            Self::Bmp => "bmp",
        }
    }

    pub(in crate::media) fn image(self) -> Codec {
        match self {
            Self::Jpeg => Codec::Jpeg,
            Self::Png => Codec::Png,
            Self::Gif => Codec::Gif,
            Self::WebP => Codec::WebP,
            Self::Bmp => Codec::Bmp,
        }
    }

    pub(in crate::media) fn of(bytes: &[u8]) -> Option<Self> {
        let all = [Self::Jpeg, Self::Png, Self::Gif, Self::WebP, Self::Bmp];
        let format = image::guess_format(bytes).ok()?;
        all.into_iter().find(|known| known.image() == format)
    }
}

impl ImageReport {
    /// Returns whether all numbers are within their ranges, since a worker may answer anything.
    pub(in crate::media) fn is_sound(&self) -> bool {
        let edge = |pixels, most| (1..=most).contains(&pixels);
        let hash = self.blurhash.as_ref();
        let pixels = u64::from(self.width) * u64::from(self.height);
        edge(self.width, LONGEST_EDGE)
            && pixels <= MOST_PIXELS
            && edge(self.height, LONGEST_EDGE)
            && hash
                .is_none_or(|hash| hash.len() <= 64 && hash.bytes().all(|b| b.is_ascii_graphic()))
            && self.thumbnail.as_ref().is_none_or(|small| {
                edge(small.width, THUMBNAIL.0) && edge(small.height, THUMBNAIL.0)
            })
    }
}

/// The greatest edge in pixels, which JPEG can have, for screenshots of long pages.
pub(in crate::media) const LONGEST_EDGE: u32 = 65_535;
/// The greatest number of pixels; clients do not display larger images.
pub(in crate::media) const MOST_PIXELS: u64 = 16_384 * 16_384;
/// The greatest width and height of a thumbnail.
pub(in crate::media) const THUMBNAIL: (u32, u32) = (800, 600);
