//! The sessions that are polling.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use tokio_util::sync::CancellationToken;

use crate::id::LoginId;

/// One poll loop per login.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<LoginId, CancellationToken>>);

impl Sessions {
    /// A new session of this login; an older one of the same login ends.
    pub(crate) fn begin(&self, login: LoginId) -> CancellationToken {
        let ends = CancellationToken::new();
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(older) = sessions.insert(login, ends.clone()) {
            older.cancel();
        }
        ends
    }

    /// Ends this login's session, if it has one.
    pub(crate) fn end(&self, login: LoginId) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = sessions.remove(&login) {
            session.cancel();
        }
    }
}
