//! The stored end of a login.

use super::{Core, attempt::Halt};
use crate::{
    id::BotToken,
    store::{Change, Login, LoginState, LogoutReason},
};

/// Stores the end, and then stops polling. Returns false when there is nothing to end: it has ended
/// already, or a newer bot has taken the place of this one.
pub(in crate::bridge) async fn put(
    core: &Core,
    login: &Login,
    state: LoginState,
) -> Result<bool, Halt> {
    let _one_at_a_time = core.changing.lock().await;
    let Some(now) = core.registry.login(login.id) else { return Ok(false) };
    let has_ended = match (now.state, state) {
        (LoginState::Active, _) => false,
        // A session that WeChat has ended can still be logged out by its owner.
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
