//! The forms of an API answer.

use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

/// Returns HTTP 200 with this JSON, the form of every API answer.
pub(crate) fn json_answer(value: &Value) -> Response {
    raw_json(value.to_string().into_bytes())
}

pub(crate) fn raw_json(body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response()
}

pub(crate) fn accepted() -> Response {
    json_answer(&json!({ "ret": 0, "errmsg": "" }))
}

pub(crate) fn refusal(ret: i64, errmsg: &str) -> Response {
    json_answer(&json!({ "ret": ret, "errmsg": errmsg }))
}

/// Returns the answer to every call with a dead or unknown token.
pub(crate) fn session_timeout() -> Response {
    json_answer(&json!({ "errcode": -14, "errmsg": "session timeout" }))
}
