//! The tokens with which owners join rooms without accepting an invitation.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use ruma::{OwnedUserId, UserId};

use crate::{
    config::Config,
    matrix::{self, Homeserver, Puppets},
};

/// The owners for whom the bridge may act.
#[derive(Debug)]
pub(crate) struct Owners {
    pub(crate) puppets: Option<Puppets>,
    /// Locked while a user's list of direct chats is read and written.
    pub(crate) marking: tokio::sync::Mutex<()>,
    /// The refusals that were logged already: of a user, or of the token itself.
    refused: Mutex<HashSet<Option<OwnedUserId>>>,
}

impl Owners {
    pub(crate) fn new(config: &Config, homeserver: &Homeserver) -> Self {
        let token = config.double_puppet.as_token.clone();
        let puppets = token.map(|token| Puppets::new(homeserver.clone(), token));
        Self { puppets, marking: Default::default(), refused: Default::default() }
    }

    pub(crate) fn warn(&self, user: &UserId, why: &matrix::Error) {
        let is_token = matches!(why, matrix::Error::TokenRejected);
        let about = (!is_token).then(|| user.to_owned());
        let first = self.refused.lock().unwrap_or_else(PoisonError::into_inner).insert(about);
        if first {
            tracing::warn!(
                %user, error = %why,
                "the homeserver does not let the bridge act for a user ([double_puppet]); they \
                 accept invitations themselves"
            );
        } else {
            tracing::debug!(%user, error = %why, "an owner has to accept an invitation");
        }
    }
}
