//! Takes over what the homeserver pushes: durable first, answered afterwards.

use std::{collections::HashSet, sync::Arc};

use ruma::OwnedUserId;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use super::{
    core::{Core, Death},
    typing,
};
use crate::{
    clock::Timestamp,
    matrix::{
        Transaction, Unavailable,
        event::{self, Event, Kind, Membership, MembershipState},
    },
    store::{self, Change, Entry, Outcome, Progress, Source, Work},
};

/// Commits a transaction with its events and starts the work on them.
///
/// A transaction or an event that was seen before, even under another transaction id, changes
/// nothing. The homeserver gets its 200 only when this returns `Ok`.
pub(crate) async fn on_transaction(
    core: Arc<Core>,
    transaction: Transaction,
) -> Result<(), Unavailable> {
    // A task of its own: when the homeserver hangs up midway, what was committed is still begun.
    let (done, taken) = oneshot::channel();
    let tasks = core.tasks.clone();
    tasks.spawn("transaction", async move {
        let _ = done.send(commit_and_begin(&core, &transaction).await);
    });
    taken.await.unwrap_or(Err(Unavailable))
}

async fn commit_and_begin(core: &Arc<Core>, transaction: &Transaction) -> Result<(), Unavailable> {
    // A repetition that comes while the first is still being committed must wait for it.
    let _one_at_a_time = core.receiving.lock().await;
    match take_over(core, transaction).await {
        Ok(entries) => {
            entries.into_iter().for_each(|entry| core.dispatch(entry));
            transaction.ephemeral.iter().for_each(|raw| typing::on_ephemeral(core, raw));
            Ok(())
        }
        Err(error) => {
            core.die(Death::Store(error));
            Err(Unavailable)
        }
    }
}

/// What a transaction is known by. Its id alone does not tell it from others: Synapse counts
/// from 1 again after a restart on SQLite.
fn fingerprint(transaction: &Transaction) -> String {
    let mut digest = Sha256::new_with_prefix(&transaction.id);
    for event in &transaction.events {
        digest.update([0]);
        digest.update(event.get());
    }
    digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

async fn take_over(core: &Core, transaction: &Transaction) -> Result<Vec<Entry>, store::Error> {
    let fingerprint = fingerprint(transaction);
    if core.store.transaction_seen(&fingerprint)? {
        tracing::debug!("a transaction came again");
        return Ok(Vec::new());
    }
    let now = core.clock.now();
    let mut change = Change::new().mark_transaction(&fingerprint, now);
    let (mut entries, mut here) = (Vec::new(), HashSet::new());
    for raw in &transaction.events {
        let Ok(event) = event::parse(raw) else {
            tracing::warn!("an event without id, room, sender or type was left out");
            continue;
        };
        let source = Source::Event(event.id.clone());
        if core.is_ours(&event.sender)
            || !here.insert(event.id.clone())
            || core.store.source_seen(&source)?.is_some()
        {
            continue;
        }
        if let Some(reason) = ignored(core, &event) {
            change = change.mark_source(&source, &Outcome::Ignored(reason.into()), now);
            continue;
        }
        let entry = entry_of(core, now, event, source, raw);
        change = change.add_entry(&entry);
        entries.push(entry);
    }
    core.store.commit(change).await?;
    Ok(entries)
}

fn entry_of(core: &Core, at: Timestamp, event: Event, source: Source, raw: &RawValue) -> Entry {
    let work = Work::FromMatrix {
        room: event.room,
        source,
        raw: raw.get().into(),
        progress: Progress::default(),
    };
    Entry { id: core.store.new_inbox_id(), at, work }
}

/// Why nothing is to be done about an event; `None` when something is.
fn ignored(core: &Core, event: &Event) -> Option<&'static str> {
    match &event.kind {
        Kind::Message(_)
        | Kind::Sticker(_)
        | Kind::Reaction { .. }
        | Kind::Redaction { .. }
        | Kind::Encrypted
        | Kind::RoomName(_) => None,
        Kind::Membership(Membership { user, now, .. }) => match now {
            MembershipState::Invite if core.is_ours(user) => None,
            MembershipState::Leave | MembershipState::Ban => None,
            MembershipState::Invite
            | MembershipState::Join
            | MembershipState::Knock
            | MembershipState::Other => Some("membership"),
        },
        Kind::Tombstone { .. } => Some("tombstone"),
        Kind::Other { is_state: true, .. } => Some("state"),
        Kind::Other { is_state: false, .. } => Some("other"),
    }
}

/// Whether a user that the homeserver asks for is one that the bridge can bring to life.
pub(crate) async fn on_user(core: Arc<Core>, user: OwnedUserId) -> bool {
    let known = user == core.bot
        || core.ghosts.contact(&user).is_some_and(|contact| core.registry.knows(&contact));
    known && core.homeserver.intent(&user).ensure_registered().await.is_ok()
}
