//! Opening ciphertext that was kept, without the CDN.

use std::{
    fs::File,
    io::{self, Read, Seek, Write},
};

use super::{
    cipher::Decryptor,
    key::AesKey,
    media::{Keys, RemoteMedia},
};
use crate::spool::{CHUNK, Spool, Spools};

impl RemoteMedia {
    /// The plain file of a ciphertext; `None` when no key opens it. Blocks.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn open(&self, closed: &mut File, spools: &Spools) -> io::Result<Option<Spool>> {
        let Keys::Any(keys) = &self.keys else { return Ok(None) };
        for key in keys {
            closed.rewind()?;
            if let Some(opened) = decrypted(key, closed, spools)? {
                return Ok(Some(opened));
            }
        }
        Ok(None)
    }
}

fn decrypted(key: &AesKey, closed: &mut File, spools: &Spools) -> io::Result<Option<Spool>> {
    let (mut writer, mut decryptor) = (spools.create(false)?, Decryptor::new(key));
    let mut left = closed.metadata()?.len();
    let mut piece = Vec::with_capacity(CHUNK);
    loop {
        piece.clear();
        Read::by_ref(closed).take(CHUNK as u64).read_to_end(&mut piece)?;
        left = left.saturating_sub(piece.len() as u64);
        if left == 0 || piece.is_empty() {
            break;
        }
        decryptor.blocks(&mut piece);
        writer.write_all(&piece)?;
    }
    let Ok(len) = decryptor.last(&mut piece) else { return Ok(None) };
    writer.write_all(&piece[..len])?;
    Ok(Some(writer.finish()))
}
