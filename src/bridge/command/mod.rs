//! What people ask the bot to do.

pub mod line;
