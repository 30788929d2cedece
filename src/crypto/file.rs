//! Files in encrypted rooms: the ciphertext goes to the homeserver, its key into the event.

use std::io::Read as _;

use matrix_sdk_crypto::AttachmentEncryptor;
use ruma::MxcUri;
use serde_json::{Map, Value};

use super::CryptoError;

/// The key of an encrypted file, as it stands in an event.
#[derive(Clone)]
pub struct FileKey(Map<String, Value>);

impl std::fmt::Debug for FileKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FileKey(…)")
    }
}

impl FileKey {
    /// Returns the field `file` of an event whose file was stored at this address.
    pub fn of_file(&self, address: &MxcUri) -> Value {
        let mut file = self.0.clone();
        file.insert("url".to_owned(), address.as_str().into());
        Value::Object(file)
    }
}

/// Encrypts a small file, which is held in memory as a whole.
///
/// # Errors
/// [`CryptoError::Store`] when the key cannot be written down, which does not happen.
pub fn seal(bytes: &[u8]) -> Result<(Vec<u8>, FileKey), CryptoError> {
    let (mut plain, mut sealed) = (bytes, Vec::with_capacity(bytes.len()));
    let mut encryptor = AttachmentEncryptor::new(&mut plain);
    encryptor.read_to_end(&mut sealed).map_err(CryptoError::store)?;
    let key = serde_json::to_value(encryptor.finish()).map_err(CryptoError::store)?;
    let Value::Object(fields) = key else { return Ok((sealed, FileKey(Map::new()))) };
    Ok((sealed, FileKey(fields)))
}

#[cfg(test)]
mod tests {
    use matrix_sdk_crypto::{AttachmentDecryptor, MediaEncryptionInfo};
    use ruma::mxc_uri;

    use super::*;

    #[test]
    fn what_is_sealed_is_read_with_its_key_and_no_other() {
        let (sealed, key) = seal(b"a small file").unwrap();
        assert_ne!(sealed, b"a small file");
        let file = key.of_file(mxc_uri!("mxc://b.org/abc"));
        assert_eq!((&file["url"], &file["v"]), (&"mxc://b.org/abc".into(), &"v2".into()));
        let read = |sealed: &[u8]| {
            let info: MediaEncryptionInfo = serde_json::from_value(file.clone()).unwrap();
            let (mut sealed, mut plain) = (sealed, Vec::new());
            let mut decryptor = AttachmentDecryptor::new(&mut sealed, info).unwrap();
            decryptor.read_to_end(&mut plain).map(|_| plain)
        };
        assert_eq!(read(&sealed).unwrap(), b"a small file");
        let mut bad = sealed;
        bad[0] ^= 1;
        assert!(read(&bad).is_err());
        assert_eq!(format!("{key:?}"), "FileKey(…)");
    }
}
