//! The Matrix side: the homeserver's API, and what it pushes. Never heard of WeChat.
//!
//! [`Homeserver`] and [`Intent`] ask the homeserver, as the bot or as a ghost; [`router`] hears
//! what it pushes; [`event`] reads an event and [`content`] and [`room`] write one.

mod appservice;
pub mod content;
mod error;
pub mod event;
mod homeserver;
mod intent;
mod object;
mod retry;
pub mod room;
mod transaction;

pub use appservice::{Unavailable, router};
pub use error::{Error, Retry};
pub use homeserver::{Homeserver, HomeserverOptions};
pub use intent::Intent;
pub use transaction::{BadBody, Transaction};

use crate::secret::secret_kind;

secret_kind! {
    /// What the bridge shows to the homeserver: it may act as the bot and as every ghost.
    AsToken
}
secret_kind! {
    /// What the homeserver shows to the bridge when it pushes.
    HsToken
}
