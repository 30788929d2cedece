//! The faults on request: wrong answers of an endpoint.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::{StreamExt as _, stream};
use serde_json::json;

use crate::answer::{self, json_answer};

/// A wrong answer. An endpoint is the last part of a path (`getupdates`, `sendmessage`, `upload`,
/// …) or `*` for any.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This HTTP status with a short body, which `x-error-message` repeats; the request has no
    /// effect.
    Status(u16),
    /// HTTP 200 with this `ret`; the request has no effect.
    Ret(i64, String),
    /// HTTP 200 with this `errcode`; the request has no effect.
    ErrCode(i64, String),
    /// HTTP 200 with exactly this body; the request has no effect.
    Body(Vec<u8>),
    /// The connection ends before a single byte of a body; the request has no effect.
    Refuse,
    /// HTTP 302 to this address; the request has no effect.
    Redirect(String),
    /// No answer, until the client hangs up; the request has no effect.
    Hang,
    /// The request takes effect, and its answer is broken off in the middle.
    Cut,
    /// The request takes effect, and its answer stops in the middle while the connection stays.
    Stall,
    /// The request takes effect, and its answer comes in eight parts, without its length and with this pause before each.
    Drip(Duration),
    /// The request takes effect, and the last byte of its answer is altered.
    Corrupt,
    /// The request takes effect, and its answer is no JSON.
    Garbage,
    /// The request takes effect, and its answer has an empty body.
    Empty,
    /// The request takes effect after this time.
    Slow(Duration),
}

/// The faults that wait for their request.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    waiting: HashMap<String, VecDeque<Fault>>,
    /// The faults that stay until they are removed.
    standing: HashMap<String, Fault>,
}

impl Faults {
    pub(crate) fn add(&mut self, endpoint: &str, fault: &Fault, times: u32) {
        let queue = self.waiting.entry(endpoint.to_owned()).or_default();
        for _ in 0..times {
            queue.push_back(fault.clone());
        }
    }

    pub(crate) fn set_standing(&mut self, endpoint: &str, fault: Option<Fault>) {
        match fault {
            Some(fault) => self.standing.insert(endpoint.to_owned(), fault),
            None => self.standing.remove(endpoint),
        };
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
        self.standing.clear();
    }

    pub(crate) fn take(&mut self, endpoint: &str) -> Option<Fault> {
        for key in [endpoint, "*"] {
            if let Some(fault) = self.waiting.get_mut(key).and_then(VecDeque::pop_front) {
                return Some(fault);
            }
        }
        self.standing.get(endpoint).or_else(|| self.standing.get("*")).cloned()
    }

    pub(crate) fn waiting(&self) -> Vec<(String, usize)> {
        let open = self.waiting.iter().filter(|(_, queue)| !queue.is_empty());
        open.map(|(key, queue)| (key.clone(), queue.len())).collect()
    }
}

impl Fault {
    /// Returns the answer of a fault that prevents the request's effect.
    pub(crate) async fn before(&self) -> Option<Response> {
        match self {
            Self::Status(code) => {
                let status = StatusCode::from_u16(*code).unwrap_or(StatusCode::BAD_GATEWAY);
                let headers = [("x-error-message", "fault on request")];
                Some((status, headers, "fault on request").into_response())
            }
            Self::Ret(ret, errmsg) => Some(answer::refusal(*ret, errmsg)),
            Self::ErrCode(code, errmsg) => {
                Some(json_answer(&json!({ "errcode": code, "errmsg": errmsg })))
            }
            Self::Body(bytes) => Some(answer::raw_json(bytes.clone())),
            Self::Refuse => Some(broken_off(Bytes::new())),
            Self::Redirect(to) => {
                Some((StatusCode::FOUND, [(header::LOCATION, to.as_str())]).into_response())
            }
            Self::Hang => std::future::pending().await,
            Self::Slow(time) => {
                rest(*time).await;
                None
            }
            Self::Cut
            | Self::Stall
            | Self::Drip(_)
            | Self::Corrupt
            | Self::Garbage
            | Self::Empty => None,
        }
    }

    /// Returns the altered form of the right answer.
    pub(crate) async fn after(&self, right: Response) -> Response {
        match self {
            Self::Cut => broken_off(whole(right).await),
            Self::Stall => stalled(whole(right).await),
            Self::Drip(pause) => dripping(whole(right).await, *pause),
            Self::Corrupt => {
                let mut body = whole(right).await.to_vec();
                if let Some(last) = body.last_mut() {
                    *last ^= 0xff;
                }
                body.into_response()
            }
            Self::Garbage => answer::raw_json(b"<html>502 Bad Gateway</ht".to_vec()),
            Self::Empty => StatusCode::OK.into_response(),
            Self::Status(_)
            | Self::Ret(..)
            | Self::ErrCode(..)
            | Self::Body(_)
            | Self::Refuse
            | Self::Redirect(_)
            | Self::Hang
            | Self::Slow(_) => right,
        }
    }
}

async fn whole(answer: Response) -> Bytes {
    axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap_or_default()
}

/// Returns an answer that announces its whole length, sends half of it and then ends the
/// connection.
fn broken_off(whole: Bytes) -> Response {
    half_of(whole, async {
        // The pause sends the first half; otherwise both would be in one buffer.
        tokio::task::yield_now().await;
    })
}

/// Returns an answer that announces its whole length, sends half of it and then nothing.
fn stalled(whole: Bytes) -> Response {
    half_of(whole, std::future::pending())
}

/// Returns an answer that comes in eight parts.
fn dripping(whole: Bytes, pause: Duration) -> Response {
    let size = whole.len().div_ceil(8).max(1);
    let parts: Vec<Bytes> = whole.chunks(size).map(|part| whole.slice_ref(part)).collect();
    let parts = stream::iter(parts).then(move |part| async move {
        rest(pause).await;
        Ok::<_, std::io::Error>(part)
    });
    Response::new(Body::from_stream(parts))
}

/// Returns the first half of an answer, and an error after `then`.
fn half_of(whole: Bytes, then: impl Future<Output = ()> + Send + 'static) -> Response {
    let announced = whole.len().max(2);
    let half = whole.slice(..whole.len() / 2);
    let end = stream::once(async {
        then.await;
        Err(std::io::Error::other("cut on request"))
    });
    let parts = stream::iter((!half.is_empty()).then_some(Ok(half))).chain(end);
    let mut response = Response::new(Body::from_stream(parts));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(announced));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[expect(
    clippy::disallowed_methods,
    reason = "slowness on request is a wait; no decision hangs on it"
)]
async fn rest(time: Duration) {
    tokio::time::sleep(time).await;
}
