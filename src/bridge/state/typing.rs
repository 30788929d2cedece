//! The portals in whose rooms a member is typing, and what is needed to show it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use crate::{clock::Timestamp, id::PortalId, ilink::TypingTicket};

/// The typing in each portal, by whichever members of the room.
#[derive(Debug, Default)]
pub(crate) struct Typists(Mutex<HashMap<PortalId, Typist>>);

#[derive(Debug, Default)]
struct Typist {
    /// Ends the task that shows it, while there is one.
    stops: Option<CancellationToken>,
    /// Locked by that task, so that one ends before the next begins.
    turn: Arc<tokio::sync::Mutex<()>>,
    ticket: Option<(TypingTicket, Timestamp)>,
}

/// What a task that shows typing holds.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) stops: CancellationToken,
    pub(crate) turn: Arc<tokio::sync::Mutex<()>>,
}

impl Typists {
    /// Begins to show typing; returns `None` when it is shown already.
    pub(crate) fn begin(&self, portal: PortalId) -> Option<Turn> {
        let mut typists = self.typists();
        let typist = typists.entry(portal).or_default();
        if typist.stops.as_ref().is_some_and(|stops| !stops.is_cancelled()) {
            return None;
        }
        let stops = CancellationToken::new();
        typist.stops = Some(stops.clone());
        Some(Turn { stops, turn: Arc::clone(&typist.turn) })
    }

    /// Ends the showing of typing.
    pub(crate) fn end(&self, portal: PortalId) {
        if let Some(stops) = self.typists().get_mut(&portal).and_then(|t| t.stops.take()) {
            stops.cancel();
        }
    }

    /// Returns the typing ticket of this contact, unless it is too old.
    pub(crate) fn ticket(&self, portal: PortalId, now: Timestamp) -> Option<TypingTicket> {
        let typists = self.typists();
        let (ticket, since) = typists.get(&portal)?.ticket.as_ref()?;
        (now.since(*since) < TICKET_LASTS).then(|| ticket.clone())
    }

    /// Stores a typing ticket; `None` removes it.
    pub(crate) fn keep(&self, portal: PortalId, ticket: Option<(TypingTicket, Timestamp)>) {
        self.typists().entry(portal).or_default().ticket = ticket;
    }

    fn typists(&self) -> MutexGuard<'_, HashMap<PortalId, Typist>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lifetime of a ticket. The real one is not documented; Tencent's client keeps one for at most
/// a day.
const TICKET_LASTS: Duration = Duration::from_secs(60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_begins_once_and_again_after_its_end() {
        let (typists, portal) = (Typists::default(), PortalId(1));
        let first = typists.begin(portal).unwrap();
        assert!(typists.begin(portal).is_none());
        assert!(typists.begin(PortalId(2)).is_some());
        typists.end(portal);
        assert!(first.stops.is_cancelled());
        assert!(typists.begin(portal).is_some());
    }

    #[test]
    fn a_ticket_is_kept_for_an_hour() {
        let (typists, portal) = (Typists::default(), PortalId(1));
        let at = |minutes: u64| Timestamp(0).plus(Duration::from_secs(minutes * 60));
        assert!(typists.ticket(portal, at(0)).is_none());
        typists.keep(portal, Some((TypingTicket::new("t"), at(0))));
        assert!(typists.ticket(portal, at(59)).is_some());
        assert!(typists.ticket(portal, at(60)).is_none());
        typists.keep(portal, None);
        assert!(typists.ticket(portal, at(1)).is_none());
    }
}
