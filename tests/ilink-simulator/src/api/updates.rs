//! `getupdates`: the long poll.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use tokio::time::Instant;

use super::Call;
use crate::answer::{raw_json, session_timeout};
use crate::dropped::Reason;
use crate::inbox::{Poll, Updates, updates_body};
use crate::state::Shared;

/// Returns the messages after the cursor, or an empty answer when the hold time is over.
pub(crate) async fn updates(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = Call::read(&shared, &headers, &body, "getupdates");
    let cursor = call.body["get_updates_buf"].as_str();
    shared.change(|world| {
        if cursor.is_none() {
            world.note_call(call.now_ms, "getupdates", Reason::BadRequest, "no get_updates_buf");
        }
        if call.alive(world) && !world.knows_cursor(&call.token, cursor.unwrap_or_default()) {
            world.note_call(call.now_ms, "getupdates", Reason::UnknownCursor, "");
        }
    });
    let Some(held) = Held::begin(&shared, &call.token) else {
        return session_timeout();
    };
    let (deadline, wake, hold_ms) = shared.quietly(|world| {
        let wake = world.bots.get(&call.token).map(|bot| Arc::clone(&bot.wake));
        (Instant::now() + world.hold, wake.unwrap_or_default(), world.hold.as_millis())
    });
    let poll = Poll {
        token: &call.token,
        cursor: cursor.unwrap_or_default(),
        generation: held.generation,
    };
    loop {
        let mut signal = std::pin::pin!(wake.notified());
        signal.as_mut().enable();
        match shared.change(|world| world.updates(&poll)) {
            Updates::Dead => return session_timeout(),
            Updates::Ready(body) => return raw_json(body.into_bytes()),
            Updates::Nothing => {}
        }
        let nothing = || raw_json(updates_body(&[], "", hold_ms).into_bytes());
        tokio::select! {
            () = signal => {}
            () = tokio::time::sleep_until(deadline) => return nothing(),
            () = shared.closing.cancelled() => return nothing(),
        }
    }
}

/// Counts a poll as open until it is answered or its client is gone.
struct Held<'a> {
    shared: &'a Shared,
    token: &'a str,
    generation: u64,
}

impl<'a> Held<'a> {
    fn begin(shared: &'a Shared, token: &'a str) -> Option<Self> {
        let generation = shared.change(|world| world.begin_poll(token))?;
        Some(Self { shared, token, generation })
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.shared.change(|world| world.end_poll(self.token));
    }
}
