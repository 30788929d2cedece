//! A homeserver that answers every call of the bridge at once and remembers it.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    body::{Body, to_bytes},
    extract::State,
    http::{Request, StatusCode},
    response::Response,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Notify, task::JoinHandle};

pub(crate) const SERVER: &str = "test.example";

/// A running stub; it ends when this is dropped.
pub(crate) struct Homeserver {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    calls: Mutex<Vec<Call>>,
    events: Mutex<HashMap<String, Value>>,
    changed: Notify,
}

/// One call of the bridge.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    /// The segments of the path behind `/_matrix/client/v3`, decoded.
    pub(crate) path: Vec<String>,
    /// The user that the call acts as; empty for the bridge's own calls.
    pub(crate) user: String,
    pub(crate) body: Value,
}

impl Call {
    /// Returns the room into which an event of this type was sent.
    pub(crate) fn sends(&self, event_type: &str) -> Option<&str> {
        match self.path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["rooms", room, "send", sent, _] if *sent == event_type => Some(*room),
            _ => None,
        }
    }

    /// Returns the event that a message replies to.
    pub(crate) fn replies_to(&self) -> Option<&str> {
        self.body["m.relates_to"]["m.in_reply_to"]["event_id"].as_str()
    }

    pub(crate) fn says(&self) -> &str {
        self.body["body"].as_str().unwrap_or_default()
    }
}

impl Homeserver {
    #[expect(clippy::disallowed_methods, reason = "the stub runs beside the test and ends with it")]
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let router = axum::Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, shared, serving }
    }

    /// Returns everything that the bridge has asked so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        locked(&self.shared.calls).clone()
    }

    /// Waits for a call of which `wanted` returns something.
    pub(crate) async fn wait<T>(&self, wanted: impl Fn(&Call) -> Option<T>) -> T {
        let found = async {
            loop {
                let changed = self.shared.changed.notified();
                if let Some(found) = locked(&self.shared.calls).iter().find_map(&wanted) {
                    return found;
                }
                changed.await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, found).await;
        found.unwrap_or_else(|_| panic!("the bridge asked for nothing of that sort"))
    }

    /// Has an event that the bridge may ask for.
    pub(crate) fn put_event(&self, event: &Value) {
        if let Some(id) = event["event_id"].as_str() {
            locked(&self.shared.events).insert(id.to_owned(), event.clone());
        }
    }
}

impl Drop for Homeserver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path().trim_start_matches("/_matrix/client/v3/").split('/');
    let path: Vec<String> = path.map(decoded).collect();
    let query = url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
    let user = query.into_iter().find(|(key, _)| key == "user_id").map(|(_, user)| user);
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let call = Call {
        method: head.method.to_string(),
        user: user.unwrap_or_default().into_owned(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        path,
    };
    let number = {
        let mut calls = locked(&shared.calls);
        calls.push(call.clone());
        calls.len()
    };
    shared.changed.notify_waiters();
    let parts: Vec<&str> = call.path.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["rooms", _, "event", id] => match locked(&shared.events).get(*id) {
            Some(event) => json(StatusCode::OK, event),
            None => not_found(),
        },
        ["rooms", _, "state", ..] if call.method == "GET" => not_found(),
        ["directory", ..] => not_found(),
        ["", "_matrix", "client", "v1", "media", "config"] => {
            json(StatusCode::OK, &json!({ "m.upload.size": 50_000_000 }))
        }
        ["", "_matrix", "client", "v1", "media", "download", ..] => {
            Response::builder().header("content-type", "image/png").body(PNG.into()).unwrap()
        }
        ["createRoom"] => {
            json(StatusCode::OK, &json!({ "room_id": format!("!{number}:{SERVER}") }))
        }
        ["join", room] | ["rooms", room, "join"] => {
            json(StatusCode::OK, &json!({ "room_id": room }))
        }
        ["rooms", _, "members"] => json(StatusCode::OK, &json!({ "chunk": [] })),
        ["rooms", _, "messages"] => json(StatusCode::OK, &json!({ "start": "s", "chunk": [] })),
        ["rooms", _, "joined_members"] => json(StatusCode::OK, &json!({ "joined": {} })),
        ["register"] => json(StatusCode::OK, &json!({ "user_id": format!("@new:{SERVER}") })),
        ["capabilities"] => {
            let versions = json!({ "default": "11", "available": { "11": "stable" } });
            json(StatusCode::OK, &json!({ "capabilities": { "m.room_versions": versions } }))
        }
        ["", "_matrix", "client", "v1", "appservice", ..] => {
            json(StatusCode::OK, &json!({ "duration_ms": 1 }))
        }
        ["", "_matrix", "media", ..] => {
            json(StatusCode::OK, &json!({ "content_uri": format!("mxc://{SERVER}/{number}") }))
        }
        ["rooms", _, "send" | "state" | "redact", ..] => {
            json(StatusCode::OK, &json!({ "event_id": format!("$answer{number}") }))
        }
        // It keeps no keys, so encrypted events stay what they are.
        ["keys", ..] => json(StatusCode::NOT_FOUND, &json!({ "errcode": "M_UNRECOGNIZED" })),
        _ => json(StatusCode::OK, &json!({})),
    }
}

fn json(status: StatusCode, body: &Value) -> Response {
    let response = Response::builder().status(status).header("content-type", "application/json");
    response.body(body.to_string().into()).unwrap()
}

fn not_found() -> Response {
    json(StatusCode::NOT_FOUND, &json!({ "errcode": "M_NOT_FOUND", "error": "no" }))
}

/// Decodes a segment of a path that has percent signs.
fn decoded(segment: &str) -> String {
    let pair = format!("s={}", segment.replace('+', "%2B"));
    let decoded = url::form_urlencoded::parse(pair.as_bytes()).next();
    decoded.map(|(_, segment)| segment.into_owned()).unwrap_or_default()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

/// One grey pixel.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0:~\x9bU\0\0\0\nIDATx\x9cch\0\0\0\x82\0\x81w\xcdr\xb6\0\0\0\0IEND\xaeB`\x82";
const PATIENCE: Duration = Duration::from_secs(120);
