//! The sorting of a batch into one change: what is new, for whom, and which windows it opens.

use std::collections::{HashMap, HashSet};

use serde_json::value::RawValue;

use crate::{
    bridge::{
        core::Core,
        state::{
            Read,
            reply_window::{self, Arrival},
        },
    },
    clock::Timestamp,
    id::{PortalId, PortalKey},
    ilink::{Message, SenderKind, dedupe::is_content_key, plausible},
    store::{self, Change, Direction, Entry, Login, Outcome, Portal, Reply, Source, Work},
};

/// Everything that a batch changes.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) change: Change,
    pub(crate) entries: Vec<(Entry, Read)>,
    pub(crate) heard: HashMap<PortalId, Reply>,
    pub(crate) portals: Vec<Portal>,
    /// Whether messages of unknown people were left out.
    pub(crate) crowded: bool,
}

/// Sorts a batch: new messages of contacts become entries, everything else is counted; repeated
/// messages are left out.
pub(crate) fn take_over(
    core: &Core,
    login: &Login,
    messages: &[Box<RawValue>],
    arrival: Arrival,
) -> Result<Batch, store::Error> {
    let mut sorting = Sorting {
        core,
        login,
        now: core.clock.now(),
        arrival,
        here: HashSet::new(),
        batch: Batch {
            change: Change::new(),
            entries: Vec::new(),
            heard: HashMap::new(),
            portals: Vec::new(),
            crowded: false,
        },
    };
    for raw in messages {
        sorting.sort(raw.get())?;
    }
    Ok(sorting.batch)
}

struct Sorting<'a> {
    core: &'a Core,
    login: &'a Login,
    now: Timestamp,
    arrival: Arrival,
    /// The keys of the messages in this batch, which the store does not know yet.
    here: HashSet<String>,
    batch: Batch,
}

impl Sorting<'_> {
    fn sort(&mut self, raw: &str) -> Result<(), store::Error> {
        let message = Message::parse(raw).ok();
        let keys = message.as_ref().map(Message::dedupe_keys).unwrap_or_default();
        if message.as_ref().is_some_and(|message| message.deleted.is_some()) {
            return self.take_back(message, &keys, raw);
        }
        // None of an unfinished message's keys is noted, so the finished message counts as new.
        if message.as_ref().is_some_and(|message| message.generating) {
            self.ignore(&[], "generating");
            return Ok(());
        }
        if self.seen(&keys)? {
            self.ignore(&[], "again");
            return Ok(());
        }
        self.here.extend(keys.iter().cloned());
        let sources = self.sources(&keys);
        if let Some(reason) = message.as_ref().and_then(not_for_us) {
            self.ignore(&sources, reason);
            return Ok(());
        }
        if self.is_one_stranger_too_many(message.as_ref()) {
            self.ignore(&sources, "stranger");
            return Ok(());
        }
        let portal = self.portal_for(message.as_ref());
        let ignored = self.core.registry.portal(portal).is_some_and(|portal| portal.ignored);
        if let Some(message) = &message {
            self.hear(portal, message, ignored);
        }
        if ignored {
            self.ignore(&sources, "by_owner");
            return Ok(());
        }
        self.add(portal, &sources, raw, message);
        Ok(())
    }

    /// Sorts a recalled message. It becomes work when the message itself is known; otherwise the
    /// room has never shown it. The message's own key has its outcome already, so the recall has a
    /// key of its own.
    fn take_back(
        &mut self,
        message: Option<Message>,
        keys: &[String],
        raw: &str,
    ) -> Result<(), store::Error> {
        let gone: Vec<_> = keys.first().map(|key| format!("d:{key}")).into_iter().collect();
        if self.seen(&gone)? {
            self.ignore(&[], "again");
            return Ok(());
        }
        let known = self.seen(keys)?;
        self.here.extend(gone.iter().cloned());
        if known {
            let portal = self.portal_for(message.as_ref());
            self.add(portal, &self.sources(&gone), raw, message);
        } else {
            // If the recalled message comes late, its words are not shown.
            let all: Vec<_> = gone.iter().chain(keys).cloned().collect();
            self.here.extend(keys.iter().cloned());
            self.ignore(&self.sources(&all), "deleted");
        }
        Ok(())
    }

    fn add(&mut self, portal: PortalId, sources: &[Source], raw: &str, message: Option<Message>) {
        let source = sources.first().cloned();
        let work = Work::FromWechat {
            login: self.login.id,
            portal,
            source: source.clone(),
            raw: raw.into(),
        };
        let entry = Entry { id: self.core.store.new_inbox_id(), at: self.now, work };
        self.change(|change| change.add_entry(&entry));
        if let Some(source) = source {
            self.change(|change| change.add_aliases(&source, sources, entry.at));
        }
        let read = message.map_or(Read::Not, |message| Read::Message(message.into()));
        self.batch.entries.push((entry, read));
    }

    /// Returns whether any of a message's keys is known, in the store or from this batch.
    fn seen(&self, keys: &[String]) -> Result<bool, store::Error> {
        for key in keys {
            let source = Source::Message { login: self.login.id, key: key.as_str().into() };
            let here = self.here.contains(key) && !is_content_key(key);
            if here || self.core.store.source_seen(&source)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn sources(&self, keys: &[String]) -> Vec<Source> {
        let login = self.login.id;
        keys.iter().map(|key| Source::Message { login, key: key.as_str().into() }).collect()
    }

    /// Counts an update that is ignored; its sources are noted, by which it is recognised later.
    fn ignore(&mut self, sources: &[Source], reason: &'static str) {
        tracing::debug!(login.id = %self.login.id, reason, "an update was left out");
        let (now, outcome) = (self.now, Outcome::Ignored(reason.into()));
        self.change(|change| match sources.first() {
            None => change.count_outcome(Direction::ToMatrix, &outcome, 1),
            Some(source) => {
                change.mark_source(source, &outcome, now).add_aliases(source, sources, now)
            }
        });
    }

    /// Returns whether the sender is unknown, and rooms were made for too many such people.
    fn is_one_stranger_too_many(&mut self, message: Option<&Message>) -> bool {
        let Some(contact) = message.and_then(|m| m.from.clone()) else { return false };
        let key = PortalKey { owner: self.login.owner.clone(), contact };
        let known = key.contact == self.login.contact
            || self.core.registry.find_portal(&key).is_some()
            || self.batch.portals.iter().any(|portal| portal.key == key);
        if known || self.core.sessions.may_meet_stranger(self.login.id, self.now) {
            return false;
        }
        self.batch.crowded = true;
        true
    }

    /// Returns the portal of the sender; one who is not the login's contact gets a portal of their
    /// own.
    fn portal_for(&mut self, message: Option<&Message>) -> PortalId {
        let contact =
            message.and_then(|m| m.from.clone()).unwrap_or_else(|| self.login.contact.clone());
        let key = PortalKey { owner: self.login.owner.clone(), contact };
        if let Some(known) = self.core.registry.find_portal(&key) {
            return known.id;
        }
        if let Some(new) = self.batch.portals.iter().find(|portal| portal.key == key) {
            return new.id;
        }
        let name = (key.contact == self.login.contact).then(|| self.login.name.clone()).flatten();
        let id = self.core.store.new_portal_id();
        let portal = Portal::new(id, key, self.login.id, name);
        self.change(|change| change.put_portal(&portal));
        self.batch.portals.push(portal);
        id
    }

    /// Opens the window of a contact who wrote, with the newest context token; a penalty continues.
    /// Messages that are left out are counted.
    fn hear(&mut self, portal: PortalId, message: &Message, left_out: bool) {
        let known = self.batch.heard.get(&portal).cloned().or_else(|| self.core.reply(portal));
        let at =
            reply_window::heard_at(plausible(message.created, self.now), self.arrival, self.now);
        let context =
            message.context.clone().or_else(|| known.as_ref().and_then(|r| r.context.clone()));
        let heard = known.as_ref().map_or(at, |reply| reply.heard.max(at));
        let unconfirmed = known.as_ref().map_or(0, |reply| reply.unconfirmed);
        let penalty = known.as_ref();
        let penalty = penalty.map(|reply| reply_window::penalty_after_message(reply, self.now));
        let (held_until, throttled) = penalty.unwrap_or_default();
        let before = known.as_ref().map_or(0, |reply| reply.left_out);
        let reply = Reply {
            context,
            heard,
            sends: 0,
            held_until,
            throttled,
            unconfirmed,
            left_out: before.saturating_add(u32::from(left_out)),
        };
        self.change(|change| change.put_reply(portal, &reply));
        self.batch.heard.insert(portal, reply);
    }

    fn change(&mut self, with: impl FnOnce(Change) -> Change) {
        self.batch.change = with(std::mem::take(&mut self.batch.change));
    }
}

/// Returns why an update is not a contact's finished message (docs/protocol.md §4); `None` when it
/// is.
fn not_for_us(message: &Message) -> Option<&'static str> {
    match message.sender {
        SenderKind::Contact => None,
        SenderKind::Bot => Some("own"),
        SenderKind::Other(_) => Some("sender"),
    }
}
