//! The HTTP client for the API (docs/protocol.md §2).
//!
//! Knows headers, limits and certificates; knows no endpoint, and no secret but the one in a
//! header.

use std::{fmt, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, header};
use reqwest::{Certificate, Proxy, RequestBuilder, redirect::Policy};
use url::Url;

use super::{
    answer,
    error::{self, Error},
    options::{Options, RequestBounds, setup},
    wire,
};
use crate::{clock::Timestamp, crash::Point};

/// A successful answer.
pub(super) struct HttpAnswer {
    pub(super) body: Vec<u8>,
    /// The server's time, from the header `Date`.
    pub(super) date: Option<Timestamp>,
}

/// The HTTP client, with the headers that iLink expects and a limit for each answer.
pub(super) struct Http(reqwest::Client);

impl fmt::Debug for Http {
    /// Prints no field: the proxy's address may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Http(…)")
    }
}

impl Http {
    /// Builds the client.
    ///
    /// # Errors
    /// [`Error::Setup`] when a certificate, the proxy or TLS itself is not usable.
    pub(super) fn new(options: &Options) -> Result<Self, Error> {
        Ok(Self(connections(options, app_headers())?))
    }

    /// Sends a GET request, which carries the two application headers and nothing else.
    pub(super) async fn ask(&self, url: Url, bounds: RequestBounds) -> Result<Vec<u8>, Error> {
        let point = Point::request("ilink", url.path());
        Box::pin(finish(point, self.0.get(url), bounds)).await.map(|answer| answer.body)
    }

    /// Asks whether anything answers at `url`, with whatever status; returns the server's time.
    pub(super) async fn reach(&self, url: Url) -> Result<Option<Timestamp>, Error> {
        let asking = self.0.get(url).timeout(REACH_WITHIN).send();
        let answer = asking.await.map_err(|e| Error::of_transport(&e))?;
        Ok(date(answer.headers()))
    }

    /// Sends a POST request with a JSON body.
    pub(super) async fn post(
        &self,
        url: Url,
        authorization: Option<&HeaderValue>,
        body: Vec<u8>,
        bounds: RequestBounds,
    ) -> Result<HttpAnswer, Error> {
        let point = Point::request("ilink", url.path());
        let mut request = self
            .0
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("AuthorizationType", "ilink_bot_token")
            .header("X-WECHAT-UIN", wire::uin());
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        Box::pin(finish(point, request.body(body), bounds)).await
    }
}

/// Sends a request and reads its answer up to the limit. Callers box it, since a long poll waits in
/// it and each surrounding future would hold its size once more.
async fn finish(
    point: Point,
    request: RequestBuilder,
    bounds: RequestBounds,
) -> Result<HttpAnswer, Error> {
    point.before();
    let response = request.timeout(bounds.within).send().await;
    let mut response = response.map_err(|e| Error::of_transport(&e))?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| Error::of_transport(&e))? {
        if body.len() + chunk.len() > bounds.bytes {
            return Err(Error::TooLarge { limit: bounds.bytes });
        }
        body.extend_from_slice(&chunk);
    }
    point.after();
    let (status, date) = (response.status(), date(response.headers()));
    if status.is_success() {
        Ok(HttpAnswer { body, date })
    } else {
        Err(answer::refused(status.as_u16(), &body))
    }
}

fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let date = headers.get(header::DATE)?.to_str().ok()?;
    Timestamp::of_http_date(date)
}

/// Opens a connection pool with the proxy and the certificates of the settings. Redirects are not
/// followed, and answers are not decompressed.
///
/// # Errors
/// [`Error::Setup`] when a certificate, the proxy or TLS itself is not usable.
pub(super) fn connections(options: &Options, headers: HeaderMap) -> Result<reqwest::Client, Error> {
    let mut builder = reqwest::Client::builder()
        .http1_only()
        .no_gzip()
        .no_brotli()
        .no_deflate()
        .no_zstd()
        .no_proxy()
        .redirect(Policy::none())
        .default_headers(headers)
        .connect_timeout(CONNECT_WITHIN)
        .tcp_keepalive(KEEP_ALIVE)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(MOST_IDLE);
    if let Some(pem) = &options.extra_ca_pem {
        builder = builder.tls_certs_merge(certificates(pem)?);
    }
    if let Some(proxy) = &options.proxy {
        let proxy = Proxy::all(proxy.as_str());
        builder = builder.proxy(proxy.map_err(|_| setup("the proxy's address is not usable"))?);
    }
    builder.build().map_err(|e| setup(&error::reason(&e)))
}

fn app_headers() -> HeaderMap {
    HeaderMap::from_iter([
        (HeaderName::from_static("ilink-app-id"), HeaderValue::from_static("bot")),
        (
            HeaderName::from_static("ilink-app-clientversion"),
            HeaderValue::from_static(wire::VERSION_NUMBER),
        ),
    ])
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, Error> {
    let read = Certificate::from_pem_bundle(pem).ok().filter(|all| !all.is_empty());
    read.ok_or_else(|| setup("the extra CA file holds no PEM certificate"))
}

const REACH_WITHIN: Duration = Duration::from_secs(10);
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// The TCP keep-alive, which finds a dead connection before the time of a long poll is up.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long an idle connection is kept. Each login needs one only while it polls.
const IDLE: Duration = Duration::from_secs(60);
const MOST_IDLE: usize = 64;

#[cfg(test)]
mod tests {
    use std::{io::Write, net::TcpListener};

    use super::*;
    use crate::ilink::host::HostRules;

    fn http() -> Http {
        let base = Url::parse("https://ilinkai.weixin.qq.com").unwrap();
        let options = Options {
            api_base: base.clone(),
            cdn_base: base,
            hosts: HostRules::new(&[], &[]),
            extra_ca_pem: None,
            proxy: None,
            bot_agent: String::new(),
        };
        Http::new(&options).unwrap()
    }

    async fn ask(listener: &TcpListener, within: Duration) -> Result<Vec<u8>, Error> {
        let url = format!("http://{}/", listener.local_addr().unwrap());
        http().ask(Url::parse(&url).unwrap(), RequestBounds { within, bytes: 9 }).await
    }

    #[tokio::test]
    async fn silence_is_a_timeout() {
        // The kernel accepts the connection, and no program answers it.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let answer = ask(&listener, Duration::from_millis(100)).await;
        assert_eq!(answer, Err(Error::Timeout));
    }

    #[tokio::test]
    async fn a_connection_that_breaks_in_the_answer_is_cut() {
        for begun in ["", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab"] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let server = listener.try_clone().unwrap();
            let serving = std::thread::spawn(move || {
                let (mut stream, _) = server.accept().unwrap();
                std::io::Read::read(&mut stream, &mut [0; 1024]).unwrap();
                stream.write_all(begun.as_bytes()).unwrap();
            });
            let answer = ask(&listener, Duration::from_secs(30)).await;
            serving.join().unwrap();
            assert_eq!(answer, Err(Error::Cut), "{begun}");
        }
    }

    #[tokio::test]
    async fn a_longer_answer_than_agreed_is_not_read() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.try_clone().unwrap();
        let serving = std::thread::spawn(move || {
            let (mut stream, _) = server.accept().unwrap();
            std::io::Read::read(&mut stream, &mut [0; 1024]).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789").unwrap();
        });
        let answer = ask(&listener, Duration::from_secs(30)).await;
        serving.join().unwrap();
        assert_eq!(answer, Err(Error::TooLarge { limit: 9 }));
    }
}
