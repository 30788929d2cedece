//! What is said of a file before it is brought to the CDN, and after (docs/protocol.md §7).

use super::{body::CdnParam, cipher::ciphertext_len, key::AesKey};
use crate::{id::WechatUserId, secret::Secret};

/// What a file is announced as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadKind {
    /// An image.
    Image,
    /// A video.
    Video,
    /// Any file.
    File,
    /// A recording.
    Voice,
}

impl UploadKind {
    /// `media_type`, which is not the type of the item.
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Image => 1,
            Self::Video => 2,
            Self::File => 3,
            Self::Voice => 4,
        }
    }
}

/// Announces a file.
#[derive(Debug, Clone)]
pub struct UploadRequest<'a> {
    /// 32 hex digits, new for each upload.
    pub filekey: String,
    /// What it is.
    pub kind: UploadKind,
    /// Who gets it.
    pub to: &'a WechatUserId,
    /// Bytes of the plain file.
    pub plain_len: u64,
    /// MD5 of the plain file.
    pub plain_md5: [u8; 16],
    /// What it is encrypted with.
    pub key: &'a AesKey,
}

/// A file that lies on the CDN and can be named in messages, also more than once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// Fetches it.
    pub param: CdnParam,
    /// Opens it.
    pub key: AesKey,
    /// Bytes of the plain file.
    pub plain_len: u64,
}

impl Uploaded {
    /// Bytes of the encrypted file.
    pub fn cipher_len(&self) -> u64 {
        ciphertext_len(self.plain_len)
    }

    /// The parameter, the key in hex and the plain length, to be kept.
    pub fn to_parts(&self) -> (Secret, Secret, u64) {
        (Secret::new(self.param.expose()), self.key.to_hex(), self.plain_len)
    }

    /// What [`Uploaded::to_parts`] gave; `None` when it is damaged.
    pub fn from_parts(param: &Secret, key: &Secret, plain_len: u64) -> Option<Self> {
        let key = AesKey::from_hex(key.expose())?;
        let param = Some(param).filter(|param| !param.is_empty())?;
        Some(Self { param: CdnParam::new(param.expose()), key, plain_len })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_is_kept_as_plain_parts() {
        let upload =
            Uploaded { param: CdnParam::new("AAFF/+="), key: AesKey::generate(), plain_len: 32 };
        assert_eq!(upload.cipher_len(), 48);
        let (param, key, len) = upload.to_parts();
        assert_eq!(Uploaded::from_parts(&param, &key, len), Some(upload));
        assert_eq!(Uploaded::from_parts(&param, &param, len), None);
        assert_eq!(Uploaded::from_parts(&Secret::new(""), &key, len), None);
    }
}
