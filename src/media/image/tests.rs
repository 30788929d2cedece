use image::{Rgb, RgbImage, Rgba, RgbaImage};

use super::*;

fn encoded(image: &DynamicImage, format: Codec) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn photo(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([(x * 7) as u8, (y * 3) as u8, (x * y) as u8]))
        .into()
}

fn report(made: &Made) -> &ImageReport {
    let MediaReport::Image(report) = &made.report else { panic!("{made:?}") };
    assert!(report.is_sound(), "{report:?}");
    report
}

/// Makes a JPEG whose EXIF block says how to turn it.
fn turned(image: &DynamicImage, orientation: u8) -> Vec<u8> {
    let jpeg = encoded(image, Codec::Jpeg);
    let mut exif = b"\xff\xe1\0\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0, 0]);
    [&jpeg[..2], &exif, &jpeg[2..]].concat()
}

fn gif(frames: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new_with_speed(&mut bytes, 30);
    for _ in 0..frames {
        encoder.encode_frame(Frame::new(photo(20, 10).to_rgba8())).unwrap();
    }
    drop(encoder);
    bytes
}

/// Makes the first bytes of a PNG that claims to be of this size.
fn png_of(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend_from_slice(&width.to_be_bytes());
    header.extend_from_slice(&height.to_be_bytes());
    header.extend_from_slice(&[8, 6, 0, 0, 0]);
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    bytes.extend_from_slice(&header);
    bytes.extend_from_slice(&crc32fast::hash(&header).to_be_bytes());
    bytes.extend_from_slice(b"\0\0\0\0IDAT\x35\xaf\x06\x1e");
    bytes
}

#[test]
fn a_small_image_has_its_size_and_colours_and_no_thumbnail() {
    for format in [Codec::Jpeg, Codec::Png, Codec::Bmp, Codec::WebP] {
        let made = inspected(&encoded(&photo(60, 40), format)).unwrap();
        let report = report(&made);
        assert_eq!((report.width, report.height), (60, 40), "{format:?}");
        assert_eq!(report.format.image(), format);
        assert_eq!(report.blurhash.as_ref().unwrap().len(), 28, "4 × 3 components");
        assert!(!report.animated && made.thumbnail.is_none() && made.output.is_none());
    }
}

#[test]
fn a_large_image_has_a_thumbnail_that_is_turned_as_exif_says() {
    let jpeg = turned(&photo(2000, 1000), 6);
    let made = inspected(&jpeg).unwrap();
    let report = report(&made);
    assert_eq!((report.width, report.height), (1000, 2000));
    let small = report.thumbnail.as_ref().unwrap();
    assert_eq!((small.width, small.height), (300, 600));
    assert_eq!(small.format, ImageFormat::Jpeg);
    let thumbnail = image::load_from_memory(made.thumbnail.as_ref().unwrap()).unwrap();
    assert_eq!((thumbnail.width(), thumbnail.height()), (300, 600));
}

#[test]
fn a_thumbnail_that_one_can_see_through_is_png() {
    let glass = RgbaImage::from_fn(1700, 100, |x, y| Rgba([x as u8, y as u8, 9, (x % 256) as u8]));
    let made = inspected(&encoded(&glass.into(), Codec::Png)).unwrap();
    let small = report(&made).thumbnail.clone().unwrap();
    assert_eq!((small.format, small.width, small.height), (ImageFormat::Png, 800, 47));
}

#[test]
fn a_gif_moves_when_it_has_a_second_frame() {
    for (frames, animated) in [(1, false), (2, true), (5, true)] {
        let made = inspected(&gif(frames)).unwrap();
        assert_eq!(report(&made).animated, animated, "{frames}");
    }
}

#[test]
fn phones_get_what_they_show_and_png_instead_of_webp() {
    for format in [Codec::Jpeg, Codec::Png, Codec::Bmp] {
        let made = phones(&encoded(&photo(20, 10), format)).unwrap();
        assert!(made.output.is_none(), "{format:?}");
        assert_eq!(report(&made).format.image(), format);
    }
    assert!(phones(&gif(3)).unwrap().output.is_none());
    let made = phones(&encoded(&photo(20, 10), Codec::WebP)).unwrap();
    assert_eq!(report(&made).format, ImageFormat::Png);
    let png = image::load_from_memory(made.output.as_ref().unwrap()).unwrap();
    assert_eq!(png.to_rgb8(), photo(20, 10).to_rgb8());
}

#[test]
fn a_moving_webp_becomes_a_gif_that_moves() {
    let webp = include_bytes!("../../../tests/fixtures/media/moving.webp");
    assert!(report(&inspected(webp).unwrap()).animated);
    let made = phones(webp).unwrap();
    assert_eq!(report(&made).format, ImageFormat::Gif);
    let gif = GifDecoder::new(Cursor::new(made.output.unwrap())).unwrap();
    assert_eq!(gif.into_frames().count(), 3);
}

#[test]
fn what_cannot_be_decoded_is_refused() {
    let whole = encoded(&photo(60, 40), Codec::Png);
    for (bytes, refusal) in [
        (&b""[..], MediaRefusal::Unreadable(Unreadable::Empty)),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Unreadable::Kind.into()),
        (b"\0\0\0\x20ftypavif\0\0\0\0", Unreadable::Kind.into()),
        (b"II*\0\x08\0\0\0", Unreadable::Kind.into()),
        (b"GIF89a", Unreadable::Damaged.into()),
        (&whole[..whole.len() / 2], Unreadable::Damaged.into()),
        (&png_of(0, 10), Unreadable::Damaged.into()),
        (&png_of(100_000, 100_000), MediaRefusal::TooLarge),
    ] {
        let refused = inspected(bytes).map(|made| made.report);
        assert_eq!(refused, Err(refusal), "{} bytes", bytes.len());
    }
}

#[test]
fn a_screenshot_of_a_long_page_has_its_size_and_a_thumbnail() {
    for (size, small) in
        [((1080, 20_000), (32, 600)), ((30_000, 75), (800, 2)), ((20, 65_535), (1, 600))]
    {
        let made = inspected(&encoded(&photo(size.0, size.1), Codec::Png)).unwrap();
        let report = report(&made);
        assert_eq!((report.width, report.height), size);
        assert!(report.blurhash.is_some());
        let thumbnail = report.thumbnail.as_ref().unwrap();
        assert_eq!((thumbnail.width, thumbnail.height), small);
        let thumbnail = image::load_from_memory(made.thumbnail.as_ref().unwrap()).unwrap();
        assert_eq!((thumbnail.width(), thumbnail.height()), small);
    }
}

#[test]
fn an_image_that_needs_too_much_memory_has_its_size_and_no_more() {
    let made = inspected(&png_of(16_000, 16_000)).unwrap();
    let report = report(&made);
    assert_eq!((report.width, report.height, report.blurhash.is_none()), (16_000, 16_000, true));
    let moving = [&b"GIF89a\xff\xff\xff\xff\0\0\0"[..], &[0; 64]].concat();
    assert_eq!(inspected(&moving).map(|made| made.report), Err(MediaRefusal::TooLarge));
}
