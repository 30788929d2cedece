//! From Matrix: stores what the homeserver pushes and turns events into queued messages.

pub(super) mod as_text;
pub(super) mod before_entry;
pub(super) mod catch_up;
pub(super) mod edit;
pub(super) mod enqueue;
pub(super) mod ingest;
pub(super) mod reading;
pub(super) mod retry;
pub(super) mod turn;
pub(super) mod typing;
