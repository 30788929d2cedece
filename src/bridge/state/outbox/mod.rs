//! The outbox: the messages that wait for WeChat, one queue per portal, in order.
//!
//! The store keeps every message until its end is known; the outbox knows their order, and which
//! may still be changed.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId, RoomId};
use tokio::sync::{
    Notify,
    mpsc::{self, UnboundedReceiver, UnboundedSender},
};

use crate::{
    id::{InboxId, PortalId},
    store::{Change, Entry, Progress, Upload},
};

mod changes;
mod marks;
mod outgoing;
mod part;
mod tries;

pub(crate) use super::outbox::changes::About;
pub(crate) use super::outbox::changes::QueuedLine;
pub(crate) use super::outbox::marks::Shown;
pub(crate) use super::outbox::part::MediaPart;
pub(crate) use super::outbox::part::Part;
pub(crate) use super::outbox::part::PartKind;
pub(crate) use super::outbox::part::led_by;

/// A Matrix message on its way to WeChat.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) entry: Entry,
    /// The event that is sent, and whose state is shown.
    pub(crate) event: OwnedEventId,
    /// The user who wrote it, and who alone may change it.
    pub(crate) sender: OwnedUserId,
    pub(crate) room: OwnedRoomId,
    /// The parts without the quote above them.
    pub(crate) plain: Vec<Part>,
    /// The parts that are sent; the client id of each is derived from the entry's source and the
    /// part's number.
    pub(crate) parts: Vec<Part>,
    /// The event to which the message refers.
    pub(crate) about: About,
    /// Whether it was just checked that the message may be sent, and with which quote.
    pub(crate) settled: bool,
    pub(crate) progress: Progress,
    /// How often the next part was tried. After the first try WeChat may have it, so the message
    /// can no longer be changed.
    pub(crate) tries: u32,
    /// How often WeChat refused the next part for an unknown reason.
    pub(crate) refused: u32,
    /// How often the upload of its file failed; the message can still be changed.
    pub(crate) failed_uploads: u32,
    /// How much of its waiting is shown.
    pub(crate) shown: Shown,
    /// Later messages whose texts are sent along with this one.
    pub(crate) with: Vec<Outgoing>,
}

/// The result of a request to change a waiting message.
#[derive(Debug)]
pub(crate) enum Changed {
    /// The message waited; this is its former or its new state.
    Done(Box<Outgoing>),
    /// The message was tried already.
    TooLate,
    /// No such message waits.
    NotThere,
}

/// The queues of all portals.
#[derive(Debug)]
pub(crate) struct Outbox {
    announce: UnboundedSender<PortalId>,
    queues: Mutex<HashMap<PortalId, Queue>>,
    /// Notified when the result of a try is known, for any portal.
    tried: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Outgoing>,
    /// The rooms whose waiting messages are to be merged into as few as possible.
    merges: BTreeSet<OwnedRoomId>,
    /// Notified when something changed for which the sender may be waiting.
    changed: Arc<Notify>,
}

impl Outbox {
    /// Makes an empty outbox; portals that get something to send are announced to the receiver.
    pub(crate) fn new() -> (Self, UnboundedReceiver<PortalId>) {
        let (announce, announced) = mpsc::unbounded_channel();
        (Self { announce, queues: Mutex::default(), tried: Notify::new() }, announced)
    }

    /// Adds a message at the end, and announces the portal when its queue was empty. A message that
    /// was joined to an earlier one before a restart is joined to it again.
    pub(crate) fn push(&self, portal: PortalId, mut outgoing: Outgoing) {
        let mut queues = self.queues();
        let idle = !queues.contains_key(&portal);
        let queue = queues.entry(portal).or_default();
        queue.changed.notify_one();
        if outgoing.progress.merges {
            queue.merges.insert(outgoing.room.clone());
        }
        outgoing.progress.merges = queue.merges.contains(&outgoing.room);
        let carrier = outgoing.progress.parcel;
        match queue.waiting.iter_mut().find(|other| Some(other.entry.id) == carrier) {
            Some(other) => other.with.push(outgoing),
            None => queue.waiting.push_back(outgoing),
        }
        if idle {
            // While the bridge is stopping, there is no receiver; the store keeps the message.
            let _ = self.announce.send(portal);
        }
    }

    /// Returns the message at the head; `None` closes the queue, and its sender must end.
    pub(crate) fn head(&self, portal: PortalId) -> Option<Outgoing> {
        let mut queues = self.queues();
        let head = queues.get(&portal)?.waiting.front().cloned();
        if head.is_none() {
            queues.remove(&portal);
        }
        head
    }

    /// Counts a try of the head, after which it can no longer be changed. Returns `None` when the
    /// head is another one by now, or has another file.
    pub(crate) fn begin_try(&self, portal: PortalId, entry: InboxId) -> Option<Outgoing> {
        let mut queues = self.queues();
        let head = queues.get_mut(&portal)?.waiting.front_mut()?;
        let ready = head.next_media().is_none_or(|media| head.upload_of(media).is_some());
        if head.entry.id != entry || !ready {
            return None;
        }
        head.tries += 1;
        Some(head.clone())
    }

    /// Resets the head to untried, and separates the messages that were joined to it; returns every
    /// message that changed.
    pub(crate) fn undo_try(&self, portal: PortalId, entry: InboxId) -> Vec<Outgoing> {
        let mut queues = self.queues();
        let waiting = queues.get_mut(&portal).map(|queue| &mut queue.waiting);
        let Some(waiting) = waiting.filter(|w| w.front().is_some_and(|h| h.entry.id == entry))
        else {
            return Vec::new();
        };
        let Some(mut head) = waiting.pop_front() else { return Vec::new() };
        let mut apart = std::mem::take(&mut head.with);
        head.tries = 0;
        (head.progress.tried, head.progress.along) = (false, 0);
        apart.iter_mut().for_each(|one| one.progress.parcel = None);
        apart.insert(0, head);
        apart.iter().rev().for_each(|one| waiting.push_front(one.clone()));
        self.tried.notify_waiters();
        apart
    }

    /// Joins short messages to the head, up to `limit` bytes in all, and returns them. Only untried
    /// messages of a single text are joined, and only up to the next file.
    pub(crate) fn join(&self, portal: PortalId, limit: usize) -> Vec<Outgoing> {
        let mut queues = self.queues();
        let Some(waiting) = queues.get_mut(&portal).map(|queue| &mut queue.waiting) else {
            return Vec::new();
        };
        let Some(mut head) = waiting.pop_front() else { return Vec::new() };
        let mut joined = Vec::new();
        if let Some(mut bytes) = head.whole_text().map(str::len) {
            while let Some(next) =
                waiting.front().filter(|next| next.settled && next.room == head.room)
                && let Some(next) = next.whole_text()
            {
                bytes += 1 + next.len();
                if bytes > limit {
                    break;
                }
                let Some(mut next) = waiting.pop_front() else { break };
                next.progress.parcel = Some(head.entry.id);
                joined.push(next);
            }
            head.with.extend(joined.iter().cloned());
        }
        waiting.push_front(head);
        joined
    }

    /// Merges the waiting messages of a room as far as possible, until none of them waits. The
    /// request is handed to `write` with each untried message, before the sender can store anything
    /// about it.
    pub(crate) fn merge(&self, portal: PortalId, room: &RoomId, write: impl FnOnce(Change)) {
        let mut queues = self.queues();
        let Some(queue) = queues.get_mut(&portal) else { return };
        queue.merges.insert(room.to_owned());
        let mut change = Change::new();
        let here = |one: &&mut Outgoing| one.is_untried() && one.room == room;
        for one in queue.waiting.iter_mut().filter(here) {
            one.progress.merges = true;
            change = change.put_progress(one.entry.id, &one.progress);
        }
        write(change);
    }

    /// Returns whether merging was requested for the head's room.
    pub(crate) fn merges(&self, portal: PortalId) -> bool {
        let here = |q: &Queue| q.waiting.front().is_some_and(|head| q.merges.contains(&head.room));
        self.queues().get(&portal).is_some_and(here)
    }

    /// Returns whether the head waits for this file.
    pub(crate) fn waits_for(&self, portal: PortalId, entry: InboxId, media: &MediaPart) -> bool {
        let queues = self.queues();
        let head = queues.get(&portal).and_then(|queue| queue.waiting.front());
        head.is_some_and(|head| head.entry.id == entry && head.next_media() == Some(media))
    }

    /// Notes the upload of the file for which the head waits; `None` when it waits for another one
    /// by now.
    pub(crate) fn put_upload(
        &self,
        portal: PortalId,
        entry: InboxId,
        upload: Upload,
    ) -> Option<Outgoing> {
        let mut queues = self.queues();
        let head = queues.get_mut(&portal)?.waiting.front_mut()?;
        let wanted = head.next_media().is_some_and(|media| media.uri.as_str() == upload.of);
        if head.entry.id != entry || !wanted {
            return None;
        }
        head.progress.uploaded = Some(upload.into());
        head.failed_uploads = 0;
        Some(head.clone())
    }

    /// Counts a failed upload of the head's file.
    pub(crate) fn count_failed_upload(&self, portal: PortalId, entry: InboxId) {
        let mut queues = self.queues();
        let head = queues.get_mut(&portal).and_then(|queue| queue.waiting.front_mut());
        if let Some(head) = head.filter(|head| head.entry.id == entry) {
            head.failed_uploads += 1;
        }
    }

    /// Counts a refusal of the head's next part that may be temporary.
    pub(crate) fn count_refused(&self, portal: PortalId, entry: InboxId) {
        let mut queues = self.queues();
        let head = queues.get_mut(&portal).and_then(|queue| queue.waiting.front_mut());
        if let Some(head) = head.filter(|head| head.entry.id == entry) {
            head.refused += 1;
        }
    }

    /// Replaces the head by its new state.
    pub(crate) fn put_head(&self, portal: PortalId, head: Outgoing) {
        if let Some(front) = self.queues().get_mut(&portal).and_then(|q| q.waiting.front_mut())
            && front.entry.id == head.entry.id
        {
            *front = head;
            self.tried.notify_waiters();
        }
    }

    /// Removes a message that has ended.
    pub(crate) fn remove(&self, portal: PortalId, entry: InboxId) {
        if let Some(queue) = self.queues().get_mut(&portal)
            && let Some(at) = queue.waiting.iter().position(|one| one.entry.id == entry)
        {
            queue.waiting.remove(at);
            self.tried.notify_waiters();
        }
    }

    /// Returns the waiting messages of this portal, in order.
    pub(crate) fn waiting(&self, portal: PortalId) -> Vec<Outgoing> {
        let queues = self.queues();
        let queue = queues.get(&portal);
        queue.map(|queue| queue.waiting.iter().cloned().collect()).unwrap_or_default()
    }

    /// Returns the events of waiting messages from this room that were not tried.
    pub(crate) fn untried_of(&self, portal: PortalId, room: &RoomId) -> Vec<OwnedEventId> {
        let queues = self.queues();
        let waiting = queues.get(&portal).map(|queue| queue.waiting.iter()).into_iter().flatten();
        let untried = waiting.filter(|one| one.room == room && one.is_untried());
        untried.map(|one| one.event.clone()).collect()
    }

    /// Returns the portals with waiting messages.
    pub(crate) fn portals(&self) -> Vec<PortalId> {
        self.queues().keys().copied().collect()
    }

    /// Returns how many messages wait for this contact.
    pub(crate) fn queued(&self, portal: PortalId) -> usize {
        let queues = self.queues();
        let messages = |queue: &Queue| queue.waiting.iter().map(|one| 1 + one.with.len()).sum();
        queues.get(&portal).map_or(0, messages)
    }

    /// Wakes the sender of this portal: the contact wrote, or the login is back.
    pub(crate) fn wake(&self, portal: PortalId) {
        if let Some(queue) = self.queues().get(&portal) {
            queue.changed.notify_one();
        }
    }

    /// Returns what [`Outbox::wake`] notifies.
    pub(crate) fn changed(&self, portal: PortalId) -> Arc<Notify> {
        self.queues().get(&portal).map(|q| Arc::clone(&q.changed)).unwrap_or_default()
    }

    fn queues(&self) -> MutexGuard<'_, HashMap<PortalId, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod interleaving;
#[cfg(test)]
mod tests;
