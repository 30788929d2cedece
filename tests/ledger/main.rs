//! Nothing fails silently: each event and each update has exactly one end.
//!
//! The bridge runs between a stub homeserver, which pushes what a test wants and keeps what the
//! bridge says, and the simulator. Then the store is opened, and the counters of all ends are
//! compared with what was put in: a thing that is lost, left pending or ended twice shows.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has to stop")]

mod homeserver;
mod world;

mod forms;
mod from_matrix;
mod from_wechat;
mod metrics;
mod other_rooms;
