//! The control routes, which offer the library's functions to scripts and to the phone page. The
//! crate docs list them.
//!
//! Answers are JSON; ids over 2^53 are text in them, so that `jq` and browsers keep them exact.

mod events;
mod look;
mod phone;
mod phrase;
mod trouble;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::answer::json_answer;
use crate::chat::Shown;
use crate::state::Shared;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/control/state", get(look::state))
        .route("/control/phones", get(look::phones).post(phone::add))
        .route("/control/qr", get(look::qrs))
        .route("/control/qr/{id}", get(look::qr_picture))
        .route("/control/sent", get(look::sent))
        .route("/control/typing", get(look::typing))
        .route("/control/dropped", get(look::dropped).delete(look::forget_dropped))
        .route("/control/requests", get(look::requests).delete(look::forget_requests))
        .route("/control/inject", post(phone::inject))
        .route("/control/media", post(phone::put_media))
        .route("/control/faults", post(trouble::fault).delete(trouble::clear))
        .route("/control/limits", post(trouble::limits))
        .route("/control/login", post(trouble::login))
        .route("/control/advance", post(trouble::advance))
        .nest("/control/phones/{name}", phone_routes())
        .layer(DefaultBodyLimit::disable())
}

fn phone_routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/scan", post(phone::scan))
        .route("/confirm", post(phone::confirm))
        .route("/digits", post(phone::digits))
        .route("/bind", post(phone::bind))
        .route("/says", post(phone::says))
        .route("/types", post(phrase::types))
        .route("/item", post(phone::item))
        .route("/raw", post(phone::raw))
        .route("/quote", post(phone::quote))
        .route("/image", post(phone::image))
        .route("/file", post(phone::file))
        .route("/voice", post(phone::voice))
        .route("/video", post(phone::video))
        .route("/shows", get(look::shows))
        .route("/chat", get(look::chat))
        .route("/media/{index}", get(look::media))
        .route("/events", get(events::events))
        .route("/expire_session", post(trouble::expire_session))
        .route("/expire_tokens", post(trouble::expire_tokens))
}

/// Returns `{"ok":true}`.
fn done() -> Response {
    json_answer(&json!({ "ok": true }))
}

/// Returns an error with a sentence.
fn wrong(status: StatusCode, why: &str) -> Response {
    (status, axum::Json(json!({ "error": why }))).into_response()
}

fn bad(why: &str) -> Response {
    wrong(StatusCode::BAD_REQUEST, why)
}

/// Returns the id of a message that was just sent.
fn sent_id(message_id: u64) -> Response {
    json_answer(&json!({ "message_id": message_id.to_string() }))
}

/// Returns a message of a screen as JSON, with every id as text.
fn shown_json(shown: &Shown) -> Value {
    let mut value = serde_json::to_value(shown).unwrap_or_default();
    widen(&mut value);
    value
}

/// Turns numbers that a double cannot hold into text.
fn widen(value: &mut Value) {
    match value {
        Value::Number(number)
            if number.as_u64().is_some_and(|number| number > EXACT_IN_A_DOUBLE) =>
        {
            *value = json!(number.to_string());
        }
        Value::Array(list) => list.iter_mut().for_each(widen),
        Value::Object(map) => map.values_mut().for_each(widen),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

const EXACT_IN_A_DOUBLE: u64 = 1 << 53;
