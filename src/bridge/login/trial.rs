//! The check of new credentials before they replace working ones.

use std::time::Duration;

use crate::{
    bridge::core::Core,
    ilink::{Credentials, Error},
    web::stage::Ending,
};

/// Asks the new server with the new token whether it answers.
///
/// The check loses no message: the bot is announced first, and only where that fails one poll is
/// made, from the very beginning, which the session's own first poll repeats. A poll that is held
/// means success and is not waited for.
pub(super) async fn of(core: &Core, credentials: &Credentials) -> Result<(), Ending> {
    let session = core.ilink.session(credentials.token.clone(), credentials.base_url.as_deref());
    let session = session.map_err(|error| refused(&error))?;
    let error = match core.ilink.notify_start(&session).await {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    if is_final(&error) {
        return Err(refused(&error));
    }
    let polling = core.ilink.get_updates(&session, None, None);
    tokio::select! {
        polled = polling => match polled {
            Ok(updates) if updates.gateway.is_none() => Ok(()),
            Ok(_) => Err(refused(&error)),
            Err(error) => Err(refused(&error)),
        },
        () = core.tasks.pause(HELD) => Ok(()),
    }
}

/// Returns whether a poll cannot do better than the announcement.
fn is_final(error: &Error) -> bool {
    match error {
        Error::HostNotAllowed { .. }
        | Error::Setup { .. }
        | Error::Unreachable { .. }
        | Error::Timeout
        | Error::SessionExpired => true,
        Error::Refused { .. }
        | Error::Cut
        | Error::Http { .. }
        | Error::Garbled
        | Error::TooLarge { .. } => false,
    }
}

fn refused(error: &Error) -> Ending {
    tracing::warn!(%error, "a login was confirmed, but its server cannot be used");
    match error {
        Error::HostNotAllowed { .. } => Ending::BadServer,
        Error::Setup { .. }
        | Error::Unreachable { .. }
        | Error::Timeout
        | Error::SessionExpired
        | Error::Refused { .. }
        | Error::Cut
        | Error::Http { .. }
        | Error::Garbled
        | Error::TooLarge { .. } => Ending::Unusable,
    }
}

/// The time after which a held poll counts as success.
const HELD: Duration = Duration::from_secs(5);
