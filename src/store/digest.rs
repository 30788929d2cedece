//! The key of the digests that stand for events in ids that other systems see.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{
    Change, Error, Store,
    record::{Table, encode},
};
use crate::secret::secret_kind;

secret_kind! {
    /// A key that only this store has, in hex digits.
    DigestKey
}

impl DigestKey {
    /// Returns a digest of fixed length. Equal texts have equal digests; without the key nothing
    /// can be learnt about the text.
    pub fn digest(&self, text: &str) -> String {
        // HMAC takes keys of every length, so this does not happen.
        let Ok(mut keyed) = Hmac::<Sha256>::new_from_slice(self.expose().as_bytes()) else {
            return String::new();
        };
        keyed.update(text.as_bytes());
        let digest = keyed.finalize().into_bytes();
        hex::encode(digest.get(..DIGEST_BYTES).unwrap_or_default())
    }
}

impl Store {
    /// Returns the key, which is created and stored durably before its first use.
    ///
    /// # Errors
    /// When the database cannot be read, or a write failed.
    pub async fn digest_key(&self) -> Result<DigestKey, Error> {
        if let Some(known) = self.find::<String>(&key())? {
            return Ok(DigestKey::new(known));
        }
        let made = hex::encode(rand::random::<[u8; 32]>());
        self.commit(Change::new().put(key(), encode(&made))).await?;
        Ok(DigestKey::new(made))
    }
}

fn key() -> Vec<u8> {
    Table::Digest.key(&[])
}

/// The length of a digest in bytes, which makes a collision practically impossible.
const DIGEST_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_depends_on_the_text_and_on_the_key() {
        let (one, other) = (DigestKey::new("a"), DigestKey::new("b"));
        assert_eq!(one.digest("$1:0"), one.digest("$1:0"));
        assert_eq!(one.digest("$1:0").len(), 2 * DIGEST_BYTES);
        assert_ne!(one.digest("$1:0"), one.digest("$1:1"));
        assert_ne!(one.digest("$1:0"), other.digest("$1:0"));
    }

    #[tokio::test]
    async fn a_store_keeps_its_key() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let key = store.digest_key().await.unwrap();
        assert!(store.digest_key().await.unwrap() == key);
        store.close().await.unwrap();
        let again = Store::open(dir.path()).unwrap().digest_key().await.unwrap();
        assert!(again == key);
        let elsewhere = tempfile::tempdir().unwrap();
        assert!(Store::open(elsewhere.path()).unwrap().digest_key().await.unwrap() != key);
    }
}
