//! iLink simulator.
