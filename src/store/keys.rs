//! The identities with which the bridge encrypts, and where the stream of their keys goes on.
//!
//! The keys of rooms lie beside the database, in stores of their own; what is here outlives them.

use ruma::{OwnedDeviceId, OwnedUserId, UserId};
use serde::{Deserialize, Serialize};

use super::{
    Change, Error, Store,
    record::{Table, bounded, encode},
};
use crate::secret::Secret;

/// The identity of the bot or of a ghost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyIdentity {
    /// Whose.
    pub user: OwnedUserId,
    /// The device that holds its keys.
    pub device: OwnedDeviceId,
    /// The seeds of its master, self-signing and user-signing keys.
    pub seeds: Option<[Secret; 3]>,
}

/// Where the stream of a device's keys goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyStream {
    /// The device; another one begins anew.
    pub device: OwnedDeviceId,
    /// The place of the connection.
    #[serde(default)]
    pub pos: Option<String>,
    /// Up to where the messages to the device are acknowledged.
    #[serde(default)]
    pub since: Option<String>,
    /// The place in the slow stream.
    #[serde(default)]
    pub slow: Option<String>,
}

impl Change {
    /// Notes an identity in the place of what was known of its user.
    pub fn put_key_identity(self, identity: &KeyIdentity) -> Self {
        let seeds = identity.seeds.as_ref().map(|seeds| seeds.each_ref().map(Secret::expose));
        let record = IdentityRecord {
            device: identity.device.clone(),
            seeds: seeds.map(|seeds| seeds.map(str::to_owned)),
        };
        self.put(identity_key(&identity.user), encode(&record))
    }

    /// Notes where the stream goes on.
    pub fn put_key_stream(self, stream: &KeyStream) -> Self {
        self.put(stream_key(), encode(stream))
    }
}

impl Store {
    /// Returns what is known of a user's identity.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn key_identity(&self, user: &UserId) -> Result<Option<KeyIdentity>, Error> {
        let record: Option<IdentityRecord> = self.find(&identity_key(user))?;
        Ok(record.map(|IdentityRecord { device, seeds }| {
            let seeds = seeds.map(|seeds| seeds.map(Secret::new));
            KeyIdentity { user: user.to_owned(), device, seeds }
        }))
    }

    /// Returns where the stream goes on; `None` before its first answer.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn key_stream(&self) -> Result<Option<KeyStream>, Error> {
        self.find(&stream_key())
    }
}

#[derive(Serialize, Deserialize)]
struct IdentityRecord {
    device: OwnedDeviceId,
    seeds: Option<[String; 3]>,
}

fn identity_key(user: &UserId) -> Vec<u8> {
    Table::KeyIdentity.key(&[&bounded(user.as_str())])
}

fn stream_key() -> Vec<u8> {
    Table::KeyStream.key(&[])
}

#[cfg(test)]
mod tests {
    use ruma::{owned_user_id, user_id};

    use super::*;

    #[tokio::test]
    async fn an_identity_and_the_stream_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let user = user_id!("@wechatbot:b.org");
        assert_eq!(store.key_identity(user).unwrap(), None);
        let identity = KeyIdentity {
            user: owned_user_id!("@wechatbot:b.org"),
            device: "WECHATA".into(),
            seeds: Some(["m", "s", "u"].map(Secret::new)),
        };
        let (pos, since) = (Some("p".to_owned()), Some("7".to_owned()));
        let stream = KeyStream { device: "WECHATA".into(), pos, since, slow: None };
        let change = Change::new().put_key_identity(&identity).put_key_stream(&stream);
        store.commit(change).await.unwrap();
        assert_eq!(store.key_identity(user).unwrap(), Some(identity));
        assert_eq!(store.key_stream().unwrap(), Some(stream));
        assert_eq!(store.key_identity(user_id!("@other:b.org")).unwrap(), None);
    }
}
