//! The upload of a file to the CDN (docs/protocol.md §7).
//!
//! The file is announced to the API and encrypted while it is sent; the CDN answers with the
//! parameter by which messages name it.

use std::io;

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::header;
use md5::{Digest, Md5};
use reqwest::{Body, Response};
use tokio::{sync::watch, task::spawn_blocking, time::timeout};
use url::Url;

use super::{
    answer::UploadUrl,
    body::CdnParam,
    cdn::{Cdn, CdnError, encoded, rest, verdict},
    cipher::{Encryptor, ciphertext_len},
    client::{ApiSession, Client},
    key::AesKey,
    options::Patience,
    uploaded::{UploadKind, UploadRequest, Uploaded},
};
use crate::{
    id::WechatUserId,
    spool::{CHUNK, Spool},
};

impl Client {
    /// Encrypts a file with a new key and uploads it for one contact.
    ///
    /// The MD5 of `plain` is computed here when it was not computed while the file was written.
    ///
    /// # Errors
    /// [`CdnError::Ilink`] when the announcement is refused or fails; it is not repeated here.
    /// [`CdnError::HostNotAllowed`], [`CdnError::Rejected`], [`CdnError::Unreachable`] after three
    /// tries, [`CdnError::Disk`].
    pub async fn upload(
        &self,
        session: &ApiSession,
        to: &WechatUserId,
        kind: UploadKind,
        plain: &Spool,
    ) -> Result<Uploaded, CdnError> {
        let plain_md5 = match plain.md5() {
            Some(md5) => md5,
            None => digest(plain.clone()).await?,
        };
        let key = AesKey::generate();
        let filekey = hex::encode(rand::random::<[u8; 16]>());
        let plain_len = plain.len();
        let request = UploadRequest { filekey, kind, to, plain_len, plain_md5, key: &key };
        let url = self.get_upload_url(session, &request).await?;
        let cdn = self.cdn();
        let places = cdn.places_for(&url, &request.filekey)?;
        let param = cdn.ask("upload", places, |place| cdn.bring(place, &key, plain)).await?;
        Ok(Uploaded { param, key, plain_len })
    }
}

impl Cdn {
    /// Returns the addresses to which a file may be uploaded, best first.
    fn places_for(&self, url: &UploadUrl, filekey: &str) -> Result<Vec<Url>, CdnError> {
        let built = url.param.as_ref().map(|param| {
            let (param, filekey) = (encoded(param.expose()), encoded(filekey));
            self.place("upload", &format!("encrypted_query_param={param}&filekey={filekey}"))
        });
        self.allowed(url.full_url.as_ref(), built)
    }

    async fn bring(&self, place: Url, key: &AesKey, plain: &Spool) -> Result<CdnParam, CdnError> {
        let (sent, progress) = watch::channel(());
        let request = self
            .http
            .post(place)
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(header::CONTENT_LENGTH, ciphertext_len(plain.len()))
            .body(Body::wrap_stream(ciphertext(plain.clone(), key, sent)));
        let response = tokio::select! {
            response = request.send() => response.map_err(|e| CdnError::of_transport(&e))?,
            () = stalled(progress, self.patience) => return Err(CdnError::silent()),
        };
        param(&verdict(response)?)
    }
}

fn param(response: &Response) -> Result<CdnParam, CdnError> {
    let value = response.headers().get("x-encrypted-param").and_then(|value| value.to_str().ok());
    let param = value.map(str::trim).filter(|value| !value.is_empty()).map(CdnParam::new);
    param.ok_or_else(|| CdnError::unreachable("the CDN did not say where it put the file"))
}

/// Streams the encrypted file in pieces; each piece is reported to `sent`.
fn ciphertext(
    plain: Spool,
    key: &AesKey,
    sent: watch::Sender<()>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let key = key.clone();
    stream::try_unfold(Some(0), move |offset| {
        let (plain, key) = (plain.clone(), key.clone());
        sent.send_replace(());
        async move {
            let Some(offset) = offset else { return Ok(None) };
            let piece = spawn_blocking(move || encrypted(&plain, &key, offset));
            let (piece, more) = piece.await.map_err(io::Error::other)??;
            Ok(Some((Bytes::from(piece), more.then_some(offset + CHUNK as u64))))
        }
    })
}

/// Encrypts the piece at `offset`, and returns whether another one follows. The last piece is
/// padded and is always shorter than a whole one.
fn encrypted(plain: &Spool, key: &AesKey, offset: u64) -> io::Result<(Vec<u8>, bool)> {
    let mut piece = vec![0; CHUNK];
    let read = plain.read_at(&mut piece, offset)?;
    let due = plain.len().saturating_sub(offset).min(CHUNK as u64);
    if read as u64 != due {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let (mut encryptor, more) = (Encryptor::new(key), read == CHUNK);
    if more {
        encryptor.blocks(&mut piece);
    } else {
        piece.truncate(read);
        encryptor.last(&mut piece);
    }
    Ok((piece, more))
}

/// Ends when the upload has not moved for too long, or when everything is sent and no answer comes.
async fn stalled(mut progress: watch::Receiver<()>, patience: Patience) {
    loop {
        match timeout(patience.idle, progress.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_all_sent)) => return rest(patience.answer).await,
            Err(_) => return,
        }
    }
}

async fn digest(plain: Spool) -> Result<[u8; 16], CdnError> {
    let counted = spawn_blocking(move || {
        let (mut md5, mut piece, mut offset) = (Md5::new(), vec![0; CHUNK], 0);
        loop {
            let read = plain.read_at(&mut piece, offset)?;
            if read == 0 {
                return Ok(md5.finalize().into());
            }
            md5.update(&piece[..read]);
            offset += read as u64;
        }
    });
    counted.await.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(CdnError::Disk)
}

#[cfg(test)]
mod tests {
    use std::{io::Write as _, net::TcpListener, time::Duration};

    use super::*;
    use crate::{
        ilink::{host::HostRules, options::Options},
        speed::Speed,
        spool::Spools,
    };

    #[tokio::test]
    async fn a_server_that_stops_reading_is_left() {
        // The kernel accepts the connection and as much as its buffers hold.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let url = Url::parse(&url).unwrap();
        let options = Options {
            api_base: url.clone(),
            cdn_base: url.clone(),
            hosts: HostRules::new(&[], &["127.0.0.1".to_owned()]),
            extra_ca_pem: None,
            proxy: None,
            bot_agent: String::new(),
        };
        let idle = Duration::from_millis(100);
        let patience =
            Patience { idle, answer: Duration::from_secs(600), pause: idle, speed: Speed::USUAL };
        let cdn = Cdn::new(&options, patience).unwrap();
        let mut writer = Spools::new(std::env::temp_dir()).create(false).unwrap();
        writer.write_all(&vec![0; 32 * 1024 * 1024]).unwrap();
        let result = cdn.bring(url, &AesKey::generate(), &writer.finish()).await;
        let Err(CdnError::Unreachable { reason }) = result else { panic!("{result:?}") };
        assert_eq!(reason, "nothing came for too long");
    }
}
