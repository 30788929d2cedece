//! An iLink API and CDN server, with phones: for the tests of the bridge, and for trying the bridge without WeChat.
//!
//! It is built from the protocol alone and shares no type with the bridge.
//! Where the real server is silent it answers as silently, and remembers what it dropped and why: [`Simulator::dropped`].

mod answer;
mod api;
mod cdn;
mod chat;
mod clock;
mod control;
mod crypto;
mod device;
mod dropped;
mod fault;
mod header_rules;
mod id;
mod inbox;
mod page;
mod phone;
mod phone_media;
mod qr;
mod record;
mod rules;
mod simulator;
mod state;
mod trouble;

pub use cdn::MediaRef;
pub use chat::{Kind, Shown};
pub use dropped::{Dropped, Reason};
pub use fault::Fault;
pub use phone::Phone;
pub use qr::ScanError;
pub use record::Recorded;
pub use simulator::{Options, Simulator};
