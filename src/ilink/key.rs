//! The key of a media file and its encodings (docs/protocol.md §7).

use std::fmt;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_STANDARD,
};
use zeroize::{Zeroize, Zeroizing};

use super::body::MediaKey;
use crate::secret::Secret;

/// A key for AES-128, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct AesKey(Zeroizing<[u8; LEN]>);

impl AesKey {
    /// Generates a key from the system's random numbers.
    pub fn generate() -> Self {
        Self(Zeroizing::new(rand::random()))
    }

    /// Makes a key of these bytes.
    pub fn from_bytes(bytes: [u8; LEN]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads a key in any known encoding: 32 hex digits, or base64 of 16 bytes or of 32 hex digits,
    /// in either alphabet, with or without padding. Returns `None` for everything else.
    ///
    /// The encodings differ in length, so a text can be read in one way only.
    pub fn parse(spelled: &MediaKey) -> Option<Self> {
        Self::read(spelled.expose())
    }

    /// Reads 32 hex digits.
    pub fn from_hex(digits: &str) -> Option<Self> {
        let mut key = Zeroizing::new([0; LEN]);
        hex::decode_to_slice(digits, &mut *key).ok()?;
        Some(Self(key))
    }

    /// Returns 32 lower-case hex digits.
    pub fn to_hex(&self) -> Secret {
        Secret::new(hex::encode(*self.0))
    }

    /// Returns base64 of the hex digits, the encoding of items that the bridge sends.
    pub fn to_base64_of_hex(&self) -> Secret {
        Secret::new(BASE64_STANDARD.encode(self.to_hex().expose()))
    }

    pub(super) fn bytes(&self) -> &[u8; LEN] {
        &self.0
    }

    fn read(spelled: &str) -> Option<Self> {
        let spelled = spelled.trim();
        if spelled.len() > LONGEST {
            return None;
        }
        if let Some(key) = Self::from_hex(spelled) {
            return Some(key);
        }
        let alphabet = if spelled.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
        let decoded = Zeroizing::new(alphabet.decode(spelled).ok()?);
        match <[u8; LEN]>::try_from(decoded.as_slice()) {
            Ok(mut bytes) => {
                let key = Self::from_bytes(bytes);
                bytes.zeroize();
                Some(key)
            }
            Err(_) => Self::from_hex(std::str::from_utf8(&decoded).ok()?),
        }
    }
}

impl fmt::Debug for AesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AesKey(…)")
    }
}

const LEN: usize = 16;
/// The length of base64 of 32 hex digits, in characters.
const LONGEST: usize = 44;
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    fn spellings(bytes: [u8; LEN]) -> Vec<String> {
        let small = hex::encode(bytes);
        let large = hex::encode_upper(bytes);
        let engines =
            [&BASE64_STANDARD, &BASE64_STANDARD_NO_PAD, &BASE64_URL_SAFE, &BASE64_URL_SAFE_NO_PAD];
        let coded = engines.into_iter().flat_map(|engine| {
            [engine.encode(bytes), engine.encode(&small), engine.encode(&large)]
        });
        let mut all: Vec<String> = coded.collect();
        all.extend([format!(" {small}\n"), small, large]);
        all
    }

    proptest! {
        #[test]
        fn a_key_is_read_in_every_spelling(bytes: [u8; LEN]) {
            for spelled in spellings(bytes) {
                let key = AesKey::parse(&MediaKey::new(spelled.clone()));
                prop_assert_eq!(key.as_ref().map(AesKey::bytes), Some(&bytes), "{}", spelled);
            }
        }

        #[test]
        fn whatever_is_read_is_written_and_read_again(spelled in "[0-9a-fA-F+/=_ -]{0,48}") {
            if let Some(key) = AesKey::parse(&MediaKey::new(spelled)) {
                let again = AesKey::parse(&MediaKey::new(key.to_base64_of_hex().expose()));
                prop_assert_eq!(again.as_ref(), Some(&key));
                prop_assert_eq!(AesKey::from_hex(key.to_hex().expose()), Some(key));
            }
        }
    }

    #[test]
    fn what_is_no_key_is_none() {
        for bad in [
            "",
            "00112233445566778899aabbccddee",
            "00112233445566778899aabbccddeeff00",
            "ABEiM0RVZneImaq7zN3u",
            "c2hvcnQ=",
            "ABEiM0RVZneImaq7zN3u/w==!",
            "enp6enp6enp6enp6enp6enp6enp6enp6enp6enp6eno=",
        ] {
            assert_eq!(AesKey::parse(&MediaKey::new(bad)), None, "{bad}");
        }
    }

    #[test]
    fn a_key_prints_its_kind() {
        assert_eq!(format!("{:?}", AesKey::from_bytes([7; LEN])), "AesKey(…)");
        assert_ne!(AesKey::generate(), AesKey::generate());
    }
}
