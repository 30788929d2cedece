//! A Matrix application service that carries chats between Matrix and WeChat over iLink.
//!
//! In reading order:
//! - [`id`], [`secret`], [`clock`]: identifiers, values that do not print, wall time.
//! - `crash`: where a test lets the program die; nothing in any other build.
//! - [`spool`]: files without a name, for media on their way.
//! - [`ilink`]: the WeChat side; HTTP and JSON as Tencent speaks them. Never heard of Matrix.
//! - [`matrix`]: the Matrix side; the homeserver's API and what it pushes. Never heard of WeChat.
//! - [`web`]: what the listener tells others than the homeserver.
//! - [`store`]: what must survive a crash.
//! - [`convert`]: content of one side to content of the other. Pure.
//! - [`media`]: strangers' pictures and sounds, in processes of their own.
//! - [`bridge`]: the core, the only place that decides.
//! - [`config`]: `config.toml` to checked values.

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
pub mod web;

pub mod store;

pub mod convert;
pub mod media;

pub mod bridge;
pub mod config;
