//! The input of the phone page: a text for the bot, or a phrase that causes a fault.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;

use super::phone::text_of;
use super::{bad, sent_id};
use crate::answer::json_answer;
use crate::fault::Fault;
use crate::phone::Phone;
use crate::simulator::Simulator;
use crate::state::Shared;

/// Sends `{"text": "…"}`, or carries a phrase out and answers `{"notice": its name}`.
pub(super) async fn types(
    State(shared): State<Arc<Shared>>,
    Path(name): Path<String>,
    body: Bytes,
) -> Response {
    let Some(text) = text_of(&body, "text") else {
        return bad("text missing");
    };
    let phone = Phone::new(Arc::clone(&shared), &name);
    match Phrase::read(&text) {
        None => sent_id(phone.says(&text).await),
        Some(phrase) => {
            phrase.carry_out(&Simulator::of(shared), &phone);
            json_answer(&json!({ "notice": phrase.name() }))
        }
    }
}

/// A control phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phrase {
    /// The next message of the bot is accepted and not shown.
    Drop,
    /// The session of this phone's bot ends.
    Expire,
    /// The context tokens of this phone's bot become stale.
    Stale,
    /// Messages of bots take so many seconds; 0 ends it.
    Slow(u64),
    /// Messages of bots are throttled for so many seconds.
    Throttle(u64),
    /// The next poll gets no answer.
    Hang,
    /// The next answer to a message of a bot is cut in the middle.
    Cut,
    /// The next batch of messages comes twice.
    Twice,
    /// Everything works again.
    Clear,
}

impl Phrase {
    fn read(text: &str) -> Option<Self> {
        let (word, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let seconds = rest.trim().trim_end_matches('s').parse().ok();
        Some(match word {
            "/drop" => Self::Drop,
            "/expire" => Self::Expire,
            "/stale" => Self::Stale,
            "/slow" => Self::Slow(seconds.unwrap_or(5)),
            "/throttle" => Self::Throttle(seconds.unwrap_or(60)),
            "/hang" => Self::Hang,
            "/cut" => Self::Cut,
            "/twice" => Self::Twice,
            "/clear" => Self::Clear,
            _ => return None,
        })
    }

    fn carry_out(self, simulator: &Simulator, phone: &Phone) {
        match self {
            Self::Drop => simulator.accept_without_message_id(1),
            Self::Expire => simulator.expire_session(phone),
            Self::Stale => simulator.expire_tokens(phone),
            Self::Slow(0) => simulator.standing_fault("sendmessage", None),
            Self::Slow(seconds) => {
                let slow = Fault::Slow(Duration::from_secs(seconds));
                simulator.standing_fault("sendmessage", Some(slow));
            }
            Self::Throttle(seconds) => simulator.throttle(Duration::from_secs(seconds)),
            Self::Hang => simulator.hang_next_poll(),
            Self::Cut => simulator.cut_next("sendmessage"),
            Self::Twice => simulator.duplicate_next_batch(false),
            Self::Clear => simulator.clear_faults(),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Expire => "expire",
            Self::Stale => "stale",
            Self::Slow(_) => "slow",
            Self::Throttle(_) => "throttle",
            Self::Hang => "hang",
            Self::Cut => "cut",
            Self::Twice => "twice",
            Self::Clear => "clear",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Phrase;

    #[test]
    fn a_phrase_takes_its_seconds_with_or_without_a_unit() {
        assert_eq!(Phrase::read("/slow 7s"), Some(Phrase::Slow(7)));
        assert_eq!(Phrase::read(" /slow 7 "), Some(Phrase::Slow(7)));
        assert_eq!(Phrase::read("/throttle"), Some(Phrase::Throttle(60)));
    }

    #[test]
    fn any_other_text_is_a_text() {
        assert_eq!(Phrase::read("/help"), None);
        assert_eq!(Phrase::read("drop"), None);
    }
}
