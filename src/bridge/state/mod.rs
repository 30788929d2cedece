//! What the core remembers in memory. It starts no task and sends nothing: whoever finds work
//! announces it, and `start` has somebody do it.

mod confirmed;
mod copies;
mod flow;
mod lane;
mod looks;
mod outage;
mod outbox;
mod places;
mod question;
mod registry;
mod reply;
mod session;
mod strangers;
mod tally;
mod typing;

pub(crate) use confirmed::Confirmed;
pub(crate) use copies::{Copies, Mark, Stand};
pub(crate) use flow::{Flow, LoginFlows, Place, Wanted};
pub(crate) use lane::{Job, LaneKey, Lanes, Read};
pub(crate) use looks::Looks;
pub(crate) use outbox::{Changed, Media, MediaKind, Outbox, Outgoing, Part, Shown, led_by};
pub(crate) use places::Places;
pub(crate) use question::{Candidate, OPEN_FOR, Questions, Taken};
pub(crate) use registry::Registry;
pub(crate) use reply::{Paces, Replies};
pub(crate) use session::Sessions;
pub(crate) use strangers::MOST_STRANGERS;
pub(crate) use tally::{Sent, Tallies};
pub(crate) use typing::{Turn, Typists};
