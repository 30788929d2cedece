//! A line between the bridge and a server that goes wrong on request.
//!
//! It knows as much of HTTP as it takes to find the end of a request. Each connection carries
//! one request.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// What goes wrong with a request and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The connection ends before anything is read.
    Refused,
    /// The request is read and never answered; the line drops when the trouble is over.
    Hanging,
    /// The request is read, and the server says that nothing more will come.
    HalfClosed,
    /// The request takes effect, and no answer follows.
    Swallowed,
    /// The request takes effect, and the answer breaks off in its middle.
    Cut,
    /// The request takes effect, and the answer is no HTTP.
    Garbage,
    /// The request takes effect, and the answer is a success without a body.
    Empty,
    /// The request takes effect, and the answer comes byte by byte.
    Slow,
    /// A page with this status instead.
    Page(u16),
    /// Too many requests; to be asked again after so many milliseconds.
    TooMany(u32),
    /// The request is refused with this status and error code.
    Refusal(u16, &'static str),
    /// The request is refused with this page as soon as its head was read; what follows is read and
    /// thrown away, as web servers do with a body that they find too long.
    PageAtOnce(u16),
}

/// A line to one server.
pub(crate) struct Proxy {
    /// `127.0.0.1:PORT`
    pub(crate) address: String,
    line: Arc<Line>,
    task: JoinHandle<()>,
}

struct Line {
    server: String,
    rules: Mutex<Vec<Rule>>,
    /// How many requests have met a trouble.
    met: watch::Sender<usize>,
    /// Counts the ends of troubles.
    healed: watch::Sender<usize>,
}

struct Rule {
    path: &'static str,
    trouble: Trouble,
    /// How often it still happens.
    left: usize,
}

impl Proxy {
    /// Opens a sound line to the server at `url`, which begins with `http://`.
    pub(crate) async fn to(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let line = Arc::new(Line {
            server: url.trim_start_matches("http://").trim_end_matches('/').to_owned(),
            rules: Mutex::default(),
            met: watch::Sender::new(0),
            healed: watch::Sender::new(0),
        });
        let serving = Arc::clone(&line);
        #[expect(clippy::disallowed_methods, reason = "the bridge's tasks are not the line's")]
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let line = Arc::clone(&serving);
                // A line that breaks is what it is for.
                tokio::spawn(async move { line.carry(client).await.ok() });
            }
        });
        Self { address, line, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets `trouble` meet each request from now on whose first line contains `path`.
    pub(crate) fn trouble(&self, path: &'static str, trouble: Trouble) {
        self.trouble_times(path, trouble, usize::MAX);
    }

    /// Lets `trouble` meet the next so many requests whose first line contains `path`.
    pub(crate) fn trouble_times(&self, path: &'static str, trouble: Trouble, left: usize) {
        self.line.rules.lock().unwrap().push(Rule { path, trouble, left });
    }

    /// Ends all troubles.
    pub(crate) fn heal(&self) {
        self.line.rules.lock().unwrap().clear();
        self.line.healed.send_modify(|healed| *healed += 1);
    }

    /// Counts the requests that have met a trouble so far.
    pub(crate) fn met(&self) -> usize {
        *self.line.met.borrow()
    }

    /// Waits until this many requests have met a trouble.
    pub(crate) async fn wait_met(&self, count: usize) {
        let mut met = self.line.met.subscribe();
        let waited = tokio::time::timeout(PATIENCE, met.wait_for(|met| *met >= count));
        assert!(waited.await.is_ok(), "{} of {count} requests met a trouble", self.met());
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Line {
    async fn carry(&self, mut client: TcpStream) -> std::io::Result<()> {
        let mut healed = self.healed.subscribe();
        healed.mark_unchanged();
        if self.take("", Some(Trouble::Refused)).is_some() {
            return Ok(());
        }
        let mut request = Vec::new();
        let Some(end) = read_head(&mut client, &mut request).await? else { return Ok(()) };
        let first_line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let trouble = self.take(&String::from_utf8_lossy(first_line), None);
        if let Some(Trouble::PageAtOnce(status)) = trouble {
            return refuse_at_once(client, status).await;
        }
        if !read_rest(&mut client, &mut request, end).await? {
            return Ok(());
        }
        match trouble {
            None => client.write_all(&self.ask(&request).await?).await,
            Some(Trouble::Refused) => Ok(()),
            Some(Trouble::Hanging) => {
                // A client with less patience hangs up.
                tokio::select! {
                    _ = healed.changed() => Ok(()),
                    read = client.read_u8() => read.map(drop),
                }
            }
            Some(Trouble::HalfClosed) => {
                client.shutdown().await?;
                client.read_u8().await.map(drop)
            }
            Some(Trouble::Swallowed) => self.ask(&request).await.map(drop),
            Some(Trouble::Cut) => {
                let answer = self.ask(&request).await?;
                client.write_all(&answer[..answer.len() - 1]).await
            }
            Some(Trouble::Garbage) => {
                self.ask(&request).await?;
                client.write_all(b"\x00\xff\x16 this is no HTTP \r\n\r\n").await
            }
            Some(Trouble::Empty) => {
                self.ask(&request).await?;
                client.write_all(head(200, "", 0).as_bytes()).await
            }
            Some(Trouble::Slow) => {
                for byte in self.ask(&request).await? {
                    client.write_all(&[byte]).await?;
                    tokio::task::yield_now().await;
                }
                Ok(())
            }
            Some(Trouble::Page(status) | Trouble::PageAtOnce(status)) => {
                client.write_all(page(status).as_bytes()).await
            }
            Some(Trouble::TooMany(millis)) => {
                let body = format!(
                    r#"{{"errcode":"M_LIMIT_EXCEEDED","error":"slow","retry_after_ms":{millis}}}"#
                );
                let answer = format!("{}{body}", head(429, "application/json", body.len()));
                client.write_all(answer.as_bytes()).await
            }
            Some(Trouble::Refusal(status, errcode)) => {
                let body = format!(r#"{{"errcode":"{errcode}","error":"no such thing here"}}"#);
                let answer = format!("{}{body}", head(status, "application/json", body.len()));
                client.write_all(answer.as_bytes()).await
            }
        }
    }

    /// Takes the trouble that meets this request, or, before it is read, whether it is of this
    /// kind.
    fn take(&self, first_line: &str, only: Option<Trouble>) -> Option<Trouble> {
        let mut rules = self.rules.lock().unwrap();
        let rule = rules.iter_mut().find(|rule| {
            let kind = only.is_none_or(|only| only == rule.trouble && rule.path.is_empty());
            kind && rule.left > 0 && first_line.contains(rule.path)
        })?;
        rule.left -= 1;
        self.met.send_modify(|met| *met += 1);
        Some(rule.trouble)
    }

    /// Brings the request to the server; returns the whole answer.
    async fn ask(&self, request: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut server = TcpStream::connect(&self.server).await?;
        let head = find(request, b"\r\n").unwrap_or_default();
        server.write_all(&request[..head]).await?;
        server.write_all(b"\r\nConnection: close").await?;
        server.write_all(&request[head..]).await?;
        let mut answer = Vec::new();
        server.read_to_end(&mut answer).await?;
        Ok(answer)
    }
}

/// Reads at least the head of a request; returns where it ends.
async fn read_head(
    client: &mut TcpStream,
    request: &mut Vec<u8>,
) -> std::io::Result<Option<usize>> {
    loop {
        if let Some(end) = find(request, b"\r\n\r\n") {
            return Ok(Some(end));
        }
        if client.read_buf(request).await? == 0 {
            return Ok(None);
        }
    }
}

/// Reads as much body as the head, which ends at `end`, announces; false when it is cut off.
async fn read_rest(
    client: &mut TcpStream,
    request: &mut Vec<u8>,
    end: usize,
) -> std::io::Result<bool> {
    let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
    while request.len() < end + 4 + length {
        if client.read_buf(request).await? == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn refuse_at_once(mut client: TcpStream, status: u16) -> std::io::Result<()> {
    client.write_all(page(status).as_bytes()).await?;
    client.shutdown().await?;
    let mut thrown_away = vec![0; 1 << 16];
    while client.read(&mut thrown_away).await? > 0 {}
    Ok(())
}

fn page(status: u16) -> String {
    let page = "<html><body>This page is not the homeserver's</body></html>";
    format!("{}{page}", head(status, "text/html", page.len()))
}

fn head(status: u16, kind: &str, length: usize) -> String {
    format!(
        "HTTP/1.1 {status} On Request\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n"
    )
}

fn find(within: &[u8], wanted: &[u8]) -> Option<usize> {
    within.windows(wanted.len()).position(|window| window == wanted)
}

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);
