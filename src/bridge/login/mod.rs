//! Linked contacts: the QR login, the poll loop of a login, its end, and the provisioning API.

pub(super) mod in_room;
pub(super) mod linked;
pub(super) mod logout;
pub(super) mod provisioning;
pub(super) mod qr_login;
pub(super) mod session;
mod trial;
