//! One login's poll loop: poll, commit, poll again.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{
    batch::{self, Batch},
    core::{Core, Death},
    logout,
};
use crate::{
    id::{Cursor, LoginId},
    ilink::{Backoff, Next, Session, Updates},
    store::Change,
};

/// Starts polling for a login.
pub(crate) fn start(core: &Arc<Core>, login: LoginId) {
    let ends = core.sessions.begin(login, core.clock.now());
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
        logout::session_lost(&core, &login).await;
    }
}

/// Polls until somebody ends it (true) or WeChat does (false).
async fn poll(core: &Arc<Core>, id: LoginId, session: &Session, ends: &CancellationToken) -> bool {
    let mut cursor = match core.store.cursor(id) {
        Ok(cursor) => cursor,
        Err(error) => {
            core.die(Death::Store(error));
            return true;
        }
    };
    let (mut backoff, mut hold) = (Backoff::default(), None);
    // Whether what comes next was written just now: all that had waited is here.
    let mut live = false;
    loop {
        let asked = async {
            let _place = core.sessions.place().await;
            core.ilink.get_updates(session, cursor.as_ref(), hold).await
        };
        let Some(Some(answer)) = ends.run_until_cancelled(core.tasks.unless_stopped(asked)).await
        else {
            return true;
        };
        let next = backoff.after(&answer);
        match answer {
            Ok(updates) => {
                // A gateway that ends every idle poll still shows that the way is open.
                if updates.timed_out && updates.gateway.is_none() {
                    core.sessions.count_cut();
                } else {
                    core.sessions.answered(id, core.clock.now());
                }
                hold = updates.hold.or(hold);
                live = !updates.timed_out && (live || updates.messages.is_empty());
                if !keep(core, id, updates, &mut cursor, live).await {
                    return true;
                }
            }
            Err(error) => {
                live = false;
                core.sessions.count_failed();
                tracing::debug!(%error, "a poll failed");
            }
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
    live: bool,
) -> bool {
    if updates.messages.is_empty() && updates.cursor.is_none() {
        return true;
    }
    let Some(login) = core.registry.login(id) else { return false };
    let Batch { mut change, entries, heard, portals } =
        match batch::take_over(core, &login, &updates.messages, live) {
            Ok(batch) => batch,
            Err(error) => {
                core.die(Death::Store(error));
                return false;
            }
        };
    if let Some(new) = &updates.cursor {
        change = change.put_cursor(id, new);
    }
    let waiting: Vec<_> = heard.keys().copied().collect();
    core.replies.hear(&core.store, heard, change);
    if core.commit(Change::new()).await.is_err() {
        return false;
    }
    if updates.cursor.is_some() {
        *cursor = updates.cursor;
    }
    for portal in portals {
        core.registry.put_portal(portal);
    }
    for (entry, read) in entries {
        core.dispatch(entry, read);
    }
    // The window is open, the quota starts anew, and what waits goes out.
    waiting.into_iter().for_each(|portal| core.outbox.wake(portal));
    true
}
