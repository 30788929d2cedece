//! What is known about an image.

use image::ImageFormat as Codec;
use serde::{Deserialize, Serialize};

/// What is known about an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageReport {
    /// What it is; of the output, where there is one.
    pub format: ImageFormat,
    /// Width in pixels as it is to be shown, 1 to 65,535.
    pub width: u32,
    /// Height in pixels as it is to be shown, 1 to 65,535.
    pub height: u32,
    /// Whether it moves.
    pub animated: bool,
    /// Its colours in about 30 letters (blurhash); nothing when it is too large to be decoded.
    pub blurhash: Option<String>,
    /// The small image that comes with this report.
    pub thumbnail: Option<ThumbnailReport>,
}

/// A smaller image of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThumbnailReport {
    /// JPEG, or PNG when one can see through it.
    pub format: ImageFormat,
    /// Width in pixels, at most 800.
    pub width: u32,
    /// Height in pixels, at most 800.
    pub height: u32,
}

/// Kinds of images that can be decoded here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImageFormat {
    /// JPEG
    Jpeg,
    /// PNG, also one that moves
    Png,
    /// GIF
    Gif,
    /// WebP
    WebP,
    /// Windows bitmap
    Bmp,
}

impl ImageFormat {
    /// The MIME type.
    pub fn mime(self) -> &'static str {
        self.image().to_mime_type()
    }

    /// The end of a file's name, without the dot.
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
    /// Within the ranges that are promised, whatever a worker has answered.
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

/// The longest edge in pixels: what JPEG can have, and a screenshot of a long page.
pub(in crate::media) const LONGEST_EDGE: u32 = 65_535;
/// The most pixels. Larger images are not shown by clients either.
pub(in crate::media) const MOST_PIXELS: u64 = 16_384 * 16_384;
/// Width and height of a thumbnail at most.
pub(in crate::media) const THUMBNAIL: (u32, u32) = (800, 600);
