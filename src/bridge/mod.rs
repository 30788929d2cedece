//! The core, the only place that decides.

pub mod command;
