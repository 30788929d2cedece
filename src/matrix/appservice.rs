//! The HTTP endpoints of an application service, under `/_matrix/app/v1`.
//!
//! They check the token of the homeserver and parse bodies; the callbacks decide what a push means.

use std::{future::Future, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, FromRequest, Path, Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::{get, post, put},
};
use futures_util::future::BoxFuture;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE},
};
use ruma::OwnedUserId;
use serde_json::json;
use subtle::ConstantTimeEq;

use super::{
    registration::HsToken,
    transaction::{BadBody, Transaction},
};

/// The error for a transaction that cannot be taken now; the homeserver has to push it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the transaction cannot be taken now")]
pub struct Unavailable;

/// Returns the routes of an application service, for a listener that may have others.
///
/// `on_transaction` returns once the events are stored: `Ok` lets the homeserver forget the
/// transaction. Its future is dropped when the homeserver hangs up, and the events may come again,
/// under this transaction id or another. `on_user` returns whether a user of the namespace exists,
/// after creating one that should exist.
pub fn router<T, TF, U, UF>(hs_token: HsToken, on_transaction: T, on_user: U) -> Router
where
    T: Fn(Transaction) -> TF + Send + Sync + 'static,
    TF: Future<Output = Result<(), Unavailable>> + Send + 'static,
    U: Fn(OwnedUserId) -> UF + Send + Sync + 'static,
    UF: Future<Output = bool> + Send + 'static,
{
    let hearers = Arc::new(Hearers {
        on_transaction: Box::new(move |transaction| Box::pin(on_transaction(transaction))),
        on_user: Box::new(move |user| Box::pin(on_user(user))),
    });
    Router::new()
        .route("/_matrix/app/v1/transactions/{txn_id}", put(transaction))
        .route("/_matrix/app/v1/users/{user_id}", get(user))
        .route("/_matrix/app/v1/rooms/{room_alias}", get(nothing_there))
        .route("/_matrix/app/v1/ping", post(|| async { done("{}") }))
        .route("/_matrix/app/v1/thirdparty/protocol/{protocol}", get(nothing_there))
        .route("/_matrix/app/v1/thirdparty/user", get(nobody))
        .route("/_matrix/app/v1/thirdparty/user/{protocol}", get(nobody))
        .route("/_matrix/app/v1/thirdparty/location", get(nobody))
        .route("/_matrix/app/v1/thirdparty/location/{protocol}", get(nobody))
        .method_not_allowed_fallback(|| async { unrecognized(StatusCode::METHOD_NOT_ALLOWED) })
        .route_layer(from_fn_with_state(Arc::new(hs_token), admit))
        .fallback(|| async { unrecognized(StatusCode::NOT_FOUND) })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(hearers)
}

struct Hearers {
    on_transaction: Hearer<Transaction, Result<(), Unavailable>>,
    on_user: Hearer<OwnedUserId, bool>,
}

type Hearer<In, Out> = Box<dyn Fn(In) -> BoxFuture<'static, Out> + Send + Sync>;

/// Refuses requests without the right token and oversized bodies before a body is read.
async fn admit(State(expected): State<Arc<HsToken>>, request: Request, next: Next) -> Response {
    let Some(shown) = bearer(request.headers()) else {
        return refusal(StatusCode::UNAUTHORIZED, "M_MISSING_TOKEN", "no bearer token");
    };
    if !bool::from(shown.ct_eq(expected.expose().as_bytes())) {
        return refusal(StatusCode::FORBIDDEN, "M_FORBIDDEN", "not the hs_token of this bridge");
    }
    if declared_length(request.headers()).is_some_and(|length| length > MAX_BODY_BYTES as u64) {
        return too_large();
    }
    next.run(request).await
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.as_bytes().split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn transaction(
    State(hearers): State<Arc<Hearers>>,
    Path(txn_id): Path<String>,
    request: Request,
) -> Response {
    let body = match whole_body(request).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let transaction = match Transaction::parse(txn_id, &body) {
        Ok(transaction) => transaction,
        Err(error) => {
            tracing::error!(%error, "the homeserver pushed a broken transaction");
            let errcode = match error {
                BadBody::NotJson => "M_NOT_JSON",
                BadBody::NotObject => "M_BAD_JSON",
            };
            return refusal(StatusCode::BAD_REQUEST, errcode, &error.to_string());
        }
    };
    match (hearers.on_transaction)(transaction).await {
        Ok(()) => done("{}"),
        Err(error @ Unavailable) => {
            refusal(StatusCode::SERVICE_UNAVAILABLE, "M_UNKNOWN", &error.to_string())
        }
    }
}

async fn whole_body(request: Request) -> Result<Bytes, Response> {
    let body = Bytes::from_request(request, &());
    match tokio::time::timeout(BODY_PATIENCE, body).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) if error.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(too_large()),
        Ok(Err(_)) => Err(refusal(StatusCode::BAD_REQUEST, "M_UNKNOWN", "the body broke off")),
        Err(_) => {
            Err(refusal(StatusCode::REQUEST_TIMEOUT, "M_UNKNOWN", "the body did not come in time"))
        }
    }
}

async fn user(State(hearers): State<Arc<Hearers>>, Path(user_id): Path<String>) -> Response {
    let exists = match OwnedUserId::try_from(user_id) {
        Ok(user) => (hearers.on_user)(user).await,
        Err(_) => false,
    };
    if exists { done("{}") } else { nothing_there().await }
}

async fn nothing_there() -> Response {
    refusal(StatusCode::NOT_FOUND, "M_NOT_FOUND", "there is no such thing here")
}

async fn nobody() -> Response {
    done("[]")
}

fn unrecognized(status: StatusCode) -> Response {
    refusal(status, "M_UNRECOGNIZED", "unrecognized request")
}

fn too_large() -> Response {
    refusal(StatusCode::PAYLOAD_TOO_LARGE, "M_TOO_LARGE", "the body is too large")
}

fn done(body: &'static str) -> Response {
    answer(StatusCode::OK, body)
}

fn refusal(status: StatusCode, errcode: &str, error: &str) -> Response {
    answer(status, json!({ "errcode": errcode, "error": error }).to_string())
}

fn answer(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// The greatest size of a pushed body: a transaction holds up to 300 events of up to 64 KiB.
const MAX_BODY_BYTES: usize = 64 << 20;
/// The time in which a pushed body must arrive; homeservers give up a push after about a minute.
const BODY_PATIENCE: Duration = Duration::from_secs(60);
