//! The listener as a homeserver meets it: real sockets, real bodies.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::{net::SocketAddr, sync::Arc};

use matrix_appservice_wechat::matrix::{HsToken, Transaction, Unavailable, event, router};
use ruma::OwnedUserId;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
};

/// A listener and what it heard.
struct Listener {
    address: SocketAddr,
    heard: mpsc::UnboundedReceiver<Transaction>,
    http: reqwest::Client,
    _server: JoinSet<()>,
}

impl Listener {
    async fn start() -> Self {
        let (tell, heard) = mpsc::unbounded_channel();
        let tell = Arc::new(tell);
        let on_transaction = move |transaction: Transaction| {
            let tell = Arc::clone(&tell);
            async move {
                if transaction.id == "full" {
                    return Err(Unavailable);
                }
                tell.send(transaction).map_err(|_| Unavailable)
            }
        };
        let on_user = |user: OwnedUserId| async move { user == "@wechat_x:b.org" };
        let router = router(HsToken::new("hs-secret"), on_transaction, on_user);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { address, heard, http, _server: server }
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("http://{}{path}", self.address);
        self.http.request(method.parse().unwrap(), url)
    }

    async fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let request = self.request(method, path).bearer_auth("hs-secret");
        answer(request.body(body.to_owned())).await
    }

    async fn push(&self, id: &str, body: &str) -> (u16, Value) {
        self.ask("PUT", &format!("/_matrix/app/v1/transactions/{id}"), body).await
    }

    /// Sends bytes as they are, and returns the status line of the answer.
    async fn raw(&self, bytes: &str) -> (String, TcpStream) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut answer = vec![0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        (String::from_utf8(answer).unwrap(), stream)
    }
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
}

fn errcode(answer: (u16, Value)) -> (u16, String) {
    (answer.0, answer.1["errcode"].as_str().unwrap_or_default().to_owned())
}

fn refused(status: u16, errcode: &str) -> (u16, String) {
    (status, errcode.to_owned())
}

#[tokio::test]
async fn a_transaction_is_passed_on_and_acknowledged() {
    let mut listener = Listener::start().await;
    let good = json!({
        "type": "m.room.message", "event_id": "$1", "room_id": "!r", "sender": "@alice:b.org",
        "origin_server_ts": 1, "content": { "msgtype": "m.text", "body": "hi" },
    });
    let mut second = good.clone();
    second["event_id"] = "$2".into();
    let body = json!({ "events": [good, { "type": 5 }, "odd", second] }).to_string();
    assert_eq!(listener.push("a%2Fb", &body).await, (200, json!({})));
    let heard = listener.heard.recv().await.unwrap();
    assert_eq!(heard.id, "a/b");
    let ids: Vec<_> = heard.events.iter().filter_map(|raw| event::parse(raw).ok()).collect();
    assert_eq!(ids.iter().map(|event| event.id.as_str()).collect::<Vec<_>>(), ["$1", "$2"]);
    assert_eq!(heard.events.len(), 4);
}

#[tokio::test]
async fn what_cannot_be_kept_now_is_to_be_pushed_again() {
    let listener = Listener::start().await;
    assert_eq!(errcode(listener.push("full", "{}").await), refused(503, "M_UNKNOWN"));
}

#[tokio::test]
async fn a_body_that_is_no_transaction_is_refused() {
    let mut listener = Listener::start().await;
    assert_eq!(errcode(listener.push("1", "{").await), refused(400, "M_NOT_JSON"));
    assert_eq!(errcode(listener.push("1", "").await), refused(400, "M_NOT_JSON"));
    assert_eq!(errcode(listener.push("1", "[]").await), refused(400, "M_BAD_JSON"));
    assert_eq!(listener.push("2", r#"{"events":null}"#).await.0, 200);
    assert_eq!(listener.heard.recv().await.unwrap().id, "2");
}

#[tokio::test]
async fn only_the_homeserver_is_heard() {
    let listener = Listener::start().await;
    let ask = |token: Option<&'static str>, path: &'static str| {
        let request = listener.request("POST", path);
        answer(match token {
            Some(token) => request.header("authorization", token),
            None => request,
        })
    };
    let ping = "/_matrix/app/v1/ping";
    assert_eq!(ask(Some("Bearer hs-secret"), ping).await, (200, json!({})));
    assert_eq!(ask(Some("bearer hs-secret"), ping).await, (200, json!({})));
    for strange in ["Bearer wrong", "Bearer hs-secre", "Bearer hs-secret2", "Bearer "] {
        let answer = errcode(ask(Some(strange), ping).await);
        let expected = if strange == "Bearer " {
            // The trailing space does not survive HTTP.
            refused(401, "M_MISSING_TOKEN")
        } else {
            refused(403, "M_FORBIDDEN")
        };
        assert_eq!(answer, expected, "{strange}");
    }
    for missing in [None, Some("Basic hs-secret"), Some("hs-secret")] {
        assert_eq!(errcode(ask(missing, ping).await), refused(401, "M_MISSING_TOKEN"));
    }
    let in_query = "/_matrix/app/v1/ping?access_token=hs-secret";
    assert_eq!(errcode(ask(None, in_query).await), refused(401, "M_MISSING_TOKEN"));
}

#[tokio::test]
async fn unknown_paths_and_methods_are_unrecognized() {
    let listener = Listener::start().await;
    for path in ["/_matrix/app/v1/nothing", "/_matrix/app/v2/ping", "/transactions/1", "/"] {
        let answer = errcode(listener.ask("PUT", path, "{}").await);
        assert_eq!(answer, refused(404, "M_UNRECOGNIZED"), "{path}");
    }
    for (method, path) in [
        ("POST", "/_matrix/app/v1/transactions/1"),
        ("GET", "/_matrix/app/v1/ping"),
        ("DELETE", "/_matrix/app/v1/users/@a:b.org"),
    ] {
        let answer = errcode(listener.ask(method, path, "{}").await);
        assert_eq!(answer, refused(405, "M_UNRECOGNIZED"), "{method} {path}");
    }
}

#[tokio::test]
async fn questions_are_answered() {
    let listener = Listener::start().await;
    let ask = |path: &'static str| listener.ask("GET", path, "");
    assert_eq!(ask("/_matrix/app/v1/users/@wechat_x:b.org").await, (200, json!({})));
    assert_eq!(ask("/_matrix/app/v1/users/%40wechat_x%3Ab.org").await, (200, json!({})));
    for nothing in [
        "/_matrix/app/v1/users/@bob:b.org",
        "/_matrix/app/v1/users/bob",
        "/_matrix/app/v1/rooms/%23wechat_1%3Ab.org",
        "/_matrix/app/v1/thirdparty/protocol/wechat",
    ] {
        assert_eq!(errcode(ask(nothing).await), refused(404, "M_NOT_FOUND"), "{nothing}");
    }
    for nobody in ["/_matrix/app/v1/thirdparty/user/wechat", "/_matrix/app/v1/thirdparty/location"]
    {
        assert_eq!(ask(nobody).await, (200, json!([])), "{nobody}");
    }
}

#[tokio::test]
async fn an_oversized_body_is_refused_before_it_is_read() {
    let listener = Listener::start().await;
    let head = "PUT /_matrix/app/v1/transactions/1 HTTP/1.1\r\nHost: b\r\n\
                Content-Length: 67108865\r\n";
    let (status, _stream) =
        listener.raw(&format!("{head}Authorization: Bearer hs-secret\r\n\r\n")).await;
    assert_eq!(status, "HTTP/1.1 413");
    let (status, _stream) = listener.raw(&format!("{head}\r\n")).await;
    assert_eq!(status, "HTTP/1.1 401");
}

#[tokio::test]
async fn a_body_without_a_length_is_read_no_further_than_the_limit() {
    let listener = Listener::start().await;
    let mut stream = TcpStream::connect(listener.address).await.unwrap();
    let head = "PUT /_matrix/app/v1/transactions/1 HTTP/1.1\r\nHost: b\r\n\
                Authorization: Bearer hs-secret\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut from, mut to) = stream.into_split();
    let mut chunk = b"100000\r\n".to_vec();
    chunk.resize(chunk.len() + (1 << 20), b' ');
    chunk.extend_from_slice(b"\r\n");
    // The listener hangs up once it has enough, so that writing on may fail.
    let write = async { while to.write_all(&chunk).await.is_ok() {} };
    let read = async {
        let mut status = vec![0; 12];
        from.read_exact(&mut status).await.unwrap();
        String::from_utf8(status).unwrap()
    };
    tokio::select! {
        status = read => assert_eq!(status, "HTTP/1.1 413"),
        () = async { write.await; std::future::pending().await } => {}
    }
}

#[tokio::test]
async fn half_a_body_keeps_nobody_waiting() {
    let mut listener = Listener::start().await;
    let mut slow = TcpStream::connect(listener.address).await.unwrap();
    let half = "PUT /_matrix/app/v1/transactions/slow HTTP/1.1\r\nHost: b\r\n\
                Authorization: Bearer hs-secret\r\nContent-Length: 2\r\n\r\n{";
    slow.write_all(half.as_bytes()).await.unwrap();
    assert_eq!(listener.push("quick", "{}").await.0, 200);
    assert_eq!(listener.heard.recv().await.unwrap().id, "quick");
    slow.write_all(b"}").await.unwrap();
    assert_eq!(listener.heard.recv().await.unwrap().id, "slow");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_not_passed_on() {
    let mut listener = Listener::start().await;
    let mut broken = TcpStream::connect(listener.address).await.unwrap();
    let half = "PUT /_matrix/app/v1/transactions/broken HTTP/1.1\r\nHost: b\r\n\
                Authorization: Bearer hs-secret\r\nContent-Length: 9\r\n\r\n{}";
    broken.write_all(half.as_bytes()).await.unwrap();
    broken.shutdown().await.unwrap();
    let mut rest = Vec::new();
    // However the listener ends the connection, by then it has decided.
    let _ = broken.read_to_end(&mut rest).await;
    assert_eq!(listener.push("next", "{}").await.0, 200);
    assert_eq!(listener.heard.recv().await.unwrap().id, "next");
}
