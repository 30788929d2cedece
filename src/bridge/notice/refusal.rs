//! The notice that tells why something was not bridged, as a reply to it.

use crate::{
    bridge::{
        core::{Core, attempt::Halt, txn::Txn},
        text::SendRefusal,
    },
    convert,
    matrix::{content, event::Event},
    store::Outcome,
};

/// Replies once to an event with the reason why it was not bridged. A user without permission is
/// told once a day, whatever they write.
pub(crate) async fn refuse(
    core: &Core,
    event: &Event,
    refusal: SendRefusal,
) -> Result<Outcome, Halt> {
    let is_stranger = refusal == SendRefusal::NotAllowed;
    if is_stranger && !core.hush.tell_once(&event.sender, core.clock.now()) {
        return Ok(Outcome::Refused(refusal.code().into()));
    }
    let text = refusal.text(core.language_of(&event.sender));
    let reply = content::reply(&event.id, content::notice(text));
    let bot = core.bot();
    // Copies of one event that are refused for one reason share a notice.
    let txn = Txn::Refuse { event: &event.id, code: refusal.code() }.to_string();
    core.send(&bot, &event.room, &reply, (&txn, None)).await?;
    Ok(Outcome::Refused(refusal.code().into()))
}

/// Returns the reason why an event of an unknown type is not bridged.
pub(crate) fn refusal_of(event_type: &str) -> SendRefusal {
    match CALLS.contains(&event_type) {
        true => SendRefusal::Call,
        false => SendRefusal::Kind(convert::OtherKind::Other),
    }
}

/// The types of events that make a phone ring.
pub(super) const CALLS: [&str; 6] = [
    "m.call.invite",
    "m.call.notify",
    "m.rtc.notification",
    "org.matrix.msc4075.call.notify",
    "org.matrix.msc4075.rtc.notification",
    "m.rtc.notify",
];
