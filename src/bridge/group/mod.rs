//! Rooms with several contacts: a copy of each event for each contact, and their members
//! ([groups](../../../docs/groups.md)).

pub(super) mod again;
pub(super) mod copies;
pub(super) mod membership;
pub(super) mod upgrade;
