//! The announcement of a file, and its record after the upload (docs/protocol.md §7).

use super::{body::CdnParam, cipher::ciphertext_len, key::AesKey};
use crate::{id::WechatUserId, secret::Secret};

/// The kind under which a file is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadKind {
    /// An image.
    Image,
    /// A video.
    Video,
    /// Any file.
    File,
    /// A voice message.
    Voice,
}

impl UploadKind {
    /// Returns `media_type`, whose numbers differ from those of the item types.
    pub(super) fn number(self) -> i64 {
        match self {
            Self::Image => 1,
            Self::Video => 2,
            Self::File => 3,
            Self::Voice => 4,
        }
    }
}

/// The announcement of a file.
#[derive(Debug, Clone)]
pub struct UploadRequest<'a> {
    /// 32 hex digits, new for each upload.
    pub filekey: String,
    /// The kind of the file.
    pub kind: UploadKind,
    /// The recipient.
    pub to: &'a WechatUserId,
    /// Bytes of the plain file.
    pub plain_len: u64,
    /// MD5 of the plain file.
    pub plain_md5: [u8; 16],
    /// The key with which the file is encrypted.
    pub key: &'a AesKey,
}

/// A file on the CDN, which any number of messages can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// The parameter with which it is downloaded.
    pub param: CdnParam,
    /// The key with which it is decrypted.
    pub key: AesKey,
    /// Bytes of the plain file.
    pub plain_len: u64,
}

impl Uploaded {
    /// Returns the length of the encrypted file in bytes.
    pub fn cipher_len(&self) -> u64 {
        ciphertext_len(self.plain_len)
    }

    /// Returns the parameter, the key in hex and the plain length, for the store.
    pub fn to_parts(&self) -> (Secret, Secret, u64) {
        (Secret::new(self.param.expose()), self.key.to_hex(), self.plain_len)
    }

    /// Restores what [`Uploaded::to_parts`] returned; `None` when it is damaged.
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
