//! Files without a name, in which media wait between the two sides.
//!
//! No other process can open such a file, and the system deletes it when its last handle is closed,
//! however the program ends. Knows nothing of their content.

use std::{
    fmt,
    fs::{DirBuilder, File},
    io::{self, Seek, Write},
    os::unix::fs::{DirBuilderExt, FileExt},
    path::PathBuf,
    sync::Arc,
};

use bytes::Bytes;
use futures_util::{Stream, stream};
use md5::{Digest, Md5};

/// The folder of the files, on a disk rather than in memory.
#[derive(Debug, Clone)]
pub struct Spools(PathBuf);

impl Spools {
    /// Puts the files into `folder`, which must exist.
    pub fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Puts the files into `folder`, which is created for this user alone if it does not exist.
    ///
    /// # Errors
    /// When the folder cannot be created.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        Ok(Self(folder))
    }

    /// Creates an empty file; its MD5 is computed while it is written when `with_md5` is set, which
    /// takes more time than writing it.
    ///
    /// # Errors
    /// When the folder is gone or may not be written.
    pub fn create(&self, with_md5: bool) -> io::Result<SpoolWriter> {
        let file = tempfile::tempfile_in(&self.0)?;
        Ok(SpoolWriter { file, len: 0, md5: with_md5.then(Md5::new) })
    }
}

/// A file that is being written. Its methods block while the disk works.
#[derive(Debug)]
pub struct SpoolWriter {
    file: File,
    len: u64,
    md5: Option<Md5>,
}

impl SpoolWriter {
    /// Returns how many bytes were written.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Returns whether nothing was written yet.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Ends the writing and returns the complete file.
    pub fn finish(self) -> Spool {
        let md5 = self.md5.map(|md5| md5.finalize().into());
        Spool(Arc::new(SpoolInner { file: self.file, len: self.len, md5 }))
    }
}

impl Write for SpoolWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        if let Some(md5) = &mut self.md5 {
            md5.update(&bytes[..written]);
        }
        self.len += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A complete file; cheap to clone.
#[derive(Clone)]
pub struct Spool(Arc<SpoolInner>);

struct SpoolInner {
    file: File,
    len: u64,
    md5: Option<[u8; 16]>,
}

impl Spool {
    /// Returns the size in bytes.
    pub fn len(&self) -> u64 {
        self.0.len
    }

    /// Returns whether the file is empty.
    pub fn is_empty(&self) -> bool {
        self.0.len == 0
    }

    /// Returns the MD5 of the content, if it was computed.
    pub fn md5(&self) -> Option<[u8; 16]> {
        self.0.md5
    }

    /// Reads from `offset` on, as far as the file goes and `into` has room; blocks.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut done = 0;
        while done < into.len() {
            match self.0.file.read_at(&mut into[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    /// Returns a handle for another process, at the beginning of the file. All such handles share
    /// one position, so only one may read at a time.
    ///
    /// # Errors
    /// When the system has no handle left.
    pub fn handle(&self) -> io::Result<File> {
        let mut file = self.0.file.try_clone()?;
        file.rewind()?;
        Ok(file)
    }

    /// Streams the content in pieces of [`CHUNK`] bytes; each stream has a position of its own.
    pub fn chunks(&self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        let spool = self.clone();
        stream::try_unfold(0_u64, move |offset| {
            let spool = spool.clone();
            async move {
                if offset >= spool.len() {
                    return Ok(None);
                }
                let read = tokio::task::spawn_blocking(move || spool.chunk(offset)).await;
                let chunk = read.map_err(io::Error::other)??;
                let next = offset + chunk.len() as u64;
                Ok(Some((chunk, next)))
            }
        })
    }

    fn chunk(&self, offset: u64) -> io::Result<Bytes> {
        let mut buffer = vec![0; CHUNK];
        let read = self.read_at(&mut buffer, offset)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer.truncate(read);
        Ok(buffer.into())
    }
}

impl fmt::Debug for Spool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spool({} bytes)", self.0.len)
    }
}

/// The size of a piece in bytes, which is held in memory for each file that is read.
pub const CHUNK: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt as _;

    use super::*;

    #[tokio::test]
    async fn what_was_written_is_read_by_several_and_has_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let content: Vec<u8> = (0..CHUNK * 2 + 7).map(|at| (at % 251) as u8).collect();
        let mut writer = Spools::new(folder.path().to_owned()).create(true).unwrap();
        writer.write_all(&content).unwrap();
        let spool = writer.finish();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_eq!(spool.len(), content.len() as u64);
        assert_eq!(spool.md5(), Some(Md5::digest(&content).into()));
        let (one, other): (Vec<Bytes>, Vec<Bytes>) =
            tokio::try_join!(spool.chunks().try_collect(), spool.chunks().try_collect()).unwrap();
        assert_eq!(one.concat(), content);
        assert_eq!(other.concat(), content);
        assert_eq!(one.len(), 3);
    }

    #[test]
    fn a_handle_begins_at_the_beginning_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Spools::new(folder.path().to_owned()).create(false).unwrap();
        writer.write_all(b"abc").unwrap();
        let spool = writer.finish();
        for _ in 0..2 {
            assert_eq!(io::read_to_string(spool.handle().unwrap()).unwrap(), "abc");
        }
        assert_eq!(spool.md5(), None);
    }

    #[test]
    fn a_folder_that_is_gone_is_an_error() {
        assert!(Spools::new("/nowhere/at/all".into()).create(false).is_err());
    }
}
