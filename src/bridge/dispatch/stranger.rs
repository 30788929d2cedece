//! The events of people without any permission: they are told so once, and the homeserver is asked
//! nothing for them.

use crate::{
    bridge::{
        core::{Core, attempt::Halt},
        notice::refusal,
        policy::{self, Act, Actor, RoomRules, Ruling},
    },
    matrix::event::{Event, Kind, MembershipState},
    store::Outcome,
};

/// Handles an event of a stranger in a room with contacts. Returns `None` when the event is no act,
/// such as a leave, or when the sender has a permission.
pub(super) async fn turned_away(core: &Core, event: &Event) -> Result<Option<Outcome>, Halt> {
    if !policy::is_stranger(core, &event.sender) {
        return Ok(None);
    }
    let Some(act) = act(&event.kind) else { return Ok(None) };
    match policy::decide(Actor::Stranger, act, RoomRules::new(false, false)) {
        Ruling::Allowed => Ok(None),
        Ruling::Refused(why) => refusal::refuse(core, event, why).await.map(Some),
        Ruling::LeftAlone => Ok(Some(Outcome::Ignored("stranger".into()))),
    }
}

/// Returns the act that an event is.
fn act(kind: &Kind) -> Option<Act> {
    match kind {
        Kind::Message(message) if message.edits.is_some() => Some(Act::Edit),
        Kind::Message(message) if message.thread.is_some() => Some(Act::Thread),
        Kind::Message(message) if message.reply_to.is_some() => Some(Act::Reply),
        Kind::Message(_)
        | Kind::Sticker(_)
        | Kind::Poll(_)
        | Kind::LiveLocation
        | Kind::Encrypted
        | Kind::Other { is_state: false, .. } => Some(Act::FirstSend),
        Kind::Reaction { .. } => Some(Act::Reaction),
        Kind::Redaction { .. } => Some(Act::Redaction),
        Kind::RoomName(_) => Some(Act::Rename),
        Kind::RoomPicture(_) => Some(Act::Picture),
        Kind::Tombstone { .. } => Some(Act::Tombstone),
        Kind::Membership(change) if change.now == MembershipState::Invite => Some(Act::Invitation),
        Kind::Membership(_) | Kind::RoomEncryption(_) | Kind::Other { is_state: true, .. } => None,
    }
}
