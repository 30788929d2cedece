//! A text as a QR code that a phone can read from a screen.

use std::io::Cursor;

use image::{GrayImage, ImageFormat, Luma};
use qrcode::{Color, EcLevel, QrCode, render::svg};

/// The reason why a QR code could not be made.
#[derive(Debug, thiserror::Error)]
pub enum QrError {
    /// The text is longer than a QR code can hold (2953 bytes).
    #[error("the text is too long for a QR code")]
    TooLong,
    /// The image could not be written.
    #[error("the QR code could not be encoded as PNG")]
    Png(#[from] image::ImageError),
}

/// A QR code as an image.
#[derive(Debug, Clone)]
pub struct Qr {
    /// The PNG file.
    pub png: Vec<u8>,
    /// The image's width and height in pixels.
    pub side: u32,
}

/// Returns `text` as a QR code in a PNG: black on white, 8-bit gray, a square of at least 512
/// pixels, with a white margin of 4 modules and a whole number of pixels per module.
///
/// It uses the lowest error correction: a screen has no damage, and larger modules are easier to
/// read.
pub fn qr_png(text: &str) -> Result<Qr, QrError> {
    // Encoding of bytes fails only when there are too many of them.
    let code =
        QrCode::with_error_correction_level(text, EcLevel::L).map_err(|_| QrError::TooLong)?;
    let width = code.width();
    let modules = code.into_colors();
    let scale = MIN_PIXELS.div_ceil(width + 2 * MARGIN_MODULES);
    let side = u32::try_from((width + 2 * MARGIN_MODULES) * scale).map_err(|_| QrError::TooLong)?;
    let module_at = |pixel: u32| {
        (pixel as usize / scale).checked_sub(MARGIN_MODULES).filter(|module| *module < width)
    };
    let picture = GrayImage::from_fn(side, side, |x, y| {
        let module = module_at(x).zip(module_at(y)).map(|(x, y)| modules[y * width + x]);
        Luma([if module == Some(Color::Dark) { 0 } else { 255 }])
    });
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png)?;
    Ok(Qr { png: png.into_inner(), side })
}

/// Returns `text` as a QR code in an SVG document, black on white with a margin of 4 modules.
///
/// # Errors
/// When the text is too long.
pub fn qr_svg(text: &str) -> Result<String, QrError> {
    let code =
        QrCode::with_error_correction_level(text, EcLevel::L).map_err(|_| QrError::TooLong)?;
    Ok(code.render::<svg::Color<'_>>().quiet_zone(true).min_dimensions(264, 264).build())
}

const MIN_PIXELS: usize = 512;
/// The margin that the QR standard requires, in modules.
const MARGIN_MODULES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const LOGIN_URL: &str =
        "https://liteapp.example.com/q/7GiQu1?qrcode=0123456789abcdef0123456789abcdef&bot_type=3";

    fn decode(png: &[u8]) -> (GrayImage, String) {
        let picture =
            image::load_from_memory_with_format(png, ImageFormat::Png).unwrap().to_luma8();
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let mut reader = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
            picture.get_pixel(x as u32, y as u32).0[0]
        });
        let codes = reader.detect_grids();
        assert_eq!(codes.len(), 1);
        let text = codes[0].decode().unwrap().1;
        (picture, text)
    }

    #[test]
    fn a_code_can_be_read_again() {
        for text in ["x", LOGIN_URL, &"微信".repeat(100), &LOGIN_URL.repeat(8)] {
            assert_eq!(decode(&qr_png(text).unwrap().png).1, text);
        }
    }

    #[test]
    fn a_code_is_large_square_and_has_a_white_margin() {
        for text in ["x", LOGIN_URL, &LOGIN_URL.repeat(8)] {
            let (picture, _) = decode(&qr_png(text).unwrap().png);
            assert_eq!(picture.width(), picture.height());
            assert!(picture.width() >= 512);
            assert!(picture.pixels().all(|pixel| matches!(pixel.0[0], 0 | 255)));

            let dark = picture.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[0] == 0);
            let (left, top) =
                dark.fold((u32::MAX, u32::MAX), |(left, top), (x, y, _)| (left.min(x), top.min(y)));
            // The finder pattern in the corner is seven modules wide.
            let finder = (left..).take_while(|x| picture.get_pixel(*x, top).0[0] == 0).count();
            assert_eq!(finder % 7, 0);
            assert_eq!((left as usize, top as usize), (finder / 7 * 4, finder / 7 * 4));
        }
    }

    #[test]
    fn a_drawing_has_the_same_modules() {
        let svg = qr_svg(LOGIN_URL).unwrap();
        let code = QrCode::with_error_correction_level(LOGIN_URL, EcLevel::L).unwrap();
        let dark = code.to_colors().iter().filter(|color| **color == Color::Dark).count();
        assert_eq!(svg.matches('M').count(), dark);
        assert!(svg.starts_with("<?xml") && svg.contains("#fff") && svg.contains("#000"), "{svg}");
    }

    #[test]
    fn a_text_that_does_not_fit_is_refused() {
        assert!(matches!(qr_svg(&"x".repeat(3_000)), Err(QrError::TooLong)));
        assert!(matches!(qr_png(&"x".repeat(3_000)), Err(QrError::TooLong)));
    }
}
