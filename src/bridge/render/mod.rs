//! The form in which a Matrix event is shown on a phone: words, author, and the line above a reply.

pub(super) mod author;
pub(super) mod message;
pub(super) mod reply_line;
pub(super) mod speaker;
