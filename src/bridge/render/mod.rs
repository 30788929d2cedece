//! How a Matrix event reads on a phone: its words, its author, and the line above a reply.

pub(super) mod author;
pub(super) mod message;
pub(super) mod reply_line;
pub(super) mod speaker;
