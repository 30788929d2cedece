//! The answers to the provisioning API, which does what the commands `login`, `relogin`, `cancel`,
//! `logout` and `list` do, with their permissions.

use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use ruma::{OwnedUserId, UserId};

use super::{logout, qr_login};
use crate::{
    bridge::{
        core::{Core, attempt::Halt, login_name},
        portal::naming,
        state::Wanted,
    },
    config::Level,
    id::LoginId,
    matrix::Retry,
    secret::Secret,
    store::{Login, LoginState, LogoutReason},
    web::provision::{
        self, LinkedContact, NotBegun, NotLoggedOut, Process, Standing, Unproven, Whoami, Wish,
    },
};

/// The bridge's side of the API.
pub(crate) struct ProvisioningDesk(pub(crate) Arc<Core>);

impl provision::Desk for ProvisioningDesk {
    fn is_shared_secret(&self, shown: &str) -> bool {
        let secret = &self.0.config.provisioning.shared_secret;
        secret.as_ref().is_some_and(|secret| secret.is(shown))
    }

    fn takes_matrix_tokens(&self) -> bool {
        self.0.config.provisioning.matrix_auth
    }

    fn owner_of(&self, token: Secret) -> BoxFuture<'_, Result<OwnedUserId, Unproven>> {
        let asked = async move {
            let answer = self.0.homeserver.owner_of(&token);
            match tokio::time::timeout(HOMESERVER_PATIENCE, answer).await {
                Ok(Ok(owner)) => Ok(owner),
                Ok(Err(error)) if error.retry() == Retry::Never => Err(Unproven::Unknown),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "an access token could not be checked");
                    Err(Unproven::Away)
                }
                Err(_) => {
                    tracing::warn!("an access token could not be checked in time");
                    Err(Unproven::Away)
                }
            }
        };
        asked.boxed()
    }

    fn may_link(&self, user: &UserId) -> bool {
        let config = &self.0.config;
        // The bridge's own tokens belong to users of the homeserver, too.
        let is_sender = user.localpart() == config.appservice.sender_localpart;
        let is_ours = self.0.is_ours(user) || is_sender;
        !is_ours && config.bridge.permissions.level_of(user) >= Some(Level::User)
    }

    fn about(&self, user: &UserId) -> Whoami {
        let core = &self.0;
        let mut logins = core.registry.logins_of(user);
        logins.retain(|login| is_listed(login));
        Whoami {
            homeserver: core.config.homeserver.server_name.clone(),
            bot: core.bot.clone(),
            command_prefix: core.prefix().to_owned(),
            management_room: core.registry.owner(user).management_room.clone(),
            logins: logins.iter().map(|login| linked(core, login)).collect(),
        }
    }

    fn begin(&self, user: &UserId, wish: Wish) -> Result<Arc<dyn Process>, NotBegun> {
        let wanted = match wish.login {
            None => Wanted::Anybody { name: wish.name.as_deref().and_then(naming::sound_name) },
            Some(id) => {
                let login = self.login_of(user, id).ok_or(NotBegun::NoSuchLogin)?;
                Wanted::Again { login: login.id, name: login_name(&login) }
            }
        };
        let flow = qr_login::start_by_api(&self.0, user, wanted).ok_or(NotBegun::TooMany)?;
        Ok(flow)
    }

    fn process(&self, user: &UserId, id: &str) -> Option<Arc<dyn Process>> {
        Some(self.0.flows.by_process(user, id)? as Arc<dyn Process>)
    }

    fn log_out(
        &self,
        user: &UserId,
        login: Option<u32>,
    ) -> BoxFuture<'_, Result<(), NotLoggedOut>> {
        let logins = match login {
            None => Ok(self.0.registry.logins_of(user)),
            Some(id) => self.login_of(user, id).map(|login| vec![login]).ok_or(()),
        };
        let done = async move {
            let mut logins = logins.map_err(|()| NotLoggedOut::NoSuchLogin)?;
            logins.retain(|login| is_listed(login));
            if login.is_some() && logins.is_empty() {
                return Err(NotLoggedOut::NoSuchLogin);
            }
            for login in logins {
                match logout::by_owner(&self.0, &login).await {
                    Ok(()) => {}
                    Err(Halt::Stopping | Halt::Refused(_)) => return Err(NotLoggedOut::Stopping),
                }
            }
            Ok(())
        };
        done.boxed()
    }
}

impl ProvisioningDesk {
    fn login_of(&self, user: &UserId, id: u32) -> Option<Arc<Login>> {
        self.0.registry.login(LoginId(id)).filter(|login| login.owner == user)
    }
}

/// Returns whether the user sees the login, which ends when they log out of it.
fn is_listed(login: &Login) -> bool {
    match login.state {
        LoginState::Active | LoginState::LoggedOut { why: LogoutReason::SessionEnded, .. } => true,
        LoginState::LoggedOut { why: LogoutReason::ByOwner, .. } => false,
    }
}

fn linked(core: &Core, login: &Login) -> LinkedContact {
    let (standing, seen) = match login.state {
        LoginState::LoggedOut { at, .. } => (Standing::Ended, at),
        LoginState::Active => match core.sessions.last_answer(login.id, core.clock.now()) {
            Some((at, false)) => (Standing::Connected, at),
            Some((at, true)) => (Standing::Silent, at),
            None => (Standing::Silent, login.created),
        },
    };
    LinkedContact {
        id: login.id.0,
        name: login_name(login),
        standing,
        seen: seen.0.div_euclid(1_000),
    }
}

/// The time limit for the homeserver's answer, since a program waits for it.
const HOMESERVER_PATIENCE: Duration = Duration::from_secs(10);
