//! Which room counts as the one that replaces another.

use ruma::RoomId;

/// What is known of a room that a tombstone names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Successor<'a> {
    /// The room that was replaced.
    pub(crate) old: &'a RoomId,
    /// The room that its `m.room.create` names as the one before it.
    pub(crate) predecessor: Option<&'a RoomId>,
    /// Its creator may send `m.room.tombstone` in the old room.
    pub(crate) creator_may_upgrade: bool,
    /// The owner of the chat is a member of it.
    pub(crate) owner_is_in: bool,
    /// It is somebody's management room, a contact's own room, or one with contacts in it.
    pub(crate) is_taken: bool,
}

/// Why a room does not count as a replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doubt {
    Taken,
    /// It says that it comes after another room, or after none.
    OtherPredecessor,
    /// Who made it could not have upgraded the old room.
    CreatorMayNot,
    /// The owner is not in it yet; it may count later.
    OwnerOutside,
    /// It counts, but the bot has no power there to invite the contact's ghost.
    GhostOutside,
}

impl Successor<'_> {
    /// Returns what speaks against it; `None` when it counts.
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
