//! The input of a worker: the file that is its standard input.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::{fd::AsFd as _, unix::fs::FileExt as _},
};

use super::refusal::MediaRefusal;

/// A file of known size. It has a position of its own, so that several workers may read one file.
#[derive(Debug)]
pub(super) struct Input {
    file: File,
    len: u64,
    at: u64,
}

impl Input {
    /// Opens the file on standard input, before the sandbox forbids to open files.
    pub(super) fn from_stdin() -> io::Result<Self> {
        let file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        let len = file.metadata()?.len();
        Ok(Self { file, len, at: 0 })
    }

    /// Reads all bytes.
    pub(super) fn all(&mut self) -> Result<Vec<u8>, MediaRefusal> {
        let len = usize::try_from(self.len).map_err(|_| MediaRefusal::TooLarge)?;
        let mut bytes = vec![0; len];
        let read = self.file.read_exact_at(&mut bytes, 0);
        // The file is the bridge's own, so its length does not change.
        read.map_err(|_| MediaRefusal::TooLarge)?;
        Ok(bytes)
    }
}

impl Read for Input {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(into, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Input {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
