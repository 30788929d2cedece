//! The transfer of files to and from the homeserver, in pieces; no whole file is held in memory.
//!
//! A transfer has no fixed time limit; it ends when nothing moves, or when it is too slow.

use std::{
    io::{self, Write as _},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use http::header::CONTENT_LENGTH;
use reqwest::{Body, Request, Response};
use ruma::{
    MxcUri, OwnedMxcUri, UserId,
    api::{
        AppserviceUserIdentity,
        client::{
            authenticated_media::{get_content, get_media_config},
            media::create_content,
        },
    },
};
use tokio::{
    sync::{mpsc, watch},
    task::{JoinHandle, spawn_blocking},
    time::timeout,
};

use super::{
    error::{Error, Retry},
    homeserver::Homeserver,
    homeserver::{read_as, refusal, success, unreachable},
    intent::Intent,
    object::Object,
};
use crate::{
    speed::{Meter, Speed, TooSlow},
    spool::{Spool, SpoolWriter, Spools},
};

impl Homeserver {
    /// Returns the greatest upload in bytes (`m.upload.size`); `None` when the homeserver does not
    /// say. It is requested as `user` once, and then kept.
    ///
    /// # Errors
    /// Only those that may pass by themselves.
    pub async fn upload_limit(&self, user: &UserId) -> Result<Option<u64>, Error> {
        let ask = || async {
            let identity = AppserviceUserIdentity::new(user);
            let request = self.prepared(get_media_config::v1::Request::new(), identity)?;
            let asking = async {
                let answer = self.authenticated(request, PATIENCE.idle).await?;
                within(PATIENCE.idle, success(answer)).await
            };
            let answer = self.counted("media/config", asking).await?;
            let json = std::str::from_utf8(answer.body()).unwrap_or_default();
            let size = Object::parse(json).unwrap_or_default().integer("m.upload.size");
            Ok(size.and_then(|size| u64::try_from(size).ok()))
        };
        let limit = self.known_upload_limit().get_or_try_init(ask).await.copied();
        limit.or_else(|error: Error| match error.retry() {
            // A proxy that does not know this path may still know the one for uploads.
            _ if matches!(error, Error::Garbled { .. }) => Ok(None),
            Retry::Never => Ok(None),
            Retry::Now | Retry::After(_) => Err(error),
        })
    }

    /// Sends a request for media or their settings, and repeats it with the older path on a
    /// homeserver from before specification 1.11.
    async fn authenticated(&self, request: Request, patience: Duration) -> Result<Response, Error> {
        let mut older = request.try_clone();
        if let Some(older) = &mut older {
            let path = older.url().path().replacen(AUTHENTICATED, BEFORE_1_11, 1);
            older.url_mut().set_path(&path);
        }
        match (self.granted(request, patience).await, older) {
            (Err(Error::Rejected { errcode, .. }), Some(older)) if errcode == "M_UNRECOGNIZED" => {
                self.granted(older, patience).await
            }
            (result, _) => result,
        }
    }

    async fn granted(&self, request: Request, patience: Duration) -> Result<Response, Error> {
        within(patience, async {
            let response = self.start(request).await?;
            if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) }
        })
        .await
    }
}

impl Intent {
    /// Uploads a file of any size and returns its address.
    ///
    /// # Errors
    /// [`Error::TooLarge`] before anything is sent, when the homeserver says how much it accepts;
    /// [`Error::Stalled`] when nothing moves any more; [`Error::Disk`].
    pub async fn upload_spool(
        &self,
        spool: &Spool,
        content_type: &str,
        filename: Option<&str>,
    ) -> Result<OwnedMxcUri, Error> {
        // Synapse closes the connection without an answer when a file is too large.
        let limit = self.homeserver().upload_limit(self.user()).await?;
        if limit.is_some_and(|limit| spool.len() > limit) {
            return Err(Error::TooLarge);
        }
        let mut request = create_content::v3::Request::new(Vec::new());
        request.content_type = Some(content_type.to_owned());
        request.filename = filename.map(str::to_owned);
        self.bring(request, spool, PATIENCE).await
    }

    async fn bring(
        &self,
        request: create_content::v3::Request,
        spool: &Spool,
        patience: TransferPatience,
    ) -> Result<OwnedMxcUri, Error> {
        let mut request = self.homeserver().prepared(request, self.identity())?;
        let (sent, progress) = watch::channel(());
        let trouble = DiskTrouble::default();
        // The homeserver requires the length before the body.
        request.headers_mut().insert(CONTENT_LENGTH, spool.len().into());
        *request.body_mut() = Some(Body::wrap_stream(told(spool, sent, trouble.clone())));
        let uploading = async {
            let answered = async { success(self.homeserver().start(request).await?).await };
            let answer = tokio::select! {
                answer = answered => answer,
                () = stalled(progress, patience) => Err(Error::Stalled),
                () = nothing_for(patience.speed.longest) => Err(Error::Stalled),
            };
            let answer = answer.map_err(|error| trouble.take().map_or(error, Error::Disk))?;
            Ok(read_as::<create_content::v3::Request>(answer)?.content_uri)
        };
        self.homeserver().counted("media/upload", uploading).await
    }

    /// Downloads a file of at most `limit` bytes, and computes its MD5 when `with_md5` is set.
    ///
    /// # Errors
    /// [`Error::TooLarge`] before more than the limit is read, and before anything is read when the
    /// homeserver says the length; [`Error::NotFound`] also for an address that is not one of
    /// media; [`Error::Unreachable`] for a body that is cut short; [`Error::Stalled`];
    /// [`Error::Disk`].
    pub async fn download(
        &self,
        mxc: &MxcUri,
        limit: u64,
        with_md5: bool,
        spools: &Spools,
    ) -> Result<Spool, Error> {
        let (server, id) = mxc.parts().map_err(|_| Error::NotFound)?;
        let request = get_content::v1::Request::new(id.to_owned(), server.to_owned());
        let request = self.homeserver().prepared(request, self.identity())?;
        let fetching = self.fetch(request, limit, || Intake::open(spools, with_md5), PATIENCE);
        let fetched = self.homeserver().counted("media/download", fetching).await?;
        fetched.ok_or(Error::TooLarge)
    }

    /// Reads the file; `None` when it is too large, which does not count as a failure of the
    /// homeserver.
    async fn fetch(
        &self,
        request: Request,
        limit: u64,
        open: impl FnOnce() -> Intake,
        patience: TransferPatience,
    ) -> Result<Option<Spool>, Error> {
        let mut response = self.homeserver().authenticated(request, patience.answer).await?;
        if response.content_length().is_some_and(|length| length > limit) {
            return Ok(None);
        }
        let (intake, mut left) = (open(), limit);
        let mut meter = Meter::begin(patience.speed, Instant::now());
        while let Some(bytes) = within(patience.idle, next(&mut response)).await? {
            meter.count(bytes.len(), Instant::now()).map_err(|TooSlow| Error::Stalled)?;
            let Some(rest) = left.checked_sub(bytes.len() as u64) else { return Ok(None) };
            left = rest;
            if intake.pieces.send(bytes).await.is_err() {
                // The writer failed; `close` returns its error.
                break;
            }
        }
        intake.close().await.map(Some)
    }
}

async fn next(response: &mut Response) -> Result<Option<Bytes>, Error> {
    response.chunk().await.map_err(unreachable)
}

/// A task that writes pieces to the disk while the next ones are read.
struct Intake {
    pieces: mpsc::Sender<Bytes>,
    writing: JoinHandle<io::Result<SpoolWriter>>,
}

impl Intake {
    fn open(spools: &Spools, with_md5: bool) -> Self {
        let spools = spools.clone();
        let (pieces, mut coming) = mpsc::channel::<Bytes>(PIECES_WAITING);
        let writing = spawn_blocking(move || {
            let mut writer = spools.create(with_md5)?;
            while let Some(piece) = coming.blocking_recv() {
                writer.write_all(&piece)?;
            }
            Ok(writer)
        });
        Self { pieces, writing }
    }

    /// Returns the file as far as it came.
    async fn close(self) -> Result<Spool, Error> {
        drop(self.pieces);
        let written = self.writing.await.unwrap_or_else(|error| Err(io::Error::other(error)));
        written.map(SpoolWriter::finish).map_err(Error::Disk)
    }
}

/// The time limits of a transfer.
#[derive(Debug, Clone, Copy)]
struct TransferPatience {
    /// The longest wait between two pieces.
    idle: Duration,
    /// The longest wait for the answer: the homeserver may check the whole file first, or download
    /// it from another homeserver.
    answer: Duration,
    /// The least speed of the transfer.
    speed: Speed,
}

const PATIENCE: TransferPatience = TransferPatience {
    idle: Duration::from_secs(60),
    answer: Duration::from_secs(300),
    speed: Speed::USUAL,
};

async fn within<T>(
    patience: Duration,
    what: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    timeout(patience, what).await.unwrap_or(Err(Error::Stalled))
}

async fn nothing_for(how_long: Duration) {
    let _ = timeout(how_long, std::future::pending::<()>()).await;
}

/// Ends when an upload has not moved for too long.
async fn stalled(mut progress: watch::Receiver<()>, patience: TransferPatience) {
    loop {
        match timeout(patience.idle, progress.changed()).await {
            Ok(Ok(())) => {}
            // Everything is sent; the answer is awaited.
            Ok(Err(_)) => {
                return nothing_for(patience.answer).await;
            }
            Err(_) => return,
        }
    }
}

/// Returns the file in pieces; each one is reported to `sent`, and errors of the disk to `trouble`.
fn told(
    spool: &Spool,
    sent: watch::Sender<()>,
    trouble: DiskTrouble,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    spool.chunks().map(move |piece| {
        sent.send_replace(());
        piece.map_err(|error| trouble.put(error))
    })
}

/// The error of the disk, which the HTTP library would hide in an error of its own.
#[derive(Clone, Default)]
struct DiskTrouble(Arc<Mutex<Option<io::Error>>>);

impl DiskTrouble {
    fn put(&self, error: io::Error) -> io::Error {
        let kind = error.kind();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        kind.into()
    }

    fn take(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The path of media since specification 1.11, which requires a token.
const AUTHENTICATED: &str = "/_matrix/client/v1/media/";
/// The path of media before specification 1.11.
const BEFORE_1_11: &str = "/_matrix/media/v3/";
/// The greatest number of pieces that were read and are not yet written.
const PIECES_WAITING: usize = 2;

#[cfg(test)]
mod tests;
