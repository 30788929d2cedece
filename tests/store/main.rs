//! The store through its public API: durability, refusal of damage, order, export and import.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod child;
mod commits;
mod damage;
mod death;
mod kept;
mod records;
mod scene;
mod transfer;
