//! Work that makes the bridge panic, or ends the whole program: tried a few times and then set
//! aside, so that what waits behind it goes on.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt as _;
use ruma::{EventId, OwnedRoomId};

use super::entry;
use crate::{
    bridge::{
        core::{Core, Death, attempt::Halt, name_of, txn::Txn},
        notice,
        state::{LaneKey, Read},
        text::{Note, Refusal},
    },
    id::PortalId,
    matrix::content,
    store::{Change, Entry, Outcome, Source, Tries, Work},
};

/// Where an entry stands when its turn comes.
#[derive(Debug)]
pub(crate) enum Turn {
    /// It came in during this run of the program.
    New(Read),
    /// An earlier run left it unfinished, and nothing of the lane was tried in this one: it may be
    /// what ended the earlier run.
    Suspect,
    /// An earlier run left it unfinished behind something else.
    Behind,
}

/// Carries an entry out; gives whether it was tried at all.
///
/// A new entry is tried without a word, and so is one that stood behind another when the program
/// ended. From the second try on each is noted before it begins, and the note goes when the try
/// ends in whatever way: what stays is the tries that took the program along.
pub(super) async fn carry_out(core: &Arc<Core>, key: &LaneKey, entry: Entry, turn: Turn) -> bool {
    let known = match turn {
        Turn::New(_) => Ok(Tries::default()),
        Turn::Suspect | Turn::Behind => core.store.tries(entry.id),
    };
    let mut tries = match known {
        Ok(tries) => tries,
        Err(error) => {
            core.die(Death::Store(error));
            return false;
        }
    };
    let mut noted = matches!(turn, Turn::Suspect) || tries.count > 0;
    let mut read = match turn {
        Turn::New(read) => read,
        Turn::Suspect | Turn::Behind => Read::Not,
    };
    // What was set aside once waits until somebody asks for it.
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

/// What came from WeChat stays in the store for `retry`; what came from Matrix is there to be
/// tried again, so it has reached its end. Either way somebody is told, once.
async fn set_aside(core: &Core, entry: &Entry, tries: Tries) -> Result<(), Halt> {
    match &entry.work {
        Work::FromWechat { portal, .. } => {
            if !tries.told {
                tell_owner(core, entry, *portal).await?;
                let told = Tries { told: true, ..tries };
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
    core.finish(entry, &Outcome::Refused(Refusal::Poison.code().into()));
    core.store.submit(Change::new().forget_tries(entry.id));
}

async fn tell_owner(core: &Core, entry: &Entry, portal: PortalId) -> Result<(), Halt> {
    let Some(portal) = core.registry.portal(portal) else { return Ok(()) };
    let name = name_of(&portal);
    let txn = Txn::PoisonEntry { entry: entry.id, started: core.started };
    notice::to_owner(core, &portal.key.owner, &Note::Poison { name: &name }, txn).await
}

async fn tell_room(core: &Core, room: &OwnedRoomId, event: &EventId) -> Result<(), Halt> {
    let language = match core.registry.portal_in(room) {
        Some(portal) => core.language_of(&portal.key.owner),
        None => core.config.bridge.language,
    };
    let reply = content::reply(event, content::notice(Refusal::Poison.text(language)));
    match notice::in_room(core, room, &reply, Txn::PoisonEvent(event)).await {
        Err(Halt::Refused(error)) => {
            tracing::warn!(%room, %error, "the homeserver refused a notice");
            Ok(())
        }
        said => said.map(drop),
    }
}

/// A message that panics so often by itself will panic again.
const MOST_TRIES: u32 = 3;
/// A program that ended so often with the same message in hand was ended by it. Fewer would take
/// a machine that is switched off during each start for a bad message.
const MOST_DEATHS: u32 = 10;
