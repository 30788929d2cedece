//! The state of the core in memory. It starts no task and sends nothing: work is announced to a
//! receiver, for which `runtime` starts tasks.

mod confirmed;
mod copies;
mod flow;
mod hush;
mod lane;
mod looks;
mod outage;
mod outbox;
mod places;
pub(crate) mod puppets;
mod question;
pub(super) mod rate_limit;
mod registry;
mod reply;
pub(super) mod reply_window;
pub(super) mod rounds;
mod session;
mod strangers;
mod tally;
mod typing;

pub(crate) use self::confirmed::ConfirmedMessages;
pub(crate) use self::copies::{Copies, Mark, Stand};
pub(crate) use self::flow::{Flow, LoginFlows, LoginPlace, MOST_AT_ONCE, Wanted};
pub(crate) use self::hush::Hush;
pub(crate) use self::lane::{Job, LaneKey, Lanes, Read};
pub(crate) use self::looks::Looks;
pub(crate) use self::outbox::{
    About, Changed, MediaPart, Outbox, Outgoing, Part, PartKind, QueuedLine, Shown, led_by,
};
pub(crate) use self::places::Places;
pub(crate) use self::question::{Candidate, OPEN_FOR, Questions, Taken};
pub(crate) use self::registry::Registry;
pub(crate) use self::reply::{Paces, Replies};
pub(crate) use self::session::Sessions;
pub(crate) use self::strangers::MOST_STRANGERS;
pub(crate) use self::tally::{Sent, Tallies};
pub(crate) use self::typing::{Turn, Typists};
