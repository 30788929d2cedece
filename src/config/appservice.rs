//! `[appservice]`: the bridge as the homeserver sees it.

use std::net::SocketAddr;

use ruma::OwnedUserId;
use url::Url;

use crate::matrix::registration::{AsToken, HsToken};

/// `[appservice]`
#[derive(Debug, Clone)]
pub struct Appservice {
    /// The name of the registration.
    pub id: String,
    /// Where the bridge listens.
    pub listen: SocketAddr,
    /// Where the homeserver reaches the bridge.
    pub url: Url,
    /// The user that answers commands.
    pub bot: OwnedUserId,
    /// The bot's name in rooms.
    pub bot_display_name: String,
    /// What the localpart of every ghost begins with.
    pub ghost_prefix: String,
    /// A user that nobody uses: Synapse treats the sender of a registration specially.
    pub sender_localpart: String,
    /// What the bridge shows the homeserver.
    pub as_token: AsToken,
    /// What the homeserver shows the bridge.
    pub hs_token: HsToken,
}
