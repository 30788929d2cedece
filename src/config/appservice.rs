//! `[appservice]`: the bridge as the homeserver sees it.

use std::net::SocketAddr;

use ruma::OwnedUserId;
use url::Url;

use crate::matrix::registration::{AsToken, HsToken};

/// The section `[appservice]`.
#[derive(Debug, Clone)]
pub struct Appservice {
    /// The name of the registration.
    pub id: String,
    /// The address on which the bridge listens.
    pub listen: SocketAddr,
    /// The address at which the homeserver reaches the bridge.
    pub url: Url,
    /// The bridge's bot, which answers commands.
    pub bot: OwnedUserId,
    /// The bot's display name.
    pub bot_display_name: String,
    /// The prefix of the localpart of every ghost.
    pub ghost_prefix: String,
    /// The localpart of an unused user: Synapse treats the sender of a registration specially.
    pub sender_localpart: String,
    /// The token that the bridge sends.
    pub as_token: AsToken,
    /// The token that the homeserver sends.
    pub hs_token: HsToken,
}
