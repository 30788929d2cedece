//! Endurance: what a bridge has to bear for long, with the means of the stories (`tests/bridge`).
//!
//! `.ci/run` plays it after everything else; `cargo test` leaves it out unless it is named.
// For the futures of a client that encrypts.
#![recursion_limit = "512"]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has to stop"
)]

#[expect(dead_code, unused_imports, reason = "the stories use all of it")]
#[path = "../bridge/support/mod.rs"]
mod support;

mod crash;
mod long_queue;
mod torture;
