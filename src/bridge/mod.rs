//! The core, the only place that decides.
//!
//! Two walks lead through it, and both begin with a durable commit. From WeChat: [`session`] polls,
//! [`batch`] sorts, a lane hands each message to [`incoming`]. From Matrix: [`transaction`] takes
//! over, a lane hands each event to [`outgoing`] or [`management`], and [`sender`] sends what
//! waits in the [`state::Outbox`].

mod runtime;

mod dispatch;

mod command;

mod send;

mod from_matrix;

mod login;

mod from_wechat;

mod render;

mod group;

mod portal;

mod doctor;

mod notice;

mod text;

mod core;

mod state;

pub use self::core::Death;
pub use self::doctor::Finding;
pub use self::doctor::examine;
pub use self::runtime::start::Bridge;
pub use self::runtime::start::StartError;
pub use self::text::Verdict;
