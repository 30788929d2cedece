//! `notifystart`, `notifystop`, `getconfig` and `sendtyping`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use base64::Engine as _;
use serde_json::json;

use super::Call;
use crate::answer::{accepted, json_answer, refusal, session_timeout};
use crate::dropped::Reason;
use crate::id;
use crate::state::{Shared, World};

/// Sets the bot online.
pub(crate) async fn notify_start(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    notify(&shared, &headers, &body, true)
}

/// Sets the bot offline.
pub(crate) async fn notify_stop(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    notify(&shared, &headers, &body, false)
}

fn notify(shared: &Shared, headers: &HeaderMap, body: &Bytes, online: bool) -> Response {
    let endpoint = if online { "notifystart" } else { "notifystop" };
    let call = Call::read(shared, headers, body, endpoint);
    shared.change(|world| match world.bots.get_mut(&call.token) {
        Some(bot) if !bot.dead => {
            bot.online = online;
            accepted()
        }
        Some(_) | None => session_timeout(),
    })
}

/// Returns a ticket for `sendtyping`.
pub(crate) async fn config(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = Call::read(&shared, &headers, &body, "getconfig");
    shared.change(|world| {
        if !call.alive(world) {
            return session_timeout();
        }
        let user = call.body["ilink_user_id"].as_str().unwrap_or_default();
        if user.is_empty() {
            return refusal(-2, "ilink_user_id required");
        }
        let own = world.find_user_of(&call.token) == Some(user);
        let Some(bot) = world.bots.get_mut(&call.token).filter(|bot| own && bot.wrote_ms.is_some())
        else {
            return refusal(-4, "GetTypingTicket rpc failed");
        };
        let ticket = base64::engine::general_purpose::STANDARD
            .encode(format!("{user}-{}", id::random_hex(8)));
        bot.tickets.push(ticket.clone());
        json_answer(&json!({ "ret": 0, "typing_ticket": ticket }))
    })
}

/// Shows or ends "typing…" on the phone. One that is never ended stays.
pub(crate) async fn typing(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = Call::read(&shared, &headers, &body, "sendtyping");
    shared.change(|world| {
        if !call.alive(world) {
            return session_timeout();
        }
        world.typing.push(call.body.clone());
        let own = world.find_user_of(&call.token) == call.body["ilink_user_id"].as_str();
        let ticket = call.body["typing_ticket"].as_str().unwrap_or_default();
        let bot = world.bots.get(&call.token);
        let phone = bot
            .filter(|bot| own && bot.tickets.iter().any(|known| known == ticket))
            .map(|bot| bot.phone.clone());
        match (phone, call.body["status"].as_u64()) {
            (Some(phone), Some(status @ (1 | 2))) => {
                world.ensure_device(&phone).typing = status == 1
            }
            (Some(_), _) => world.note_call(
                call.now_ms,
                "sendtyping",
                Reason::BadRequest,
                "status is neither 1 nor 2",
            ),
            (None, _) => world.note_call(call.now_ms, "sendtyping", Reason::BadTicket, ""),
        }
        accepted()
    })
}

impl World {
    /// Returns the user to whom a bot belongs.
    pub(crate) fn find_user_of(&self, token: &str) -> Option<&str> {
        let bot = self.bots.get(token)?;
        self.devices.get(&bot.phone).map(|device| device.user_id.as_str())
    }
}
