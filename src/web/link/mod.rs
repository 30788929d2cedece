//! The link page: the QR code of a login, for a person who is not in the room.
//!
//! The page always shows the current code and the state of the login, and takes the digits that a
//! phone may ask for. Anyone who knows its address may use it; nothing else protects it. It loads
//! nothing from other servers, and tells the browser so.

mod token;
mod words;

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRequest, Path, Request, State},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
    routing::{get, post},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use futures_util::{Stream, stream};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::{sync::watch, time::timeout};

pub use token::LinkToken;

use super::stage::{Stage, View, Watched};

type Find = dyn Fn(&str) -> Option<Arc<dyn Watched>> + Send + Sync;

/// Returns the routes of the page under `/link/{token}`; `find` returns the login of a token.
pub fn router(find: impl Fn(&str) -> Option<Arc<dyn Watched>> + Send + Sync + 'static) -> Router {
    let find: Arc<Find> = Arc::new(find);
    Router::new()
        .route("/link/{token}", get(page))
        .route("/link/{token}/events", get(events))
        .route("/link/{token}/digits", post(digits))
        .layer(DefaultBodyLimit::max(MOST_DIGITS))
        .with_state(find)
}

async fn page(
    State(find): State<Arc<Find>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let known = find(&token);
    let (status, state) = match &known {
        Some(_) => (StatusCode::OK, "wait"),
        None => (StatusCode::NOT_FOUND, "over"),
    };
    let html = words::fill(PAGE, words::PageLanguage::of(&headers), state);
    let html = html.replace("{style}", STYLE).replace("{script}", SCRIPT);
    guarded(status, "text/html; charset=utf-8", html)
}

async fn events(State(find): State<Arc<Find>>, Path(token): Path<String>) -> Response {
    let Some(watched) = find(&token) else { return gone() };
    let mut response = Sse::new(news(watched.stages()))
        .keep_alive(KeepAlive::new().interval(ALIVE))
        .into_response();
    protect(response.headers_mut());
    // A proxy that buffers answers would pass nothing on.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// Streams the current stage and each later one; ends with the login.
fn news(stages: watch::Receiver<Stage>) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(Some((stages, true)), |state| async move {
        let (mut stages, first) = state?;
        if !first {
            stages.changed().await.ok()?;
        }
        let view = stages.borrow_and_update().view.clone();
        let next = (!view.is_last()).then_some((stages, false));
        Some((Ok(Event::default().data(tell(&view))), next))
    })
}

fn tell(view: &View) -> String {
    match view {
        View::Wait => json!({ "state": "wait" }),
        View::Code(code) => {
            let picture = BASE64_STANDARD.encode(&code.svg);
            // Only a web address is shown as a link, since others could be executed in the page.
            let url = Some(&code.url).filter(|url| url.starts_with("https://"));
            json!({ "state": "code", "url": url, "picture": format!("data:image/svg+xml;base64,{picture}") })
        }
        View::Scanned => json!({ "state": "scanned" }),
        View::Digits { wrong } => json!({ "state": "digits", "wrong": wrong }),
        View::Done { .. } => json!({ "state": "done" }),
        View::Over(_) => json!({ "state": "over" }),
    }
    .to_string()
}

async fn digits(
    State(find): State<Arc<Find>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    // The token is checked before the body is read.
    let Some(watched) = find(&token) else { return gone() };
    let body = timeout(BODY_PATIENCE, String::from_request(request, &())).await;
    let entered = match body {
        Ok(Ok(entered)) => entered,
        Ok(Err(refused)) => return guarded(refused.status(), "text/plain", String::new()),
        Err(_) => return guarded(StatusCode::REQUEST_TIMEOUT, "text/plain", String::new()),
    };
    let status = match watched.enter(entered.trim()) {
        true => StatusCode::NO_CONTENT,
        false => StatusCode::CONFLICT,
    };
    guarded(status, "text/plain", String::new())
}

fn gone() -> Response {
    guarded(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "This link is over.\n".into())
}

fn guarded(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    protect(headers);
    response
}

/// Sets the headers that protect the page: its address is a secret and it shows a code, so it is
/// not cached, sends no referrer, cannot be framed, and runs only its own script.
fn protect(headers: &mut HeaderMap) {
    let policy = format!(
        "default-src 'none'; img-src data:; connect-src 'self'; style-src '{}'; script-src '{}'; \
         form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
        digest_of(STYLE),
        digest_of(SCRIPT),
    );
    let policy = HeaderValue::try_from(policy);
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy.ok()),
        (header::REFERRER_POLICY, Some(HeaderValue::from_static("no-referrer"))),
        (header::X_CONTENT_TYPE_OPTIONS, Some(HeaderValue::from_static("nosniff"))),
        (header::CACHE_CONTROL, Some(HeaderValue::from_static("no-store"))),
        (header::X_FRAME_OPTIONS, Some(HeaderValue::from_static("DENY"))),
    ] {
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
}

fn digest_of(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text.as_bytes())))
}

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// The pause between comments in the stream, which keep proxies from closing it when it is silent.
const ALIVE: Duration = Duration::from_secs(15);
/// The time limit for a body of a few digits, which is enough on a bad line.
const BODY_PATIENCE: Duration = Duration::from_secs(15);
/// The greatest length of a body in bytes, more than any digits need.
const MOST_DIGITS: usize = 64;

#[cfg(test)]
mod tests;
