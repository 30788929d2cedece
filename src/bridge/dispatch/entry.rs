//! The routing of one entry to its floor, and the recording of its outcome.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::{group_room, other_room, portal_room};
use crate::{
    bridge::{
        core::{
            Core,
            attempt::{Halt, Handled},
        },
        from_matrix::reading,
        from_wechat::{message, recall},
        notice::status,
        state::{LaneKey, Read},
    },
    crash,
    ilink::Message,
    matrix::event::{self, Event},
    store::{Entry, Outcome, Work},
};

/// Carries an entry out, and records its outcome.
pub(super) async fn run_entry(core: &Arc<Core>, key: &LaneKey, entry: &Entry, read: Read) {
    match outcome_of(core, key, entry, read).await {
        Ok(Handled::Done(outcome)) => {
            core.finish(entry, &outcome);
            status::unmark_copy(core, entry).await;
        }
        Ok(Handled::Deferred) | Err(Halt::Stopping) => {}
        Err(Halt::Refused(error)) => {
            tracing::warn!(?key, %error, "the homeserver refused; the work is set aside");
            set_aside(core, entry).await;
        }
    }
}

/// Sets an entry aside after the homeserver refused it. A contact's message is kept for `retry` and
/// the next start, and the owner is told; an event from Matrix, which cannot be answered there,
/// ends.
pub(super) async fn set_aside(core: &Core, entry: &Entry) {
    match entry.work {
        Work::FromWechat { portal, .. } => {
            message::say_refused(core, entry).await;
            core.lanes.set_aside(portal, entry.clone());
        }
        Work::FromMatrix { .. } => core.finish(entry, &Outcome::Refused("homeserver".into())),
    }
}

/// Takes an entry to its floor and returns the outcome.
pub(super) async fn outcome_of(
    core: &Arc<Core>,
    key: &LaneKey,
    entry: &Entry,
    read: Read,
) -> Result<Handled, Halt> {
    let (Work::FromWechat { raw, .. } | Work::FromMatrix { raw, .. }) = &entry.work;
    crash::taste("work", raw);
    match &entry.work {
        Work::FromWechat { portal, raw, .. } => {
            let message = match read {
                Read::Message(message) => Some(*message),
                Read::Not | Read::Event(_) => Message::parse(raw).ok(),
            };
            match message {
                Some(message) if message.deleted.is_some() => {
                    recall::from_wechat(core, entry, *portal, &message).await
                }
                message => message::from_wechat(core, entry, *portal, message).await,
            }
        }
        Work::FromMatrix { raw, .. } => {
            let event = match read {
                Read::Event(event) => *event,
                Read::Not | Read::Message(_) => match parse(raw) {
                    Ok(event) => event,
                    Err(_) => return Ok(Handled::Done(Outcome::Ignored("malformed".into()))),
                },
            };
            let event = match Box::pin(reading::read(core, event, raw)).await? {
                Ok(event) => event,
                Err(outcome) => return Ok(Handled::Done(outcome)),
            };
            match key {
                LaneKey::Portal(portal) => {
                    portal_room::from_portal(core, entry, *portal, event).await
                }
                LaneKey::Room(room) if !core.registry.members(room).is_empty() => {
                    group_room::from_room(core, entry, event).await
                }
                LaneKey::Room(_) => other_room::from_room(core, entry, event).await,
            }
        }
    }
}

pub(super) fn parse(raw: &str) -> Result<Event, event::MalformedEvent> {
    let raw: &RawValue = serde_json::from_str(raw).map_err(|_| event::MalformedEvent("object"))?;
    event::parse(raw)
}
