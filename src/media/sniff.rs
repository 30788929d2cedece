//! The kind of a file, recognised by its first bytes; the sender's claim is ignored.
//!
//! Runs in the bridge itself: it compares a few bytes in safe Rust, without loops that the bytes
//! could control, and decodes nothing.

use infer::MatcherType;
use tokio::task;

use crate::spool::Spool;

/// The kind of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileKind {
    /// The MIME type, such as `image/png`; `application/octet-stream` when the kind is not known.
    pub mime: &'static str,
    /// The extension of a file name, without the dot; `bin` when the kind is not known.
    pub extension: &'static str,
    /// The way in which clients show it.
    pub class: Class,
}

/// The way in which clients show a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// An image.
    Image,
    /// A sound.
    Audio,
    /// A video.
    Video,
    /// Any other file, shown by its name.
    Other,
}

impl FileKind {
    /// Returns whether phones play it in a chat: MP4 and related formats, with any codec. A phone
    /// that lacks the codec says so; formats that it does not open at all are better sent as files.
    pub fn is_video_for_phones(&self) -> bool {
        matches!(self.mime, "video/mp4" | "video/x-m4v" | "video/quicktime" | "video/3gpp")
    }
}

/// The number of bytes that are looked at.
pub const HEAD: usize = 4096;

/// Recognises the kind of a local file. One that cannot be read is of no known kind; the next
/// operation on it reports the error.
pub async fn sniff_file(file: &Spool) -> FileKind {
    let file = file.clone();
    // Reading may block.
    let looking = task::spawn_blocking(move || {
        let mut head = vec![0; HEAD];
        let read = file.read_at(&mut head, 0).unwrap_or_default();
        sniff(&head[..read])
    });
    looking.await.unwrap_or(UNKNOWN)
}

/// Recognises the kind of a file by its beginning, at most the first [`HEAD`] bytes.
pub fn sniff(head: &[u8]) -> FileKind {
    let head = &head[..head.len().min(HEAD)];
    for (magic, mime, extension) in SPOKEN {
        if head.starts_with(magic) {
            return FileKind { mime, extension, class: Class::Audio };
        }
    }
    let Some(found) = infer::get(head) else { return of_brand(head).unwrap_or(UNKNOWN) };
    let (mime, extension) = match found.mime_type() {
        // The codec is Opus; the file format is Ogg.
        "audio/opus" => ("audio/ogg", "ogg"),
        "audio/m4a" => ("audio/mp4", "m4a"),
        "audio/x-wav" => ("audio/wav", "wav"),
        "audio/x-flac" => ("audio/flac", "flac"),
        mime => (mime, found.extension()),
    };
    let class = match found.matcher_type() {
        // An image that no client shows is a file.
        MatcherType::Image if !SHOWN.contains(&mime) => Class::Other,
        MatcherType::Image => Class::Image,
        MatcherType::Audio => Class::Audio,
        MatcherType::Video => Class::Video,
        MatcherType::App
        | MatcherType::Archive
        | MatcherType::Book
        | MatcherType::Doc
        | MatcherType::Font
        | MatcherType::Text
        | MatcherType::Custom => Class::Other,
    };
    FileKind { mime, extension, class }
}

/// Recognises brands of the MP4 family that the library does not know.
fn of_brand(head: &[u8]) -> Option<FileKind> {
    let brand = head.get(4..11)?.strip_prefix(b"ftyp")?;
    let (mime, extension) = match brand {
        b"3gp" | b"3g2" | b"3gg" | b"3gr" | b"3gs" => ("video/3gpp", "3gp"),
        b"iso" | b"mp4" => ("video/mp4", "mp4"),
        _ => return None,
    };
    Some(FileKind { mime, extension, class: Class::Video })
}

const UNKNOWN: FileKind =
    FileKind { mime: "application/octet-stream", extension: "bin", class: Class::Other };

/// The formats of speech, among them SILK with and without WeChat's byte.
const SPOKEN: [(&[u8], &str, &str); 4] = [
    (b"\x02#!SILK_V3", "audio/silk", "silk"),
    (b"#!SILK_V3", "audio/silk", "silk"),
    (b"#!AMR-WB\n", "audio/amr-wb", "awb"),
    (b"#!AMR\n", "audio/amr", "amr"),
];

/// The image formats that Matrix clients show.
const SHOWN: [&str; 8] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/bmp",
    "image/avif",
    "image/heif",
    "image/heic",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn files_are_known_by_their_first_bytes() {
        for (head, mime, extension, class) in [
            (&b"\xff\xd8\xff\xe0"[..], "image/jpeg", "jpg", Class::Image),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png", "png", Class::Image),
            (b"GIF89a", "image/gif", "gif", Class::Image),
            (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp", "webp", Class::Image),
            (b"BM\0\0\0\0", "image/bmp", "bmp", Class::Image),
            (b"II*\0\x08\0\0\0\0\0\0\0", "image/tiff", "tif", Class::Other),
            (b"\x02#!SILK_V3\x0c\0", "audio/silk", "silk", Class::Audio),
            (b"#!SILK_V3\x0c\0", "audio/silk", "silk", Class::Audio),
            (b"#!AMR\n\x3c", "audio/amr", "amr", Class::Audio),
            (b"#!AMR-WB\n", "audio/amr-wb", "awb", Class::Audio),
            (b"\0\0\0\x20ftypM4A \0\0\0\0", "audio/mp4", "m4a", Class::Audio),
            (b"\0\0\0\x20ftypisom\0\0\0\0", "video/mp4", "mp4", Class::Video),
            (b"\0\0\0\x18ftypiso9\0\0\0\0", "video/mp4", "mp4", Class::Video),
            (b"\0\0\0\x18ftyp3gp5\0\0\0\0", "video/3gpp", "3gp", Class::Video),
            (b"\0\0\0\x18ftypxyz1\0\0\0\0", "application/octet-stream", "bin", Class::Other),
            (b"\x1aE\xdf\xa3", "application/octet-stream", "bin", Class::Other),
            (b"%PDF-1.7", "application/pdf", "pdf", Class::Other),
            (b"hello", "application/octet-stream", "bin", Class::Other),
            (b"", "application/octet-stream", "bin", Class::Other),
        ] {
            assert_eq!(sniff(head), FileKind { mime, extension, class }, "{head:?}");
        }
    }

    #[test]
    fn phones_play_mp4_and_its_relatives_and_nothing_else() {
        let matroska = |doctype: &[u8]| {
            let head = [b"\x1aE\xdf\xa3\x93\x42\x82", doctype].concat();
            [head.as_slice(), &[0; 300]].concat()
        };
        for (head, plays) in [
            (b"\0\0\0\x20ftypisom\0\0\0\0".to_vec(), true),
            (b"\0\0\0\x14ftypqt  \0\0\0\0".to_vec(), true),
            (b"\0\0\0\x20ftypM4V \0\0\0\0".to_vec(), true),
            (b"\0\0\0\x18ftyp3gp4\0\0\0\0".to_vec(), true),
            (matroska(b"\x84webm"), false),
            (matroska(b"\x88matroska"), false),
            (b"RIFF\0\0\0\0AVI LIST".to_vec(), false),
            (b"FLV\x01\x05\0\0\0\x09".to_vec(), false),
            (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9".to_vec(), false),
            (b"\0\0\x01\xba\x44\0\0\0".to_vec(), false),
        ] {
            let kind = sniff(&head);
            assert_eq!((kind.class, kind.is_video_for_phones()), (Class::Video, plays), "{kind:?}");
        }
    }

    #[test]
    fn opus_lies_in_an_ogg_file() {
        let mut head = b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13".to_vec();
        head.extend_from_slice(b"OpusHead\x01\x01");
        let ogg = FileKind { mime: "audio/ogg", extension: "ogg", class: Class::Audio };
        assert_eq!(sniff(&head), ogg);
    }

    proptest! {
        #[test]
        fn any_bytes_are_something(head in prop::collection::vec(any::<u8>(), 0..600)) {
            let kind = sniff(&head);
            prop_assert!(kind.mime.contains('/') && !kind.extension.is_empty());
        }
    }
}
