//! The form of a stored value: a version byte, JSON, and a CRC32 of both.
//!
//! Knows the tables and their keys' prefixes; knows nothing of the meaning of records.

use serde::{Serialize, de::DeserializeOwned};

/// The tables; the number is the first byte of each key and never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Table {
    Meta = 0,
    Login = 1,
    Portal = 2,
    Owner = 3,
    Cursor = 4,
    Reply = 5,
    Inbox = 6,
    Progress = 7,
    Source = 8,
    Transaction = 9,
    EventLink = 10,
    MessageLink = 11,
    Outcome = 12,
    Kept = 13,
    Question = 14,
    Looked = 15,
    Digest = 16,
    Given = 17,
    KeyIdentity = 18,
    KeyStream = 19,
    CipherRoom = 20,
    Ciphertext = 21,
}

/// The number of tables whose entries are counted.
pub(super) const TABLES: usize = 22;

impl Table {
    /// Returns the name of the table with this number.
    pub(super) fn name(number: u8) -> &'static str {
        const NAMES: [&str; TABLES] = [
            "meta",
            "login",
            "portal",
            "owner",
            "cursor",
            "reply",
            "inbox",
            "progress",
            "source",
            "transaction",
            "event-link",
            "message-link",
            "outcome",
            "kept",
            "question",
            "looked",
            "digest",
            "given",
            "key-identity",
            "key-stream",
            "cipher-room",
            "ciphertext",
        ];
        NAMES.get(usize::from(number)).copied().unwrap_or("other")
    }

    /// Returns a key of this table; `parts` are concatenated.
    pub(super) fn key(self, parts: &[&[u8]]) -> Vec<u8> {
        let mut key = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
        key.push(self as u8);
        for part in parts {
            key.extend_from_slice(part);
        }
        key
    }
}

/// Returns the stored value of `record`.
#[expect(
    clippy::expect_used,
    reason = "records are plain structs with text keys, which JSON can always hold"
)]
pub(super) fn encode<T: Serialize>(record: &T) -> Vec<u8> {
    let mut value = vec![VERSION];
    serde_json::to_writer(&mut value, record).expect("a record is representable in JSON");
    let crc = crc32fast::hash(&value);
    value.extend_from_slice(&crc.to_le_bytes());
    value
}

/// Reads the record in `value`, or returns what is wrong with it.
pub(super) fn decode<T: DeserializeOwned>(value: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body(value)?).map_err(|error| {
        // serde_json's message may quote the value, so only the column is reported.
        format!("a record is not readable (column {})", error.column())
    })
}

/// Returns the JSON in `value` when version and CRC are right.
pub(super) fn body(value: &[u8]) -> Result<&[u8], String> {
    let Some((framed, crc)) = value.split_last_chunk::<4>() else {
        return Err("a record is cut short".into());
    };
    if crc32fast::hash(framed).to_le_bytes() != *crc {
        return Err("a record's checksum is wrong".into());
    }
    match framed.split_first() {
        Some((&VERSION, json)) => Ok(json),
        Some((other, _)) => Err(format!("a record has the unknown version {other}")),
        None => Err("a record is empty".into()),
    }
}

/// Returns `text` as part of a key: itself while it is short, else its hash.
pub(super) fn bounded(text: &str) -> Vec<u8> {
    use sha2::Digest;
    if text.len() <= MAX_KEY_TEXT {
        return text.as_bytes().to_vec();
    }
    let mut key = b"sha256:".to_vec();
    key.extend_from_slice(&sha2::Sha256::digest(text));
    key
}

/// Reads four bytes in key order at `at`.
pub(super) fn u32_at(key: &[u8], at: usize) -> Option<u32> {
    key.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes)
}

const VERSION: u8 = 1;
const MAX_KEY_TEXT: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_flipped_bit_of_a_value_is_noticed() {
        let value = encode(&("token", 7));
        assert_eq!(decode::<(String, u8)>(&value), Ok(("token".to_owned(), 7)));
        for bit in 0..value.len() * 8 {
            let mut bad = value.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(decode::<(String, u8)>(&bad).is_err());
        }
    }

    #[test]
    fn a_long_text_becomes_a_short_key() {
        let long = "x".repeat(10_000);
        assert_eq!(bounded(&long).len(), 39);
        assert_ne!(bounded(&long), bounded(&"x".repeat(10_001)));
        assert_eq!(bounded("short"), b"short");
    }
}
