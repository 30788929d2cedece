//! The current reply windows, and the rate limit of each login.

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

/// The reply window of each portal, or that it has none; read from the store on first use.
#[derive(Debug, Default)]
pub(crate) struct Replies(Mutex<HashMap<PortalId, Option<Reply>>>);

impl Replies {
    pub(crate) fn of(
        &self,
        store: &Store,
        portal: PortalId,
    ) -> Result<Option<Reply>, store::Error> {
        if let Some(known) = self.replies().get(&portal) {
            return Ok(known.clone());
        }
        let stored = store.reply(portal)?;
        Ok(self.replies().entry(portal).or_insert(stored).clone())
    }

    /// Opens the windows of the contacts in a batch, and lets `write` hand the batch to the store
    /// in one step: a send that is counted afterwards counts in the new window, and the old
    /// window does not replace it.
    pub(crate) fn open(
        &self,
        heard: impl IntoIterator<Item = (PortalId, Reply)>,
        write: impl FnOnce(),
    ) {
        let mut replies = self.replies();
        write();
        replies.extend(heard.into_iter().map(|(portal, reply)| (portal, Some(reply))));
    }

    /// Changes the state of a window, and lets `write` hand it to the store in the order of the
    /// changes.
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
            Entry::Vacant(unread) => unread.insert(store.reply(portal)?),
        };
        let Some(reply) = reply else { return Ok(None) };
        with(reply);
        write(Change::new().put_reply(portal, reply));
        Ok(Some(reply.clone()))
    }

    /// Forgets the windows of contacts who have a new bot, and lets `write` hand the change that
    /// removes them to the store in one step: a send that is counted afterwards does not restore
    /// the old window.
    pub(crate) fn forget(&self, portals: impl IntoIterator<Item = PortalId>, write: impl FnOnce()) {
        let mut replies = self.replies();
        write();
        // The record must not be read from the store again, which may not have written the change
        // yet.
        replies.extend(portals.into_iter().map(|portal| (portal, None)));
    }

    fn replies(&self) -> MutexGuard<'_, HashMap<PortalId, Option<Reply>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The token bucket of each login.
#[derive(Debug, Default)]
pub(crate) struct Paces(Mutex<HashMap<LoginId, Arc<tokio::sync::Mutex<Pace>>>>);

impl Paces {
    /// Returns the bucket of a login; its lock allows one send in flight per login.
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

    fn window(heard: i64, sends: u32) -> Reply {
        Reply {
            context: Some(ContextToken::new(format!("token {heard}"))),
            heard: Timestamp(heard),
            sends,
            held_until: None,
            throttled: 0,
            unconfirmed: 0,
            left_out: 0,
        }
    }

    #[tokio::test]
    async fn a_send_that_is_counted_after_a_new_bot_leaves_no_window() {
        let folder = tempfile::TempDir::new().unwrap();
        let (store, replies) = (Store::open(folder.path()).unwrap(), Replies::default());
        let portal = PortalId(1);
        store.commit(Change::new().put_reply(portal, &window(1, 7))).await.unwrap();
        assert_eq!(replies.of(&store, portal).unwrap(), Some(window(1, 7)));
        replies.forget([portal], || store.submit(Change::new().drop_reply(portal)));
        // A send that was under way meanwhile.
        let write = |change| store.submit(change);
        let counted = replies.change(&store, portal, |reply| reply.sends += 1, write);
        assert_eq!(counted.unwrap(), None);
        assert_eq!(replies.of(&store, portal).unwrap(), None);
        store.barrier().await.unwrap();
        assert_eq!(store.reply(portal).unwrap(), None);
        let batch = Change::new().put_reply(portal, &window(2, 0));
        replies.open([(portal, window(2, 0))], || store.submit(batch));
        assert_eq!(replies.of(&store, portal).unwrap(), Some(window(2, 0)));
        store.close().await.unwrap();
    }

    #[tokio::test]
    async fn a_send_that_is_counted_after_a_message_leaves_the_new_window() {
        let folder = tempfile::TempDir::new().unwrap();
        let (store, replies) = (Store::open(folder.path()).unwrap(), Replies::default());
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
