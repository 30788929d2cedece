//! The download of a file, which is decrypted while it arrives.
//!
//! One piece is decrypted and written while the next one is read, so a transfer holds two pieces
//! and the connection's buffer. ECB keeps no state between blocks: a file that was decrypted with a
//! wrong key becomes its ciphertext again when it is encrypted with that key. So the next key can
//! be tried without a second copy and without a second download.

use std::{
    io::{self, Write},
    time::Instant,
};

use reqwest::Response;
use tokio::{task::JoinHandle, task::spawn_blocking, time::timeout};
use url::Url;

use super::{Cdn, CdnError, encoded, verdict};
use crate::{
    ilink::{
        cipher::{Broken, Decryptor, Encryptor, ciphertext_len},
        client::Client,
        key::AesKey,
        media::{Keys, RemoteMedia},
    },
    speed::Meter,
    spool::{CHUNK, Spool, SpoolWriter, Spools},
};

impl Client {
    /// Downloads a file of at most `limit` plain bytes and decrypts it.
    ///
    /// # Errors
    /// [`CdnError::NoKey`] and [`CdnError::HostNotAllowed`] before any request,
    /// [`CdnError::TooLarge`] before more than the limit is read, [`CdnError::Rejected`] when every
    /// address refused, [`CdnError::Unreachable`] after three tries, [`CdnError::Undecryptable`]
    /// with the bytes as they came, [`CdnError::Disk`].
    pub async fn download(
        &self,
        media: &RemoteMedia,
        limit: u64,
        spools: &Spools,
    ) -> Result<Spool, CdnError> {
        if matches!(&media.keys, Keys::Any(keys) if keys.is_empty()) {
            return Err(CdnError::NoKey);
        }
        let cdn = self.cdn();
        let places = cdn.places_of(media)?;
        cdn.ask("download", places, |place| cdn.fetch(place, media, limit, spools)).await
    }
}

impl Cdn {
    /// Returns the addresses from which a file may be downloaded, best first.
    fn places_of(&self, media: &RemoteMedia) -> Result<Vec<Url>, CdnError> {
        let built = media.param.as_ref().map(|param| {
            let param = encoded(param.expose());
            self.place("download", &format!("encrypted_query_param={param}"))
        });
        self.allowed(media.full_url.as_ref(), built)
    }

    async fn fetch(
        &self,
        place: Url,
        media: &RemoteMedia,
        limit: u64,
        spools: &Spools,
    ) -> Result<Spool, CdnError> {
        let idle = self.patience.idle;
        let response = timeout(idle, self.http.get(place).send()).await;
        let response = response.map_err(|_| CdnError::silent())?;
        let mut response = verdict(response.map_err(|e| CdnError::of_transport(&e))?)?;
        let most = match media.keys {
            Keys::Plain => limit,
            Keys::Any(_) => ciphertext_len(limit),
        };
        if response.content_length().is_some_and(|len| len > most) {
            return Err(CdnError::TooLarge { limit });
        }
        let (mut pipe, mut piece) = Pipe::open(media, spools);
        let mut left = most;
        let mut meter = Meter::begin(self.patience.speed, Instant::now());
        while let Some(mut bytes) = self.next(&mut response).await? {
            meter.count(bytes.len(), Instant::now()).map_err(CdnError::slow)?;
            let len = bytes.len() as u64;
            left = left.checked_sub(len).ok_or(CdnError::TooLarge { limit })?;
            while !bytes.is_empty() {
                if piece.len() == CHUNK {
                    piece = pipe.take(piece).await?;
                }
                let room = bytes.len().min(CHUNK - piece.len());
                piece.extend_from_slice(&bytes.split_to(room));
            }
        }
        let spool = pipe.close(piece).await?;
        // A ciphertext within its limit can decrypt to up to 15 bytes more than the plain limit.
        if spool.len() > limit { Err(CdnError::TooLarge { limit }) } else { Ok(spool) }
    }

    async fn next(&self, response: &mut Response) -> Result<Option<bytes::Bytes>, CdnError> {
        let chunk = timeout(self.patience.idle, response.chunk()).await;
        chunk.map_err(|_| CdnError::silent())?.map_err(|e| CdnError::of_transport(&e))
    }
}

/// A pipe that decrypts and writes one piece while the next one is filled.
struct Pipe(JoinHandle<io::Result<(DecryptingIntake, Vec<u8>)>>);

impl Pipe {
    /// Returns a pipe that creates its spool at once, and the first piece to be filled.
    fn open(media: &RemoteMedia, spools: &Spools) -> (Self, Vec<u8>) {
        let (keys, spools, with_md5) = (media.keys.clone(), spools.clone(), media.want_md5);
        let opening = spawn_blocking(move || {
            let intake = DecryptingIntake::new(keys, spools, with_md5)?;
            Ok((intake, Vec::with_capacity(CHUNK)))
        });
        (Self(opening), Vec::with_capacity(CHUNK))
    }

    /// Takes a full piece and returns an empty one.
    async fn take(&mut self, piece: Vec<u8>) -> Result<Vec<u8>, CdnError> {
        let (mut intake, spare) = done(&mut self.0).await?;
        self.0 = spawn_blocking(move || {
            let piece = intake.write(piece)?;
            Ok((intake, piece))
        });
        Ok(spare)
    }

    async fn close(mut self, last: Vec<u8>) -> Result<Spool, CdnError> {
        let (intake, _) = done(&mut self.0).await?;
        let closing = spawn_blocking(move || intake.finish(last)).await;
        closing.unwrap_or_else(|error| Err(CdnError::Disk(io::Error::other(error))))
    }
}

async fn done<T>(job: &mut JoinHandle<io::Result<T>>) -> Result<T, CdnError> {
    let done = job.await.unwrap_or_else(|error| Err(io::Error::other(error)));
    done.map_err(CdnError::Disk)
}

/// The blocking end of a pipe, which decrypts pieces and writes them to the spool.
struct DecryptingIntake {
    opening: Option<Opening>,
    writer: SpoolWriter,
    spools: Spools,
    with_md5: bool,
}

struct Opening {
    decryptor: Decryptor,
    key: AesKey,
    others: Vec<AesKey>,
}

impl DecryptingIntake {
    fn new(keys: Keys, spools: Spools, with_md5: bool) -> io::Result<Self> {
        let mut keys = match keys {
            Keys::Plain => Vec::new(),
            Keys::Any(keys) => keys,
        }
        .into_iter();
        let opening = keys.next().map(|key| {
            let decryptor = Decryptor::new(&key);
            Opening { decryptor, key, others: keys.collect() }
        });
        let writer = spools.create(with_md5)?;
        Ok(Self { opening, writer, spools, with_md5 })
    }

    /// Writes whole blocks, and returns the piece emptied.
    fn write(&mut self, mut piece: Vec<u8>) -> io::Result<Vec<u8>> {
        if let Some(opening) = &mut self.opening {
            opening.decryptor.blocks(&mut piece);
        }
        self.writer.write_all(&piece)?;
        piece.clear();
        Ok(piece)
    }

    /// Writes the end of the file, including its padding.
    fn finish(mut self, mut last: Vec<u8>) -> Result<Spool, CdnError> {
        let end = match &mut self.opening {
            Some(opening) => opening.decryptor.last(&mut last),
            None => Ok(last.len()),
        };
        self.writer.write_all(&last[..end.unwrap_or(last.len())]).map_err(CdnError::Disk)?;
        let opened = self.writer.finish();
        let (Err(broken), Some(Opening { key, others, .. })) = (end, self.opening) else {
            return Ok(opened);
        };
        let others = if broken == Broken::Padding { others } else { Vec::new() };
        Mistaken { opened, key, spools: self.spools }.open(&others, self.with_md5)
    }
}

/// A file that was decrypted with a wrong key, padding included.
struct Mistaken {
    opened: Spool,
    key: AesKey,
    spools: Spools,
}

impl Mistaken {
    fn open(&self, others: &[AesKey], with_md5: bool) -> Result<Spool, CdnError> {
        for key in others {
            match self.open_with(key, with_md5) {
                Ok(spool) => return Ok(spool),
                Err(NotOpened::Disk(error)) => return Err(CdnError::Disk(error)),
                Err(NotOpened::Broken) => {}
            }
        }
        let kept = self.closed(false, |_, _| Ok::<_, io::Error>(())).map_err(CdnError::Disk)?;
        Err(CdnError::Undecryptable { kept })
    }

    fn open_with(&self, key: &AesKey, with_md5: bool) -> Result<Spool, NotOpened> {
        let mut decryptor = Decryptor::new(key);
        self.closed(with_md5, |piece, is_last| {
            if is_last {
                let len = decryptor.last(piece).map_err(|_| NotOpened::Broken)?;
                piece.truncate(len);
            } else {
                decryptor.blocks(piece);
            }
            Ok(())
        })
    }

    /// Writes the ciphertext to a new spool; each piece is handed to `turn` before it is written.
    fn closed<E: From<io::Error>>(
        &self,
        with_md5: bool,
        mut turn: impl FnMut(&mut Vec<u8>, bool) -> Result<(), E>,
    ) -> Result<Spool, E> {
        let mut writer = self.spools.create(with_md5)?;
        let mut encryptor = Encryptor::new(&self.key);
        let (mut piece, mut offset) = (Vec::new(), 0);
        while offset < self.opened.len() {
            piece.resize(CHUNK, 0);
            let read = self.opened.read_at(&mut piece, offset)?;
            if read == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            piece.truncate(read);
            offset += read as u64;
            encryptor.blocks(&mut piece);
            turn(&mut piece, offset >= self.opened.len())?;
            writer.write_all(&piece)?;
        }
        Ok(writer.finish())
    }
}

enum NotOpened {
    Broken,
    Disk(io::Error),
}

impl From<io::Error> for NotOpened {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}
