//! The stories: the real bridge between a real Synapse and the simulator.
//!
//! Real: the bridge, its store, Synapse, the Matrix client (matrix-sdk), every byte on every
//! socket. Fake: WeChat, by the simulator, which Tencent's own client accepts.
// For the futures of a client that encrypts.
#![recursion_limit = "512"]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a story that cannot go on has to stop"
)]

mod support;

mod bad_input;
mod clock;
mod commands;
mod commands_admin;
mod commands_contact;
mod departed;
mod doctor;
mod double_puppet;
mod duplicates;
mod encrypted;
mod encrypted_away;
mod faces;
mod faults;
mod faults_homeserver;
mod faults_store;
mod groups;
mod groups_members;
mod groups_moving;
mod health;
mod import;
mod kinds_out;
mod link_page;
mod login;
mod login_end;
mod media_in;
mod media_in_refused;
mod media_in_trouble;
mod media_out;
mod media_out_shape;
mod media_out_trouble;
mod outbox;
mod outbox_change;
mod outbox_shown;
mod poison;
mod policy;
mod provision;
mod quotes_in;
mod relay;
mod replies_out;
mod restart;
mod rooms;
mod rooms_end;
mod rounds;
mod secrets;
mod space;
mod text;
mod text_in;
mod text_out;
mod typing;
mod unpushed;
mod words;
