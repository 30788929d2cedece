//! What the stories are played with.

mod bridge;
mod chat;
mod files;
mod group;
mod link;
pub(crate) mod listener;
mod logs;
pub(crate) mod media;
mod person;
pub(crate) mod program;
mod proxy;
mod shared;
mod steps;
pub(crate) mod synapse;

pub(crate) use bridge::{World, listen};
pub(crate) use chat::Chat;
pub(crate) use files::{Sent, opus, picture, vector};
pub(crate) use group::{Group, texts as group_texts};
pub(crate) use person::{Message, Person};
pub(crate) use program::{PROGRAM, Program};
pub(crate) use proxy::{Proxy, Trouble};
