//! The core of the bridge, which makes all decisions.
//!
//! Two walks lead through it, and both begin with a durable commit. From WeChat: `login::session`
//! polls, `from_wechat::ingest` sorts, a lane hands each message to `from_wechat::message`. From
//! Matrix: `from_matrix::ingest` stores events, a lane hands each one to `dispatch::entry`, and
//! `send::sender` sends what waits in the [`state::Outbox`].

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
    core::{
        Death,
        clients::{StartError, login_rule},
    },
    doctor::{Finding, examine},
    runtime::start::Bridge,
    text::DoctorVerdict,
};
