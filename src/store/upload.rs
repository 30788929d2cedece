//! A file of a message that lies on WeChat's side already.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{clock::Timestamp, secret::Secret};

/// Where the file of a message was brought to, so that every try names the same file.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// The file's `mxc:` address; an edit may have put another in its place since.
    pub of: String,
    /// When it was brought there.
    #[serde(with = "millis")]
    pub at: Timestamp,
    /// What the phone is told that it is.
    pub sent_as: SentAs,
    /// What fetches it.
    #[serde(with = "hidden")]
    pub param: Secret,
    /// What opens it.
    #[serde(with = "hidden")]
    pub key: Secret,
    /// Its size in bytes before it was encrypted.
    pub len: u64,
}

/// What a file is on the phone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SentAs {
    /// An image.
    Image,
    /// A video.
    Video,
    /// A file of this name.
    File {
        /// With its extension.
        name: String,
    },
    /// A recording.
    Voice {
        /// How long it plays, in milliseconds.
        playtime_ms: u64,
    },
}

/// Without the names, which are the message's own.
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
