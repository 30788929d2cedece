//! The screen of a phone as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, stream};
use serde_json::{Value, json};

use super::shown_json;
use crate::qr::{QrState, qr_id};
use crate::state::{Shared, World};

/// Streams the screen: one event `screen` at once, then one for each change, with the state of the
/// phone and the chat's new entries.
pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let watch = Watch { shared, name, told: 0, last: Value::Null };
    let screens = stream::unfold(watch, |mut watch| async {
        let screen = watch.next().await?;
        let event = Event::default().event("screen").data(screen.to_string());
        Some((Ok(event), watch))
    });
    Sse::new(screens).keep_alive(KeepAlive::default())
}

struct Watch {
    shared: Arc<Shared>,
    name: String,
    /// How many entries of the chat were sent.
    told: usize,
    /// The last screen that was sent, without the chat.
    last: Value,
}

impl Watch {
    /// Returns the next screen that differs from the last; `None` when the simulator ends.
    async fn next(&mut self) -> Option<Value> {
        let shared = Arc::clone(&self.shared);
        loop {
            // The life of a QR code ends without a change, so the screen is checked each second.
            let change = shared.wait_until(Duration::from_secs(1), |world| self.look(world));
            tokio::select! {
                screen = change => {
                    if screen.is_some() {
                        return screen;
                    }
                }
                () = shared.closing.cancelled() => return None,
            }
        }
    }

    fn look(&mut self, world: &mut World) -> Option<Value> {
        let chat = &world.ensure_device(&self.name).chat;
        let from = self.told.max(chat.len().saturating_sub(NEWEST));
        let entries = chat.iter().enumerate().skip(from).map(|(index, shown)| {
            let mut entry = shown_json(shown);
            entry["index"] = json!(index);
            entry
        });
        let new: Vec<Value> = entries.collect();
        self.told = chat.len();
        let mut screen = screen(world, &self.name, self.shared.clock.now_ms());
        if new.is_empty() && screen == self.last {
            return None;
        }
        self.last = screen.clone();
        screen["chat"] = Value::Array(new);
        Some(screen)
    }
}

fn screen(world: &mut World, name: &str, now_ms: i64) -> Value {
    let waiting = world.pending_qrs(now_ms);
    let qrs: Vec<Value> =
        waiting.iter().rev().take(4).map(|url| json!({ "url": url, "id": qr_id(url) })).collect();
    let bot = world.bot_of(name).map(
        |bot| json!({ "id": bot.bot_id, "online": bot.online && !bot.dead, "dead": bot.dead }),
    );
    let device = world.ensure_device(name);
    let (user, typing, digits) = (device.user_id.clone(), device.typing, device.digits.clone());
    let qr = device.qr.clone().and_then(|id| world.qrs.get(&id));
    let login = qr.map(|qr| {
        let open = matches!(qr.state, QrState::Scanned | QrState::NeedsDigits);
        if open && qr.too_old(now_ms) { "expired" } else { qr.state.status() }
    });
    json!({
        "name": name,
        "user_id": user,
        "bot": bot,
        "typing": typing,
        "login": login,
        "digits": digits.map(|digits| digits.number),
        "qrs": qrs,
    })
}

/// The number of entries of the chat that a page gets when it opens late.
const NEWEST: usize = 300;
