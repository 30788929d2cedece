//! An encrypted event becomes the event that it is, or ends with a sentence.

use serde_json::value::RawValue;

use super::ingest;
use crate::{
    bridge::{
        core::{Core, attempt::Halt},
        notice::refusal,
        policy,
        text::SendRefusal,
    },
    crypto::{Crypto, Unread},
    matrix::event::{self, Event, Kind},
    store::Outcome,
};

/// Returns the event that is inside an encrypted one, any other as it is, or the end that it came
/// to. An encrypted event stays one where the bridge cannot read at all, and for a stranger.
pub(in crate::bridge) async fn read(
    core: &Core,
    event: Event,
    raw: &str,
) -> Result<Result<Event, Outcome>, Halt> {
    if !matches!(event.kind, Kind::Encrypted) {
        return Ok(Ok(event));
    }
    let Some(crypto) = core.crypto().await? else { return Ok(Ok(event)) };
    // So that the answer is encrypted as well.
    core.is_encrypted(&event.room).await?;
    let why = match opened(core, &crypto, &event, raw).await? {
        Ok(inside) => match event::parse(&inside) {
            Ok(inside) => return Ok(let_in(core, inside)),
            Err(_) => Unread::Damaged,
        },
        Err(why) => why,
    };
    tracing::info!(event = %event.id, room = %event.room, reason = reason(&why), "an event could not be decrypted");
    if why == Unread::NoMessage {
        return Ok(Err(Outcome::Ignored("envelope".into())));
    }
    if policy::is_stranger(core, &event.sender) {
        return Ok(Ok(event));
    }
    refusal::refuse(core, &event, refusal_for(&why)).await.map(Err)
}

/// Leaves out what was left out before, had it not been encrypted.
fn let_in(core: &Core, inside: Event) -> Result<Event, Outcome> {
    match ingest::ignored(core, &inside) {
        Some(reason) => Err(Outcome::Ignored(reason.into())),
        None => Ok(inside),
    }
}

/// Reads the event, having waited for its key if it has to be.
async fn opened(
    core: &Core,
    crypto: &Crypto,
    event: &Event,
    raw: &str,
) -> Result<Result<Box<RawValue>, Unread>, Halt> {
    let mut until = None;
    loop {
        let arrivals = core.ciphers.stream().arrivals;
        let session = match core.decrypt(crypto, &event.room, raw).await? {
            Err(Unread::NoKey { session }) => session,
            read => return Ok(read),
        };
        if core.ciphers.is_missing(&event.room, &session) {
            return Ok(Err(Unread::NoKey { session }));
        }
        let waiting = core.ciphers.keys_come(arrivals, &mut until);
        let came = core.tasks.unless_stopped(waiting).await.ok_or(Halt::Stopping)?;
        if !came {
            core.ciphers.note_missing(&event.room, &session);
            return Ok(Err(Unread::NoKey { session }));
        }
    }
}

fn refusal_for(why: &Unread) -> SendRefusal {
    match why {
        Unread::NoKey { .. } | Unread::TooEarly => SendRefusal::NoKey,
        Unread::Withheld(reason) => SendRefusal::KeyWithheld(*reason),
        Unread::Untrusted | Unread::NoMessage | Unread::Damaged => SendRefusal::Undecryptable,
    }
}

fn reason(why: &Unread) -> &'static str {
    match why {
        Unread::NoKey { .. } => "no_key",
        Unread::Withheld(_) => "withheld",
        Unread::TooEarly => "too_early",
        Unread::Untrusted => "untrusted",
        Unread::NoMessage => "no_message",
        Unread::Damaged => "damaged",
    }
}
