//! AES-128-ECB with PKCS#7 over whole files, and the MD5 that uploads declare.
//!
//! Written from the protocol alone (docs/protocol.md §5); shares nothing with the bridge.

use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyInit};
use md5::{Digest, Md5};

/// A media key: 16 bytes.
pub(crate) type Key = [u8; 16];

pub(crate) fn encrypt(key: &Key, plain: &[u8]) -> Vec<u8> {
    ecb::Encryptor::<Aes128>::new(&(*key).into()).encrypt_padded_vec::<Pkcs7>(plain)
}

/// Returns the plaintext; `None` when the length or the padding is wrong.
pub(crate) fn decrypt(key: &Key, cipher: &[u8]) -> Option<Vec<u8>> {
    ecb::Decryptor::<Aes128>::new(&(*key).into()).decrypt_padded_vec::<Pkcs7>(cipher).ok()
}

/// Reads a key from its 32 hexadecimal characters.
pub(crate) fn key_from_hex(text: &str) -> Option<Key> {
    hex::decode(text).ok()?.try_into().ok()
}

/// Reads a key in the form of media references: base64 of the raw bytes or of the 32 hexadecimal
/// characters.
pub(crate) fn key_from_reference(text: &str) -> Option<Key> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    if let Ok(raw) = Key::try_from(bytes.as_slice()) {
        return Some(raw);
    }
    key_from_hex(std::str::from_utf8(&bytes).ok()?)
}

pub(crate) fn md5_hex(bytes: &[u8]) -> String {
    hex::encode(Md5::digest(bytes))
}

/// Returns the length after PKCS#7 padding: the next multiple of 16, always greater.
pub(crate) fn padded_len(plain: u64) -> u64 {
    (plain / 16 + 1) * 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_agrees_with_the_published_vector() {
        // FIPS-197, appendix B; the second block is the padding alone.
        let key = key_from_hex("2b7e151628aed2a6abf7158809cf4f3c").unwrap();
        let plain = hex::decode("3243f6a8885a308d313198a2e0370734").unwrap();
        let cipher = encrypt(&key, &plain);
        assert_eq!(hex::encode(&cipher[..16]), "3925841d02dc09fbdc118597196a0b32");
        assert_eq!(cipher.len() as u64, padded_len(16));
        assert_eq!(decrypt(&key, &cipher).unwrap(), plain);
    }

    #[test]
    fn both_spellings_of_a_key_are_the_same_key() {
        let key = key_from_hex("00112233445566778899aabbccddeeff").unwrap();
        assert_eq!(key_from_reference("ABEiM0RVZneImaq7zN3u/w=="), Some(key));
        assert_eq!(key_from_reference("MDAxMTIyMzM0NDU1NjY3Nzg4OTlhYWJiY2NkZGVlZmY="), Some(key));
        assert_eq!(key_from_reference("c2hvcnQ="), None);
    }

    #[test]
    fn broken_padding_is_seen() {
        assert_eq!(decrypt(&[7; 16], &[0; 16]), None);
        assert_eq!(decrypt(&[7; 16], &[0; 15]), None);
    }
}
