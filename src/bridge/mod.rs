//! The core, the only place that decides.
//!
//! Two walks lead through it, and both begin with a durable commit. From WeChat: [`session`] polls,
//! [`batch`] sorts, a lane hands each message to [`incoming`]. From Matrix: [`transaction`] takes
//! over, a lane hands each event to [`outgoing`] or [`management`], and [`sender`] sends what
//! waits in the [`state::Outbox`].

mod command;
mod core;
mod dispatch;
mod doctor;
mod from_matrix;
mod from_wechat;
mod group;
mod login;
mod notice;
mod policy;
mod portal;
mod render;
mod runtime;
mod send;
mod state;
mod text;

pub use self::{
    core::{Death, clients::StartError},
    doctor::{Finding, examine},
    runtime::start::Bridge,
    text::Verdict,
};
