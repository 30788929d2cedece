//! The handling of entries that make the bridge panic, or end the whole program: each is tried a
//! few times and then set aside, so that later entries are handled.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt as _;
use ruma::{EventId, OwnedRoomId};

use super::entry;
use crate::{
    bridge::{
        core::{Core, Death, attempt::Halt, name_of, txn::Txn},
        notice,
        state::{LaneKey, Read},
        text::{Note, SendRefusal},
    },
    id::PortalId,
    matrix::content,
    store::{Change, Entry, Outcome, Source, Tries, Work},
};

/// The state of an entry when its turn comes.
#[derive(Debug)]
pub(super) enum EntryTurn {
    /// The entry came in during this run of the program.
    New(Read),
    /// An earlier run left it unfinished, and it is the first of its lane: it may be what ended the
    /// earlier run.
    Suspect,
    /// An earlier run left it unfinished behind another entry.
    Behind,
}

/// Carries an entry out; returns whether it was tried at all.
///
/// The first try of a new entry is not recorded, nor that of one that was behind another when the
/// program ended. Each later try is recorded before it begins, and the record is removed when the
/// try ends in any way: what stays are the tries that ended the program.
pub(super) async fn carry_out(
    core: &Arc<Core>,
    key: &LaneKey,
    entry: Entry,
    turn: EntryTurn,
) -> bool {
    let known = match &turn {
        // It was set aside and is tried again because somebody asked: the tries begin anew.
        EntryTurn::New(Read::Not) => core
            .store
            .tries(entry.id)
            .map(|tries| Tries { set_aside: tries.set_aside, ..Tries::default() }),
        EntryTurn::New(_) => Ok(Tries::default()),
        EntryTurn::Suspect | EntryTurn::Behind => core.store.tries(entry.id),
    };
    let mut tries = match known {
        Ok(tries) => tries,
        Err(error) => {
            core.die(Death::Store(error));
            return false;
        }
    };
    let mut noted = matches!(turn, EntryTurn::Suspect) || tries != Tries::default();
    let mut read = match turn {
        EntryTurn::New(read) => read,
        EntryTurn::Suspect | EntryTurn::Behind => Read::Not,
    };
    // An entry that was set aside waits until it is asked for.
    let most = if tries.told || tries.count >= MOST_DEATHS { 0 } else { MOST_TRIES };
    for _ in 0..most {
        tries.count += 1;
        if noted && core.commit(Change::new().put_tries(entry.id, tries)).await.is_err() {
            return true;
        }
        let read = std::mem::replace(&mut read, Read::Not);
        let done = AssertUnwindSafe(entry::run_entry(core, key, &entry, read)).catch_unwind().await;
        if done.is_ok() {
            if noted {
                core.store.submit(Change::new().forget_tries(entry.id));
            }
            return true;
        }
        tracing::error!(?key, tries = tries.count, "a piece of work panicked");
        noted = true;
    }
    if set_aside(core, &entry, tries).await.is_err() {
        tracing::debug!(?key, "what is set aside is said at the next start");
    }
    most > 0
}

/// Sets an entry aside. A message from WeChat stays in the store for `retry`; an event from Matrix
/// can be sent again there, so its entry ends. In both cases the user is told once.
async fn set_aside(core: &Core, entry: &Entry, tries: Tries) -> Result<(), Halt> {
    match &entry.work {
        Work::FromWechat { portal, .. } => {
            if !tries.told {
                tell_owner(core, entry, *portal, tries.set_aside).await?;
                let told = Tries { told: true, set_aside: tries.set_aside + 1, ..tries };
                core.commit(Change::new().put_tries(entry.id, told)).await?;
            }
            core.lanes.set_aside(*portal, entry.clone());
        }
        Work::FromMatrix {
            room,
            source: Source::Event(event) | Source::Copy { event, .. },
            ..
        } => {
            tell_room(core, room, event).await?;
            end(core, entry);
        }
        Work::FromMatrix { source: Source::Message { .. }, .. } => {
            end(core, entry); // Nothing from Matrix comes from a message of WeChat.
        }
    }
    tracing::error!(entry = entry.id.0, "a piece of work was set aside");
    Ok(())
}

fn end(core: &Core, entry: &Entry) {
    core.finish(entry, &Outcome::Refused(SendRefusal::Poison.code().into()));
    core.store.submit(Change::new().forget_tries(entry.id));
}

async fn tell_owner(core: &Core, entry: &Entry, portal: PortalId, before: u32) -> Result<(), Halt> {
    let Some(portal) = core.registry.portal(portal) else { return Ok(()) };
    let name = name_of(&portal);
    let txn = Txn::PoisonEntry { entry: entry.id, before };
    notice::to_owner(core, &portal.key.owner, &Note::Poison { name: &name }, txn).await
}

async fn tell_room(core: &Core, room: &OwnedRoomId, event: &EventId) -> Result<(), Halt> {
    let language = match core.registry.portal_in(room) {
        Some(portal) => core.language_of(&portal.key.owner),
        None => core.config.bridge.language,
    };
    let reply = content::reply(event, content::notice(SendRefusal::Poison.text(language)));
    match notice::in_room(core, room, &reply, Txn::PoisonEvent(event)).await {
        Err(Halt::Refused(error)) => {
            tracing::warn!(%room, %error, "the homeserver refused a notice");
            Ok(())
        }
        said => said.map(drop),
    }
}

/// The number of panics after which an entry is set aside.
const MOST_TRIES: u32 = 3;
/// The number of ended programs after which an entry is set aside. With a lower one, a machine that
/// is switched off during several starts would count against the message.
const MOST_DEATHS: u32 = 10;
