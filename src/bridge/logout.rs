//! The end of a login: WeChat's doing, or the owner's.

use super::{
    core::{Core, login_name, name_of},
    halt::Halt,
    notice,
    text::Note,
};
use crate::{
    id::LoginId,
    store::{Change, Login, LoginState, LogoutReason},
};

/// The owner does not want the login any more.
pub(crate) async fn by_owner(core: &Core, login: &Login) -> Result<(), Halt> {
    let state = LoginState::LoggedOut { at: core.clock.now(), why: LogoutReason::ByOwner };
    end(core, Login { state, ..login.clone() }).await
}

/// Keeps the end durably, and then stops polling.
async fn end(core: &Core, login: Login) -> Result<(), Halt> {
    let id = login.id;
    core.commit(Change::new().put_login(&login)).await?;
    core.registry.put_login(login);
    core.sessions.end(id);
    Ok(())
}

/// WeChat ended the session: the owner hears it once, in each place that matters.
pub(crate) async fn session_lost(core: &Core, id: LoginId) {
    let Some(login) = core.registry.login(id) else { return };
    if login.state != LoginState::Active {
        return;
    }
    let at = core.clock.now();
    let state = LoginState::LoggedOut { at, why: LogoutReason::SessionEnded };
    let out = Login { state, ..Login::clone(&login) };
    if end(core, out).await.is_err() {
        return;
    }
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
