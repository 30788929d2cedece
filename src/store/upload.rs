//! A file of a message that is already on WeChat's CDN.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{clock::Timestamp, secret::Secret};

/// The upload of a message's file, so that every try names one file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// The file's `mxc:` address; an edit may have replaced the file since.
    pub of: String,
    /// The time of the upload.
    #[serde(with = "millis")]
    pub at: Timestamp,
    /// The kind of item that shows it on the phone.
    pub sent_as: SentAs,
    /// The parameter with which it is downloaded.
    #[serde(with = "hidden")]
    pub param: Secret,
    /// The key with which it is decrypted.
    #[serde(with = "hidden")]
    pub key: Secret,
    /// The file's size in bytes before the encryption.
    pub len: u64,
}

/// The kind of item that shows a file on the phone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SentAs {
    /// An image.
    Image,
    /// A video.
    Video,
    /// A file with a name.
    File {
        /// The name with its extension.
        name: String,
    },
    /// A voice message.
    Voice {
        /// The playing time in milliseconds.
        playtime_ms: u64,
    },
}

/// Prints the length only: the names are the message's own.
impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upload({} bytes)", self.len)
    }
}

mod millis {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Timestamp};

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        at.0.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(from).map(Timestamp)
    }
}

mod hidden {
    use super::{Deserialize, Deserializer, Secret, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(secret: &Secret, to: S) -> Result<S::Ok, S::Error> {
        secret.expose().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
        String::deserialize(from).map(Secret::new)
    }
}
