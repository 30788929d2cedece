//! Stands between the homeserver and the bridge, and notes in which order events change hands.
//!
//! That is not always the order of the room. A transaction that Synapse makes in the very moment
//! in which it finds a bridge back is kept until the bridge was away once more, and comes behind
//! younger ones, unless the bridge has found it in the room before. What the bridge is asked for is
//! to keep the order in which it is handed things, or that of the room.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

use super::ledger::Handed;

/// The listener; it ends with this handle.
pub(super) struct Handover {
    offers: Arc<Mutex<Offers>>,
    listening: JoinHandle<()>,
}

#[derive(Clone)]
struct Way {
    bridge: SocketAddr,
    client: reqwest::Client,
    offers: Arc<Mutex<Offers>>,
    /// Two pushes at once would leave open which the bridge takes first.
    one_at_a_time: Arc<tokio::sync::Mutex<()>>,
}

/// Every event that was offered to the bridge.
#[derive(Default)]
struct Offers {
    pushes: usize,
    events: Vec<Offer>,
}

struct Offer {
    event: Value,
    /// The number of the first push with it, and its place there.
    first: (usize, usize),
    /// The place of the push that the bridge answered; it may have taken an earlier one and died.
    answered: Option<(usize, usize)>,
}

impl Handover {
    /// Listens where the homeserver pushes, and passes everything on to `bridge`.
    #[expect(clippy::disallowed_methods, reason = "the bridge's tasks are not the listener's")]
    pub(super) async fn listen(at: SocketAddr, bridge: SocketAddr) -> Self {
        let offers = Arc::default();
        // A connection kept open would lead to a program that was killed.
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build();
        let (client, one_at_a_time) = (client.unwrap(), Arc::default());
        let way = Way { bridge, client, offers: Arc::clone(&offers), one_at_a_time };
        let router = Router::new().fallback(pass).with_state(way);
        let listener = TcpListener::bind(at).await.unwrap();
        let listening = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self { offers, listening }
    }

    /// Returns the texts of one sender in one room that the bridge has taken.
    pub(super) fn texts(&self, room: &str, sender: &str) -> Vec<Handed> {
        let offers = self.offers.lock().unwrap();
        let of_sender = |offer: &&Offer| {
            let event = &offer.event;
            event["room_id"] == room
                && event["sender"] == sender
                && event["type"] == "m.room.message"
        };
        let handed = |offer: &Offer| {
            let text = offer.event["content"]["body"].as_str()?.to_owned();
            Some(Handed { text, first: offer.first, last: offer.answered? })
        };
        offers.events.iter().filter(of_sender).filter_map(handed).collect()
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn pass(State(way): State<Way>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let url = format!("http://{}{path}", way.bridge);
    let mut passed = way.client.request(head.method, url).body(body.clone());
    for name in [header::AUTHORIZATION, header::CONTENT_TYPE] {
        if let Some(value) = head.headers.get(&name) {
            passed = passed.header(name, value);
        }
    }
    let _one_at_a_time = way.one_at_a_time.lock().await;
    let push = way.offers.lock().unwrap().begin(&body);
    let Ok(answer) = passed.send().await else { return StatusCode::BAD_GATEWAY.into_response() };
    let (status, Ok(answer)) = (answer.status(), answer.bytes().await) else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    if status.is_success() {
        way.offers.lock().unwrap().answered(&body, push);
    }
    (status, Body::from(answer)).into_response()
}

impl Offers {
    fn begin(&mut self, transaction: &[u8]) -> usize {
        self.pushes += 1;
        for (place, event) in events(transaction).into_iter().enumerate() {
            if self.find(&event).is_none() {
                self.events.push(Offer { event, first: (self.pushes, place), answered: None });
            }
        }
        self.pushes
    }

    fn answered(&mut self, transaction: &[u8], push: usize) {
        for (place, event) in events(transaction).iter().enumerate() {
            if let Some(offer) = self.find(event) {
                offer.answered.get_or_insert((push, place));
            }
        }
    }

    fn find(&mut self, event: &Value) -> Option<&mut Offer> {
        self.events.iter_mut().rev().find(|known| known.event["event_id"] == event["event_id"])
    }
}

/// Returns the events of a transaction; none of anything else.
fn events(body: &[u8]) -> Vec<Value> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body["events"].as_array().cloned().unwrap_or_default()
}
