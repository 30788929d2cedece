//! The regular housekeeping.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use crate::{
    bridge::{
        core::{Core, login_name, name_of, txn::Txn},
        login::session,
        notice,
        state::reply_window,
        text::Note,
    },
    clock::Timestamp,
    store::{Change, Login, LoginState, LogoutReason, Portal},
};

/// Runs a round every five minutes, until the bridge stops.
pub(super) async fn run(core: Arc<Core>) {
    loop {
        core.tasks.pause(ROUND).await;
        if core.tasks.stopping() {
            return;
        }
        look(&core).await;
    }
}

/// Runs one round.
pub(super) async fn look(core: &Arc<Core>) {
    let due = {
        let mut rounds = core.rounds.lock().unwrap_or_else(PoisonError::into_inner);
        rounds.due(core.clock.now())
    };
    warn_closing(core).await;
    if due.revive {
        revive(core).await;
    }
    if due.tidy {
        tidy(core).await;
    }
}

/// Warns once per window that it closes while messages wait.
async fn warn_closing(core: &Core) {
    if !core.config.delivery.warn {
        return;
    }
    for portal in core.outbox.portals() {
        let Some(portal) = core.registry.portal(portal) else { continue };
        let Some(reply) = core.reply(portal.id) else { continue };
        if reply_window::closes_soon(reply.heard, core.clock.now()) {
            say_closing(core, &portal, reply.heard).await;
        }
    }
}

async fn say_closing(core: &Core, portal: &Portal, heard: Timestamp) {
    let Some(room) = portal.place() else { return };
    let (name, queued) = (name_of(portal), core.outbox.queued(portal.id));
    let note = Note::WindowCloses { name: &name, queued };
    let text = note.text(core.language_of(&portal.key.owner));
    // The id is derived from the window, so repeated notices are dropped. When it fails, the next
    // round repeats it.
    let _ = notice::say(core, room, &text, Txn::Closes { portal: portal.id, heard }).await;
}

/// Tries the tokens of sessions that WeChat ended, at most once an hour: some work again.
async fn revive(core: &Arc<Core>) {
    for login in core.registry.all_logins() {
        let LoginState::LoggedOut { why: LogoutReason::SessionEnded, at } = login.state else {
            continue;
        };
        let session = core.ilink.session(login.token.clone(), login.base_url.as_deref());
        let Ok(session) = session else { continue };
        if core.ilink.notify_start(&session).await.is_ok() {
            back(core, &login, at).await;
        }
    }
}

/// Continues a session that ended at `ended` and works again.
async fn back(core: &Arc<Core>, login: &Login, ended: Timestamp) {
    let changing = core.changing.lock().await;
    let now = core.registry.login(login.id);
    let Some(now) = now.filter(|now| now.state == login.state && now.bot == login.bot) else {
        return; // The owner was faster.
    };
    let login = Login { state: LoginState::Active, ..Login::clone(&now) };
    if core.commit(Change::new().put_login(&login)).await.is_err() {
        return;
    }
    tracing::info!(login.id = %login.id, "a session works again");
    core.registry.put_login(login.clone());
    drop(changing);
    session::start(core, login.id);
    for portal in core.registry.portals_of(login.id) {
        core.outbox.wake(portal.id);
    }
    let name = login_name(&login);
    let txn = Txn::SessionBack { login: login.id, ended };
    // After a stop, `status` shows it.
    let _ = notice::to_owner(core, &login.owner, &Note::SessionBack { name: &name }, txn).await;
}

/// Removes records that are no longer needed, and writes the daily export.
async fn tidy(core: &Core) {
    let before = Timestamp(core.clock.now().0 - MEMORY_MILLIS);
    match core.store.prune(before).await {
        Ok(forgotten) => tracing::debug!(forgotten, "housekeeping"),
        Err(error) => tracing::warn!(%error, "housekeeping failed"),
    }
    let store = core.store.clone();
    if let Ok(Err(error)) = tokio::task::spawn_blocking(move || store.sweep_kept()).await {
        tracing::warn!(%error, "what was kept of media was not tidied up");
    }
    if let Err(error) = core.store.export().await {
        tracing::warn!(%error, "the export was not written");
    }
}

const ROUND: Duration = Duration::from_secs(5 * 60);
/// How long finished sources, transactions and links are kept, in milliseconds: 30 days.
const MEMORY_MILLIS: i64 = 30 * 24 * 60 * 60 * 1_000;
