//! The actor of an act, as seen from a chat.

use ruma::UserId;

use crate::{
    bridge::core::Core,
    config::Level,
    matrix::event::{Event, Kind},
    store::Portal,
};

/// The relation of an acting user to a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actor {
    /// The Matrix user who linked the contact.
    Owner,
    /// A user who may write through the bridge and may not link contacts.
    RelayGuest,
    /// A user who may link contacts, and has not linked this one.
    OtherUser,
    /// A user without any permission.
    Stranger,
    /// A program that sends notices, and is not the owner's.
    OtherBot,
    /// The contact of this chat.
    Contact,
    /// Another contact in the room.
    AnotherContact,
    /// The bot, or a ghost that does not belong in the room.
    Bridge,
}

/// The facts about a person that decide which actor they are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Person {
    pub(crate) level: Option<Level>,
    pub(crate) is_owner: bool,
    /// Whether their message is a notice, as programs send it.
    pub(crate) is_notice: bool,
}

impl Actor {
    /// Returns the actor for a person. An owner without any permission is a stranger.
    pub(crate) fn of_person(person: Person) -> Self {
        match person.level {
            None => Self::Stranger,
            Some(Level::Relay | Level::User | Level::Admin) if person.is_owner => Self::Owner,
            Some(Level::Relay | Level::User | Level::Admin) if person.is_notice => Self::OtherBot,
            Some(Level::Relay) => Self::RelayGuest,
            Some(Level::User | Level::Admin) => Self::OtherUser,
        }
    }

    /// Returns the actor for the sender of an event.
    pub(crate) fn of_event(core: &Core, portal: &Portal, event: &Event) -> Self {
        let is_notice = matches!(&event.kind, Kind::Message(message)
            if message.msgtype == "m.notice");
        let in_group = !portal.owns(&event.room);
        Self::find(core, portal, &event.sender, (is_notice, in_group))
    }

    /// Returns the actor for a user.
    pub(crate) fn of_user(core: &Core, portal: &Portal, user: &UserId) -> Self {
        Self::find(core, portal, user, (false, false))
    }

    /// Returns the actor for the sender of a command. Administrators act as owners.
    pub(crate) fn of_commander(core: &Core, portal: &Portal, user: &UserId) -> Self {
        match core.config.bridge.permissions.level_of(user) {
            Some(Level::Admin) => Self::Owner,
            None | Some(Level::Relay | Level::User) => Self::of_user(core, portal, user),
        }
    }

    fn find(
        core: &Core,
        portal: &Portal,
        user: &UserId,
        (is_notice, in_group): (bool, bool),
    ) -> Self {
        match core.ghosts.contact(user) {
            Some(contact) if contact == portal.key.contact => Self::Contact,
            Some(_) if in_group => Self::AnotherContact,
            Some(_) => Self::Bridge,
            None if user == core.bot => Self::Bridge,
            None => Self::of_person(Person {
                level: core.config.bridge.permissions.level_of(user),
                is_owner: portal.key.owner == user,
                is_notice,
            }),
        }
    }
}

/// Returns whether this is a person without any permission, for whom the homeserver is asked
/// nothing.
pub(crate) fn is_stranger(core: &Core, user: &UserId) -> bool {
    !core.is_ours(user) && core.config.bridge.permissions.level_of(user).is_none()
}
