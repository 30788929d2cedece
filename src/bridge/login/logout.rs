//! The end of a login: WeChat's doing, or the owner's.

use std::{sync::Arc, time::Duration};

use crate::{
    bridge::{
        core::{Core, attempt::Halt, login_name, name_of, txn::Txn},
        notice,
        text::Note,
    },
    clock::Timestamp,
    id::BotToken,
    store::{Change, Login, LoginState, LogoutReason},
};

/// The owner does not want the login any more; its token is forgotten.
pub(crate) async fn by_owner(core: &Core, login: &Login) -> Result<(), Halt> {
    let state = LoginState::LoggedOut { at: core.clock.now(), why: LogoutReason::ByOwner };
    end(core, login, state).await.map(drop)
}

/// WeChat ended the session of the bot that `login` had: the owner hears it once, in each place
/// that matters.
pub(crate) async fn session_lost(core: &Core, login: &Login) {
    let at = core.clock.now();
    let state = LoginState::LoggedOut { at, why: LogoutReason::SessionEnded };
    if let Ok(true) = end(core, login, state).await {
        tracing::info!(login.id = %login.id, "WeChat ended the session");
        tell_lost(core, login, at).await;
    }
}

/// Says it once more after a restart, which may have come before it was said; the homeserver
/// knows for a day whether it was.
pub(crate) async fn tell_lost_again(core: Arc<Core>, login: Arc<Login>) {
    if let LoginState::LoggedOut { at, why: LogoutReason::SessionEnded } = login.state
        && core.clock.now().since(at) < TOLD_AGAIN
    {
        tell_lost(&core, &login, at).await;
    }
}

/// Keeps the end durably, and then stops polling. False when there is nothing to end: another
/// was faster, or a newer bot has taken the place of this one.
async fn end(core: &Core, login: &Login, state: LoginState) -> Result<bool, Halt> {
    let _one_at_a_time = core.changing.lock().await;
    let Some(now) = core.registry.login(login.id) else { return Ok(false) };
    let has_ended = match (now.state, state) {
        (LoginState::Active, _) => false,
        // What WeChat ended, its owner can still put away.
        (
            LoginState::LoggedOut { why: LogoutReason::SessionEnded, .. },
            LoginState::LoggedOut { why: LogoutReason::ByOwner, .. },
        ) => false,
        (LoginState::LoggedOut { .. }, _) => true,
    };
    if has_ended || now.bot != login.bot {
        return Ok(false);
    }
    let mut out = Login { state, ..Login::clone(&now) };
    if matches!(out.state, LoginState::LoggedOut { why: LogoutReason::ByOwner, .. }) {
        out.token = BotToken::new("");
    }
    core.commit(Change::new().put_login(&out)).await?;
    core.registry.put_login(out);
    core.sessions.end(login.id);
    Ok(true)
}

async fn tell_lost(core: &Core, login: &Login, at: Timestamp) {
    let (name, prefix) = (login_name(login), core.prefix());
    let note = Note::SessionLost { name: &name, prefix };
    let txn = Txn::Lost { login: login.id, at };
    // What a stop prevents is said after the next start, see `tell_lost_again`.
    let _ = notice::ping_owner(core, &login.owner, &note, txn).await;
    for portal in core.registry.portals_of(login.id) {
        let Some(room) = portal.place() else { continue };
        let name = name_of(&portal);
        let note = Note::PortalSessionLost { name: &name, prefix };
        let text = note.text(core.language_of(&login.owner));
        let _ = notice::say(core, room, &text, txn).await;
    }
}

/// Less than the 24 hours for which a homeserver remembers transaction ids.
const TOLD_AGAIN: Duration = Duration::from_secs(12 * 60 * 60);
