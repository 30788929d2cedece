//! The core, the only place that decides.
