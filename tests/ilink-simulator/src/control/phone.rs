//! The control routes that act as the person with the phone.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use super::{bad, done, sent_id, wrong};
use crate::answer::json_answer;
use crate::crypto;
use crate::phone::Phone;
use crate::record::query_pairs;
use crate::state::Shared;

pub(super) async fn add(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let Some(name) = text_of(&body, "name").filter(|name| is_name(name)) else {
        return bad("name: 1 to 40 characters without / and control characters");
    };
    let user_id = shared.change(|world| world.ensure_device(&name).user_id.clone());
    json_answer(&json!({ "name": name, "user_id": user_id }))
}

/// Scans `{"qr": url or id}`, or the newest waiting code.
pub(super) async fn scan(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    body: Bytes,
) -> Response {
    let now_ms = shared.clock.now_ms();
    let newest = shared.quietly(|world| world.pending_qrs(now_ms).pop());
    let Some(url) = text_of(&body, "qr").or(newest) else {
        return wrong(StatusCode::CONFLICT, "no QR code waits");
    };
    match Phone::new(shared, &name).scan(&url).await {
        Ok(()) => done(),
        Err(error) => wrong(StatusCode::CONFLICT, &error.to_string()),
    }
}

pub(super) async fn confirm(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
) -> Response {
    match Phone::new(shared, &name).confirm().await {
        Ok(()) => done(),
        Err(error) => wrong(StatusCode::CONFLICT, &error.to_string()),
    }
}

/// Sets the digits: `{"digits": "1234"}`, `{"block": true}`, or `{}` for none.
pub(super) async fn digits(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    body: Bytes,
) -> Response {
    let phone = Phone::new(shared, &name);
    match (text_of(&body, "digits"), json_of(&body)["block"] == true) {
        (Some(digits), false) => phone.require_digits(&digits),
        (_, true) => phone.block_digits(),
        (None, false) => phone.allow_without_digits(),
    }
    done()
}

pub(super) async fn bind(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response {
    let token = Phone::new(shared, &name).bind();
    json_answer(&json!({ "bot_token": token }))
}

pub(super) async fn says(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    body: Bytes,
) -> Response {
    match text_of(&body, "text") {
        Some(text) => sent_id(Phone::new(shared, &name).says(&text).await),
        None => bad("text missing"),
    }
}

pub(super) async fn item(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    body: Bytes,
) -> Response {
    sent_id(Phone::new(shared, &name).sends_item(json_of(&body)).await)
}

pub(super) async fn raw(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    body: Bytes,
) -> Response {
    Phone::new(shared, &name).sends_raw(json_of(&body)).await;
    done()
}

/// Quotes a message: `{"message_id": "…", "text": "…", "whole": false}`.
pub(super) async fn quote(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    body: Bytes,
) -> Response {
    let phone = Phone::new(shared, &name);
    let value = json_of(&body);
    let id = value["message_id"]
        .as_str()
        .and_then(|id| id.parse().ok())
        .or(value["message_id"].as_u64());
    let (Some(id), Some(text)) = (id, value["text"].as_str()) else {
        return bad("message_id or text missing");
    };
    if value["whole"] == true {
        sent_id(phone.quotes_whole(id, text).await)
    } else {
        sent_id(phone.quotes(id, text).await)
    }
}

pub(super) async fn image(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    body: Bytes,
) -> Response {
    sent_id(Phone::new(shared, &name).sends_image(&body).await)
}

/// Sends a file with the name in `?name=…`.
pub(super) async fn file(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    uri: Uri,
    body: Bytes,
) -> Response {
    let file_name = find(&uri, "name").unwrap_or_else(|| "file.bin".to_owned());
    sent_id(Phone::new(shared, &name).sends_file(&file_name, &body).await)
}

/// Sends a voice message, with `?playtime_ms=…&text=…`.
pub(super) async fn voice(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    uri: Uri,
    body: Bytes,
) -> Response {
    let playtime = find(&uri, "playtime_ms").and_then(|text| text.parse().ok()).unwrap_or(1000);
    let transcript = find(&uri, "text");
    let phone = Phone::new(shared, &name);
    sent_id(phone.sends_voice(&body, playtime, transcript.as_deref()).await)
}

pub(super) async fn video(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    body: Bytes,
) -> Response {
    sent_id(Phone::new(shared, &name).sends_video(&body).await)
}

/// Delivers a message to the phone of its `from_user_id`; missing fields of its envelope are filled
/// in.
pub(super) async fn inject(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let Ok(Value::Object(given)) = serde_json::from_slice::<Value>(&body) else {
        return bad("the body is not a JSON object");
    };
    let from = given.get("from_user_id").and_then(Value::as_str).unwrap_or_default();
    let now_ms = shared.clock.now_ms();
    let delivered = shared.change(|world| {
        let phone = world.find_device_by_user(from)?.name.clone();
        let message_id = world.next_message_id();
        let mut message = world.envelope(&phone, message_id, &json!([]), now_ms);
        for (key, value) in &given {
            message[key] = value.clone();
        }
        world.deliver(&phone, &message, now_ms);
        Some(())
    });
    match delivered {
        Some(()) => done(),
        None => wrong(StatusCode::NOT_FOUND, "no phone has this from_user_id"),
    }
}

/// Stores a plaintext body on the CDN; `?key=` names the key, 32 hexadecimal characters.
pub(super) async fn put_media(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    body: Bytes,
) -> Response {
    let key = match find(&uri, "key") {
        None => rand::random(),
        Some(text) => match crypto::key_from_hex(&text) {
            Some(key) => key,
            None => return bad("key: 32 hexadecimal characters"),
        },
    };
    let cdn_url = shared.cdn_url();
    let reference = shared.change(|world| world.cdn.put(&body, key, &cdn_url));
    json_answer(&json!({
        "encrypt_query_param": reference.encrypt_query_param,
        "full_url": reference.full_url,
        "key_hex": reference.key_hex,
        "media": reference.media(),
    }))
}

pub(super) fn json_of(body: &Bytes) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

pub(super) fn text_of(body: &Bytes, field: &str) -> Option<String> {
    json_of(body)[field].as_str().map(str::to_owned)
}

fn find(uri: &Uri, name: &str) -> Option<String> {
    query_pairs(uri).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

fn is_name(name: &str) -> bool {
    let length = name.chars().count();
    (1..=40).contains(&length) && !name.chars().any(|c| c == '/' || c.is_control())
}
