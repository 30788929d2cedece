//! The control routes that only read, or forget what was recorded.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use qrcode::QrCode;
use qrcode::render::svg;
use serde_json::{Value, json};

use super::{done, shown_json, wrong};
use crate::answer::json_answer;
use crate::phone::Phone;
use crate::qr::{qr_id, qr_url};
use crate::simulator::Simulator;
use crate::state::{Shared, World};

pub(super) async fn state(State(shared): State<Arc<Shared>>) -> Response {
    let now_ms = shared.clock.now_ms();
    let state = shared.quietly(|world| {
        let faults = world.faults.waiting();
        json!({
            "now_ms": now_ms,
            "hold_ms": world.hold.as_millis() as u64,
            "phones": phone_list(world),
            "pending_qr": world.pending_qrs(now_ms),
            "sent": world.sent.len(),
            "dropped": world.dropped.len(),
            "requests": world.requests.len(),
            "held_polls": world.held_polls(),
            "overlapping_polls": world.overlapping_polls,
            "faults": faults.into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        })
    });
    json_answer(&state)
}

pub(super) async fn phones(State(shared): State<Arc<Shared>>) -> Response {
    json_answer(&shared.quietly(phone_list))
}

/// Returns the QR codes that were not scanned, newest last.
pub(super) async fn qrs(State(shared): State<Arc<Shared>>) -> Response {
    let now_ms = shared.clock.now_ms();
    let urls = shared.quietly(|world| world.pending_qrs(now_ms));
    let list: Vec<Value> =
        urls.iter().map(|url| json!({ "url": url, "qrcode": qr_id(url) })).collect();
    json_answer(&json!(list))
}

/// Returns a QR code as an SVG image.
pub(super) async fn qr_picture(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
) -> Response {
    let id = id.trim_end_matches(".svg");
    if !shared.quietly(|world| world.qrs.contains_key(id)) {
        return wrong(StatusCode::NOT_FOUND, "no such QR code");
    }
    match QrCode::new(qr_url(id)) {
        Ok(code) => {
            let picture =
                code.render::<svg::Color<'_>>().min_dimensions(256, 256).quiet_zone(true).build();
            ([(header::CONTENT_TYPE, "image/svg+xml")], picture).into_response()
        }
        Err(error) => wrong(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

pub(super) async fn sent(State(shared): State<Arc<Shared>>) -> Response {
    json_answer(&Value::Array(shared.quietly(|world| world.sent.clone())))
}

pub(super) async fn typing(State(shared): State<Arc<Shared>>) -> Response {
    json_answer(&Value::Array(shared.quietly(|world| world.typing.clone())))
}

pub(super) async fn dropped(State(shared): State<Arc<Shared>>) -> Response {
    json_answer(&json!(shared.quietly(|world| world.dropped.clone())))
}

pub(super) async fn forget_dropped(State(shared): State<Arc<Shared>>) -> Response {
    Simulator::of(shared).forget_dropped();
    done()
}

/// Returns every recorded request, with its body as text.
pub(super) async fn requests(State(shared): State<Arc<Shared>>) -> Response {
    let requests = Simulator::of(shared).requests();
    let list = requests.iter().map(|request| {
        let mut value = json!(request);
        value["body"] = json!(String::from_utf8_lossy(&request.body));
        value
    });
    json_answer(&list.collect())
}

pub(super) async fn forget_requests(State(shared): State<Arc<Shared>>) -> Response {
    shared.change(|world| world.requests.clear());
    done()
}

pub(super) async fn shows(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response {
    let shown = Phone::new(shared, &name).shows();
    json_answer(&shown.iter().map(shown_json).collect())
}

pub(super) async fn chat(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response {
    let shown = Phone::new(shared, &name).chat();
    json_answer(&shown.iter().map(shown_json).collect())
}

/// Returns the decrypted media of the chat's entry with this index.
pub(super) async fn media(
    State(shared): State<Arc<Shared>>,
    Path((name, index)): Path<(String, usize)>,
) -> Response {
    let phone = Phone::new(shared, &name);
    let plain = phone.chat().get(index).and_then(|shown| phone.opens(shown));
    let Some(plain) = plain else {
        return wrong(StatusCode::NOT_FOUND, "no media there");
    };
    let headers =
        [(header::CONTENT_TYPE, sniff(&plain)), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (headers, plain).into_response()
}

fn phone_list(world: &mut World) -> Value {
    let names = world.names.clone();
    let list = names.iter().map(|name| {
        let bot = world.bot_of(name).map(|bot| {
            json!({
                "id": bot.bot_id, "dead": bot.dead, "online": bot.online,
                "messages": bot.log.len(), "acknowledged": bot.acknowledged,
            })
        });
        let device = world.ensure_device(name);
        json!({
            "name": name, "user_id": device.user_id, "bot": bot, "typing": device.typing, "shows": device.arrived,
        })
    });
    list.collect()
}

/// Returns the type of an image by its first bytes; other content stays bytes.
fn sniff(bytes: &[u8]) -> &'static str {
    const KNOWN: [(&[u8], &str); 6] = [
        (b"\x89PNG", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF8", "image/gif"),
        (b"OggS", "audio/ogg"),
        (b"ID3", "audio/mpeg"),
        (b"\x1a\x45\xdf\xa3", "video/webm"),
    ];
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return "image/webp";
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return "video/mp4";
    }
    let known = KNOWN.iter().find(|(magic, _)| bytes.starts_with(magic));
    known.map_or("application/octet-stream", |(_, kind)| kind)
}
