//! A batch of updates as one change: what is new in it, for whom, and which windows it opens.

use std::collections::{HashMap, HashSet};

use serde_json::value::RawValue;

use super::core::Core;
use crate::{
    clock::Timestamp,
    id::{PortalId, PortalKey},
    ilink::{Message, SenderKind, dedupe::is_content_key},
    store::{self, Change, Entry, Login, Outcome, Portal, Reply, Source, Work},
};

/// Everything that one batch changes.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) change: Change,
    pub(crate) entries: Vec<Entry>,
    pub(crate) heard: HashMap<PortalId, Reply>,
    pub(crate) portals: Vec<Portal>,
}

/// Sorts a batch: contacts' messages become work, everything else is counted; what was seen
/// before is left out.
pub(crate) fn take_over(
    core: &Core,
    login: &Login,
    messages: &[Box<RawValue>],
) -> Result<Batch, store::Error> {
    let mut sorting = Sorting {
        core,
        login,
        now: core.clock.now(),
        here: HashSet::new(),
        batch: Batch {
            change: Change::new(),
            entries: Vec::new(),
            heard: HashMap::new(),
            portals: Vec::new(),
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
    /// The keys of this batch's messages; the store does not know them yet.
    here: HashSet<String>,
    batch: Batch,
}

impl Sorting<'_> {
    fn sort(&mut self, raw: &str) -> Result<(), store::Error> {
        let message = Message::parse(raw).ok();
        let keys = message.as_ref().map(Message::dedupe_keys).unwrap_or_default();
        if self.seen(&keys)? {
            tracing::debug!(login.id = %self.login.id, "a message came again");
            return Ok(());
        }
        let sources = self.sources(&keys);
        if let Some(reason) = message.as_ref().and_then(not_for_us) {
            self.ignore(&sources, reason);
            return Ok(());
        }
        let portal = self.portal_for(message.as_ref());
        if let Some(message) = &message {
            self.hear(portal, message);
        }
        let work = Work::FromWechat {
            login: self.login.id,
            portal,
            source: sources.first().cloned(),
            raw: raw.into(),
        };
        let entry = Entry { id: self.core.store.new_inbox_id(), at: self.now, work };
        self.change(|change| change.add_entry(&entry).add_aliases(&entry, &sources));
        self.batch.entries.push(entry);
        Ok(())
    }

    /// Whether any of a message's keys is known, in the store or from this very batch.
    fn seen(&mut self, keys: &[String]) -> Result<bool, store::Error> {
        for key in keys {
            let source = Source::Message { login: self.login.id, key: key.as_str().into() };
            let here = self.here.contains(key) && !is_content_key(key);
            if here || self.core.store.source_seen(&source)?.is_some() {
                return Ok(true);
            }
        }
        self.here.extend(keys.iter().cloned());
        Ok(false)
    }

    fn sources(&self, keys: &[String]) -> Vec<Source> {
        let login = self.login.id;
        keys.iter().map(|key| Source::Message { login, key: key.as_str().into() }).collect()
    }

    fn ignore(&mut self, sources: &[Source], reason: &'static str) {
        tracing::debug!(login.id = %self.login.id, reason, "an update was left out");
        let now = self.now;
        for source in sources {
            self.change(|change| change.mark_source(source, &Outcome::Ignored(reason.into()), now));
        }
    }

    /// The portal of whoever wrote; a sender who is not the one that scanned gets one of their own.
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
        let portal = Portal {
            id,
            key,
            login: self.login.id,
            room: None,
            name,
            welcomed: false,
            voice_items: None,
        };
        self.change(|change| change.put_portal(&portal));
        self.batch.portals.push(portal);
        id
    }

    /// The contact wrote: the window opens at the time of the message, never in the future, and
    /// the newest context token is the one to answer with.
    fn hear(&mut self, portal: PortalId, message: &Message) {
        let known = self.batch.heard.get(&portal).cloned().or_else(|| self.core.reply(portal));
        let at = message.created.filter(|at| at.0 > 0 && *at <= self.now).unwrap_or(self.now);
        let context =
            message.context.clone().or_else(|| known.as_ref().and_then(|r| r.context.clone()));
        let heard = known.as_ref().map_or(at, |reply| reply.heard.max(at));
        let unconfirmed = known.as_ref().map_or(0, |reply| reply.unconfirmed);
        let reply = Reply { context, heard, sends: 0, held_until: None, throttled: 0, unconfirmed };
        self.change(|change| change.put_reply(portal, &reply));
        self.batch.heard.insert(portal, reply);
    }

    fn change(&mut self, with: impl FnOnce(Change) -> Change) {
        self.batch.change = with(std::mem::take(&mut self.batch.change));
    }
}

/// Why an update is none of a contact's finished messages (docs/protocol.md §4).
fn not_for_us(message: &Message) -> Option<&'static str> {
    if message.deleted.is_some() {
        return Some("deleted");
    }
    if message.generating {
        return Some("generating");
    }
    match message.sender {
        SenderKind::Contact => None,
        SenderKind::Bot => Some("own"),
        SenderKind::Other(_) => Some("sender"),
    }
}
