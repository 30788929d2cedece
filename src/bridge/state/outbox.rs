//! What waits for the phone: one queue per portal, in order, and one send in flight per login.
//!
//! The store keeps every message until its end is known; here is only who is next.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use ruma::{OwnedEventId, OwnedRoomId};
use tokio::sync::{
    Notify,
    mpsc::{self, UnboundedReceiver, UnboundedSender},
};

use crate::{
    bridge::pace::Pace,
    config::Delivery,
    id::{LoginId, PortalId},
    store::{Entry, Reply, Store},
};

/// One Matrix message on its way.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) entry: Entry,
    pub(crate) event: OwnedEventId,
    pub(crate) room: OwnedRoomId,
    /// The texts it became; the client id of each is derived from the event and its number.
    pub(crate) parts: Vec<String>,
    /// How many of them WeChat has accepted.
    pub(crate) done: u16,
    /// How often the next part was tried.
    pub(crate) tries: u32,
    /// Whether WeChat gave a message id for every part so far.
    pub(crate) confirmed: bool,
}

/// All queues.
#[derive(Debug)]
pub(crate) struct Outbox {
    delivery: Delivery,
    announce: UnboundedSender<PortalId>,
    queues: Mutex<HashMap<PortalId, Queue>>,
    paces: Mutex<HashMap<LoginId, Arc<tokio::sync::Mutex<Pace>>>>,
    replies: Mutex<HashMap<PortalId, Reply>>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Outgoing>,
    /// Wakes the sender when something changed that it may be waiting for.
    changed: Arc<Notify>,
}

impl Outbox {
    /// Nothing waits yet; portals that get something to send are announced to the receiver.
    pub(crate) fn new(delivery: Delivery) -> (Self, UnboundedReceiver<PortalId>) {
        let (announce, announced) = mpsc::unbounded_channel();
        let outbox = Self {
            delivery,
            announce,
            queues: Mutex::default(),
            paces: Mutex::default(),
            replies: Mutex::default(),
        };
        (outbox, announced)
    }

    /// Adds a message at the end, and announces the portal when nothing waited.
    pub(crate) fn push(&self, portal: PortalId, outgoing: Outgoing) {
        let mut queues = self.queues();
        let idle = !queues.contains_key(&portal);
        queues.entry(portal).or_default().waiting.push_back(outgoing);
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

    /// Writes down how far the head has come.
    pub(crate) fn put_head(&self, portal: PortalId, head: Outgoing) {
        if let Some(front) = self.queues().get_mut(&portal).and_then(|q| q.waiting.front_mut()) {
            *front = head;
        }
    }

    pub(crate) fn drop_head(&self, portal: PortalId) {
        if let Some(queue) = self.queues().get_mut(&portal) {
            queue.waiting.pop_front();
        }
    }

    /// How many messages wait for this contact.
    pub(crate) fn queued(&self, portal: PortalId) -> usize {
        self.queues().get(&portal).map_or(0, |queue| queue.waiting.len())
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

    /// One send in flight per login: whoever holds this lock may send.
    pub(crate) fn pace(&self, login: LoginId) -> Arc<tokio::sync::Mutex<Pace>> {
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        let delivery = &self.delivery;
        let new = || {
            Arc::new(tokio::sync::Mutex::new(Pace::new(delivery.interval, delivery.burst.get())))
        };
        Arc::clone(paces.entry(login).or_insert_with(new))
    }

    /// The reply window of a portal as it is now; read from the store the first time.
    pub(crate) fn reply(&self, store: &Store, portal: PortalId) -> Option<Reply> {
        if let Some(reply) = self.replies().get(&portal) {
            return Some(reply.clone());
        }
        let stored = store.reply(portal).ok().flatten()?;
        self.replies().entry(portal).or_insert(stored).clone().into()
    }

    /// The contact has a new bot, which has heard nothing yet.
    pub(crate) fn forget_reply(&self, portal: PortalId) {
        self.replies().remove(&portal);
    }

    pub(crate) fn put_reply(&self, portal: PortalId, reply: Reply) {
        self.replies().insert(portal, reply);
    }

    fn queues(&self) -> MutexGuard<'_, HashMap<PortalId, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn replies(&self) -> MutexGuard<'_, HashMap<PortalId, Reply>> {
        self.replies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
