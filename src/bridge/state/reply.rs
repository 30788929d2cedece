//! The reply windows as they are now, and the pace of each login.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::rate_limit::Pace;
use crate::{
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

    /// Opens the windows of what a batch has heard, and has `write` hand the batch to the store, as
    /// one step: a send that is counted afterwards is counted in the new window, and the old one
    /// is not put in its place.
    pub(crate) fn open(
        &self,
        heard: impl IntoIterator<Item = (PortalId, Reply)>,
        write: impl FnOnce(),
    ) {
        let mut replies = self.replies();
        write();
        replies.extend(heard);
    }

    /// Changes what is known, and has `write` hand that to the store in the order of the changes.
    pub(crate) fn change(
        &self,
        store: &Store,
        portal: PortalId,
        with: impl FnOnce(&mut Reply),
        write: impl FnOnce(Change),
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
        write(Change::new().put_reply(portal, reply));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Timestamp, id::ContextToken};

    #[tokio::test]
    async fn a_send_that_is_counted_after_a_message_leaves_the_new_window() {
        let folder = tempfile::TempDir::new().unwrap();
        let (store, replies) = (Store::open(folder.path()).unwrap(), Replies::default());
        let window = |heard, sends| Reply {
            context: Some(ContextToken::new(format!("token {heard}"))),
            heard: Timestamp(heard),
            sends,
            held_until: None,
            throttled: 0,
            unconfirmed: 0,
            left_out: 0,
        };
        let portal = PortalId(1);
        store.commit(Change::new().put_reply(portal, &window(1, 7))).await.unwrap();
        assert_eq!(replies.of(&store, portal).unwrap(), Some(window(1, 7)));
        let batch = Change::new().put_reply(portal, &window(2, 0));
        replies.open([(portal, window(2, 0))], || store.submit(batch));
        let write = |change| store.submit(change);
        replies.change(&store, portal, |reply| reply.sends += 1, write).unwrap();
        store.barrier().await.unwrap();
        assert_eq!(store.reply(portal).unwrap(), Some(window(2, 1)));
        store.close().await.unwrap();
    }
}
