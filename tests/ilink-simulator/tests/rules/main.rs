//! The simulator's rules, each over real HTTP with a client that is written out by hand.
#![cfg(test)]

mod control;
mod fault;
mod header;
mod login;
mod media;
mod receive;
mod send;
mod support;
mod typing;
