//! The decision whether a room counts as the upgrade of another.

use ruma::RoomId;

/// The facts about a room that a tombstone names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Successor<'a> {
    /// The room that was replaced.
    pub(crate) old: &'a RoomId,
    /// The predecessor that its `m.room.create` names.
    pub(crate) predecessor: Option<&'a RoomId>,
    /// Whether its creator may send `m.room.tombstone` in the old room.
    pub(crate) creator_may_upgrade: bool,
    /// Whether the owner of the chat is a member of it.
    pub(crate) owner_is_in: bool,
    /// Whether it is a management room, a contact's own room, or one with contacts in it.
    pub(crate) is_taken: bool,
}

/// The reason why a room does not count as an upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doubt {
    Taken,
    /// The room names another predecessor, or none.
    OtherPredecessor,
    /// The room's creator could not have upgraded the old room.
    CreatorMayNot,
    /// The owner is not in the room yet; it may count later.
    OwnerOutside,
    /// The room counts, but the bot may not invite the contact's ghost there.
    GhostOutside,
}

impl Successor<'_> {
    /// Returns the reason why the room does not count; `None` when it does.
    pub(crate) fn doubt(&self) -> Option<Doubt> {
        if self.is_taken {
            Some(Doubt::Taken)
        } else if self.predecessor != Some(self.old) {
            Some(Doubt::OtherPredecessor)
        } else if !self.creator_may_upgrade {
            Some(Doubt::CreatorMayNot)
        } else if !self.owner_is_in {
            Some(Doubt::OwnerOutside)
        } else {
            None
        }
    }
}
