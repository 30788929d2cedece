//! Works a lane off, one job after the other.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use serde_json::value::RawValue;

use super::{
    group_room,
    poison::{self, Turn},
    portal_room,
};
use crate::{
    bridge::{
        core::{Core, attempt::Halt},
        from_wechat::{message, recall},
        group::membership,
        notice::status,
        portal::{close, room},
        state::{Job, LaneKey, Read},
    },
    crash,
    ilink::Message,
    matrix::event::{self, Event},
    store::{Entry, Outcome, Work},
};

/// Runs until the lane is empty or the bridge stops.
pub(crate) async fn run_lane(core: Arc<Core>, key: LaneKey) {
    let (mut resumes, mut tried) = (false, false);
    while let Some(job) = core.lanes.next(&key) {
        if core.tasks.stopping() {
            return;
        }
        if let (true, LaneKey::Portal(portal)) = (resumes && !matches!(job, Job::Again(_)), &key) {
            core.outbox.wake(*portal);
        }
        resumes = matches!(job, Job::Again(_));
        match job {
            Job::OpenRoom => {
                if AssertUnwindSafe(open_room(&core, &key)).catch_unwind().await.is_err() {
                    tracing::error!(?key, "the making of a room panicked");
                }
            }
            Job::LeaveRoom => {
                if let LaneKey::Portal(portal) = key
                    && let Err(Halt::Refused(error)) = close::leave(&core, portal).await
                {
                    tracing::warn!(%portal, %error, "the homeserver refused the end of a room");
                }
            }
            Job::LeaveGroup(room) => {
                if let LaneKey::Portal(portal) = key {
                    membership::leave(&core, portal, &room).await;
                }
            }
            Job::Entry(entry, read) => {
                tried |= poison::carry_out(&core, &key, entry, Turn::New(read)).await;
            }
            Job::Again(entry) => {
                let turn = if tried { Turn::Behind } else { Turn::Suspect };
                tried |= poison::carry_out(&core, &key, entry, turn).await;
            }
        }
    }
    if let LaneKey::Portal(portal) = key {
        core.outbox.wake(portal);
    }
}

async fn open_room(core: &Arc<Core>, key: &LaneKey) {
    let LaneKey::Portal(portal) = key else { return };
    let opened = room::ensure_room(core, *portal).await;
    if let Err(Halt::Refused(error)) = opened {
        tracing::warn!(%portal, %error, "the homeserver refused to make a portal room");
        room::say_room_failed(core, *portal).await;
    }
}

/// Does what an entry asks for, and records what it came to.
pub(crate) async fn run_entry(core: &Arc<Core>, key: &LaneKey, entry: &Entry, read: Read) {
    match outcome_of(core, key, entry, read).await {
        Ok(Some(outcome)) => {
            core.finish(entry, &outcome);
            status::unmark_copy(core, entry).await;
        }
        Ok(None) | Err(Halt::Stopping) => {}
        Err(Halt::Refused(error)) => {
            tracing::warn!(?key, %error, "the homeserver refused; the work is set aside");
            set_aside(core, entry).await;
        }
    }
}

/// A contact's message is kept for `retry` and for the next start, and the owner hears of it; what
/// came from Matrix and cannot be answered there has reached its end.
async fn set_aside(core: &Core, entry: &Entry) {
    match entry.work {
        Work::FromWechat { portal, .. } => {
            message::say_refused(core, entry).await;
            core.lanes.set_aside(portal, entry.clone());
        }
        Work::FromMatrix { .. } => core.finish(entry, &Outcome::Refused("homeserver".into())),
    }
}

/// What an entry came to; `None` when somebody else will finish it.
async fn outcome_of(
    core: &Arc<Core>,
    key: &LaneKey,
    entry: &Entry,
    read: Read,
) -> Result<Option<Outcome>, Halt> {
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
                    Err(_) => return Ok(Some(Outcome::Ignored("malformed".into()))),
                },
            };
            match key {
                LaneKey::Portal(portal) => {
                    portal_room::from_portal(core, entry, *portal, event).await
                }
                LaneKey::Room(room) if !core.registry.members(room).is_empty() => {
                    group_room::from_room(core, entry, event).await
                }
                LaneKey::Room(_) => {
                    crate::bridge::dispatch::other_room::from_room(core, entry, event).await
                }
            }
        }
    }
}

fn parse(raw: &str) -> Result<Event, event::Malformed> {
    let raw: &RawValue = serde_json::from_str(raw).map_err(|_| event::Malformed("object"))?;
    event::parse(raw)
}
