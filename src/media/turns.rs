//! One turn for each person whose media are worked on.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// The turns. Each person has one, so that their media never take more than one place at once,
/// however many chats and owners they come through.
#[derive(Debug, Clone, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<String, Weak<AsyncMutex<()>>>>>);

impl Turns {
    /// Waits until no other medium of this person is worked on; the turn lasts until the guard is
    /// dropped.
    pub(super) async fn take(&self, whose: &str) -> OwnedMutexGuard<()> {
        self.of(whose).lock_owned().await
    }

    /// Returns the person's turn, and removes those that are over.
    fn of(&self, whose: &str) -> Arc<AsyncMutex<()>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, turn| turn.strong_count() > 0);
        if let Some(known) = all.get(whose).and_then(Weak::upgrade) {
            return known;
        }
        let turn = Arc::default();
        all.insert(whose.to_owned(), Arc::downgrade(&turn));
        turn
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt as _, poll};

    use super::*;

    #[tokio::test]
    async fn a_person_has_one_turn_and_others_have_theirs() {
        let turns = Turns::default();
        let mum = turns.take("mum").await;
        let mut again = Box::pin(turns.take("mum"));
        assert!(poll!(&mut again).is_pending());
        let dad = turns.take("dad").now_or_never().expect("nobody else has Dad's turn");
        drop(mum);
        let again = again.now_or_never().expect("the first turn is over");
        drop((again, dad));
        turns.take("aunt").await;
        assert_eq!(turns.0.lock().unwrap().len(), 1, "the others are forgotten");
    }
}
