//! Rooms with several contacts: a copy of each event for each contact, and who is in ([groups](../../../docs/groups.md)).

pub(super) mod again;
pub(super) mod copies;
pub(super) mod membership;
pub(super) mod upgrade;
