//! Messages that WeChat has accepted and whose rooms do not show it yet.
//!
//! Showing it is not in the way of the next message. What is accepted meanwhile is shown
//! together, with one read receipt, which stands for all before it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::Outgoing;
use crate::id::PortalId;

/// What is to be shown, by portal.
#[derive(Debug, Default)]
pub(crate) struct Confirmed(Mutex<HashMap<PortalId, Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    accepted: Vec<Outgoing>,
    /// Whether somebody shows this portal's.
    shown: bool,
}

impl Confirmed {
    /// A message was accepted.
    pub(crate) fn push(&self, portal: PortalId, head: Outgoing) {
        self.waiting().entry(portal).or_default().accepted.push(head);
    }

    /// Whether there is something to show and nobody who does; the caller does from now on.
    pub(crate) fn begin(&self, portal: PortalId) -> bool {
        let mut waiting = self.waiting();
        let waiting = waiting.get_mut(&portal).filter(|waiting| !waiting.shown);
        waiting.is_some_and(|waiting| {
            waiting.shown = true;
            true
        })
    }

    /// What is to be shown now, in order; with nothing left the caller is done.
    pub(crate) fn take(&self, portal: PortalId) -> Vec<Outgoing> {
        let mut all = self.waiting();
        let accepted = all.get_mut(&portal).map(|waiting| std::mem::take(&mut waiting.accepted));
        let accepted = accepted.unwrap_or_default();
        if accepted.is_empty() {
            all.remove(&portal);
        }
        accepted
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<PortalId, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
