//! A Matrix application service that bridges chats between Matrix and WeChat over iLink.
//!
//! In reading order:
//! - [`id`], [`secret`], [`clock`]: identifiers, values that do not print, wall time.
//! - `crash`: places at which a test ends the program; not in other builds.
//! - [`limits`], [`speed`]: the shares of open files, the least speed of a transfer.
//! - [`spool`]: files without a name, for media in transfer. [`tasks`]: starting and stopping
//!   tasks.
//! - [`ilink`]: the WeChat side; Tencent's HTTP and JSON. Knows nothing of Matrix.
//! - [`matrix`]: the Matrix side; the homeserver's API and its pushes. Knows nothing of WeChat.
//! - [`crypto`]: the keys of encrypted rooms, and encryption with them.
//! - [`web`]: the endpoints of the listener for others than the homeserver.
//! - [`store`]: the data that must survive a crash.
//! - [`convert`]: the conversion of content between the two sides. Pure.
//! - [`media`]: the decoding of untrusted images, sounds and videos, in processes of their own.
//! - [`bridge`]: the core, which makes all decisions.
//! - [`config`]: `config.toml`, read into checked values.

pub mod id;
pub mod secret;

pub mod clock;
mod crash;
pub mod limits;
pub mod speed;
pub mod spool;
pub mod tasks;

pub mod ilink;
pub mod matrix;

pub mod crypto;
pub mod web;

pub mod store;

pub mod convert;
pub mod media;

pub mod bridge;
pub mod config;
