//! The decryption of a ciphertext that was kept on disk, without the CDN.

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
    /// Decrypts a stored ciphertext; `None` when no key fits. Blocks.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn open(&self, closed: &mut File, spools: &Spools) -> io::Result<Option<Spool>> {
        let Keys::Any(keys) = &self.keys else { return Ok(None) };
        for key in keys {
            closed.rewind()?;
            if let Some(opened) = decrypted(key, closed, (spools, self.want_md5))? {
                return Ok(Some(opened));
            }
        }
        Ok(None)
    }
}

fn decrypted(
    key: &AesKey,
    closed: &mut File,
    (spools, with_md5): (&Spools, bool),
) -> io::Result<Option<Spool>> {
    let (mut writer, mut decryptor) = (spools.create(with_md5)?, Decryptor::new(key));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ilink::{Body, cipher::Encryptor, fields::Fields};

    const KEY: &str = "00112233445566778899aabbccddeeff";

    fn media(key: &str) -> RemoteMedia {
        let json = format!(
            r#"{{"type":4,"file_item":{{"media":{{"aes_key":"{key}","full_url":"https://x"}}}}}}"#
        );
        Body::read(&Fields::read(&json).unwrap()).media().unwrap().remote().unwrap()
    }

    #[test]
    fn kept_ciphertext_is_opened_by_its_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let spools = Spools::new(folder.path().to_owned());
        for len in [0, 15, 16, CHUNK - 1, CHUNK, 2 * CHUNK + 5] {
            let plain: Vec<u8> = (0..len).map(|at| (at % 253) as u8).collect();
            let mut closed = plain.clone();
            let key = AesKey::from_hex(KEY).unwrap();
            Encryptor::new(&key).last(&mut closed);
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&closed).unwrap();
            let opened = media(KEY).open(&mut file, &spools).unwrap().unwrap();
            let mut bytes = vec![0; len + 1];
            let read = opened.read_at(&mut bytes, 0).unwrap();
            assert_eq!(bytes[..read], plain, "{len}");
            assert!(
                media("ffeeddccbbaa99887766554433221100")
                    .open(&mut file, &spools)
                    .unwrap()
                    .is_none()
            );
        }
    }
}
