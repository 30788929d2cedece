//! The Matrix side: the homeserver's API, and what the homeserver pushes. Knows nothing of WeChat.
//!
//! [`Homeserver`] and [`Intent`] send requests as the bot or as a ghost, and transfer files;
//! [`KeyDevice`] is a device that holds keys; [`Puppets`] lets people join rooms; [`router`] serves what the homeserver pushes; [`event`]
//! parses events, and [`content`] and [`room`] build them.

mod account;
mod appservice;
pub mod content;
mod error;
pub mod event;
mod history;
mod homeserver;
mod intent;
mod keys;
mod media;
mod object;
mod power;
mod probe;
mod puppet;
mod reaction;
pub mod registration;
mod requests;
mod retry;
pub mod room;
mod sync;
mod transaction;

pub use appservice::{Unavailable, router};
pub use error::{Error, Retry};
pub use history::Page;
pub use homeserver::{Homeserver, HomeserverOptions};
pub use intent::Intent;
pub use keys::{KeyDevice, Received, StreamPosition, forgets_position, lacks};
pub use power::Power;
pub use probe::Probe;
pub use puppet::Puppets;
pub use registration::{AsToken, HsToken};
pub use sync::{Changes, Timeline};
pub use transaction::{BadBody, Transaction};
