//! The storing of pushed events: they are durable before the push is answered.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use ruma::{OwnedEventId, OwnedUserId};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use super::typing;
use crate::{
    bridge::{
        core::{Core, Death, encrypted::cipher_room},
        state::Read,
    },
    clock::Timestamp,
    crash::Point,
    matrix::{
        Transaction, Unavailable,
        event::{self, Event, Kind, Membership, MembershipState},
    },
    store::{self, Change, CipherRoom, Direction, Entry, Outcome, Progress, Source, Work},
};

/// Commits a transaction with its events and starts the work on them.
///
/// A known transaction or event, even under another transaction id, changes nothing. The homeserver
/// receives its 200 only when this returns `Ok`.
pub(crate) async fn on_transaction(
    core: Arc<Core>,
    transaction: Transaction,
) -> Result<(), Unavailable> {
    // A task of its own: when the homeserver closes the connection, committed work is still begun.
    let (done, taken) = oneshot::channel();
    let tasks = core.tasks.clone();
    tasks.spawn("transaction", async move {
        if core.looks.come_first() && brings_news(&core, &transaction) {
            core.tasks.unless_stopped(core.looks.next()).await;
        }
        let taken = take(&core, &transaction).await;
        if taken.is_ok() {
            note_own(&core, &transaction);
        }
        let _ = done.send(taken);
    });
    taken.await.unwrap_or(Err(Unavailable))
}

/// Returns whether an event is not the bridge's own; most pushes contain only its own.
fn brings_news(core: &Core, transaction: &Transaction) -> bool {
    let of_others = |event: Event| !core.is_ours(&event.sender);
    transaction.events.iter().any(|raw| event::parse(raw).is_ok_and(of_others))
}

/// Notes the bridge's own events that were pushed; see [`super::catch_up`].
fn note_own(core: &Core, transaction: &Transaction) {
    let events = transaction.events.iter().filter_map(|raw| event::parse(raw).ok());
    events.filter(|event| core.is_ours(&event.sender)).for_each(|event| {
        core.looks.note_pushed(event.id);
    });
}

/// Stores events that were pushed or found, and starts the work on them; must not be dropped
/// midway.
pub(super) async fn take(core: &Arc<Core>, transaction: &Transaction) -> Result<(), Unavailable> {
    // A repetition that comes while the first is still being committed waits for it.
    let _one_at_a_time = core.receiving.lock().await;
    match take_over(core, transaction).await {
        Ok(entries) => {
            let work = if entries.is_empty() { "nothing" } else { "work" };
            let point = Point::new(|| format!("push of {work}"));
            point.before();
            entries.into_iter().for_each(|(entry, read)| core.dispatch(entry, read));
            transaction.ephemeral.iter().for_each(|raw| typing::on_ephemeral(core, raw));
            point.after();
            Ok(())
        }
        Err(error) => {
            core.die(Death::Store(error));
            Err(Unavailable)
        }
    }
}

/// Returns the key of a transaction. Its id alone is not unique: Synapse counts from 1 again after
/// a restart on SQLite.
fn fingerprint(transaction: &Transaction) -> String {
    let mut digest = Sha256::new_with_prefix(&transaction.id);
    for event in &transaction.events {
        digest.update([0]);
        digest.update(event.get());
    }
    digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

async fn take_over(
    core: &Core,
    transaction: &Transaction,
) -> Result<Vec<(Entry, Read)>, store::Error> {
    let fingerprint = fingerprint(transaction);
    let mut left_out = BTreeMap::new();
    if core.store.transaction_seen(&fingerprint)? {
        tracing::debug!("a transaction came again");
        left_out.insert("again", transaction.events.len());
        core.store.submit(count(Change::new(), left_out));
        return Ok(Vec::new());
    }
    let now = core.clock.now();
    let mut change = Change::new().mark_transaction(&fingerprint, now);
    let (mut entries, mut here) = (Vec::new(), Here::default());
    for raw in &transaction.events {
        match sort(core, &mut here, raw)? {
            Fate::Counted(reason) => *left_out.entry(reason).or_default() += 1,
            Fate::Ignored(source, reason) => {
                change = change.mark_source(&source, &Outcome::Ignored(reason.into()), now);
            }
            Fate::Work(event) => {
                let entry = entry_of(core, now, &event, raw);
                change = change.add_entry(&entry);
                entries.push((entry, Read::Event(event)));
            }
        }
    }
    if !transaction.ephemeral.is_empty() {
        left_out.insert("ephemeral", transaction.ephemeral.len());
    }
    change = here.rooms.iter().fold(change, Change::put_cipher_room);
    let seen = here.ciphertexts.iter();
    change = seen.fold(change, |change, (digest, event)| change.put_ciphertext(digest, event, now));
    core.store.commit(count(change, left_out)).await?;
    here.rooms.iter().for_each(|room| core.ciphers.put_room(room));
    Ok(entries)
}

/// The decision about a pushed event.
enum Fate {
    Work(Box<Event>),
    /// The event is ignored, and its id is noted.
    Ignored(Source, &'static str),
    /// The event is ignored without a record of its own.
    Counted(&'static str),
}

/// What a transaction holds that the store does not know yet.
#[derive(Default)]
struct Here {
    events: HashSet<OwnedEventId>,
    /// The rooms that it says to be encrypted.
    rooms: Vec<CipherRoom>,
    /// The ciphertexts by their digests.
    ciphertexts: HashMap<[u8; 16], OwnedEventId>,
}

/// Decides about an event.
fn sort(core: &Core, here: &mut Here, raw: &RawValue) -> Result<Fate, store::Error> {
    let Ok(event) = event::parse(raw) else {
        tracing::warn!("an event without id, room, sender or type was left out");
        return Ok(Fate::Counted("malformed"));
    };
    about_encryption(core, here, &event);
    if core.is_ours(&event.sender) {
        return Ok(Fate::Counted("own"));
    }
    let source = Source::Event(event.id.clone());
    if !here.events.insert(event.id.clone()) || core.store.source_seen(&source)?.is_some() {
        return Ok(Fate::Counted("again"));
    }
    if is_replay(core, here, &event, raw)? {
        return Ok(Fate::Ignored(source, "replay"));
    }
    Ok(match ignored(core, &event) {
        Some(reason) => Fate::Ignored(source, reason),
        None => Fate::Work(event.into()),
    })
}

/// Notes what an event says about encryption, also one of the bridge: a homeserver that encrypts all rooms
/// says so in the name of the one who makes a room.
fn about_encryption(core: &Core, here: &mut Here, event: &Event) {
    match &event.kind {
        Kind::RoomEncryption(rotation) => {
            here.rooms.push(cipher_room(&event.room, *rotation));
        }
        Kind::Membership(_) => core.ciphers.forget_members(&event.room),
        Kind::Message(_)
        | Kind::Sticker(_)
        | Kind::Reaction { .. }
        | Kind::Redaction { .. }
        | Kind::Poll(_)
        | Kind::LiveLocation
        | Kind::Encrypted
        | Kind::RoomName(_)
        | Kind::RoomPicture(_)
        | Kind::Tombstone { .. }
        | Kind::Other { .. } => {}
    }
}

/// Returns whether a ciphertext has come before under another event id. A homeserver could have a
/// message taken twice that way.
fn is_replay(
    core: &Core,
    here: &mut Here,
    event: &Event,
    raw: &RawValue,
) -> Result<bool, store::Error> {
    let Kind::Encrypted = event.kind else { return Ok(false) };
    let Some(digest) = event::fingerprint_of(raw.get()) else { return Ok(false) };
    let is_known = match core.store.ciphertext_seen(&digest)? {
        Some(first) => first != event.id,
        None => here.ciphertexts.contains_key(&digest),
    };
    if is_known {
        tracing::warn!(event = %event.id, room = %event.room, "a ciphertext came again");
    } else {
        here.ciphertexts.insert(digest, event.id.clone());
    }
    Ok(is_known)
}

fn count(change: Change, left_out: BTreeMap<&'static str, usize>) -> Change {
    left_out.into_iter().fold(change, |change, (reason, count)| {
        let outcome = Outcome::Ignored(reason.into());
        change.count_outcome(Direction::ToWechat, &outcome, count as u64)
    })
}

fn entry_of(core: &Core, at: Timestamp, event: &Event, raw: &RawValue) -> Entry {
    let work = Work::FromMatrix {
        room: event.room.clone(),
        source: Source::Event(event.id.clone()),
        raw: raw.get().into(),
        to: None,
        progress: Progress::default(),
    };
    Entry { id: core.store.new_inbox_id(), at, work }
}

/// Returns why an event is ignored; `None` when it is not.
pub(super) fn ignored(core: &Core, event: &Event) -> Option<&'static str> {
    match &event.kind {
        Kind::Message(_)
        | Kind::Sticker(_)
        | Kind::Reaction { .. }
        | Kind::Redaction { .. }
        | Kind::Poll(_)
        | Kind::LiveLocation
        | Kind::Encrypted
        | Kind::RoomName(_)
        | Kind::RoomPicture(_)
        | Kind::Tombstone { .. } => None,
        Kind::Membership(Membership { user, now, .. }) => match now {
            MembershipState::Invite if core.is_ours(user) => None,
            MembershipState::Leave | MembershipState::Ban => None,
            MembershipState::Invite
            | MembershipState::Join
            | MembershipState::Knock
            | MembershipState::Other => Some("membership"),
        },
        Kind::Other { event_type, .. } if is_of_live_location(event_type) => Some("live location"),
        Kind::RoomEncryption(_) | Kind::Other { is_state: true, .. } => Some("state"),
        Kind::Other { is_state: false, event_type } => only_for_clients(event_type),
    }
}

/// Returns why a timeline event of an unknown type has nothing for a person; `None` when it may
/// have.
fn only_for_clients(event_type: &str) -> Option<&'static str> {
    if READ_KINDS.contains(&event_type) {
        // The event was redacted before it was pushed, or lacks a required field.
        return Some("unusable");
    }
    SIGNALS.iter().any(|signal| event_type.starts_with(signal)).then_some("signal")
}

/// Returns whether an event is a position or the end of a live location, whose beginning has its
/// own notice.
fn is_of_live_location(event_type: &str) -> bool {
    BEACONS.iter().any(|beacon| event_type.starts_with(beacon))
}

/// The prefixes of the types of a live location.
const BEACONS: [&str; 2] = ["m.beacon", "org.matrix.msc3672.beacon"];
/// The types that are parsed into other kinds than [`Kind::Other`] when they are complete.
const READ_KINDS: [&str; 11] = [
    "m.room.message",
    "m.sticker",
    "m.reaction",
    "m.room.redaction",
    "m.room.encrypted",
    "m.poll.start",
    "m.poll.response",
    "m.poll.end",
    "org.matrix.msc3381.poll.start",
    "org.matrix.msc3381.poll.response",
    "org.matrix.msc3381.poll.end",
];
/// The prefixes of types with which clients signal to each other. A call's invitation is not among
/// them.
const SIGNALS: [&str; 12] = [
    "m.key.verification.",
    "m.call.candidates",
    "m.call.answer",
    "m.call.hangup",
    "m.call.reject",
    "m.call.select_answer",
    "m.call.negotiate",
    "m.call.sdp_stream_metadata_changed",
    "org.matrix.call.",
    "m.rtc.decline",
    "com.beeper.message_send_status",
    "io.element.performance",
];

/// Returns whether a user for whom the homeserver asks exists, after registering them.
pub(crate) async fn on_user(core: Arc<Core>, user: OwnedUserId) -> bool {
    let known = user == core.bot
        || core.ghosts.contact(&user).is_some_and(|contact| core.registry.knows(&contact));
    known && core.homeserver.intent(&user).ensure_registered().await.is_ok()
}
