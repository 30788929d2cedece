//! Asks the policy about an event in a room with contacts.

use ruma::RoomId;

use super::{Act, Actor, RoomRules, Ruling, decide};
use crate::{bridge::core::Core, matrix::event::Event, store::Portal};

/// Returns the rules of a room for a chat, about something new in it.
pub(crate) fn rules(portal: &Portal, room: &RoomId) -> RoomRules {
    RoomRules::new(portal.relay_off, portal.room.as_deref() != Some(room))
}

/// Returns what becomes of an act that an event is, where it is about nothing earlier.
pub(crate) fn judge(core: &Core, portal: &Portal, event: &Event, act: Act) -> Ruling {
    decide(Actor::of_event(core, portal, event), act, rules(portal, &event.room))
}
