//! Works a lane off, one job after the other.

use std::{future::Future, panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use serde_json::value::RawValue;

use super::{
    core::Core,
    incoming,
    lane::{Job, LaneKey},
    outgoing, room,
};
use crate::{
    matrix::{
        self,
        event::{self, Event},
    },
    store::{Change, Entry, Outcome, Work},
};

/// Why a job was not brought to its end.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The bridge is stopping; the job is done at the next start.
    Stopping,
    /// The homeserver said no, and would say no again.
    Refused(matrix::Error),
}

/// Runs until the lane is empty or the bridge stops.
pub(crate) async fn run_lane(core: Arc<Core>, key: LaneKey) {
    while let Some(job) = core.lanes.next(&key) {
        if core.tasks.stopping() {
            return;
        }
        let done = AssertUnwindSafe(run_job(&core, &key, job)).catch_unwind().await;
        if done.is_err() {
            // The entry stays in the store: the next start tries it again.
            tracing::error!(?key, "a job panicked and was set aside");
        }
    }
}

async fn run_job(core: &Arc<Core>, key: &LaneKey, job: Job) {
    let (entry, done) = match job {
        Job::OpenRoom => {
            if let LaneKey::Portal(portal) = key {
                let opened = room::ensure_room(core, *portal).await;
                if let Err(Halt::Refused(error)) = opened {
                    tracing::warn!(%portal, %error, "the homeserver refused to make a portal room");
                    room::say_room_failed(core, *portal).await;
                }
            }
            return;
        }
        Job::Entry(entry) => {
            let done = run_entry(core, key, &entry).await;
            (entry, done)
        }
    };
    match done {
        Ok(Some(outcome)) => finish(core, &entry, &outcome),
        Ok(None) | Err(Halt::Stopping) => {}
        Err(Halt::Refused(error)) => {
            tracing::warn!(?key, %error, "the homeserver refused; the message is set aside");
            finish(core, &entry, &Outcome::Refused("homeserver".into()));
            incoming::say_refused(core, &entry).await;
        }
    }
}

/// What an entry came to; `None` when somebody else will finish it.
async fn run_entry(
    core: &Arc<Core>,
    key: &LaneKey,
    entry: &Entry,
) -> Result<Option<Outcome>, Halt> {
    match &entry.work {
        Work::FromWechat { portal, raw, .. } => {
            incoming::from_wechat(core, entry, *portal, raw).await.map(Some)
        }
        Work::FromMatrix { raw, .. } => {
            let Ok(event) = parse(raw) else {
                return Ok(Some(Outcome::Ignored("malformed".into())));
            };
            match key {
                LaneKey::Portal(portal) => outgoing::from_portal(core, entry, *portal, event).await,
                LaneKey::Room(_) => super::management::from_room(core, entry, event).await,
            }
        }
    }
}

/// Records what an entry came to. Nobody waits: doing the work again would be the same request.
pub(crate) fn finish(core: &Core, entry: &Entry, outcome: &Outcome) {
    let now = core.clock.now();
    core.store.submit(Change::new().finish(entry.id, entry.source(), outcome, now));
}

/// Makes a request to the homeserver until it succeeds, is refused for good, or the bridge stops.
pub(crate) async fn insist<T, F>(core: &Core, call: impl FnMut() -> F) -> Result<T, Halt>
where
    F: Future<Output = Result<T, matrix::Error>>,
{
    match core.homeserver.with_retry(&core.tasks, call).await {
        Err(matrix::Error::Stopping) => Err(Halt::Stopping),
        answer => answer.map_err(Halt::Refused),
    }
}

fn parse(raw: &str) -> Result<Event, event::Malformed> {
    let raw: &RawValue = serde_json::from_str(raw).map_err(|_| event::Malformed("object"))?;
    event::parse(raw)
}
