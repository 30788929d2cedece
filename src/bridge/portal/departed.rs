//! The end of the logins of an owner whose account is gone, for whom no more rooms are made.

use std::sync::Arc;

use ruma::UserId;

use crate::{
    bridge::{
        core::{Core, attempt::Halt, login_end, owner, txn::Txn},
        notice,
        text::AdminText,
    },
    store::{Login, LoginState, LogoutReason},
};

/// Ends the logins of an owner whose account seems to be deactivated, and tells the administrators.
/// Returns whether it is.
pub(in crate::bridge) async fn end_if_gone(core: &Core, user: &UserId) -> Result<bool, Halt> {
    if !owner::seems_deactivated(core, user).await? {
        return Ok(false);
    }
    let active = |login: &Arc<Login>| login.state == LoginState::Active;
    let logins: Vec<_> = core.registry.logins_of(user).into_iter().filter(active).collect();
    let Some(first) = logins.first() else { return Ok(true) };
    tracing::warn!(%user, logins = logins.len(), "the account of an owner is gone; its logins end");
    // Said before the end is stored: after a crash between the two it is repeated, and shown once.
    let txn = Txn::OwnerGone(first.id);
    let text = AdminText::OwnerGone { user, count: logins.len() };
    notice::to_admins(core, |language| text.text(language), txn).await?;
    let state = LoginState::LoggedOut { at: core.clock.now(), why: LogoutReason::ByOwner };
    for login in logins {
        login_end::put(core, &login, state).await?;
    }
    // The exports forget the tokens as well. A store that fails has already ended the bridge.
    let _ = core.store.export().await;
    Ok(true)
}
