//! The jobs on images. An image from WeChat is decoded and never encoded again.

use std::io::Cursor;

use image::{
    AnimationDecoder, DynamicImage, Frame, ImageDecoder, ImageError, ImageFormat as Codec,
    ImageReader, ImageResult, Limits,
    codecs::{
        gif::{GifDecoder, GifEncoder, Repeat},
        jpeg::JpegEncoder,
        png::PngDecoder,
        webp::WebPDecoder,
    },
    metadata::Orientation,
};

use super::{
    answer::Made,
    input::Input,
    refusal::{MediaRefusal, Unreadable},
    report::{
        MediaReport,
        image::{ImageFormat, ImageReport, LONGEST_EDGE, MOST_PIXELS, THUMBNAIL, ThumbnailReport},
    },
};

/// Reports size, colours and a thumbnail of an image.
pub(super) fn inspect(mut input: Input) -> Result<Made, MediaRefusal> {
    inspected(&input.all()?)
}

/// Makes an image that phones display: WebP becomes PNG, or GIF when it is animated; others stay.
pub(super) fn for_phone(mut input: Input) -> Result<Made, MediaRefusal> {
    phones(&input.all()?)
}

fn inspected(bytes: &[u8]) -> Result<Made, MediaRefusal> {
    let head = ImageHead::read(bytes)?;
    let mut report = head.report();
    let mut thumbnail = None;
    if let Some(image) = head.decode(bytes)? {
        report.blurhash = blurhash(&image, head.orientation);
        let is_large = bytes.len() > SMALL_BYTES || report.width.max(report.height) > SMALL_EDGE;
        if is_large && !report.animated {
            let (small, encoded) = smaller(&image, head.orientation).map_err(damaged)?;
            if encoded.len() < bytes.len() {
                (report.thumbnail, thumbnail) = (Some(small), Some(encoded));
            }
        }
    }
    Ok(Made { report: MediaReport::Image(report), output: None, thumbnail })
}

fn phones(bytes: &[u8]) -> Result<Made, MediaRefusal> {
    let head = ImageHead::read(bytes)?;
    let mut report = head.report();
    let output = match head.format {
        ImageFormat::WebP => {
            let (format, output) = converted(bytes, &head)?;
            report.format = format;
            report.animated = format == ImageFormat::Gif;
            Some(output)
        }
        ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::Gif | ImageFormat::Bmp => None,
    };
    Ok(Made { report: MediaReport::Image(report), output, thumbnail: None })
}

fn converted(bytes: &[u8], head: &ImageHead) -> Result<(ImageFormat, Vec<u8>), MediaRefusal> {
    if head.animated {
        return Ok((ImageFormat::Gif, animation(bytes, head)?));
    }
    let mut image = head.decode(bytes)?.ok_or(MediaRefusal::TooLarge)?;
    image.apply_orientation(head.orientation);
    let mut output = Cursor::new(Vec::new());
    image.write_to(&mut output, Codec::Png).map_err(damaged)?;
    Ok((ImageFormat::Png, output.into_inner()))
}

/// Converts an animation to GIF, up to a limit of pixels.
fn animation(bytes: &[u8], head: &ImageHead) -> Result<Vec<u8>, MediaRefusal> {
    let decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(damaged)?;
    let mut output = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut output, 30);
    encoder.set_repeat(Repeat::Infinite).map_err(damaged)?;
    let mut left = MOST_PIXELS_MOVED / u64::from(head.width) / u64::from(head.height);
    for frame in decoder.into_frames() {
        left = left.checked_sub(1).ok_or(MediaRefusal::TooLarge)?;
        let frame: Frame = frame.map_err(damaged)?;
        encoder.encode_frame(frame).map_err(damaged)?;
    }
    drop(encoder);
    Ok(output)
}

/// The information at the beginning of an image.
struct ImageHead {
    format: ImageFormat,
    /// The stored width, before the image is turned.
    width: u32,
    height: u32,
    orientation: Orientation,
    animated: bool,
    /// The size of the decoded image in bytes.
    decoded: u64,
}

impl ImageHead {
    fn read(bytes: &[u8]) -> Result<Self, MediaRefusal> {
        if bytes.is_empty() {
            return Err(Unreadable::Empty.into());
        }
        let format = ImageFormat::of(bytes).ok_or(Unreadable::Kind)?;
        let mut decoder = decoder(bytes, format).map_err(damaged)?;
        let (width, height) = decoder.dimensions();
        if width == 0 || height == 0 {
            return Err(Unreadable::Damaged.into());
        }
        let pixels = u64::from(width) * u64::from(height);
        if width.max(height) > LONGEST_EDGE || pixels > MOST_PIXELS {
            return Err(MediaRefusal::TooLarge);
        }
        // A broken EXIF block is ignored.
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let decoded = decoder.total_bytes();
        let animated = (pixels * 4).max(decoded) <= MOST_MEMORY && is_animated(bytes, format);
        Ok(Self { format, width, height, orientation, animated, decoded })
    }

    /// Decodes the image as it is stored; `None` when it would need too much memory.
    fn decode(&self, bytes: &[u8]) -> Result<Option<DynamicImage>, MediaRefusal> {
        if self.decoded > MOST_MEMORY {
            return Ok(None);
        }
        let decoder = decoder(bytes, self.format).map_err(damaged)?;
        match DynamicImage::from_decoder(decoder) {
            Ok(image) => Ok(Some(image)),
            Err(ImageError::Limits(_)) => Ok(None),
            Err(error) => Err(damaged(error)),
        }
    }

    fn report(&self) -> ImageReport {
        let (width, height) = shown(self.width, self.height, self.orientation);
        ImageReport {
            format: self.format,
            width,
            height,
            animated: self.animated,
            blurhash: None,
            thumbnail: None,
        }
    }
}

fn decoder(bytes: &[u8], format: ImageFormat) -> ImageResult<impl ImageDecoder + '_> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format.image());
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_MEMORY);
    limits.max_image_width = Some(LONGEST_EDGE);
    limits.max_image_height = Some(LONGEST_EDGE);
    reader.limits(limits);
    reader.into_decoder()
}

/// Returns whether there is a second frame; false when it cannot be told.
fn is_animated(bytes: &[u8], format: ImageFormat) -> bool {
    let bytes = Cursor::new(bytes);
    match format {
        ImageFormat::Gif => GifDecoder::new(bytes)
            .is_ok_and(|decoder| decoder.into_frames().take(2).filter(Result::is_ok).count() == 2),
        ImageFormat::Png => {
            PngDecoder::new(bytes).and_then(|decoder| decoder.is_apng()).unwrap_or(false)
        }
        ImageFormat::WebP => WebPDecoder::new(bytes).is_ok_and(|decoder| decoder.has_animation()),
        ImageFormat::Jpeg | ImageFormat::Bmp => false,
    }
}

/// Returns width and height after turning.
fn shown(width: u32, height: u32, orientation: Orientation) -> (u32, u32) {
    match orientation {
        Orientation::Rotate90
        | Orientation::Rotate270
        | Orientation::Rotate90FlipH
        | Orientation::Rotate270FlipH => (height, width),
        Orientation::NoTransforms
        | Orientation::Rotate180
        | Orientation::FlipHorizontal
        | Orientation::FlipVertical => (width, height),
    }
}

/// Makes a thumbnail: scaled first and turned then, which needs no second large image.
fn smaller(
    image: &DynamicImage,
    orientation: Orientation,
) -> ImageResult<(ThumbnailReport, Vec<u8>)> {
    let (width, height) = shown(THUMBNAIL.0, THUMBNAIL.1, orientation);
    let is_small = image.width() <= width && image.height() <= height;
    let mut small = if is_small { image.clone() } else { image.thumbnail(width, height) };
    small.apply_orientation(orientation);
    let rgba = small.to_rgba8();
    let mut encoded = Cursor::new(Vec::new());
    let format = if rgba.pixels().any(|pixel| pixel.0[3] < u8::MAX) {
        rgba.write_to(&mut encoded, Codec::Png)?;
        ImageFormat::Png
    } else {
        JpegEncoder::new_with_quality(&mut encoded, QUALITY).encode_image(&small.to_rgb8())?;
        ImageFormat::Jpeg
    };
    let report = ThumbnailReport { format, width: small.width(), height: small.height() };
    Ok((report, encoded.into_inner()))
}

fn blurhash(image: &DynamicImage, orientation: Orientation) -> Option<String> {
    let mut tiny = image.thumbnail(TINY, TINY);
    tiny.apply_orientation(orientation);
    let (across, down) = if tiny.width() >= tiny.height() { (4, 3) } else { (3, 4) };
    blurhash::encode(across, down, tiny.width(), tiny.height(), tiny.to_rgba8().as_raw()).ok()
}

#[expect(clippy::needless_pass_by_value, reason = "reads better as the end of a chain")]
fn damaged(error: ImageError) -> MediaRefusal {
    match error {
        ImageError::Limits(_) => MediaRefusal::TooLarge,
        ImageError::Unsupported(_) => Unreadable::Kind.into(),
        ImageError::Decoding(_)
        | ImageError::Encoding(_)
        | ImageError::Parameter(_)
        | ImageError::IoError(_) => Unreadable::Damaged.into(),
    }
}

/// The memory for one decoded image in bytes; an image of 64 megapixels with alpha fits.
const MOST_MEMORY: u64 = 256 * 1024 * 1024;
/// The greatest number of pixels in all frames of an animation that is converted.
const MOST_PIXELS_MOVED: u64 = 100_000_000;
/// The greatest size in bytes and edge in pixels of an image that is its own thumbnail.
const SMALL_BYTES: usize = 256 * 1024;
const SMALL_EDGE: u32 = 1_600;
const QUALITY: u8 = 80;
/// The edge in pixels of the small image from which colours are taken.
const TINY: u32 = 32;

#[cfg(test)]
mod tests;
