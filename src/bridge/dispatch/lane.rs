//! The task that works a lane off, one job after the other.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;

use super::poison::{self, EntryTurn};
use crate::bridge::{
    core::{Core, attempt::Halt},
    group::membership,
    portal::{close, room},
    state::{Job, LaneKey},
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
                tried |= poison::carry_out(&core, &key, entry, EntryTurn::New(read)).await;
            }
            Job::Again(entry) => {
                let turn = if tried { EntryTurn::Behind } else { EntryTurn::Suspect };
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
