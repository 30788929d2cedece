//! `sendmessage`: applies the verdict of the rules.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::Call;
use crate::answer::{json_answer, session_timeout};
use crate::chat::{Kind, Shown, displayed, words};
use crate::device::Accepted;
use crate::dropped::{Dropped, Reason};
use crate::rules::{Case, Verdict};
use crate::state::{Shared, World};

/// Takes a message of a bot.
pub(crate) async fn message(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = Call::read(&shared, &headers, &body, "sendmessage");
    shared.change(|world| {
        if !call.alive(world) {
            drop_message(world, &call, None, (Reason::SessionDead, ""));
            return session_timeout();
        }
        world.sent.push(call.body.clone());
        json_answer(&take(world, &call))
    })
}

/// Judges a message, applies its effect, and returns the answer.
fn take(world: &mut World, call: &Call) -> Value {
    let Some((verdict, phone)) = judge(world, call) else {
        return Reason::BadRequest.refusal();
    };
    match verdict {
        Verdict::Refuse(reason, detail) => {
            if reason == Reason::Throttled {
                for whom in [None, Some(phone.clone())] {
                    let throttle = world.limits.throttled.get_mut(&whom);
                    if let Some((until, length)) = throttle {
                        *until = call.now_ms + *length;
                    }
                }
            }
            drop_message(world, call, Some(phone), (reason, &detail));
            reason.refusal()
        }
        Verdict::Repeat(message_id) => {
            drop_message(world, call, Some(phone), (Reason::Repeated, ""));
            json!({ "ret": 0, "errmsg": "", "message_id": message_id })
        }
        Verdict::Lose(reason, detail) => {
            world.count_send(&call.token);
            drop_message(world, call, Some(phone), (reason, &detail));
            json!({})
        }
        Verdict::Show => {
            world.count_send(&call.token);
            if world.limits.unconfirmed > 0 {
                world.limits.unconfirmed -= 1;
                drop_message(world, call, Some(phone), (Reason::Unconfirmed, ""));
                return json!({ "ret": 0 });
            }
            let message_id = world.show(&phone, &call.body["msg"], call.now_ms);
            json!({ "ret": 0, "errmsg": "", "message_id": message_id })
        }
    }
}

fn judge(world: &World, call: &Call) -> Option<(Verdict, String)> {
    let bot = world.bots.get(&call.token)?;
    let device = world.devices.get(&bot.phone)?;
    let case = Case { world, bot, device, body: &call.body, now_ms: call.now_ms };
    Some((case.verdict(), bot.phone.clone()))
}

impl World {
    fn count_send(&mut self, token: &str) {
        if let Some(bot) = self.bots.get_mut(token) {
            bot.sends += 1;
        }
    }

    /// Shows a message of the bot on the phone's screen and returns its id.
    fn show(&mut self, phone: &str, msg: &Value, now_ms: i64) -> u64 {
        let message_id = self.next_message_id();
        let item = &msg["item_list"][0];
        let client_id = msg["client_id"].as_str().unwrap_or_default().to_owned();
        let kind = Kind::of(item);
        let device = self.ensure_device(phone);
        let accepted = Accepted { message_id, items: msg["item_list"].clone() };
        device.client_ids.insert(client_id.clone(), accepted);
        device.arrived += 1;
        device.chat.push(Shown {
            message_id,
            mine: false,
            at_ms: now_ms,
            kind,
            text: if kind == Kind::Text { displayed(&words(item)) } else { words(item) },
            client_id,
            item: item.clone(),
        });
        message_id
    }
}

fn drop_message(world: &mut World, call: &Call, phone: Option<String>, why: (Reason, &str)) {
    world.note(Dropped {
        at_ms: call.now_ms,
        endpoint: "sendmessage".to_owned(),
        phone,
        reason: why.0,
        detail: why.1.to_owned(),
        client_id: call.body["msg"]["client_id"].as_str().map(str::to_owned),
        body: call.body.clone(),
    });
}
