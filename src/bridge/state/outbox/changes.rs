//! Changes of a waiting message: its words, the quote above it, and whether it is sent at all.

use std::collections::VecDeque;

use ruma::{EventId, OwnedEventId, OwnedRoomId, OwnedUserId, UserId};

use super::{Changed, Outbox, Outgoing, Part, led_by};
use crate::{
    id::{InboxId, PortalId},
    store::Words,
};

/// The event to which a message refers; the contact may learn of it only what they have received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum About {
    /// The message refers to no event.
    Nothing,
    /// The message is a reply to this event, and has a quote of it above or not.
    Answer(OwnedEventId),
    /// The message describes a reaction to this event, and is not sent without it.
    Reaction(OwnedEventId),
    /// The message has the new words of this event; `words` are the parts without the sign of an
    /// edit.
    Correction { of: OwnedEventId, words: Vec<Part> },
}

/// A waiting message, as a list shows it.
#[derive(Debug, Clone)]
pub(crate) struct QueuedLine {
    pub(crate) event: OwnedEventId,
    /// Its next part as a line.
    pub(crate) line: String,
}

impl QueuedLine {
    fn of(outgoing: &Outgoing) -> Self {
        let line = outgoing.next_part().map(|part| part.line()).unwrap_or_default();
        Self { event: outgoing.event.clone(), line }
    }
}

impl Outbox {
    /// Removes a message that was not tried yet.
    pub(crate) fn cancel(&self, portal: PortalId, event: &EventId) -> Changed {
        let mut queues = self.queues();
        let Some(queue) = queues.get_mut(&portal) else { return Changed::NotThere };
        let found = queue.waiting.iter().position(|waiting| waiting.carries(event));
        match found.map(|at| (at, queue.waiting.get(at).is_some_and(Outgoing::is_untried))) {
            None => Changed::NotThere,
            Some((_, false)) => Changed::TooLate,
            Some((at, true)) => {
                queue.changed.notify_one();
                queue.waiting.remove(at).map_or(Changed::NotThere, |was| Changed::Done(was.into()))
            }
        }
    }

    /// Replaces the words or the file of a message of `sender` that was not tried yet.
    pub(crate) fn replace(
        &self,
        portal: PortalId,
        event: &EventId,
        sender: &UserId,
        (parts, version): (&[Part], &EventId),
    ) -> Changed {
        let mut queues = self.queues();
        let Some(queue) = queues.get_mut(&portal) else { return Changed::NotThere };
        let Some(waiting) = queue.waiting.iter_mut().find(|waiting| waiting.carries(event)) else {
            return Changed::NotThere;
        };
        if waiting.sender != sender {
            return Changed::NotThere;
        }
        if !waiting.is_untried() {
            return Changed::TooLate;
        }
        waiting.progress.version = Some(version.to_owned());
        waiting.plain = parts.to_vec();
        waiting.lead();
        Changed::Done(waiting.clone().into())
    }

    /// Replaces the words of the waiting correction of this event by `sender`; see
    /// [`About::Correction`].
    pub(crate) fn replace_correction(
        &self,
        portal: PortalId,
        newer: (&About, &[Part]),
        sender: &UserId,
        version: &EventId,
    ) -> Changed {
        let (About::Correction { of, .. }, parts) = newer else { return Changed::NotThere };
        let mut queues = self.queues();
        let waiting = queues.get_mut(&portal).map(|queue| queue.waiting.iter_mut());
        let found = waiting
            .into_iter()
            .flatten()
            .find(|one| one.corrects(of) && one.sender == sender && one.is_untried());
        let Some(waiting) = found else { return Changed::NotThere };
        waiting.progress.version = Some(version.to_owned());
        waiting.about = newer.0.clone();
        waiting.plain = parts.to_vec();
        waiting.lead();
        Changed::Done(waiting.clone().into())
    }

    /// Removes the corrections of an event that were not tried yet.
    pub(crate) fn cancel_corrections(&self, portal: PortalId, of: &EventId) -> Vec<Outgoing> {
        let mut queues = self.queues();
        let Some(queue) = queues.get_mut(&portal) else { return Vec::new() };
        let (gone, stay) = std::mem::take(&mut queue.waiting)
            .into_iter()
            .partition::<VecDeque<_>, _>(|one| one.corrects(of) && one.is_untried());
        queue.waiting = stay;
        queue.changed.notify_one();
        gone.into()
    }

    /// Notes whether an untried message may be sent: `Some` with the quote above it, if any.
    pub(crate) fn settle(&self, portal: PortalId, entry: InboxId, line: Option<Option<&str>>) {
        let mut queues = self.queues();
        let waiting = queues.get_mut(&portal).map(|queue| queue.waiting.iter_mut());
        let Some(one) = waiting.into_iter().flatten().find(|one| one.entry.id == entry) else {
            return;
        };
        one.settled = line.is_some();
        if let Some(line) = line.filter(|_| one.tries == 0 && !one.progress.tried) {
            one.progress.line = line.map(|line| Words(line.into()));
            one.lead();
        }
    }

    /// Returns what waits of the messages that `is_chosen` chooses, in order.
    pub(crate) fn chosen(
        &self,
        portal: PortalId,
        is_chosen: impl Fn(&Outgoing) -> bool,
    ) -> Vec<QueuedLine> {
        let queues = self.queues();
        let all = queues.get(&portal).map(|queue| queue.waiting.iter()).into_iter().flatten();
        all.filter(|one| is_chosen(one)).map(QueuedLine::of).collect()
    }

    /// Returns who wrote a waiting message, and in which room.
    pub(crate) fn origin(
        &self,
        portal: PortalId,
        event: &EventId,
    ) -> Option<(OwnedUserId, OwnedRoomId)> {
        let queues = self.queues();
        let mut all = queues.get(&portal)?.waiting.iter().flat_map(Outgoing::all);
        let one = all.find(|one| one.event == event)?;
        Some((one.sender.clone(), one.room.clone()))
    }

    /// Returns the message as which this event waits; a correction of the event does not count.
    pub(crate) fn find(&self, portal: PortalId, event: &EventId) -> Option<Outgoing> {
        let queues = self.queues();
        let mut all = queues.get(&portal)?.waiting.iter().flat_map(Outgoing::all);
        all.find(|one| one.event == event).cloned()
    }
}

impl Outgoing {
    /// Puts the quote above the message's parts.
    pub(super) fn lead(&mut self) {
        let line = self.progress.line.as_ref().map(|line| &*line.0);
        self.parts = led_by(line, self.plain.clone());
    }

    pub(super) fn corrects(&self, event: &EventId) -> bool {
        matches!(&self.about, About::Correction { of, .. } if of == event)
    }
}
