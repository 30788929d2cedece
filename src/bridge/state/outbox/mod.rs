//! What waits for the phone: one queue per portal, in order.
//!
//! The store keeps every message until its end is known; here is only who is next, and what may
//! still be changed.

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
pub(crate) use super::outbox::marks::Shown;
pub(crate) use super::outbox::part::Media;
pub(crate) use super::outbox::part::MediaKind;
pub(crate) use super::outbox::part::Part;
pub(crate) use super::outbox::part::led_by;

/// One Matrix message on its way.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) entry: Entry,
    /// What is sent, and what its state is shown on.
    pub(crate) event: OwnedEventId,
    /// Who wrote it; nobody else may change it.
    pub(crate) sender: OwnedUserId,
    pub(crate) room: OwnedRoomId,
    /// What it became, without the line above it.
    pub(crate) plain: Vec<Part>,
    /// What is sent; the client id of each part is derived from the entry's source and the
    /// part's number.
    pub(crate) parts: Vec<Part>,
    /// What it belongs to.
    pub(crate) about: About,
    /// Whether it was found, just now, that it may go out, and with which line.
    pub(crate) settled: bool,
    pub(crate) progress: Progress,
    /// How often the next part was tried. Once it was, WeChat may have it, and it is too late to
    /// change it.
    pub(crate) tries: u32,
    /// How often WeChat refused the next part for a reason that nobody knows.
    pub(crate) refused: u32,
    /// How often its file could not be brought to WeChat; it can still be changed.
    pub(crate) failed_uploads: u32,
    /// How much of its waiting is shown.
    pub(crate) shown: Shown,
    /// Later messages whose texts go along with this one's.
    pub(crate) with: Vec<Outgoing>,
}

/// What became of a wish to change something that waits.
#[derive(Debug)]
pub(crate) enum Changed {
    /// It waited, and this is what it was or is now.
    Done(Box<Outgoing>),
    /// It is on its way.
    TooLate,
    /// Nothing of that name waits.
    NotThere,
}

/// All queues.
#[derive(Debug)]
pub(crate) struct Outbox {
    announce: UnboundedSender<PortalId>,
    queues: Mutex<HashMap<PortalId, Queue>>,
    /// Wakes whoever wants to know what became of a try, of any portal.
    tried: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Outgoing>,
    /// The rooms of which what waits shall go out as few messages as can be.
    merges: BTreeSet<OwnedRoomId>,
    /// Wakes the sender when something changed that it may be waiting for.
    changed: Arc<Notify>,
}

impl Outbox {
    /// Nothing waits yet; portals that get something to send are announced to the receiver.
    pub(crate) fn new() -> (Self, UnboundedReceiver<PortalId>) {
        let (announce, announced) = mpsc::unbounded_channel();
        (Self { announce, queues: Mutex::default(), tried: Notify::new() }, announced)
    }

    /// Adds a message at the end, and announces the portal when nothing waited. One that was
    /// joined to an earlier message before a restart is joined to it again.
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
            // Nobody listens any more once the bridge is stopping; the store keeps the message.
            let _ = self.announce.send(portal);
        }
    }

    /// The message at the head; `None` closes the queue, and its sender must end.
    pub(crate) fn head(&self, portal: PortalId) -> Option<Outgoing> {
        let mut queues = self.queues();
        let head = queues.get(&portal)?.waiting.front().cloned();
        if head.is_none() {
            queues.remove(&portal);
        }
        head
    }

    /// Counts a try of the head, after which it cannot be changed any more. `None` when the head
    /// is another by now, or has got another file.
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

    /// Makes the head as if nobody had tried it, and what was joined to it messages of their own
    /// again; gives everything that changed.
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

    /// Joins short messages behind the head to it, up to `limit` bytes in all, and gives those
    /// that were joined. Only whole texts that nobody has tried are joined, and none across a
    /// file.
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

    /// Has what waits joined as far as it can be, until nothing waits any more. The wish goes to
    /// `write` with each message that nobody has tried, before the sender can write anything of it,
    /// and is over when they are.
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

    /// Whether somebody has asked for that.
    pub(crate) fn merges(&self, portal: PortalId) -> bool {
        let here = |q: &Queue| q.waiting.front().is_some_and(|head| q.merges.contains(&head.room));
        self.queues().get(&portal).is_some_and(here)
    }

    /// Whether this file is what the head waits for.
    pub(crate) fn waits_for(&self, portal: PortalId, entry: InboxId, media: &Media) -> bool {
        let queues = self.queues();
        let head = queues.get(&portal).and_then(|queue| queue.waiting.front());
        head.is_some_and(|head| head.entry.id == entry && head.next_media() == Some(media))
    }

    /// Notes where the file that the head waits for was brought to; `None` when it waits for
    /// another by now.
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

    /// Counts a try to bring the head's file to WeChat that did not get through.
    pub(crate) fn count_failed_upload(&self, portal: PortalId, entry: InboxId) {
        let mut queues = self.queues();
        let head = queues.get_mut(&portal).and_then(|queue| queue.waiting.front_mut());
        if let Some(head) = head.filter(|head| head.entry.id == entry) {
            head.failed_uploads += 1;
        }
    }

    /// Counts a refusal of the head's next part that may pass.
    pub(crate) fn count_refused(&self, portal: PortalId, entry: InboxId) {
        let mut queues = self.queues();
        let head = queues.get_mut(&portal).and_then(|queue| queue.waiting.front_mut());
        if let Some(head) = head.filter(|head| head.entry.id == entry) {
            head.refused += 1;
        }
    }

    /// Writes down how far the head has come.
    pub(crate) fn put_head(&self, portal: PortalId, head: Outgoing) {
        if let Some(front) = self.queues().get_mut(&portal).and_then(|q| q.waiting.front_mut())
            && front.entry.id == head.entry.id
        {
            *front = head;
            self.tried.notify_waiters();
        }
    }

    /// The message is over, one way or the other.
    pub(crate) fn remove(&self, portal: PortalId, entry: InboxId) {
        if let Some(queue) = self.queues().get_mut(&portal)
            && let Some(at) = queue.waiting.iter().position(|one| one.entry.id == entry)
        {
            queue.waiting.remove(at);
            self.tried.notify_waiters();
        }
    }

    /// What waits for this contact, in order.
    pub(crate) fn waiting(&self, portal: PortalId) -> Vec<Outgoing> {
        let queues = self.queues();
        let queue = queues.get(&portal);
        queue.map(|queue| queue.waiting.iter().cloned().collect()).unwrap_or_default()
    }

    /// Returns the events of what waits from this room and was not tried.
    pub(crate) fn untried_of(&self, portal: PortalId, room: &RoomId) -> Vec<OwnedEventId> {
        let queues = self.queues();
        let waiting = queues.get(&portal).map(|queue| queue.waiting.iter()).into_iter().flatten();
        let untried = waiting.filter(|one| one.room == room && one.is_untried());
        untried.map(|one| one.event.clone()).collect()
    }

    /// The portals for which something waits.
    pub(crate) fn portals(&self) -> Vec<PortalId> {
        self.queues().keys().copied().collect()
    }

    /// How many messages wait for this contact.
    pub(crate) fn queued(&self, portal: PortalId) -> usize {
        let queues = self.queues();
        let messages = |queue: &Queue| queue.waiting.iter().map(|one| 1 + one.with.len()).sum();
        queues.get(&portal).map_or(0, messages)
    }

    /// Something changed for this portal: the contact wrote, or the login is back.
    pub(crate) fn wake(&self, portal: PortalId) {
        if let Some(queue) = self.queues().get(&portal) {
            queue.changed.notify_one();
        }
    }

    /// What [`Outbox::wake`] wakes.
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
