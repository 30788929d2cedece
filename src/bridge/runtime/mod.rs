//! The start and the stop of the bridge, its regular housekeeping, and its metrics.

pub(super) mod housekeeping;
mod keys;
pub(super) mod metrics;
pub(super) mod start;
