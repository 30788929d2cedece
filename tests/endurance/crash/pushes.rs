//! Stands between the homeserver and a bridge that dies: what the bridge did not answer is pushed
//! to it again, under its transaction's id, as the homeserver would.
//!
//! Synapse itself would take seconds for each attempt, and can hand what it made in the moment in
//! which it finds a bridge back over behind younger events (see `torture/handover.rs`). Both say
//! nothing about the bridge, so Synapse never sees it away here.

use std::{net::SocketAddr, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use tokio::{net::TcpListener, task::JoinHandle, time};

/// The listener; it ends with this handle.
pub(super) struct Pushes(JoinHandle<()>);

#[derive(Clone)]
struct Way {
    bridge: SocketAddr,
    client: reqwest::Client,
}

impl Pushes {
    /// Listens where the homeserver pushes, and passes everything on to `bridge`.
    #[expect(clippy::disallowed_methods, reason = "the bridge's tasks are not the listener's")]
    pub(super) async fn listen(at: SocketAddr, bridge: SocketAddr) -> Self {
        // A connection kept open would lead to a program that died.
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build();
        let router =
            Router::new().fallback(pass).with_state(Way { bridge, client: client.unwrap() });
        let listener = TcpListener::bind(at).await.unwrap();
        Self(tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        }))
    }
}

impl Drop for Pushes {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn pass(State(way): State<Way>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let url = format!("http://{}{path}", way.bridge);
    // The condition to wait for is a listener in another process: there is nothing else to hear.
    let mut again = time::interval(Duration::from_millis(20));
    loop {
        again.tick().await;
        let mut passed = way.client.request(head.method.clone(), &url).body(body.clone());
        for name in [header::AUTHORIZATION, header::CONTENT_TYPE] {
            if let Some(value) = head.headers.get(&name) {
                passed = passed.header(name, value);
            }
        }
        let Ok(answer) = passed.send().await else { continue };
        let status = answer.status();
        if let Ok(answer) = answer.bytes().await
            && status != StatusCode::SERVICE_UNAVAILABLE
        {
            return (status, Body::from(answer)).into_response();
        }
    }
}
