//! Messages that WeChat has accepted and whose rooms do not show it yet.
//!
//! Showing it does not delay the next message. Messages that are accepted meanwhile are shown
//! together, with one read receipt, which covers all earlier ones.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::Outgoing;
use crate::id::PortalId;

/// The accepted messages that are to be shown, by portal.
#[derive(Debug, Default)]
pub(crate) struct ConfirmedMessages(Mutex<HashMap<PortalId, Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    accepted: Vec<Outgoing>,
    /// Whether a task is showing this portal's.
    shown: bool,
}

impl ConfirmedMessages {
    /// Adds an accepted message.
    pub(crate) fn push(&self, portal: PortalId, head: Outgoing) {
        self.waiting().entry(portal).or_default().accepted.push(head);
    }

    /// Returns whether there is something to show and no task that does; the caller becomes that
    /// task.
    pub(crate) fn begin(&self, portal: PortalId) -> bool {
        let mut waiting = self.waiting();
        let waiting = waiting.get_mut(&portal).filter(|waiting| !waiting.shown);
        waiting.is_some_and(|waiting| {
            waiting.shown = true;
            true
        })
    }

    /// Takes the messages to be shown, in order; when none is left, the caller's task must end.
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
