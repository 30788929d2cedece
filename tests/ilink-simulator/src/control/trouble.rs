//! The control routes that cause faults, limits, expiry, and move the clock.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::Value;

use super::phone::json_of;
use super::{bad, done};
use crate::fault::Fault;
use crate::phone::Phone;
use crate::simulator::Simulator;
use crate::state::Shared;

/// Sets a fault, by the name in `fault`; see the crate docs.
pub(super) async fn fault(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let wish = json_of(&body);
    let simulator = Simulator::of(shared);
    let times = number(&wish, "times").and_then(|times| u32::try_from(times).ok()).unwrap_or(1);
    let seconds = Duration::from_secs(number(&wish, "seconds").unwrap_or(60));
    match wish["fault"].as_str().unwrap_or_default() {
        "throttle" => simulator.throttle(seconds),
        "unconfirmed" => simulator.accept_without_message_id(times),
        "duplicate" => simulator.duplicate_next_batch(wish["new_ids"] == true),
        "reverse" => simulator.reverse_next_batch(),
        name => {
            let Some(fault) = answer_fault(name, &wish) else {
                return bad("no such fault");
            };
            let Some(endpoint) = wish["endpoint"].as_str() else {
                return bad("endpoint missing");
            };
            if wish["standing"] == true {
                simulator.standing_fault(endpoint, Some(fault));
            } else {
                simulator.fault(endpoint, fault, times);
            }
        }
    }
    done()
}

fn answer_fault(name: &str, wish: &Value) -> Option<Fault> {
    let code = wish["code"].as_i64();
    let errmsg = wish["errmsg"].as_str().unwrap_or_default().to_owned();
    Some(match name {
        "status" => Fault::Status(code.and_then(|code| u16::try_from(code).ok()).unwrap_or(502)),
        "ret" => Fault::Ret(code.unwrap_or(-2), errmsg),
        "errcode" => Fault::ErrCode(code.unwrap_or(-14), errmsg),
        "body" => Fault::Body(wish["body"].as_str().unwrap_or_default().as_bytes().to_vec()),
        "refuse" => Fault::Refuse,
        "hang" => Fault::Hang,
        "cut" => Fault::Cut,
        "stall" => Fault::Stall,
        "drip" => Fault::Drip(Duration::from_secs(number(wish, "seconds").unwrap_or(1))),
        "corrupt" => Fault::Corrupt,
        "redirect" => Fault::Redirect(wish["to"].as_str().unwrap_or_default().to_owned()),
        "garbage" => Fault::Garbage,
        "empty" => Fault::Empty,
        "slow" => Fault::Slow(Duration::from_secs(number(wish, "seconds").unwrap_or(5))),
        _ => return None,
    })
}

pub(super) async fn clear(State(shared): State<Arc<Shared>>) -> Response {
    Simulator::of(shared).clear_faults();
    done()
}

/// Sets any of `unlimited`, `show_voice`, `consume_on_delivery`, `classic_upload` (booleans),
/// `hold_ms`, `keep_requests` (numbers) and `base_url` (text or null).
pub(super) async fn limits(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let wish = json_of(&body);
    let simulator = Simulator::of(shared);
    match wish["unlimited"].as_bool() {
        Some(true) => simulator.unlimited(),
        Some(false) => simulator.limited(),
        None => {}
    }
    if let Some(shown) = wish["show_voice"].as_bool() {
        simulator.show_voice(shown);
    }
    if let Some(once) = wish["consume_on_delivery"].as_bool() {
        simulator.consume_on_delivery(once);
    }
    if let Some(classic) = wish["classic_upload"].as_bool() {
        simulator.classic_upload(classic);
    }
    if let Some(millis) = number(&wish, "hold_ms") {
        simulator.set_hold(Duration::from_millis(millis));
    }
    if let Some(limit) =
        number(&wish, "keep_requests").and_then(|limit| usize::try_from(limit).ok())
    {
        simulator.keep_requests(limit);
    }
    if let Some(base_url) = wish.get("base_url") {
        simulator.set_base_url(base_url.as_str());
    }
    done()
}

/// Sets `{"next_scan": "redirect" | "binded"}`, or expires every unfinished QR code with
/// `{"expire": true}`.
pub(super) async fn login(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let wish = json_of(&body);
    let simulator = Simulator::of(shared);
    match (wish["next_scan"].as_str(), wish["expire"] == true) {
        (Some("redirect"), _) => simulator.redirect_next_scan(),
        (Some("binded"), _) => simulator.binded_redirect_next(),
        (_, true) => simulator.expire_qr(),
        (Some(_) | None, false) => return bad("next_scan or expire missing"),
    }
    done()
}

/// Moves the clock by `{"seconds": n}`.
pub(super) async fn advance(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    match number(&json_of(&body), "seconds") {
        Some(seconds) => Simulator::of(shared).advance(Duration::from_secs(seconds)),
        None => return bad("seconds missing"),
    }
    done()
}

pub(super) async fn expire_session(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
) -> Response {
    let phone = Phone::new(Arc::clone(&shared), &name);
    Simulator::of(shared).expire_session(&phone);
    done()
}

pub(super) async fn expire_tokens(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
) -> Response {
    let phone = Phone::new(Arc::clone(&shared), &name);
    Simulator::of(shared).expire_tokens(&phone);
    done()
}

fn number(wish: &Value, field: &str) -> Option<u64> {
    wish[field].as_u64()
}
