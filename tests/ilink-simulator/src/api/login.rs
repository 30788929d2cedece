//! `get_bot_qrcode` and `get_qrcode_status`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::answer::{json_answer, refusal};
use crate::dropped::Reason;
use crate::qr::{QrPoll, qr_url};
use crate::record::query_pairs;
use crate::state::Shared;

/// Makes a QR code. GET has no body; POST brings the tokens that the client already has.
pub(crate) async fn new_qr(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let now_ms = shared.clock.now_ms();
    let bot_type = find(&query_pairs(&uri), "bot_type");
    if bot_type.as_deref() != Some("3") {
        return refusal(2, "unsupported bot_type");
    }
    let parsed: Value = serde_json::from_slice(&body).unwrap_or_default();
    let tokens: Option<Vec<String>> = parsed["local_token_list"]
        .as_array()
        .map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    let at_redirect_host = is_redirect_host(&shared, &headers);
    let id = shared.change(|world| {
        let mut note = |reason, detail| world.note_call(now_ms, "get_bot_qrcode", reason, detail);
        if method == Method::POST && tokens.is_none() {
            note(Reason::BadRequest, "no local_token_list");
        }
        if tokens.as_ref().is_some_and(|tokens| tokens.len() > 10) {
            note(Reason::BadRequest, "more than 10 tokens");
        }
        if at_redirect_host {
            note(Reason::WrongHost, "");
        }
        world.new_qr(tokens.unwrap_or_default(), now_ms)
    });
    json_answer(&json!({ "ret": 0, "qrcode": id, "qrcode_img_content": qr_url(&id) }))
}

/// Returns the state of a QR code; the request is held while there is nothing new.
pub(crate) async fn qr_status(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let query = query_pairs(&uri);
    let Some(id) = find(&query, "qrcode") else {
        let now_ms = shared.clock.now_ms();
        shared.change(|world| {
            world.note_call(now_ms, "get_qrcode_status", Reason::BadRequest, "no qrcode")
        });
        return refusal(-2, "qrcode required");
    };
    let mut code = find(&query, "verify_code");
    let at_redirect_host = is_redirect_host(&shared, &headers);
    let (deadline, wake) = shared.quietly(|world| {
        let wake = world.qrs.get(&id).map(|qr| Arc::clone(&qr.wake));
        (Instant::now() + world.hold, wake.unwrap_or_default())
    });
    loop {
        let mut signal = std::pin::pin!(wake.notified());
        signal.as_mut().enable();
        // The digits are entered once; a held poll looks again without them.
        let entered = code.take();
        let poll = QrPoll {
            id: &id,
            code: entered.as_deref(),
            at_redirect_host,
            now_ms: shared.clock.now_ms(),
        };
        let answer = shared.change(|world| world.poll_qr(&poll, &shared.addresses));
        if !answer.hold {
            return json_answer(&answer.body);
        }
        tokio::select! {
            () = signal => {}
            () = tokio::time::sleep_until(deadline) => return json_answer(&answer.body),
            () = shared.closing.cancelled() => return json_answer(&answer.body),
        }
    }
}

fn is_redirect_host(shared: &Shared, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host == Some(shared.addresses.redirect_host.as_str())
}

fn find(query: &[(String, String)], name: &str) -> Option<String> {
    let found = query.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.clone())
}
