//! The queueing of a message's parts in the outbox.

use super::turn::PortalTurn;
use crate::{
    bridge::{
        render::reply_line,
        state::{About, Outgoing, Part, Shown, led_by},
    },
    matrix::event::Message,
    store::Work,
};

/// Queues a message in the outbox, which finishes its entry. The quote above it is made just before
/// the first try, and then kept.
pub(crate) fn queue(turn: &PortalTurn<'_>, parts: Vec<Part>, about: About) {
    let PortalTurn { core, entry, event, portal } = *turn;
    let Work::FromMatrix { progress, .. } = &entry.work else { return };
    let outgoing = Outgoing {
        entry: entry.clone(),
        event: event.id.clone(),
        sender: event.sender.clone(),
        room: event.room.clone(),
        parts: led_by(progress.line.as_ref().map(|line| &*line.0), parts.clone()),
        plain: parts,
        about,
        settled: false,
        progress: progress.clone(),
        tries: 0,
        refused: 0,
        failed_uploads: 0,
        shown: if progress.mark.is_some() { Shown::Mark } else { Shown::Nothing },
        with: Vec::new(),
    };
    core.outbox.push(portal.id, outgoing);
}

/// Returns the event to which a message refers.
pub(crate) fn about(message: &Message) -> About {
    match reply_line::target(message) {
        Some(of) => About::Answer(of.to_owned()),
        None => About::Nothing,
    }
}
