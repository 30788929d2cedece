//! The core, the only place that decides.
//!
//! Two walks lead through it, and both begin with a durable commit. From WeChat: [`session`] polls,
//! [`batch`] sorts, a lane hands each message to [`incoming`]. From Matrix: [`transaction`] takes
//! over, a lane hands each event to [`outgoing`] or [`management`], and [`sender`] sends what
//! waits in the [`state::Outbox`].

mod core;
mod figures;
mod halt;
mod poison;
mod start;
mod state;
mod text;
mod work;

mod batch;
mod closing;
mod face;
mod features;
mod incoming;
mod kept;
mod logout;
mod moving;
mod quoted;
mod recall;
mod room;
mod session;
mod space;
mod transfer;

mod change;
mod delivery;
mod outgoing;
mod pace;
mod replied;
mod rounds;
mod sender;
mod shown;
mod transaction;
mod typing;
mod unpushed;
mod window;
mod worded;

mod command;
mod doctor;
mod group;
mod login;
mod management;
mod member;
mod notice;
mod owner;
mod provision;
mod puppet;

pub use self::{
    core::Death,
    doctor::{Finding, examine},
    start::{Bridge, StartError},
    text::Verdict,
};
