//! The place of an item's file, and the keys that may decrypt it (docs/protocol.md §7).

use super::{
    body::{CdnMedia, CdnParam, CdnUrl, File, MediaBody, MediaKey},
    key::AesKey,
};
use crate::spool::Spool;

/// A file on the CDN that can be downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteMedia {
    pub(super) full_url: Option<CdnUrl>,
    pub(super) param: Option<CdnParam>,
    pub(super) keys: Keys,
    pub(super) want_md5: bool,
    claimed_md5: Option<[u8; 16]>,
}

/// The difference between a downloaded file and what its sender announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch {
    /// The MD5 differs.
    Digest,
    /// The size differs, and the MD5 is unknown or right.
    Size {
        /// The announced size in bytes.
        announced: u64,
        /// The downloaded size in bytes.
        came: u64,
    },
}

/// The keys that may decrypt a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Keys {
    /// The file is not encrypted.
    Plain,
    /// The keys in the order in which they are tried; empty when none came or none can be read.
    Any(Vec<AesKey>),
}

impl RemoteMedia {
    /// Returns the MD5 that the sender claims for the plain file.
    pub fn claimed_md5(&self) -> Option<[u8; 16]> {
        self.claimed_md5
    }

    /// Lets the download compute the MD5 of the plain file, which takes twice as long. It is
    /// computed in any case where the sender claims one.
    #[must_use]
    pub fn want_md5(mut self) -> Self {
        self.want_md5 = true;
        self
    }

    fn new(place: &CdnMedia, keys: Keys) -> Option<Self> {
        let (full_url, param) = (place.full_url.clone(), place.param.clone());
        let somewhere = full_url.is_some() || param.is_some();
        somewhere.then_some(Self { full_url, param, keys, want_md5: false, claimed_md5: None })
    }

    fn claiming(mut self, md5: Option<&String>) -> Self {
        let mut bytes = [0; 16];
        let read = md5.is_some_and(|md5| hex::decode_to_slice(md5.trim(), &mut bytes).is_ok());
        self.claimed_md5 = read.then_some(bytes);
        self.want_md5 |= read;
        self
    }
}

impl MediaBody {
    /// Returns the file of the item; `None` for an item that names no place for it.
    pub fn remote(&self) -> Option<RemoteMedia> {
        match self {
            Self::Image(image) => {
                let place = image.media.as_ref()?;
                RemoteMedia::new(place, keys_of_picture([&image.key, &place.key]))
            }
            Self::Voice(voice) => with_key(voice.media.as_ref()?),
            Self::File(file) => Some(with_key(file.media.as_ref()?)?.claiming(file.md5.as_ref())),
            Self::Video(video) => {
                Some(with_key(video.media.as_ref()?)?.claiming(video.md5.as_ref()))
            }
        }
    }

    /// Compares the downloaded plain file with what was announced. Only a file item announces its
    /// size in plain bytes.
    pub fn mismatch(&self, came: &Spool) -> Option<Mismatch> {
        let claimed = self.remote().and_then(|media| media.claimed_md5());
        if claimed.zip(came.md5()).is_some_and(|(claimed, counted)| claimed != counted) {
            return Some(Mismatch::Digest);
        }
        let Self::File(File { len: Some(announced), .. }) = self else { return None };
        let (announced, came) = (*announced, came.len());
        // Zero means that the sender does not know the size.
        (announced > 0 && announced != came).then_some(Mismatch::Size { announced, came })
    }

    /// Returns the preview image of an image or a video, if one is named.
    pub fn thumb(&self) -> Option<RemoteMedia> {
        let (thumb, whole, key) = match self {
            Self::Image(image) => (&image.thumb, &image.media, &image.key),
            Self::Video(video) => (&video.thumb, &video.media, &None),
            Self::Voice(_) | Self::File(_) => return None,
        };
        let place = thumb.as_ref()?;
        let of_whole = whole.as_ref().map_or(&None, |whole| &whole.key);
        RemoteMedia::new(place, keys_of_picture([&place.key, key, of_whole]))
    }
}

/// Returns the keys of an image; an image without any key is not encrypted.
fn keys_of_picture<const N: usize>(spelled: [&Option<MediaKey>; N]) -> Keys {
    if spelled.iter().all(|key| key.is_none()) {
        return Keys::Plain;
    }
    let mut keys: Vec<AesKey> = Vec::new();
    for key in spelled.into_iter().flatten().filter_map(AesKey::parse) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    Keys::Any(keys)
}

fn with_key(place: &CdnMedia) -> Option<RemoteMedia> {
    let keys = place.key.iter().filter_map(AesKey::parse).collect();
    RemoteMedia::new(place, Keys::Any(keys))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ilink::{body::Body, fields::Fields};

    const ONE: &str = "00112233445566778899aabbccddeeff";
    const OTHER: &str = "ffeeddccbbaa99887766554433221100";

    fn body(json: &str) -> MediaBody {
        Body::read(&Fields::read(json).unwrap()).media().cloned().unwrap()
    }

    fn keys(media: Option<RemoteMedia>) -> Keys {
        media.unwrap().keys
    }

    fn key(hex: &str) -> AesKey {
        AesKey::from_hex(hex).unwrap()
    }

    #[test]
    fn the_hex_key_of_a_picture_comes_first() {
        let image = |own: &str, media: &str| {
            let json = format!(
                r#"{{"type":2,"image_item":{{{own}"media":{{{media}"full_url":"https://x"}}}}}}"#
            );
            keys(body(&json).remote())
        };
        let own = format!(r#""aeskey":"{ONE}","#);
        let media = format!(r#""aes_key":"{OTHER}","#);
        assert_eq!(image(&own, &media), Keys::Any(vec![key(ONE), key(OTHER)]));
        assert_eq!(image("", &media), Keys::Any(vec![key(OTHER)]));
        assert_eq!(image(&own, &format!(r#""aes_key":"{ONE}","#)), Keys::Any(vec![key(ONE)]));
        assert_eq!(image("", ""), Keys::Plain);
        assert_eq!(image(r#""aeskey":"no key","#, ""), Keys::Any(Vec::new()));
    }

    #[test]
    fn only_a_picture_may_be_without_a_key() {
        for (number, name) in [(3, "voice_item"), (4, "file_item"), (5, "video_item")] {
            let json = format!(
                r#"{{"type":{number},"{name}":{{"media":{{"encrypt_query_param":"p"}}}}}}"#
            );
            assert_eq!(keys(body(&json).remote()), Keys::Any(Vec::new()), "{name}");
        }
    }

    #[test]
    fn a_file_without_a_place_is_none() {
        for json in [
            r#"{"type":2,"image_item":{"url":"an id"}}"#,
            r#"{"type":4,"file_item":{"media":{"aes_key":"k"}}}"#,
        ] {
            assert_eq!(body(json).remote(), None, "{json}");
            assert_eq!(body(json).thumb(), None, "{json}");
        }
    }

    #[test]
    fn a_file_that_came_is_compared_with_what_was_announced() {
        use std::io::Write as _;

        let folder = tempfile::tempdir().unwrap();
        let spools = crate::spool::Spools::new(folder.path().to_owned());
        let came = |with_md5| {
            let mut writer = spools.create(with_md5).unwrap();
            writer.write_all(b"abc").unwrap();
            writer.finish()
        };
        let (right, wrong) = ("900150983CD24FB0D6963F7D28E17F72", ONE);
        let size = |announced| Some(Mismatch::Size { announced, came: 3 });
        for (fields, mismatch) in [
            (String::new(), None),
            (format!(r#""md5":"{right}","len":"3","#), None),
            (format!(r#""md5":"{wrong}","len":"3","#), Some(Mismatch::Digest)),
            (format!(r#""md5":"{wrong}","#), Some(Mismatch::Digest)),
            (r#""len":"4","#.to_owned(), size(4)),
            (r#""len":2,"#.to_owned(), size(2)),
            (format!(r#""md5":"{right}","len":"4","#), size(4)),
            (r#""md5":"no digest","len":"0","#.to_owned(), None),
        ] {
            let json = format!(
                r#"{{"type":4,"file_item":{{{fields}"media":{{"aes_key":"{ONE}","full_url":"https://x"}}}}}}"#
            );
            let body = body(&json);
            assert_eq!(body.mismatch(&came(true)), mismatch, "{fields}");
            assert_eq!(
                body.remote().unwrap().want_md5,
                fields.contains(&ONE[..4]) || fields.contains("9001")
            );
        }
        let video = format!(
            r#"{{"type":5,"video_item":{{"media":{{"aes_key":"{ONE}","full_url":"https://x"}},
            "video_md5":"{wrong}","video_size":99}}}}"#
        );
        assert_eq!(body(&video).mismatch(&came(true)), Some(Mismatch::Digest));
        assert_eq!(body(&video).mismatch(&came(false)), None, "its size is in other bytes");
    }

    #[test]
    fn the_thumbnail_of_a_film_may_share_its_key() {
        let film = format!(
            r#"{{"type":5,"video_item":{{"media":{{"encrypt_query_param":"p","aes_key":"{ONE}"}},
            "video_md5":"{OTHER}","thumb_media":{{"encrypt_query_param":"t"}}}}}}"#
        );
        let film = body(&film);
        assert_eq!(keys(film.thumb()), Keys::Any(vec![key(ONE)]));
        let media = film.remote().unwrap();
        assert_eq!(media.claimed_md5().map(hex::encode).as_deref(), Some(OTHER));
        assert!(media.want_md5().want_md5);
    }

    #[test]
    fn nothing_of_a_place_prints() {
        let json = format!(
            r#"{{"type":4,"file_item":{{"media":{{"encrypt_query_param":"PPP",
            "full_url":"https://UUU","aes_key":"{ONE}"}}}}}}"#
        );
        let shown = format!("{:?}", body(&json).remote());
        assert!(["PPP", "UUU", "0011"].iter().all(|secret| !shown.contains(secret)), "{shown}");
    }
}
