//! Hands the parts of a message to the outbox.

use crate::{
    bridge::{
        core::Core,
        state::{Outgoing, Part, Shown, led_by},
    },
    matrix::event::Event,
    store::{Entry, Portal, Work},
};

/// Hands a message to the outbox, which finishes its entry.
pub(crate) fn queue(core: &Core, entry: &Entry, event: &Event, portal: &Portal, parts: Vec<Part>) {
    let Work::FromMatrix { progress, .. } = &entry.work else { return };
    let parts = led_by(progress.line.as_ref().map(|line| &*line.0), parts);
    let outgoing = Outgoing {
        entry: entry.clone(),
        event: event.id.clone(),
        sender: event.sender.clone(),
        room: event.room.clone(),
        parts,
        progress: progress.clone(),
        tries: 0,
        refused: 0,
        failed_uploads: 0,
        shown: if progress.mark.is_some() { Shown::Mark } else { Shown::Nothing },
        with: Vec::new(),
    };
    core.outbox.push(portal.id, outgoing);
}
