//! The HTTP side of the API and the CDN: routes, and the treatment of every request.
//!
//! Every request is recorded, its headers are checked, and a fault that waits for it is applied.

pub(crate) mod login;
pub(crate) mod media;
pub(crate) mod send;
pub(crate) mod session;
pub(crate) mod updates;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use serde_json::Value;

use crate::dropped::Reason;
use crate::header_rules;
use crate::record::{Recorded, endpoint};
use crate::rules::has_base_info;
use crate::state::{Shared, World};

/// Returns the routes of the API and the CDN.
pub(crate) fn routes(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    Router::new()
        .route("/ilink/bot/get_bot_qrcode", get(login::new_qr).post(login::new_qr))
        .route("/ilink/bot/get_qrcode_status", get(login::qr_status))
        .route("/ilink/bot/msg/notifystart", post(session::notify_start))
        .route("/ilink/bot/msg/notifystop", post(session::notify_stop))
        .route("/ilink/bot/getupdates", post(updates::updates))
        .route("/ilink/bot/sendmessage", post(send::message))
        .route("/ilink/bot/getuploadurl", post(media::upload_url))
        .route("/ilink/bot/getconfig", post(session::config))
        .route("/ilink/bot/sendtyping", post(session::typing))
        .route("/c2c/upload", post(media::upload))
        .route("/c2c/download", get(media::download))
        .route("/ilink/{*rest}", any(StatusCode::NOT_FOUND))
        .route("/c2c/{*rest}", any(StatusCode::NOT_FOUND))
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(Arc::clone(shared), intake))
}

/// Records and checks a request, applies faults, and passes it on.
async fn intake(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let now_ms = shared.clock.now_ms();
    let recorded = Recorded::new(now_ms, &parts.method, &parts.uri, &parts.headers, &body);
    let name = endpoint(parts.uri.path()).to_owned();
    let fault = shared.change(|world| {
        header_rules::check(world, &recorded);
        world.record(recorded);
        world.faults.take(&name)
    });
    if let Some(answer) = match &fault {
        Some(fault) => fault.before().await,
        None => None,
    } {
        return answer;
    }
    let mut right = next.run(Request::from_parts(parts, Body::from(body))).await;
    if let Ok(date) = HeaderValue::try_from(shared.clock.http_date()) {
        right.headers_mut().insert(header::DATE, date);
    }
    match fault {
        Some(fault) => fault.after(right).await,
        None => right,
    }
}

impl World {
    fn record(&mut self, request: Recorded) {
        while self.requests.len() >= self.request_limit.max(1) {
            self.requests.pop_front();
        }
        self.requests.push_back(request);
    }
}

/// An authenticated POST: its token and its body as JSON.
pub(crate) struct Call {
    pub(crate) token: String,
    pub(crate) body: Value,
    pub(crate) now_ms: i64,
}

impl Call {
    /// Reads a request and notes a body without `base_info`.
    pub(crate) fn read(shared: &Shared, headers: &HeaderMap, body: &Bytes, endpoint: &str) -> Self {
        let now_ms = shared.clock.now_ms();
        let parsed: Option<Value> = serde_json::from_slice(body).ok().filter(Value::is_object);
        shared.change(|world| match &parsed {
            None => world.note_call(
                now_ms,
                endpoint,
                Reason::BadRequest,
                "the body is not a JSON object",
            ),
            // `sendmessage` checks its own body, since there the message is lost.
            Some(value) if endpoint != "sendmessage" && !has_base_info(value) => {
                world.note_call(now_ms, endpoint, Reason::NoBaseInfo, "");
            }
            Some(_) => {}
        });
        Self {
            token: bearer(headers).unwrap_or_default().to_owned(),
            body: parsed.unwrap_or_default(),
            now_ms,
        }
    }

    /// Returns whether the token's session lives.
    pub(crate) fn alive(&self, world: &World) -> bool {
        world.bots.get(&self.token).is_some_and(|bot| !bot.dead)
    }
}

pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ")
}

/// The greatest body in bytes, larger than anything that a test uploads.
const BODY_LIMIT: usize = 300 * 1024 * 1024;
