//! The rule of the policy: whether an actor may do an act in a chat.

use super::{Act, Actor};
use crate::bridge::text::SendRefusal;

/// The state of the room and of the message in question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RoomRules {
    /// Whether the owner has turned the relay off in the contact's own room.
    pub(crate) relay_off: bool,
    /// Whether it is a room with others into which the contact was brought.
    pub(crate) is_group: bool,
    /// Whether the actor has written the message in question.
    pub(crate) authored_by_actor: bool,
    /// Whether the actor may redact messages of others in this room.
    pub(crate) may_moderate: bool,
    /// Whether the message in question was written in this room.
    pub(crate) written_here: bool,
}

impl RoomRules {
    /// Returns the rules for something new, which is the actor's own.
    pub(crate) fn new(relay_off: bool, is_group: bool) -> Self {
        let (authored_by_actor, may_moderate, written_here) = (true, false, true);
        Self { relay_off, is_group, authored_by_actor, may_moderate, written_here }
    }
}

/// The decision about an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ruling {
    Allowed,
    /// The act is refused, and the actor is told why.
    Refused(SendRefusal),
    /// The act is ignored without a word.
    LeftAlone,
}

/// Decides about every act of every actor.
pub(crate) fn decide(actor: Actor, act: Act, rules: RoomRules) -> Ruling {
    match actor {
        Actor::Owner => of_owner(act, rules),
        Actor::RelayGuest => of_guest(act, rules, false),
        Actor::OtherUser => of_guest(act, rules, true),
        Actor::Stranger => of_stranger(act),
        Actor::OtherBot | Actor::Contact | Actor::Bridge => Ruling::LeftAlone,
        Actor::AnotherContact => of_another_contact(act, rules),
    }
}

fn of_owner(act: Act, rules: RoomRules) -> Ruling {
    match act {
        Act::FirstSend
        | Act::Resend
        | Act::Reaction
        | Act::Thread
        | Act::Reply
        | Act::Typing
        | Act::Command
        | Act::Tombstone
        | Act::Invitation => Ruling::Allowed,
        Act::Edit => allowed_if(rules.authored_by_actor, SendRefusal::Edit),
        // In a room with others, these change the name and the avatar of that room only.
        Act::Rename | Act::Picture => allowed_or_not(!rules.is_group),
        Act::Redaction | Act::Queue | Act::Drop | Act::Merge => allowed_or_not(rules.written_here),
    }
}

fn of_guest(act: Act, rules: RoomRules, may_link: bool) -> Ruling {
    let is_private = rules.relay_off && !rules.is_group;
    match act {
        Act::FirstSend | Act::Reaction | Act::Thread | Act::Reply => {
            allowed_if(!is_private, SendRefusal::RelayOff)
        }
        Act::Edit if is_private => Ruling::Refused(SendRefusal::RelayOff),
        Act::Edit => allowed_if(rules.authored_by_actor, SendRefusal::Edit),
        Act::Resend if !rules.authored_by_actor => Ruling::Refused(SendRefusal::NotYours),
        Act::Resend => allowed_if(!is_private, SendRefusal::RelayOff),
        Act::Redaction => {
            let own = rules.authored_by_actor || rules.may_moderate;
            allowed_or_not(rules.written_here && own)
        }
        Act::Typing => allowed_or_not(!is_private),
        // The homeserver has already checked who may replace a room.
        Act::Command | Act::Tombstone => Ruling::Allowed,
        Act::Rename | Act::Picture => Ruling::LeftAlone,
        Act::Invitation => allowed_if(may_link, SendRefusal::NotAllowed),
        // All members of a room with others have read the waiting messages there.
        Act::Queue => allowed_or_not(rules.is_group && may_link && rules.written_here),
        Act::Drop => {
            let own = rules.authored_by_actor && rules.written_here;
            allowed_or_not(rules.is_group && may_link && own)
        }
        Act::Merge => Ruling::LeftAlone,
    }
}

fn of_stranger(act: Act) -> Ruling {
    match act {
        Act::FirstSend
        | Act::Edit
        | Act::Resend
        | Act::Reaction
        | Act::Thread
        | Act::Reply
        | Act::Command
        | Act::Invitation => Ruling::Refused(SendRefusal::NotAllowed),
        // The room is over for everybody in it, and the homeserver has checked the power to end it.
        Act::Tombstone => Ruling::Allowed,
        Act::Redaction
        | Act::Typing
        | Act::Rename
        | Act::Picture
        | Act::Queue
        | Act::Drop
        | Act::Merge => Ruling::LeftAlone,
    }
}

/// Decides for another contact: in a room with others, their messages and redactions go to the
/// other contacts.
fn of_another_contact(act: Act, rules: RoomRules) -> Ruling {
    match act {
        Act::FirstSend | Act::Edit | Act::Resend | Act::Reaction | Act::Thread | Act::Reply => {
            allowed_or_not(rules.is_group)
        }
        Act::Redaction => {
            let own = rules.authored_by_actor && rules.written_here;
            allowed_or_not(rules.is_group && own)
        }
        Act::Typing
        | Act::Command
        | Act::Rename
        | Act::Picture
        | Act::Tombstone
        | Act::Invitation
        | Act::Queue
        | Act::Drop
        | Act::Merge => Ruling::LeftAlone,
    }
}

fn allowed_if(may: bool, otherwise: SendRefusal) -> Ruling {
    if may { Ruling::Allowed } else { Ruling::Refused(otherwise) }
}

fn allowed_or_not(may: bool) -> Ruling {
    if may { Ruling::Allowed } else { Ruling::LeftAlone }
}
