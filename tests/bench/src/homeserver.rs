//! A stub homeserver that answers every call of the bridge at once and pushes events like Synapse:
//! the next transaction only after the 200 for the one before.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::bodies::{Bodies, PIECE};
use crate::in_background;
use crate::ledger::{Ledger, Seen};
use crate::wire::{Reader, find};

/// The domain of all users and rooms.
pub(crate) const SERVER: &str = "bench.example";
/// The token that the homeserver sends to the bridge.
pub(crate) const HS_TOKEN: &str = "bench-hs-token";

/// A running stub.
#[derive(Debug, Clone)]
pub(crate) struct Homeserver {
    pub(crate) address: SocketAddr,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) bodies: Arc<Bodies>,
}

impl Homeserver {
    /// Starts on a free port.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let ledger = Arc::new(Ledger::default());
        let bodies = Arc::new(Bodies::default());
        let shared = (Arc::clone(&ledger), Arc::clone(&bodies));
        in_background(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (ledger, bodies) = shared.clone();
                in_background(async move {
                    // A bridge that stops closes its connections, which is no error.
                    let _ = serve(stream, &ledger, &bodies).await;
                });
            }
        });
        Ok(Self { address, ledger, bodies })
    }
}

async fn serve(mut stream: TcpStream, ledger: &Ledger, bodies: &Bodies) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = Reader::default();
    while let Some(line) = reader.first_line(&mut stream).await? {
        if line.starts_with("POST /_matrix/media/") {
            let came = reader.skip(&mut stream).await?;
            bodies.took(came, bodies.file())?;
            stream.write_all(UPLOADED).await?;
            continue;
        }
        if line.starts_with("GET /_matrix/client/v1/media/download/") {
            reader.skip(&mut stream).await?;
            bodies.give(&mut stream, &vec![0; PIECE], &[]).await?;
            continue;
        }
        let Some(request) = reader.next(&mut stream).await? else { break };
        let path = request.first_line.split(' ').nth(1).unwrap_or_default();
        let (status, body) = answer(&mut ledger.seen(), path, request.body);
        let head = "content-type: application/json\r\ncontent-length";
        let answer = format!("HTTP/1.1 {status}\r\n{head}: {}\r\n\r\n{body}", body.len());
        stream.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

fn answer(seen: &mut Seen, path: &str, body: &[u8]) -> (&'static str, String) {
    seen.requests += 1;
    let path = path.split('?').next().unwrap_or_default();
    let rest = path.strip_prefix("/_matrix/client/").unwrap_or_default();
    let parts: Vec<&str> = rest.split('/').collect();
    let body = match parts.as_slice() {
        [_, "rooms", room, "send", kind, _] => {
            match *kind {
                "m.room.message" if find(body, br#""msgtype":"m.file""#).is_some() => {
                    seen.files += 1;
                }
                "m.room.message" => seen.on_text(room_number(room), number_of(body)),
                // One for each text, where one read receipt may cover several.
                "com.beeper.message_send_status" => seen.on_accepted(room_number(room)),
                _ => {}
            }
            format!(r#"{{"event_id":"$s{}"}}"#, seen.requests)
        }
        [_, "createRoom"] => {
            let room = seen.make_room();
            format!(r#"{{"room_id":"!{room}:{SERVER}"}}"#)
        }
        [_, "rooms", room, "join"] | [_, "join", room] => {
            format!(r#"{{"room_id":"!{}:{SERVER}"}}"#, room_number(room))
        }
        [_, "rooms", room, "state", "m.room.member", user] => {
            if let Some(owner) = owner_number(user) {
                seen.invite(owner, room_number(room));
            }
            format!(r#"{{"event_id":"$s{}"}}"#, seen.requests)
        }
        [_, "rooms", _, "state", ..] => format!(r#"{{"event_id":"$s{}"}}"#, seen.requests),
        [_, "rooms", _, "joined_members"] => r#"{"joined":{}}"#.to_owned(),
        [_, "register"] => format!(r#"{{"user_id":"@registered:{SERVER}"}}"#),
        [_, "capabilities"] => {
            r#"{"capabilities":{"m.room_versions":{"default":"11","available":{"11":"stable"}}}}"#
                .to_owned()
        }
        [_, "account", "whoami"] => format!(r#"{{"user_id":"@registered:{SERVER}"}}"#),
        ["versions"] => r#"{"versions":["v1.11"]}"#.to_owned(),
        [_, "directory", ..] => {
            return ("404 Not Found", r#"{"errcode":"M_NOT_FOUND","error":"no"}"#.to_owned());
        }
        [_, "appservice", ..] => r#"{"duration_ms":1}"#.to_owned(),
        _ => "{}".to_owned(),
    };
    ("200 OK", body)
}

/// Returns the number in `!12:server`, percent-encoded or not.
fn room_number(room: &str) -> usize {
    let room = room.trim_start_matches("%21").trim_start_matches('!');
    let digits = room.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().unwrap_or(usize::MAX)
}

/// Returns the number with which a text of the load begins.
fn number_of(body: &[u8]) -> Option<u64> {
    let key = br#""body":""#;
    let text = body.get(find(body, key)? + key.len()..)?;
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(text.get(..digits)?).ok()?.parse().ok()
}

/// Returns the user id of an owner.
pub(crate) fn owner(number: usize) -> String {
    format!("@u{number}:{SERVER}")
}

/// Returns the number in `@u12:server`, percent-encoded or not.
fn owner_number(user: &str) -> Option<usize> {
    let user = user.trim_start_matches("%40").trim_start_matches('@');
    user.strip_prefix('u')?.split('%').next()?.split(':').next()?.parse().ok()
}

/// A connection on which transactions are pushed to the bridge.
pub(crate) struct Push {
    stream: TcpStream,
    reader: Reader,
    pushed: u64,
}

impl Push {
    pub(crate) async fn connect(bridge: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(bridge).await.context("the bridge does not listen")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, reader: Reader::default(), pushed: 0 })
    }

    /// Pushes one transaction and waits for its 200.
    pub(crate) async fn push(&mut self, events: &[String]) -> anyhow::Result<()> {
        self.pushed += 1;
        let body = format!(r#"{{"events":[{}]}}"#, events.join(","));
        let head = format!(
            "PUT /_matrix/app/v1/transactions/{} HTTP/1.1\r\nhost: bridge\r\n\
             authorization: Bearer {HS_TOKEN}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            self.pushed,
            body.len()
        );
        self.stream.write_all(format!("{head}{body}").as_bytes()).await?;
        let answer = self.reader.next(&mut self.stream).await?.context("the bridge hung up")?;
        let line = answer.first_line.to_owned();
        anyhow::ensure!(line.contains(" 200 "), "a transaction was answered {line}");
        Ok(())
    }
}

/// Returns a text of an owner in a room, as Synapse pushes it.
pub(crate) fn text_event(owner_number: usize, room: usize, number: u64) -> String {
    let (sender, text) = (owner(owner_number), text(number));
    format!(
        r#"{{"type":"m.room.message","room_id":"!{room}:{SERVER}","sender":"{sender}","content":{{"msgtype":"m.text","body":"{text}","m.mentions":{{}}}},"origin_server_ts":1760000000000,"unsigned":{{"age":12,"membership":"join"}},"event_id":"$m{number}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","user_id":"{sender}","age":12}}"#
    )
}

/// Returns a text of the load: a number and an ordinary sentence.
pub(crate) fn text(number: u64) -> String {
    format!("{number} 今天下午三点在老地方见面,可以吗? See you there at three.")
}

/// Returns a file of an owner in a room, as Synapse pushes it; `id` must be new.
pub(crate) fn file_event((owner_number, room): (usize, usize), id: &str, size: u64) -> String {
    let sender = owner(owner_number);
    format!(
        r#"{{"type":"m.room.message","room_id":"!{room}:{SERVER}","sender":"{sender}","content":{{"msgtype":"m.file","body":"zeros.bin","url":"mxc://{SERVER}/zeros","info":{{"mimetype":"application/octet-stream","size":{size}}},"m.mentions":{{}}}},"origin_server_ts":1760000000000,"unsigned":{{"age":12,"membership":"join"}},"event_id":"$f{id}","user_id":"{sender}","age":12}}"#
    )
}

const UPLOADED: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 43\r\n\r\n{\"content_uri\":\"mxc://bench.example/zeros\"}";
