//! The reply windows as they are now, and the pace of each login.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    bridge::pace::Pace,
    config::Delivery,
    id::{LoginId, PortalId},
    store::{self, Change, Reply, Store},
};

/// Each portal's reply window, read from the store the first time.
#[derive(Debug, Default)]
pub(crate) struct Replies(Mutex<HashMap<PortalId, Reply>>);

impl Replies {
    pub(crate) fn of(
        &self,
        store: &Store,
        portal: PortalId,
    ) -> Result<Option<Reply>, store::Error> {
        if let Some(reply) = self.replies().get(&portal) {
            return Ok(Some(reply.clone()));
        }
        let stored = store.reply(portal)?;
        Ok(stored.map(|stored| self.replies().entry(portal).or_insert(stored).clone()))
    }

    /// What a batch has heard, which is committed with the batch.
    pub(crate) fn put(&self, portal: PortalId, reply: Reply) {
        self.replies().insert(portal, reply);
    }

    /// Changes what is known and has it written down, in the order of the changes.
    pub(crate) fn change(
        &self,
        store: &Store,
        portal: PortalId,
        with: impl FnOnce(&mut Reply),
    ) -> Result<Option<Reply>, store::Error> {
        let mut replies = self.replies();
        let reply = match replies.entry(portal) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unread) => match store.reply(portal)? {
                Some(stored) => unread.insert(stored),
                None => return Ok(None),
            },
        };
        with(reply);
        store.submit(Change::new().put_reply(portal, reply));
        Ok(Some(reply.clone()))
    }

    /// The contact has a new bot, which has heard nothing yet.
    pub(crate) fn forget(&self, portal: PortalId) {
        self.replies().remove(&portal);
    }

    fn replies(&self) -> MutexGuard<'_, HashMap<PortalId, Reply>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The token bucket of each login.
#[derive(Debug, Default)]
pub(crate) struct Paces(Mutex<HashMap<LoginId, Arc<tokio::sync::Mutex<Pace>>>>);

impl Paces {
    /// One send in flight per login: whoever holds this lock may send.
    pub(crate) fn of(&self, login: LoginId, delivery: Delivery) -> Arc<tokio::sync::Mutex<Pace>> {
        let mut paces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            Arc::new(tokio::sync::Mutex::new(Pace::new(delivery.interval, delivery.burst.get())))
        };
        Arc::clone(paces.entry(login).or_insert_with(new))
    }
}
