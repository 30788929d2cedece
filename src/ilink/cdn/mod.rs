//! The CDN, where media files lie (docs/protocol.md §7): which addresses are asked, how often, and
//! what can go wrong. Downloads are in `download` below, uploads in [`super::upload`].
//!
//! The CDN receives no header of the API and no token; the address of a file is all it needs.

mod download;

use std::{future::Future, io, time::Duration};

use http::HeaderMap;
use reqwest::Response;
use tokio::time::timeout;
use url::{Url, form_urlencoded};

use super::{
    body::CdnUrl,
    error::{Error, Retry, printable},
    host::{ApiBase, HostRules},
    http::connections,
    options::{Options, Patience},
};
use crate::{crash::Point, speed::TooSlow, spool::Spool};

/// The reason why a file could not be downloaded or uploaded. Holds no address, no key and no
/// parameter.
#[derive(Debug, thiserror::Error)]
pub enum CdnError {
    /// The API refused or could not be reached; includes [`Error::SessionExpired`].
    #[error(transparent)]
    Ilink(#[from] Error),
    /// The plain file has more bytes than the limit.
    #[error("the file is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The file's host is not allowed by the configuration, and there is no other address.
    #[error("the host {host} is not allowed; if you trust it, add it to allow_hosts in [ilink]")]
    HostNotAllowed {
        /// The host, cut to 200 characters.
        host: String,
    },
    /// The CDN refused, and would refuse a second request, too.
    #[error("the CDN refused with HTTP status {status} ({message})")]
    Rejected {
        /// The status, 3xx or 4xx.
        status: u16,
        /// The header `x-error-message`, cut to 200 characters; may be empty.
        message: String,
    },
    /// All tries failed to reach the CDN.
    #[error("the CDN cannot be reached: {reason}")]
    Unreachable {
        /// The reason of the last failure, cut to 200 characters.
        reason: String,
    },
    /// The file came without a key, or with one that cannot be read.
    #[error("the file came without a key")]
    NoKey,
    /// None of the keys decrypts the file.
    #[error("the file cannot be decrypted")]
    Undecryptable {
        /// The bytes as the CDN sent them.
        kept: Spool,
    },
    /// The file could not be written to the local disk, or not be read from it.
    #[error("the file cannot be kept on this disk: {0}")]
    Disk(#[source] io::Error),
}

impl CdnError {
    /// Returns whether, and after which pause, a second try makes sense.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Ilink(error) => error.retry(),
            Self::Unreachable { .. } | Self::Disk(_) => Retry::After(LATER),
            Self::TooLarge { .. }
            | Self::HostNotAllowed { .. }
            | Self::Rejected { .. }
            | Self::NoKey
            | Self::Undecryptable { .. } => Retry::Never,
        }
    }

    pub(super) fn of_transport(error: &reqwest::Error) -> Self {
        let error = Error::of_transport(error);
        if let Error::Unreachable { reason } = error {
            return Self::Unreachable { reason };
        }
        if error == Error::Timeout {
            Self::silent()
        } else {
            Self::unreachable("the connection broke")
        }
    }

    pub(super) fn slow(_: TooSlow) -> Self {
        Self::unreachable("the transfer is too slow")
    }

    pub(super) fn silent() -> Self {
        Self::unreachable("nothing came for too long")
    }

    pub(super) fn unreachable(reason: &str) -> Self {
        Self::Unreachable { reason: reason.to_owned() }
    }

    /// Decides what follows a failed try within one transfer.
    fn next(&self) -> NextTry {
        match self {
            Self::Unreachable { .. } => NextTry::Again,
            Self::Rejected { .. } => NextTry::Elsewhere,
            // A file that is no whole number of blocks was cut on its way, or is an error page.
            Self::Undecryptable { kept } if kept.is_empty() || !kept.len().is_multiple_of(16) => {
                NextTry::Again
            }
            Self::Undecryptable { .. }
            | Self::Ilink(_)
            | Self::TooLarge { .. }
            | Self::HostNotAllowed { .. }
            | Self::NoKey
            | Self::Disk(_) => NextTry::End,
        }
    }
}

/// What follows a failed try.
enum NextTry {
    /// Try this address again, unless it was the last try.
    Again,
    /// Try the other address, if there is one.
    Elsewhere,
    /// Give up.
    End,
}

/// The connections to the CDN and the rules for its addresses.
pub(super) struct Cdn {
    pub(super) http: reqwest::Client,
    base: ApiBase,
    hosts: HostRules,
    pub(super) patience: Patience,
}

impl std::fmt::Debug for Cdn {
    /// Prints the base address only: the proxy's address may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cdn({:?})", self.base)
    }
}

impl Cdn {
    /// Checks the CDN's address and opens a connection pool of its own, without the API's headers.
    ///
    /// # Errors
    /// [`Error::HostNotAllowed`] or [`Error::Setup`].
    pub(super) fn new(options: &Options, patience: Patience) -> Result<Self, Error> {
        let base = options.hosts.api_base(options.cdn_base.as_str())?;
        let http = connections(options, HeaderMap::new())?;
        Ok(Self { http, base, hosts: options.hosts.clone(), patience })
    }

    /// Builds an address at the configured CDN; `query` must be encoded already.
    pub(super) fn place(&self, path: &str, query: &str) -> Url {
        let mut url = self.base.endpoint(path);
        url.set_query(Some(query));
        url
    }

    /// Returns the addresses that may be asked; the one in the message comes first.
    ///
    /// # Errors
    /// [`CdnError::HostNotAllowed`] when the address in the message is not allowed and there is no
    /// other.
    pub(super) fn allowed(
        &self,
        given: Option<&CdnUrl>,
        built: Option<Url>,
    ) -> Result<Vec<Url>, CdnError> {
        let given = given.map(|url| self.hosts.file(url.expose()));
        match (given, built) {
            (Some(Ok(given)), built) => Ok(std::iter::once(given).chain(built).collect()),
            (None | Some(Err(_)), Some(built)) => Ok(vec![built]),
            (Some(Err(Error::HostNotAllowed { host })), None) => {
                Err(CdnError::HostNotAllowed { host })
            }
            (Some(Err(error)), None) => Err(error.into()),
            (None, None) => Err(CdnError::unreachable("the file has no address")),
        }
    }

    /// Runs `call` at one of the addresses until it succeeds, three tries have failed, no address is
    /// left, or all of it takes longer than a transfer may. An address that refuses is left for the next one without a pause. `what`
    /// names the operation in the log.
    pub(super) async fn ask<T, F>(
        &self,
        what: &'static str,
        places: Vec<Url>,
        call: impl Fn(Url) -> F,
    ) -> Result<T, CdnError>
    where
        F: Future<Output = Result<T, CdnError>>,
    {
        let asking = self.ask_in_turn(what, places, call);
        let longest = self.patience.speed.longest;
        timeout(longest, asking).await.unwrap_or(Err(CdnError::slow(TooSlow)))
    }

    async fn ask_in_turn<T, F>(
        &self,
        what: &'static str,
        mut places: Vec<Url>,
        call: impl Fn(Url) -> F,
    ) -> Result<T, CdnError>
    where
        F: Future<Output = Result<T, CdnError>>,
    {
        let mut failures = 0;
        loop {
            let point = Point::new(|| format!("cdn {what}"));
            point.before();
            let answer = call(places[0].clone()).await;
            point.after();
            let error = match answer {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            match error.next() {
                NextTry::Elsewhere if places.len() > 1 => drop(places.remove(0)),
                NextTry::Again if failures + 1 < TRIES => {
                    failures += 1;
                    places.rotate_left(1);
                    tracing::debug!(failures, %error, "the CDN is asked again");
                    rest(self.patience.pause * 4_u32.pow(failures - 1)).await;
                }
                NextTry::Elsewhere | NextTry::Again | NextTry::End => return Err(error),
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where a transfer waits for time")]
pub(super) async fn rest(how_long: Duration) {
    tokio::time::sleep(how_long).await;
}

/// Returns a successful answer, or the reason why it is none.
pub(super) fn verdict(response: Response) -> Result<Response, CdnError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let status_code = status.as_u16();
    if status.is_redirection() || status.is_client_error() {
        let message = response.headers().get("x-error-message");
        let message = message.map_or_else(Default::default, |value| {
            printable(&String::from_utf8_lossy(value.as_bytes()))
        });
        return Err(CdnError::Rejected { status: status_code, message });
    }
    Err(CdnError::Unreachable { reason: format!("HTTP status {status_code}") })
}

/// Encodes everything but letters, digits and `-._*` as `%XX`, spaces included.
pub(super) fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

const TRIES: u32 = 3;
const LATER: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speed::Speed;

    #[tokio::test]
    async fn a_transfer_that_does_not_end_is_given_up_as_a_whole() {
        let base = Url::parse("http://127.0.0.1:9/").unwrap();
        let options = Options {
            api_base: base.clone(),
            cdn_base: base.clone(),
            hosts: HostRules::new(&[], &["127.0.0.1".to_owned()]),
            extra_ca_pem: None,
            proxy: None,
            bot_agent: String::new(),
        };
        let speed = Speed { longest: Duration::from_millis(50), ..Speed::USUAL };
        let cdn = Cdn::new(&options, Patience { speed, ..Patience::default() }).unwrap();
        let never = |_| std::future::pending::<Result<(), CdnError>>();
        let Err(CdnError::Unreachable { reason }) = cdn.ask("upload", vec![base], never).await
        else {
            panic!("it has an end")
        };
        assert_eq!(reason, "the transfer is too slow");
    }
}
