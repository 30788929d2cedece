//! The end of a login, by WeChat or by the owner.

use std::{sync::Arc, time::Duration};

use crate::{
    bridge::{
        core::{Core, attempt::Halt, login_end, login_name, name_of, txn::Txn},
        notice,
        text::Note,
    },
    clock::Timestamp,
    store::{Login, LoginState, LogoutReason},
};

/// Logs the owner out of a login, and forgets its token.
pub(crate) async fn by_owner(core: &Core, login: &Login) -> Result<(), Halt> {
    let state = LoginState::LoggedOut { at: core.clock.now(), why: LogoutReason::ByOwner };
    if login_end::put(core, login, state).await? {
        // The exports forget it as well. A store that fails has already ended the bridge.
        let _ = core.store.export().await;
    }
    Ok(())
}

/// Ends a login whose session WeChat has ended; the owner is told once in the management room and
/// in each portal.
pub(crate) async fn session_lost(core: &Core, login: &Login) {
    let at = core.clock.now();
    let state = LoginState::LoggedOut { at, why: LogoutReason::SessionEnded };
    if let Ok(true) = login_end::put(core, login, state).await {
        tracing::info!(login.id = %login.id, "WeChat ended the session");
        tell_lost(core, login, at).await;
    }
}

/// Repeats the notices about an ended session after a restart, which may have come before they were
/// sent; the homeserver recognises a repetition for a day.
pub(crate) async fn tell_lost_again(core: Arc<Core>, login: Arc<Login>) {
    if let LoginState::LoggedOut { at, why: LogoutReason::SessionEnded } = login.state
        && core.clock.now().since(at) < TOLD_AGAIN
    {
        tell_lost(&core, &login, at).await;
    }
}

async fn tell_lost(core: &Core, login: &Login, at: Timestamp) {
    let (name, prefix) = (login_name(login), core.prefix());
    let note = Note::SessionLost { name: &name, prefix };
    let txn = Txn::Lost { login: login.id, at };
    // After a stop, `tell_lost_again` repeats it at the next start.
    let _ = notice::ping_owner(core, &login.owner, &note, txn).await;
    for portal in core.registry.portals_of(login.id) {
        let Some(room) = portal.place() else { continue };
        let name = name_of(&portal);
        let note = Note::PortalSessionLost { name: &name, prefix };
        let text = note.text(core.language_of(&login.owner));
        let _ = notice::say(core, room, &text, txn).await;
    }
}

/// The time in which the notices are repeated, less than the 24 hours for which a homeserver
/// remembers transaction ids.
const TOLD_AGAIN: Duration = Duration::from_secs(12 * 60 * 60);
