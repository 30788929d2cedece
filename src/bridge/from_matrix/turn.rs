//! One event of a portal's room, with all that its handling may touch.

use crate::{
    bridge::core::Core,
    matrix::event::Event,
    store::{Entry, Portal},
};

/// An event, the entry that is finished when it is handled, and the portal that it is for.
#[derive(Clone, Copy)]
pub(crate) struct PortalTurn<'a> {
    pub(crate) core: &'a Core,
    pub(crate) entry: &'a Entry,
    pub(crate) event: &'a Event,
    pub(crate) portal: &'a Portal,
}
