//! The questions to the policy about an event in a room with contacts.

use ruma::RoomId;

use super::{Act, Actor, RoomRules, Ruling, decide};
use crate::{bridge::core::Core, matrix::event::Event, store::Portal};

/// Returns the rules of a room for something new in a chat.
pub(crate) fn rules(portal: &Portal, room: &RoomId) -> RoomRules {
    RoomRules::new(portal.relay_off, !portal.owns(room))
}

/// Decides about an event that refers to no earlier one.
pub(crate) fn judge(core: &Core, portal: &Portal, event: &Event, act: Act) -> Ruling {
    decide(Actor::of_event(core, portal, event), act, rules(portal, &event.room))
}
