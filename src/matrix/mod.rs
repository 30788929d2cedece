//! The Matrix side: the homeserver's API, and what it pushes. Never heard of WeChat.

pub mod registration;
