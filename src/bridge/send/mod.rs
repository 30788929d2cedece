//! Sending what waits for one contact: uploads, formats, and what an answer of WeChat means.

pub(super) mod format;
pub(crate) mod sender;
mod sending;
mod settle;
pub(super) mod upload;
pub(super) mod verdict;
