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

/// Each portal's reply window, or that it has none; read from the store the first time.
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

    /// What a batch has heard, together with the batch itself, which is durable behind the next
    /// commit. As one step: a send that is counted afterwards is counted in the new window, and
    /// never puts the old one in its place.
    pub(crate) fn hear(
        &self,
        store: &Store,
        heard: impl IntoIterator<Item = (PortalId, Reply)>,
        batch: Change,
    ) {
        let mut replies = self.replies();
        store.submit(batch);
        replies.extend(heard.into_iter().map(|(portal, reply)| (portal, Some(reply))));
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
            Entry::Vacant(unread) => unread.insert(store.reply(portal)?),
        };
        let Some(reply) = reply else { return Ok(None) };
        with(reply);
        store.submit(Change::new().put_reply(portal, reply));
        Ok(Some(reply.clone()))
    }

    /// Contacts have a new bot, which has heard nothing yet: forgets their windows together with
    /// the change that drops them, which is durable behind the next commit. As one step: a send
    /// that is counted afterwards does not bring the old window back.
    pub(crate) fn forget(
        &self,
        store: &Store,
        portals: impl IntoIterator<Item = PortalId>,
        new_bot: Change,
    ) {
        let mut replies = self.replies();
        store.submit(new_bot);
        for portal in portals {
            // What is still behind in the store's line must not be read again.
            replies.insert(portal, None);
        }
    }

    fn replies(&self) -> MutexGuard<'_, HashMap<PortalId, Option<Reply>>> {
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
        replies.forget(&store, [portal], Change::new().drop_reply(portal));
        // The send that was under way meanwhile.
        assert_eq!(replies.change(&store, portal, |reply| reply.sends += 1).unwrap(), None);
        assert_eq!(replies.of(&store, portal).unwrap(), None);
        store.commit(Change::new()).await.unwrap();
        assert_eq!(store.reply(portal).unwrap(), None);
        let batch = Change::new().put_reply(portal, &window(2, 0));
        replies.hear(&store, [(portal, window(2, 0))], batch);
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
        replies.hear(&store, [(portal, window(2, 0))], batch);
        replies.change(&store, portal, |reply| reply.sends += 1).unwrap();
        store.commit(Change::new()).await.unwrap();
        assert_eq!(store.reply(portal).unwrap(), Some(window(2, 1)));
        store.close().await.unwrap();
    }
}
