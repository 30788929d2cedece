//! Routing: takes each entry to the floor for it, by the kind of its event and of its room.

pub(crate) mod entry;
pub(super) mod group_room;
pub(super) mod invitation;
pub(super) mod lane;
pub(super) mod membership;
pub(super) mod other_room;
pub(super) mod poison;
pub(super) mod portal_room;
mod stranger;
mod unreadable;
