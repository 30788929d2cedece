//! The inbox: accepted and unfinished work of both directions.

use ruma::{OwnedEventId, OwnedRoomId};
use serde::{Deserialize, Serialize};

use super::{
    Change, Direction, Error, Outcome, Source, Store, Upload,
    engine::Pair,
    record::{Table, decode, encode},
    source::{SourceRecord, StoredSource},
};
use crate::{
    clock::Timestamp,
    id::{InboxId, LoginId, PortalId},
};

/// One piece of unfinished work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The entry's number, in order of arrival.
    pub id: InboxId,
    /// The time of arrival.
    pub at: Timestamp,
    /// The work.
    pub work: Work,
}

/// The work of an entry, as it came from outside.
#[derive(Clone, PartialEq, Eq)]
pub enum Work {
    /// A message of a contact.
    FromWechat {
        /// The login through which it came.
        login: LoginId,
        /// The portal to which it belongs.
        portal: PortalId,
        /// The key by which a repeated delivery is recognised; `None` when it has no id.
        source: Option<Source>,
        /// The message's JSON.
        raw: Box<str>,
    },
    /// An event of a room.
    FromMatrix {
        /// The room.
        room: OwnedRoomId,
        /// The event.
        source: Source,
        /// The event's JSON.
        raw: Box<str>,
        /// The one contact that it is for; `None` for the contact or the contacts of the room.
        to: Option<PortalId>,
        /// How far the event has come.
        progress: Progress,
    },
}

/// The progress of a message from Matrix on its way to the phone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// The number of parts that WeChat has accepted.
    pub parts_done: u16,
    /// Whether WeChat returned no message id for one of them.
    pub unconfirmed: bool,
    /// The bot's reaction that shows that the message waits.
    pub mark: Option<OwnedEventId>,
    /// Whether sending was tried: WeChat may have the message, so it must not be changed.
    pub tried: bool,
    /// Whether its client ids are digests; an older release used plain ones.
    pub digested: bool,
    /// The number of later entries whose texts were sent along with it.
    pub along: u16,
    /// The entry whose message carries this one's text.
    #[serde(with = "parcel")]
    pub parcel: Option<InboxId>,
    /// The upload of the file of its next part.
    pub uploaded: Option<Box<Upload>>,
    /// The quote above it, for a reply; fixed once sending was tried.
    pub line: Option<Words>,
    /// The edit whose words are sent; `None` for the event's own.
    pub version: Option<OwnedEventId>,
    /// Whether its owner wants it to be merged with others into as few messages as possible.
    pub merges: bool,
}

/// Words of a message, which do not print.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Words(pub Box<str>);

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Words(…)")
    }
}

/// The tries of an entry that did not end, because the program died in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Tries {
    /// The number of tries.
    pub count: u32,
    /// Whether the user was told that the entry is set aside.
    pub told: bool,
    /// How often the entry was set aside and somebody was told.
    pub set_aside: u32,
}

/// Leaves the raw text out, which is the message itself.
impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::FromWechat { login, portal, source, .. } => f
                .debug_struct("FromWechat")
                .field("login", login)
                .field("portal", portal)
                .field("source", source)
                .finish_non_exhaustive(),
            Self::FromMatrix { room, source, to, progress, .. } => f
                .debug_struct("FromMatrix")
                .field("room", room)
                .field("source", source)
                .field("to", to)
                .field("progress", progress)
                .finish_non_exhaustive(),
        }
    }
}

impl Entry {
    /// Returns the source of the work.
    pub fn source(&self) -> Option<&Source> {
        match &self.work {
            Work::FromWechat { source, .. } => source.as_ref(),
            Work::FromMatrix { source, .. } => Some(source),
        }
    }
}

impl Change {
    /// Adds an entry and marks its source as pending.
    pub fn add_entry(self, entry: &Entry) -> Self {
        let record = EntryRecord::from(entry);
        let change = self.put(inbox_key(entry.id), encode(&record));
        match entry.source() {
            Some(source) => change.put(source.key(), encode(&SourceRecord::Pending)),
            None => change,
        }
    }

    /// Replaces an entry of the inbox whose work has changed.
    pub fn put_entry(self, entry: &Entry) -> Self {
        self.put(inbox_key(entry.id), encode(&EntryRecord::from(entry)))
    }

    /// Stores the progress of an entry, without the entry itself.
    pub fn put_progress(self, entry: InboxId, progress: &Progress) -> Self {
        self.put(progress_key(entry), encode(progress))
    }

    /// Stores the tries of an entry.
    pub fn put_tries(self, entry: InboxId, tries: Tries) -> Self {
        self.put(tries_key(entry), encode(&tries))
    }

    /// Forgets the tries of an entry whose last try came to an end.
    pub fn forget_tries(self, entry: InboxId) -> Self {
        self.del(tries_key(entry))
    }

    /// Finishes an entry: removes it from the inbox, stores the outcome of its source, and counts
    /// it.
    pub fn finish(
        self,
        entry: InboxId,
        source: Option<&Source>,
        outcome: &Outcome,
        at: Timestamp,
    ) -> Self {
        let change = self.del(inbox_key(entry));
        match source {
            Some(event @ (Source::Event(_) | Source::Copy { .. })) => {
                change.del(progress_key(entry)).mark_source(event, outcome, at)
            }
            Some(message @ Source::Message { .. }) => change.mark_source(message, outcome, at),
            // Only messages from WeChat can be without a source.
            None => change.count_outcome(Direction::ToMatrix, outcome, 1),
        }
    }
}

impl Store {
    /// Returns at most `limit` entries behind `after`, in order of arrival.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn inbox(&self, after: Option<InboxId>, limit: usize) -> Result<Vec<Entry>, Error> {
        let from = InboxId(after.map_or(0, |after| after.0.saturating_add(1)));
        let pairs = self.scan(Table::Inbox, &inbox_key(from), limit)?;
        pairs.iter().map(|pair| self.entry(pair)).collect()
    }

    /// Returns the tries of an entry that did not end.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn tries(&self, entry: InboxId) -> Result<Tries, Error> {
        Ok(self.find(&tries_key(entry))?.unwrap_or_default())
    }

    fn entry(&self, (key, value): &Pair) -> Result<Entry, Error> {
        let id = key.get(1..9).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
        let id = self.sound(id.map(InboxId).ok_or_else(|| "an entry has no number".to_owned()))?;
        let record: EntryRecord = self.sound(decode(value))?;
        let work = match record.work {
            WorkRecord::FromWechat { login, portal, source, raw } => Work::FromWechat {
                login: LoginId(login),
                portal: PortalId(portal),
                source: source.map(Source::from),
                raw,
            },
            WorkRecord::FromMatrix { room, source, raw, to } => {
                let progress = self.find(&progress_key(id))?.unwrap_or_default();
                let to = to.map(PortalId);
                Work::FromMatrix { room, source: source.into(), raw, to, progress }
            }
        };
        Ok(Entry { id, at: Timestamp(record.at), work })
    }
}

#[derive(Serialize, Deserialize)]
struct EntryRecord {
    at: i64,
    work: WorkRecord,
}

#[derive(Serialize, Deserialize)]
enum WorkRecord {
    FromWechat {
        login: u32,
        portal: u32,
        source: Option<StoredSource>,
        raw: Box<str>,
    },
    FromMatrix {
        room: OwnedRoomId,
        source: StoredSource,
        raw: Box<str>,
        #[serde(default)]
        to: Option<u32>,
    },
}

impl From<&Entry> for EntryRecord {
    fn from(entry: &Entry) -> Self {
        let work = match &entry.work {
            Work::FromWechat { login, portal, source, raw } => WorkRecord::FromWechat {
                login: login.0,
                portal: portal.0,
                source: source.as_ref().map(StoredSource::from),
                raw: raw.clone(),
            },
            Work::FromMatrix { room, source, raw, to, .. } => WorkRecord::FromMatrix {
                room: room.clone(),
                source: source.into(),
                raw: raw.clone(),
                to: to.map(|portal| portal.0),
            },
        };
        Self { at: entry.at.0, work }
    }
}

fn inbox_key(entry: InboxId) -> Vec<u8> {
    Table::Inbox.key(&[&entry.0.to_be_bytes()])
}

/// The serialised form of an entry's number.
mod parcel {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::id::InboxId;

    pub(super) fn serialize<S: Serializer>(id: &Option<InboxId>, to: S) -> Result<S::Ok, S::Error> {
        id.map(|id| id.0).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<InboxId>, D::Error> {
        Ok(Option::<u64>::deserialize(from)?.map(InboxId))
    }
}

fn progress_key(entry: InboxId) -> Vec<u8> {
    Table::Progress.key(&[&entry.0.to_be_bytes()])
}

/// Returns the key of an entry's tries, which lies beside the shorter key of its progress.
fn tries_key(entry: InboxId) -> Vec<u8> {
    Table::Progress.key(&[&entry.0.to_be_bytes(), b"tries"])
}
