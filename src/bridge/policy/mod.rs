//! The policy: who may do what with a chat, and what a contact may see of it.
//!
//! Every path that acts for a user asks the policy; none decides by itself.

mod act;
mod actor;
mod ask;
mod command;
mod decide;
mod replacement;
pub(super) mod visibility;

pub(crate) use self::act::Act;
pub(crate) use self::actor::{Actor, Person, is_stranger};
pub(crate) use self::ask::{judge, rules};
pub(crate) use self::command::after_prefix;
pub(crate) use self::decide::{RoomRules, Ruling, decide};
pub(crate) use self::replacement::{Doubt, Successor};

#[cfg(test)]
mod tests;
