//! Portal rooms: making, naming, describing, replacing and closing them.

pub(super) mod capabilities;
pub(super) mod close;
pub(crate) mod departed;
pub(crate) mod entry;
pub(super) mod naming;
pub(super) mod powers;
pub(super) mod profile;
pub(super) mod replacement;
pub(crate) mod room;
pub(super) mod space;
mod unseen;
pub(super) mod upgrade;
