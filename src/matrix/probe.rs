//! Requests that check the way to a server, without the API.

use std::time::Duration;

use http::{HeaderMap, header::DATE};
use url::Url;

use super::{error::Error, homeserver::Homeserver};
use crate::clock::Timestamp;

/// The head of an answer from any address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The HTTP status.
    pub status: u16,
    /// The answer's headers.
    pub headers: HeaderMap,
}

impl Probe {
    /// Returns the server's time, to a second.
    pub fn date(&self) -> Option<Timestamp> {
        Timestamp::of_http_date(self.headers.get(DATE)?.to_str().ok()?)
    }
}

impl Homeserver {
    /// Sends a GET request to any address, over the pool's connections and without the token; the
    /// body is not read.
    ///
    /// # Errors
    /// When nothing answers within ten seconds.
    pub async fn probe(&self, address: Url) -> Result<Probe, Error> {
        let mut request = reqwest::Request::new(http::Method::GET, address);
        *request.timeout_mut() = Some(PATIENCE);
        let answer = self.start(request).await?;
        Ok(Probe { status: answer.status().as_u16(), headers: answer.headers().clone() })
    }

    /// Returns the homeserver's time, when it says so.
    ///
    /// # Errors
    /// As [`Homeserver::probe`].
    pub async fn date(&self) -> Result<Option<Timestamp>, Error> {
        let address = format!("{}/_matrix/client/versions", self.address());
        let address = Url::parse(&address).map_err(|error| Error::Unsendable(Box::new(error)))?;
        Ok(self.probe(address).await?.date())
    }
}

const PATIENCE: Duration = Duration::from_secs(10);
