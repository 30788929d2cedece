//! AES-128-ECB with PKCS#7 padding, piece by piece (docs/protocol.md §7).
//!
//! Works in place and on many blocks at once, which makes it fast. The caller brings the pieces;
//! this file reads and writes nothing.

use aes::Aes128;
use cipher::{
    Array, BlockModeDecrypt, BlockModeEncrypt, KeyInit,
    block_padding::{Padding, Pkcs7},
};

use super::key::AesKey;

/// Returns the length of the ciphertext of `plain` bytes; there is always padding.
pub fn ciphertext_len(plain: u64) -> u64 {
    (plain / BLOCK as u64 + 1) * BLOCK as u64
}

/// The encryption of one file, piece by piece.
pub struct Encryptor(ecb::Encryptor<Aes128>);

impl Encryptor {
    /// Begins a file.
    pub fn new(key: &AesKey) -> Self {
        Self(ecb::Encryptor::new(key.bytes().into()))
    }

    /// Encrypts all whole blocks of 16 bytes in place and leaves what follows them.
    pub fn blocks(&mut self, piece: &mut [u8]) {
        let (blocks, _) = Array::slice_as_chunks_mut(piece);
        self.0.encrypt_blocks(blocks);
    }

    /// Pads the last piece, which may be empty, and encrypts it.
    pub fn last(&mut self, piece: &mut Vec<u8>) {
        let whole = piece.len() - piece.len() % BLOCK;
        let filled = piece.len() - whole;
        piece.resize(whole + BLOCK, 0);
        Pkcs7::raw_pad(&mut piece[whole..], filled);
        self.blocks(piece);
    }
}

/// The decryption of one file, piece by piece.
pub struct Decryptor(ecb::Decryptor<Aes128>);

impl Decryptor {
    /// Begins a file.
    pub fn new(key: &AesKey) -> Self {
        Self(ecb::Decryptor::new(key.bytes().into()))
    }

    /// Decrypts all whole blocks of 16 bytes in place and leaves what follows them.
    pub fn blocks(&mut self, piece: &mut [u8]) {
        let (blocks, _) = Array::slice_as_chunks_mut(piece);
        self.0.decrypt_blocks(blocks);
    }

    /// Decrypts the last piece in place and returns its length without the padding. All whole
    /// blocks are decrypted even where the padding is wrong.
    ///
    /// # Errors
    /// When the piece is empty, ends within a block, or its padding is malformed.
    pub fn last(&mut self, piece: &mut [u8]) -> Result<usize, Broken> {
        self.blocks(piece);
        if piece.is_empty() {
            return Err(Broken::Empty);
        }
        if !piece.len().is_multiple_of(BLOCK) {
            return Err(Broken::Length);
        }
        let start = piece.len() - BLOCK;
        let plain = Pkcs7::raw_unpad(&piece[start..]).map_err(|_| Broken::Padding)?;
        Ok(start + plain.len())
    }
}

/// The reason why a ciphertext cannot be decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The ciphertext is empty; even the padding is missing.
    #[error("the ciphertext is empty")]
    Empty,
    /// The ciphertext ends within a block, so a part of it is missing.
    #[error("the ciphertext ends within a block")]
    Length,
    /// The padding is wrong: the key is another one, or the bytes are damaged.
    #[error("the padding is malformed")]
    Padding,
}

const BLOCK: usize = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> AesKey {
        AesKey::from_bytes(*b"0123456789abcdef")
    }

    fn encrypted(plain: &[u8], piece: usize) -> Vec<u8> {
        let mut encryptor = Encryptor::new(&key());
        let whole = plain.len() / piece * piece;
        let mut cipher = plain[..whole].to_vec();
        cipher.chunks_mut(piece).for_each(|piece| encryptor.blocks(piece));
        let mut last = plain[whole..].to_vec();
        encryptor.last(&mut last);
        cipher.extend(last);
        cipher
    }

    fn decrypted(mut cipher: Vec<u8>, piece: usize) -> Result<Vec<u8>, Broken> {
        let mut decryptor = Decryptor::new(&key());
        let before = cipher.len().saturating_sub(1) / piece * piece;
        let (pieces, last) = cipher.split_at_mut(before);
        pieces.chunks_mut(piece).for_each(|piece| decryptor.blocks(piece));
        let len = before + decryptor.last(last)?;
        cipher.truncate(len);
        Ok(cipher)
    }

    proptest! {
        #[test]
        fn pieces_of_any_size_are_one_file(plain: Vec<u8>, size in 1_usize..9) {
            let cipher = encrypted(&plain, size * BLOCK);
            prop_assert_eq!(&cipher, &encrypted(&plain, 4096));
            prop_assert_eq!(cipher.len() as u64, ciphertext_len(plain.len() as u64));
            prop_assert_eq!(decrypted(cipher, size * BLOCK), Ok(plain));
        }

        #[test]
        fn any_bytes_are_decrypted_or_refused(cipher: Vec<u8>) {
            if let Ok(plain) = decrypted(cipher.clone(), 4096) {
                prop_assert_eq!(encrypted(&plain, 4096), cipher);
            }
        }
    }

    #[test]
    fn what_is_no_ciphertext_is_refused() {
        assert_eq!(decrypted(Vec::new(), 4096), Err(Broken::Empty));
        assert_eq!(decrypted(vec![0; 17], 4096), Err(Broken::Length));
        assert_eq!(decrypted(vec![0; 32], 4096), Err(Broken::Padding));
    }
}
