//! The sending of one contact's queue, with what all of its steps need.

use crate::{bridge::core::Core, store::Portal};

/// A step in the sending of a portal's queue.
#[derive(Clone, Copy)]
pub(super) struct Sending<'a> {
    pub(super) core: &'a Core,
    pub(super) portal: &'a Portal,
}
