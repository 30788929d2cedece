//! One login's poll loop: poll, commit, poll again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{
    batch::{self, Batch},
    core::{Core, login_name, name_of},
    notice, sender,
    text::Note,
};
use crate::{
    id::{Cursor, LoginId},
    ilink::{Backoff, Next, Session, Updates},
    store::{Change, LoginState, LogoutReason},
};

/// The sessions that are polling.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<LoginId, CancellationToken>>);

impl Sessions {
    /// A new session of this login; an older one of the same login ends.
    fn begin(&self, login: LoginId) -> CancellationToken {
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

/// Starts polling for a login.
pub(crate) fn start(core: &Arc<Core>, login: LoginId) {
    let ends = core.sessions.begin(login);
    let span = tracing::info_span!("session", login.id = %login);
    let session = run(Arc::clone(core), login, ends);
    span.in_scope(|| core.tasks.spawn("session", session.in_current_span()));
}

async fn run(core: Arc<Core>, id: LoginId, ends: CancellationToken) {
    let Some(login) = core.registry.login(id) else { return };
    let session = match core.ilink.session(login.token.clone(), login.base_url.as_deref()) {
        Ok(session) => session,
        Err(error) => {
            tracing::error!(%error, "this login cannot be used: its server is not one that [ilink] allows");
            return;
        }
    };
    if let Err(error) = core.ilink.notify_start(&session).await {
        tracing::debug!(%error, "notifystart was not taken");
    }
    let ended = poll(&core, id, &session, &ends).await;
    if ended {
        if let Err(error) = core.ilink.notify_stop(&session).await {
            tracing::debug!(%error, "notifystop was not taken");
        }
    } else if !ends.is_cancelled() {
        lost(&core, id).await;
    }
}

/// Polls until somebody ends it (true) or WeChat does (false).
async fn poll(core: &Arc<Core>, id: LoginId, session: &Session, ends: &CancellationToken) -> bool {
    let mut cursor = core.store.cursor(id).ok().flatten();
    let (mut backoff, mut hold) = (Backoff::default(), None);
    loop {
        let asked = core.ilink.get_updates(session, cursor.as_ref(), hold);
        let Some(Some(answer)) = ends.run_until_cancelled(core.tasks.unless_stopped(asked)).await
        else {
            return true;
        };
        let next = backoff.after(&answer);
        match answer {
            Ok(updates) => {
                hold = updates.hold.or(hold);
                if !keep(core, id, updates, &mut cursor).await {
                    return true;
                }
            }
            Err(error) => tracing::debug!(%error, "a poll failed"),
        }
        match next {
            Next::Now => {}
            Next::Wait(pause) => {
                if ends.run_until_cancelled(core.tasks.pause(pause)).await.is_none() {
                    return true;
                }
            }
            Next::LoggedOut => return false,
        }
    }
}

/// Commits a batch with its cursor, durably, and only then starts the work on it.
async fn keep(
    core: &Arc<Core>,
    id: LoginId,
    updates: Updates,
    cursor: &mut Option<Cursor>,
) -> bool {
    if updates.messages.is_empty() && updates.cursor.is_none() {
        return true;
    }
    let Some(login) = core.registry.login(id) else { return false };
    let Batch { mut change, entries, heard, portals } =
        match batch::take_over(core, &login, &updates.messages) {
            Ok(batch) => batch,
            Err(error) => {
                core.die(super::core::Death::Store(error));
                return false;
            }
        };
    if let Some(new) = &updates.cursor {
        change = change.put_cursor(id, new);
    }
    if !sender::commit(core, change).await {
        return false;
    }
    if updates.cursor.is_some() {
        *cursor = updates.cursor;
    }
    for portal in portals {
        core.registry.put_portal(portal);
    }
    for entry in entries {
        core.dispatch(entry);
    }
    for (portal, reply) in heard {
        sender::heard(core, portal, reply);
    }
    true
}

/// WeChat ended the session: the owner hears it once, in each place that matters.
pub(crate) async fn lost(core: &Arc<Core>, id: LoginId) {
    let Some(login) = core.registry.login(id) else { return };
    if login.state != LoginState::Active {
        return;
    }
    let at = core.clock.now();
    let state = LoginState::LoggedOut { at, why: LogoutReason::SessionEnded };
    let out = crate::store::Login { state, ..crate::store::Login::clone(&login) };
    if !sender::commit(core, Change::new().put_login(&out)).await {
        return;
    }
    core.registry.put_login(out);
    core.sessions.end(id);
    tracing::info!(login.id = %id, "WeChat ended the session");
    let (name, prefix) = (login_name(&login), core.prefix());
    let note = Note::SessionLost { name: &name, prefix };
    let txn = format!("lost-{id}-{}", at.0);
    notice::ping_owner(core, &login.owner, &note, &txn).await;
    for portal in core.registry.portals_of(id) {
        let Some(room) = &portal.room else { continue };
        let name = name_of(&portal);
        let note = Note::PortalSessionLost { name: &name, prefix };
        let text = note.text(core.language_of(&login.owner));
        notice::say(core, room, &text, &txn).await;
    }
}
