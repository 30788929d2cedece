//! The poll loop of a login: poll, commit, poll again.

use std::sync::Arc;

use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::logout;
use crate::{
    bridge::{
        core::{Core, Death, login_name, txn::Txn},
        from_wechat::ingest::{self, Batch},
        notice,
        state::{MOST_STRANGERS, reply_window::Arrival},
        text::Note,
    },
    id::{Cursor, LoginId},
    ilink::{ApiSession, Backoff, Next, SHORTEST_POLL, Updates},
    store::Login,
};

/// Starts to poll for a login.
pub(crate) fn start(core: &Arc<Core>, login: LoginId) {
    let ends = core.sessions.begin(login, core.clock.now());
    let span = tracing::info_span!("session", login.id = %login);
    let session = run(Arc::clone(core), login, ends);
    span.in_scope(|| core.tasks.spawn("session", session.in_current_span()));
}

async fn run(core: Arc<Core>, id: LoginId, ends: CancellationToken) {
    let Some(login) = core.registry.login(id) else { return };
    let session = match core.ilink.session(login.token.clone(), login.base_url.as_deref()) {
        Ok(session) => session,
        Err(error) => {
            tracing::error!(%error, "this login cannot be used: its server is not one that [ilink] allows");
            return;
        }
    };
    if let Err(error) = core.ilink.notify_start(&session).await {
        tracing::debug!(%error, "notifystart was not taken");
    }
    let ended = poll(&core, id, &session, &ends).await;
    if ended {
        if let Err(error) = core.ilink.notify_stop(&session).await {
            tracing::debug!(%error, "notifystop was not taken");
        }
    } else if !ends.is_cancelled() {
        logout::session_lost(&core, &login).await;
    }
}

/// Polls until the session is ended here (true) or by WeChat (false).
async fn poll(
    core: &Arc<Core>,
    id: LoginId,
    session: &ApiSession,
    ends: &CancellationToken,
) -> bool {
    let mut cursor = match core.store.cursor(id) {
        Ok(cursor) => cursor,
        Err(error) => {
            core.die(Death::Store(error));
            return true;
        }
    };
    let (mut backoff, mut hold) = (Backoff::default(), None);
    // Whether the next messages were written just now, since all waiting ones have come.
    let mut live = false;
    loop {
        if ends
            .run_until_cancelled(core.tasks.unless_stopped(core.lanes.room_for(id)))
            .await
            .flatten()
            .is_none()
        {
            return true;
        }
        let asked = async {
            let _place = core.sessions.place().await;
            core.ilink.get_updates(session, cursor.as_ref(), hold).await
        };
        let Some(Some(answer)) = ends.run_until_cancelled(core.tasks.unless_stopped(asked)).await
        else {
            return true;
        };
        let new = match &answer {
            Ok(updates) => {
                let now = core.clock.now();
                // A gateway that ends every idle poll still shows that the connection works.
                if updates.timed_out && updates.gateway.is_none() {
                    core.sessions.count_cut(id, updates.took >= SHORTEST_POLL, now);
                } else {
                    core.sessions.answered(id, now);
                }
                hold = updates.hold.or(hold);
                live = !updates.timed_out && (live || updates.messages.is_empty());
                let arrival = Arrival { live, date: updates.date };
                let kept = keep(core, id, updates, &mut cursor, arrival);
                match ends.run_until_cancelled(core.tasks.unless_stopped(kept)).await {
                    Some(Some(Some(new))) => new,
                    Some(Some(None) | None) | None => return true,
                }
            }
            Err(error) => {
                live = false;
                core.sessions.count_failed(id, error, core.clock.now());
                tracing::debug!(%error, "a poll failed");
                false
            }
        };
        let next = backoff.after(&answer, new);
        match next {
            Next::Now => {}
            Next::Wait(pause) => {
                if ends.run_until_cancelled(core.tasks.pause(pause)).await.is_none() {
                    return true;
                }
            }
            Next::LoggedOut => return false,
        }
    }
}

/// Stores a batch in slices, each when the lanes have room for it, the last one with the cursor.
/// Returns whether anything was new, or `None` when the bridge has to end.
///
/// The future may be dropped between two slices: stored messages are recognised when they come
/// again.
async fn keep(
    core: &Arc<Core>,
    id: LoginId,
    updates: &Updates,
    cursor: &mut Option<Cursor>,
    arrival: Arrival,
) -> Option<bool> {
    if updates.left_out > 0 {
        let flood = Flood::Messages(updates.left_out);
        tell_owner(core, core.registry.login(id)?, flood, &updates.messages);
    }
    let (all, mut done, mut new) = (&updates.messages, 0, false);
    loop {
        core.lanes.room_for(id).await;
        let end = all.len().min(done + SLICE);
        let is_last = end == all.len();
        let moves_on = updates.cursor.as_ref().filter(|_| is_last);
        new |= keep_slice(core, id, &all[done..end], moves_on, arrival).await?;
        if is_last {
            break;
        }
        done = end;
    }
    if updates.cursor.is_some() {
        cursor.clone_from(&updates.cursor);
    }
    Some(new)
}

/// Commits messages durably, and only then starts the work on them.
async fn keep_slice(
    core: &Arc<Core>,
    id: LoginId,
    messages: &[Box<RawValue>],
    cursor: Option<&Cursor>,
    arrival: Arrival,
) -> Option<bool> {
    if messages.is_empty() && cursor.is_none() {
        return Some(false);
    }
    let login = core.registry.login(id)?;
    let Batch { mut change, entries, heard, portals, crowded } =
        match ingest::take_over(core, &login, messages, arrival) {
            Ok(batch) => batch,
            Err(error) => {
                core.die(Death::Store(error));
                return None;
            }
        };
    if let Some(new) = cursor {
        change = change.put_cursor(id, new);
    }
    let waiting: Vec<_> = heard.keys().copied().collect();
    core.replies.open(heard, || core.store.submit(change));
    // Durable before the work on it begins, and before the next poll confirms it.
    core.barrier().await.ok()?;
    for portal in portals {
        core.registry.put_portal(portal);
    }
    if crowded && core.sessions.tell_of_strangers(id, core.clock.now()) {
        tell_owner(core, login, Flood::Strangers, messages);
    }
    let new = !entries.is_empty();
    for (entry, read) in entries {
        core.dispatch(entry, read);
    }
    // The window is open and the quota is full again, so waiting messages are sent.
    waiting.into_iter().for_each(|portal| core.outbox.wake(portal));
    Some(new)
}

/// The reason why messages are left out and not shown.
#[derive(Debug, Clone, Copy)]
enum Flood {
    Messages(usize),
    Strangers,
}

fn tell_owner(core: &Arc<Core>, login: Arc<Login>, flood: Flood, of: &[Box<RawValue>]) {
    tracing::warn!(?flood, "more comes than is taken; messages are left out");
    let digest = core.digest_key.digest(of.first().map_or("", |raw| raw.get()));
    let (tasks, core) = (core.tasks.clone(), Arc::clone(core));
    let telling = async move {
        let name = login_name(&login);
        let note = match flood {
            Flood::Messages(count) => Note::LeftOut { name: &name, count },
            Flood::Strangers => Note::Strangers { name: &name, most: MOST_STRANGERS },
        };
        let txn = Txn::Flood { login: login.id, digest: &digest };
        // Telling fails only when the bridge ends.
        let _ = notice::to_owner(&core, &login.owner, &note, txn).await;
    };
    tasks.spawn("flood", telling.in_current_span());
}

/// The number of messages that are held in memory at once in parsed form.
const SLICE: usize = 250;
