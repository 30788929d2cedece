//! The real worker process with real images and videos, and with what strangers may send.
#![expect(clippy::unwrap_used, reason = "the helpers of a test may panic like the test itself")]

mod worker;

use std::{
    io::Cursor,
    time::{Duration, Instant},
};

use image::{DynamicImage, ImageFormat as Codec, Rgb, RgbImage};
use matrix_appservice_wechat::media::{
    Done, ImageFormat, ImageReport, MediaJob, MediaReport, Unreadable, VideoReport, WorkError,
    sniff::{Class, sniff},
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use worker::{Setup, bytes, fixture};

type Outcome = Result<Done, WorkError>;

const KIND: Unreadable = Unreadable::Kind;
const DAMAGED: Unreadable = Unreadable::Damaged;

fn photo(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([(x * 7) as u8, (y * 3) as u8, (x * y) as u8]))
        .into()
}

fn encoded(image: &DynamicImage, format: Codec) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Returns the JPEG with an EXIF block that says that it lies on its side.
fn lying(jpeg: &[u8]) -> Vec<u8> {
    let exif =
        b"\xff\xe1\0\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    [&jpeg[..2], exif, &jpeg[2..]].concat()
}

fn image(done: &Done) -> &ImageReport {
    let MediaReport::Image(report) = &done.report else { panic!("{:?}", done.report) };
    report
}

fn refused(outcome: &Outcome) -> Option<Unreadable> {
    match outcome {
        Err(WorkError::Unreadable(why)) => Some(*why),
        Ok(_) | Err(_) => None,
    }
}

/// An image, its type, its size as it is shown, whether it moves, what phones get.
type Sample = (Vec<u8>, ImageFormat, (u32, u32), bool, Option<ImageFormat>);

fn samples() -> Vec<Sample> {
    use ImageFormat::{Bmp, Gif, Jpeg, Png, WebP};
    let (small, wide) = (photo(60, 40), (60, 40));
    let jpeg = encoded(&small, Codec::Jpeg);
    let moving = fixture("media/moving.webp");
    let (width, height) =
        image::load_from_memory(&moving).map(|it| (it.width(), it.height())).unwrap();
    vec![
        (lying(&jpeg), Jpeg, (40, 60), false, None),
        (jpeg, Jpeg, wide, false, None),
        (fixture("media/progressive.jpg"), Jpeg, (120, 80), false, None),
        (encoded(&small, Codec::Png), Png, wide, false, None),
        (encoded(&small, Codec::Gif), Gif, wide, false, None),
        (fixture("media/moving.gif"), Gif, (40, 30), true, None),
        (encoded(&small, Codec::Bmp), Bmp, wide, false, None),
        (encoded(&small, Codec::WebP), WebP, wide, false, Some(Png)),
        (fixture("media/lossy.webp"), WebP, (120, 80), false, Some(Png)),
        (moving, WebP, (width, height), true, Some(Gif)),
    ]
}

#[tokio::test]
async fn each_kind_of_image_says_what_it_is() {
    let setup = Setup::new();
    for (input, format, (width, height), animated, _) in samples() {
        let done = setup.run(MediaJob::Image, &input).await.unwrap();
        let report = image(&done);
        assert_eq!((report.format, report.width, report.height), (format, width, height));
        assert_eq!(report.animated, animated, "{format:?}");
        assert_eq!(report.blurhash.as_ref().unwrap().len(), 28, "{format:?}");
        assert!(done.output.is_none() && done.thumbnail.is_none(), "{format:?}");
        assert_eq!(sniff(&input).mime, format.mime());
    }
}

#[tokio::test]
async fn phones_get_png_and_gif_instead_of_webp_and_the_rest_as_it_is() {
    let setup = Setup::new();
    for (input, format, (width, height), animated, shown) in samples() {
        let done = setup.run(MediaJob::ImageForPhone, &input).await.unwrap();
        assert_eq!(image(&done).format, shown.unwrap_or(format));
        assert_eq!(done.output.is_some(), shown.is_some(), "{format:?}");
        let Some(output) = &done.output else { continue };
        assert!(output.md5().is_some());
        // What came out is looked at by another worker.
        let again = setup.run(MediaJob::Image, &bytes(output)).await.unwrap();
        let report = image(&again);
        assert_eq!(Some(report.format), shown);
        assert_eq!((report.width, report.height, report.animated), (width, height, animated));
    }
}

#[tokio::test]
async fn a_large_image_has_a_thumbnail_in_a_file_of_its_own() {
    let setup = Setup::new();
    let jpeg = lying(&encoded(&photo(4000, 3000), Codec::Jpeg));
    let done = setup.run(MediaJob::Image, &jpeg).await.unwrap();
    assert_eq!((image(&done).width, image(&done).height), (3000, 4000));
    assert!(done.output.is_none());
    let thumbnail = done.thumbnail.as_ref().unwrap();
    assert!(thumbnail.md5().is_some() && thumbnail.len() < jpeg.len() as u64);
    let small = image::load_from_memory(&bytes(thumbnail)).unwrap();
    let said = image(&done).thumbnail.as_ref().unwrap();
    assert_eq!((said.width, said.height), (small.width(), small.height()));
    assert_eq!((said.width, said.height, said.format), (450, 600, ImageFormat::Jpeg));
}

#[tokio::test]
async fn what_is_no_image_that_can_be_decoded_is_refused() {
    let setup = Setup::new();
    for (input, why) in [
        (&b""[..], Unreadable::Empty),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", KIND),
        (b"\0\0\0\x18ftypheic\0\0\0\0heicmif1", KIND),
        (&fixture("media/still.avif"), KIND),
        (&fixture("media/film.mp4"), KIND),
        (b"II*\0\x08\0\0\0\0\0", KIND),
        (b"hello", KIND),
        (&png((0, 7), RGBA, 0), DAMAGED),
        (&gif((0, 0), (0, 0)), DAMAGED),
        (b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\0\0\0\0\x01\0\0\0\x01\0\x18\0\0\0\0\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", KIND),
    ] {
        for job in [MediaJob::Image, MediaJob::ImageForPhone] {
            let outcome = setup.run(job, input).await;
            assert_eq!(refused(&outcome), Some(why), "{outcome:?} {:?}", input.get(..20));
        }
    }
}

const GRAY: u8 = 0;
const RGBA: u8 = 6;

/// Returns a PNG of this size with `len` zeros in it, a thousandth of that in bytes.
fn png((width, height): (u32, u32), colours: u8, len: usize) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |name: &[u8], data: &[u8]| {
        bytes.extend_from_slice(&(data.len() as u32).to_be_bytes());
        let named = [name, data].concat();
        bytes.extend_from_slice(&named);
        bytes.extend_from_slice(&crc32fast::hash(&named).to_be_bytes());
    };
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    chunk(b"IHDR", &[&size[..], &[8, colours, 0, 0, 0]].concat());
    chunk(b"IDAT", &zeros(len));
    chunk(b"IEND", b"");
    bytes
}

/// Returns at least `len` zeros as zlib writes them: one zero, and how often it comes again.
fn zeros(len: usize) -> Vec<u8> {
    let repeats = len.div_ceil(258);
    // The last block, of fixed codes; the byte 0.
    let mut bits = vec![1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0];
    for _ in 0..repeats {
        // 258 bytes like the one before them.
        bits.extend_from_slice(&[1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]);
    }
    // The end.
    bits.extend_from_slice(&[0; 7]);
    let mut bytes = vec![0x78, 0x01];
    bytes.extend(
        bits.chunks(8)
            .map(|byte| byte.iter().enumerate().fold(0, |byte: u8, (at, bit)| byte | bit << at)),
    );
    let sum = (repeats * 258 + 1) % 65_521;
    bytes.extend_from_slice(&((sum as u32) << 16 | 1).to_be_bytes());
    bytes
}

/// Returns a GIF whose one frame is of another size than its screen, and has next to nothing in it.
fn gif(screen: (u16, u16), frame: (u16, u16)) -> Vec<u8> {
    let mut bytes = b"GIF89a".to_vec();
    bytes.extend([screen.0, screen.1].iter().flat_map(|edge| edge.to_le_bytes()));
    bytes.extend_from_slice(&[0x80, 0, 0, 0, 0, 0, 255, 255, 255]);
    for _ in 0..2 {
        bytes.extend_from_slice(&[0x2c, 0, 0, 0, 0]);
        bytes.extend([frame.0, frame.1].iter().flat_map(|edge| edge.to_le_bytes()));
        bytes.extend_from_slice(&[0, 2, 2, 0x44, 0x01, 0]);
    }
    bytes.push(0x3b);
    bytes
}

#[tokio::test]
async fn a_bomb_has_its_size_at_most() {
    let setup = Setup::new();
    // Forty megapixels in a quarter of a megabyte.
    let dense = png((8_192, 5_000), GRAY, 8_193 * 5_000);
    assert!(dense.len() < 260_000);
    let done = setup.run(MediaJob::Image, &dense).await.unwrap();
    assert!(image(&done).blurhash.is_some());
    // One line more.
    let above = png((8_192, 8_193), RGBA, 1_000_000);
    let done = setup.run(MediaJob::Image, &above).await.unwrap();
    let report = image(&done);
    assert_eq!((report.width, report.height, &report.blurhash), (8_192, 8_193, &None));
    // A point that never ends.
    let endless = png((1, 1), GRAY, 1 << 28);
    let done = setup.run(MediaJob::Image, &endless).await.unwrap();
    assert_eq!((image(&done).width, image(&done).height), (1, 1));
    for larger in [png((65_536, 1), GRAY, 100), png((u32::MAX, u32::MAX), RGBA, 100)] {
        let outcome = setup.run(MediaJob::Image, &larger).await;
        assert!(matches!(outcome, Err(WorkError::TooLarge)), "{outcome:?}");
    }
}

#[tokio::test]
async fn frames_that_do_not_fit_end_at_worst_their_worker() {
    let setup = Setup::new();
    const MOST: u16 = u16::MAX;
    for (screen, frame) in
        [((10, 10), (MOST, MOST)), ((8_000, 8_000), (8_000, 8_000)), ((MOST, MOST), (1, 1))]
    {
        for job in [MediaJob::Image, MediaJob::ImageForPhone] {
            let outcome = setup.run(job, &gif(screen, frame)).await;
            assert!(is_contained(&outcome), "{screen:?} {outcome:?}");
        }
    }
}

/// Returns whether a medium took its time and its memory and no more, whatever became of it.
fn is_contained(outcome: &Outcome) -> bool {
    match outcome {
        Ok(_) | Err(WorkError::Unreadable(_) | WorkError::TooLarge | WorkError::Crashed) => true,
        Err(WorkError::TimedOut | WorkError::CannotStart(_)) => false,
    }
}

#[tokio::test]
async fn a_hundred_megabytes_of_noise_are_refused() {
    let setup = Setup::new();
    let mut noise = vec![0; 100 * 1024 * 1024];
    StdRng::seed_from_u64(5).fill(&mut noise[..]);
    let outcome = setup.run(MediaJob::Image, &noise).await;
    assert!(matches!(outcome, Err(WorkError::TooLarge)), "{outcome:?}");
    let outcome = setup.run(MediaJob::Video, &noise).await;
    assert_eq!(refused(&outcome), Some(KIND), "{outcome:?}");
    noise.truncate(60 * 1024 * 1024);
    let outcome = setup.run(MediaJob::Image, &noise).await;
    assert_eq!(refused(&outcome), Some(KIND), "{outcome:?}");
    noise[..4].copy_from_slice(b"\xff\xd8\xff\xe0");
    let outcome = setup.run(MediaJob::Image, &noise).await;
    assert_eq!(refused(&outcome), Some(DAMAGED), "{outcome:?}");
}

#[tokio::test]
async fn what_is_cut_off_is_refused_or_shown_as_far_as_it_came() {
    let setup = Setup::new();
    for (input, format, ..) in samples() {
        for part in [3, 4, 7, 11] {
            let outcome = setup.run(MediaJob::Image, &input[..input.len() * part / 12]).await;
            match &outcome {
                Ok(done) => assert_eq!(image(done).format, format),
                Err(_) => assert_eq!(refused(&outcome), Some(DAMAGED), "{format:?} {outcome:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_changed_image_or_video_ends_at_worst_its_worker() {
    // A loop without an end is one of the ways in which a video can be hostile.
    let setup = Setup::new();
    let hasty = setup.workers.clone().with_patience(Duration::from_secs(5));
    let mut random = StdRng::seed_from_u64(3);
    let images = samples().into_iter().map(|(input, ..)| (MediaJob::ImageForPhone, input));
    let films = FILMS.iter().map(|(file, ..)| (MediaJob::Video, fixture(&format!("media/{file}"))));
    for (job, input) in images.chain(films) {
        for _ in 0..5 {
            let mut input = input.clone();
            let near = input.len().min(1_500);
            for _ in 0..12 {
                let at = random.random_range(8..near);
                input[at] = random.random();
            }
            let outcome = hasty.run("mum", job, &setup.spool(&input)).await;
            let is_late = matches!(outcome, Err(WorkError::TimedOut));
            assert!(is_late || is_contained(&outcome), "{job:?} {outcome:?}");
        }
    }
    let after = setup.run(MediaJob::Image, &fixture("media/progressive.jpg")).await.unwrap();
    assert_eq!(image(&after).width, 120);
}

/// A file, its size as it is shown, its type.
const FILMS: [(&str, (u32, u32), &str); 6] = [
    ("film.mp4", (320, 180), "video/mp4"),
    ("film-in-pieces.mp4", (320, 180), "video/mp4"),
    ("film-turned.mp4", (180, 320), "video/mp4"),
    ("film.mov", (320, 180), "video/quicktime"),
    ("film.webm", (320, 180), "video/webm"),
    ("film.mkv", (320, 180), "video/x-matroska"),
];

fn film(done: &Done) -> VideoReport {
    let MediaReport::Video(report) = &done.report else { panic!("{:?}", done.report) };
    assert!(done.output.is_none() && done.thumbnail.is_none());
    *report
}

#[tokio::test]
async fn a_film_says_its_size_and_how_long_it_plays() {
    let setup = Setup::new();
    for (file, (width, height), mime) in FILMS {
        let input = fixture(&format!("media/{file}"));
        let kind = sniff(&input);
        assert_eq!((kind.mime, kind.class), (mime, Class::Video), "{file}");
        let report = film(&setup.run(MediaJob::Video, &input).await.unwrap());
        assert_eq!((report.width, report.height), (Some(width), Some(height)), "{file}");
        // Sound is coded in blocks and may last a little longer.
        let over = report.duration.unwrap().checked_sub(Duration::from_secs(2)).unwrap();
        assert!(over < Duration::from_millis(300), "{file} {report:?}");
    }
}

#[tokio::test]
async fn what_is_no_film_or_half_of_one_is_refused() {
    let setup = Setup::new();
    let whole = fixture("media/film.mov");
    // The index of a video stands at the end of the file.
    let half = &whole[..whole.len() / 2];
    let sound = fixture("opus/element-like-zh-1s.ogg");
    for (input, why) in [
        (&b""[..], Unreadable::Empty),
        (half, KIND),
        (&sound, KIND),
        (&fixture("media/progressive.jpg"), KIND),
        (b"\0\0\0\x10ftypisom\0\0\0\0", KIND),
        (b"\x1aE\xdf\xa3\x42\x82\x84webm", KIND),
    ] {
        let outcome = setup.run(MediaJob::Video, input).await;
        assert_eq!(refused(&outcome), Some(why), "{outcome:?} {:?}", input.get(..20));
    }
}

#[tokio::test]
async fn an_index_that_claims_billions_of_pieces_takes_no_time() {
    let setup = Setup::new();
    let mut input = fixture("media/film.mp4");
    let mut tables = 0;
    for at in 0..input.len() - 16 {
        if [b"stsz", b"stts", b"stsc", b"stco"].iter().any(|name| input[at..].starts_with(*name)) {
            let count = if input[at..].starts_with(b"stsz") { at + 12 } else { at + 8 };
            input[count..count + 4].copy_from_slice(&0xffff_fff0_u32.to_be_bytes());
            tables += 1;
        }
    }
    assert_eq!(tables, 8, "four of the film, four of the sound");
    let begun = Instant::now();
    let outcome = setup.run(MediaJob::Video, &input).await;
    assert!(is_contained(&outcome), "{outcome:?}");
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
}
