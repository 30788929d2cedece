//! The inbox: work of both directions that was accepted and is not finished.

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
    /// Its place in the order of arrival.
    pub id: InboxId,
    /// When it arrived.
    pub at: Timestamp,
    /// What is to be done.
    pub work: Work,
}

/// What is to be done, as it came from outside.
#[derive(Clone, PartialEq, Eq)]
pub enum Work {
    /// A message of a contact.
    FromWechat {
        /// The login it came through.
        login: LoginId,
        /// The portal it belongs to.
        portal: PortalId,
        /// What tells it from others; `None` when it brought no id.
        source: Option<Source>,
        /// The message's JSON.
        raw: Box<str>,
    },
    /// An event of a room.
    FromMatrix {
        /// The room.
        room: OwnedRoomId,
        /// The event's id.
        source: Source,
        /// The event's JSON.
        raw: Box<str>,
        /// The one contact that it is for; `None` for whoever the room is for.
        to: Option<PortalId>,
        /// How far it has come.
        progress: Progress,
    },
}

/// How far a message from Matrix has come on its way to the phone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// How many of its parts WeChat has accepted.
    pub parts_done: u16,
    /// Whether WeChat gave no message id for one of them.
    pub unconfirmed: bool,
    /// The bot's reaction that shows that it waits.
    pub mark: Option<OwnedEventId>,
    /// Whether it was tried: WeChat may have it as it is, and it must not become another.
    pub tried: bool,
    /// Whether its client ids are digests: an older version tried it under plain ones.
    pub digested: bool,
    /// How many later entries' texts went along with it when it was tried.
    pub along: u16,
    /// The entry whose message carries this one's text along.
    #[serde(with = "parcel")]
    pub parcel: Option<InboxId>,
    /// Where the file of its next part was brought to.
    pub uploaded: Option<Box<Upload>>,
    /// The line above it that tells what it answers to; settled once it was tried.
    pub line: Option<Words>,
    /// The edit whose words it has; `None` for its own.
    pub version: Option<OwnedEventId>,
    /// Whether its owner wants it to go out with others in as few messages as can be.
    pub merges: bool,
}

/// Words of a message; they do not print.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Words(pub Box<str>);

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Words(…)")
    }
}

/// How often an entry was tried without the try coming to an end: the program died in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Tries {
    /// The tries.
    pub count: u32,
    /// Whether somebody was told that it is set aside.
    pub told: bool,
}

/// Without the raw text, which is the message itself.
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
    /// What the work comes from.
    pub fn source(&self) -> Option<&Source> {
        match &self.work {
            Work::FromWechat { source, .. } => source.as_ref(),
            Work::FromMatrix { source, .. } => Some(source),
        }
    }
}

impl Change {
    /// Accepts a piece of work and marks its source as pending.
    pub fn add_entry(self, entry: &Entry) -> Self {
        let record = EntryRecord::from(entry);
        let change = self.put(inbox_key(entry.id), encode(&record));
        match entry.source() {
            Some(source) => change.put(source.key(), encode(&SourceRecord::Pending)),
            None => change,
        }
    }

    /// Writes an entry again that is in the inbox: what is to be done has changed.
    pub fn put_entry(self, entry: &Entry) -> Self {
        self.put(inbox_key(entry.id), encode(&EntryRecord::from(entry)))
    }

    /// Notes how far an entry has come, without writing the entry again.
    pub fn put_progress(self, entry: InboxId, progress: &Progress) -> Self {
        self.put(progress_key(entry), encode(progress))
    }

    /// Notes how often an entry was tried.
    pub fn put_tries(self, entry: InboxId, tries: Tries) -> Self {
        self.put(tries_key(entry), encode(&tries))
    }

    /// An entry's last try came to an end.
    pub fn forget_tries(self, entry: InboxId) -> Self {
        self.del(tries_key(entry))
    }

    /// Ends an entry: it leaves the inbox, its source gets the outcome, the outcome is counted.
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
            // Only a message can be without one.
            None => change.count_outcome(Direction::ToMatrix, outcome, 1),
        }
    }
}

impl Store {
    /// At most `limit` entries behind `after`, in order of arrival.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn inbox(&self, after: Option<InboxId>, limit: usize) -> Result<Vec<Entry>, Error> {
        let from = InboxId(after.map_or(0, |after| after.0.saturating_add(1)));
        let pairs = self.scan(Table::Inbox, &inbox_key(from), limit)?;
        pairs.iter().map(|pair| self.entry(pair)).collect()
    }

    /// How often an entry was tried without the try coming to an end.
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

/// An entry's number as JSON.
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

/// Beside the progress, whose key is shorter.
fn tries_key(entry: InboxId) -> Vec<u8> {
    Table::Progress.key(&[&entry.0.to_be_bytes(), b"tries"])
}
