//! The copies of an event: committed together with their cause, in the order in which they are
//! sent.

use std::sync::{Arc, Mutex, PoisonError};

use ruma::{EventId, OwnedEventId, RoomId, UserId};
use serde_json::{Value, json, value::RawValue};

use crate::{
    bridge::{
        core::{
            Core,
            attempt::{Halt, Handled},
        },
        state::Read,
    },
    clock::Timestamp,
    matrix::{
        content::Content,
        event::{self, Event},
    },
    store::{Change, Entry, Outcome, Portal, Progress, Source, Work},
};

/// An event, parsed and as JSON.
pub(super) type Written = (Event, Box<str>);

/// The events that a contact's message became in a room.
#[derive(Debug, Default)]
pub(crate) struct Said(Mutex<Vec<(OwnedEventId, Content)>>);

impl Said {
    pub(crate) fn note(&self, event: &EventId, content: &Content) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.push((event.to_owned(), content.clone()));
    }

    fn take(&self) -> Vec<(OwnedEventId, Content)> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Commits `change` together with a copy of each event for each of `targets`, and starts the work
/// on them.
///
/// It holds the lock of incoming events, so that the copies are stored in the order in which they
/// are queued, and a restart queues them in that order.
pub(crate) async fn with_copies(
    core: &Core,
    mut change: Change,
    events: &[Written],
    targets: &[Arc<Portal>],
) -> Result<(), Halt> {
    let _in_order = core.receiving.lock().await;
    let at = core.clock.now();
    let mut copies = Vec::new();
    for (event, raw) in events {
        for portal in targets {
            let work = Work::FromMatrix {
                room: event.room.clone(),
                source: Source::Copy { portal: portal.id, event: event.id.clone() },
                raw: raw.clone(),
                to: Some(portal.id),
                progress: Progress::default(),
            };
            let copy = Entry { id: core.store.new_inbox_id(), at, work };
            change = change.add_entry(&copy);
            copies.push((copy, event));
        }
    }
    core.commit(change).await?;
    // All of them are registered before the first one can end.
    copies.iter().for_each(|(copy, _)| core.copies.begin(copy));
    for (copy, event) in copies {
        core.dispatch(copy, Read::Event(event.clone().into()));
    }
    Ok(())
}

/// Finishes a contact's message with copies of its events for the other contacts in the room.
/// Returns the outcome when there are none.
pub(crate) async fn pass_on(
    core: &Core,
    entry: &Entry,
    portal: &Portal,
    said: &Said,
    outcome: Outcome,
) -> Result<Handled, Halt> {
    let Some((events, others)) = for_others(core, portal, said) else {
        return Ok(Handled::Done(outcome));
    };
    let now = core.clock.now();
    let done = Change::new().finish(entry.id, entry.source(), &outcome, now);
    with_copies(core, done, &events, &others).await.map(|()| Handled::Deferred)
}

impl Said {
    /// Commits `change` with copies for the other contacts, if there are any.
    pub(crate) async fn commit(
        &self,
        core: &Core,
        portal: &Portal,
        change: Change,
    ) -> Result<(), Halt> {
        match for_others(core, portal, self) {
            Some((events, others)) => with_copies(core, change, &events, &others).await,
            None => core.commit(change).await,
        }
    }
}

/// Returns the events of a contact that others receive, and these others. Notices about items that
/// could not be brought are not among them.
fn for_others(
    core: &Core,
    portal: &Portal,
    said: &Said,
) -> Option<(Vec<Written>, Vec<Arc<Portal>>)> {
    let room = portal.group.as_ref()?;
    let ghost = core.ghosts.ghost(&portal.key.contact)?;
    let at = core.clock.now();
    let said = said.take().into_iter().filter(|(_, content)| {
        content.fields.get("msgtype").and_then(Value::as_str) != Some("m.notice")
    });
    let events: Vec<_> = said
        .filter_map(|(id, Content { event_type, fields })| {
            written(Envelope { id: &id, room, sender: &ghost, at }, &event_type, &json!(fields))
        })
        .collect();
    let others = others(core, portal, room);
    (!events.is_empty() && !others.is_empty()).then_some((events, others))
}

/// Returns the redactions by a contact as events for the other contacts in the room. `gone` are
/// pairs of a redaction and the redacted event.
pub(crate) fn redactions(
    core: &Core,
    portal: &Portal,
    room: &RoomId,
    gone: &[(OwnedEventId, OwnedEventId)],
) -> (Vec<Written>, Vec<Arc<Portal>>) {
    let at = core.clock.now();
    let events = gone.iter().filter_map(|(id, of)| {
        let ghost = core.ghosts.ghost(&portal.key.contact)?;
        let content = json!({ "redacts": of });
        written(Envelope { id, room, sender: &ghost, at }, "m.room.redaction", &content)
    });
    (events.collect(), others(core, portal, room))
}

fn others(core: &Core, portal: &Portal, room: &RoomId) -> Vec<Arc<Portal>> {
    let mut members = core.registry.members(room);
    members.retain(|other| other.key.contact != portal.key.contact);
    members
}

/// Returns a command or a reaction that asks for a resend, as a reaction.
pub(super) fn asking_again(asking: &Event, of: &EventId) -> Option<Written> {
    let Event { id, room, sender, at, .. } = asking;
    let relation = json!({ "rel_type": "m.annotation", "event_id": of, "key": "🔁" });
    let content = json!({ "m.relates_to": relation });
    written(Envelope { id, room, sender, at: *at }, "m.reaction", &content)
}

struct Envelope<'a> {
    id: &'a EventId,
    room: &'a RoomId,
    sender: &'a UserId,
    at: Timestamp,
}

/// Returns an event as the homeserver would push it; `None` when the bridge could not read it.
fn written(of: Envelope<'_>, event_type: &str, content: &Value) -> Option<Written> {
    let mut event = json!({
        "type": event_type,
        "event_id": of.id,
        "room_id": of.room,
        "sender": of.sender,
        "origin_server_ts": of.at.0,
        "content": content,
    });
    if let Some(redacts) = content.get("redacts") {
        event["redacts"] = redacts.clone();
    }
    let raw = RawValue::from_string(event.to_string()).ok()?;
    let event = event::parse(&raw).ok()?;
    Some((event, raw.get().into()))
}

#[cfg(test)]
mod tests {
    use ruma::event_id;
    use ruma::room_id;
    use ruma::user_id;

    use super::*;
    use crate::matrix::content;
    use crate::matrix::event::Kind;

    fn envelope() -> Envelope<'static> {
        Envelope {
            id: event_id!("$1"),
            room: room_id!("!r:b.org"),
            sender: user_id!("@wechat_a:b.org"),
            at: Timestamp(5),
        }
    }

    #[test]
    fn what_a_ghost_said_is_read_like_what_a_person_said() {
        let Content { event_type, fields } = content::text("你好");
        let (event, raw) = written(envelope(), &event_type, &json!(fields)).unwrap();
        assert_eq!((event.id.as_str(), event.at), ("$1", Timestamp(5)));
        let Kind::Message(message) = event.kind else { panic!("{raw}") };
        assert_eq!((message.msgtype.as_str(), message.body.as_str()), ("m.text", "你好"));
        let again: Box<RawValue> = serde_json::from_str(&raw).unwrap();
        assert!(matches!(event::parse(&again).unwrap().kind, Kind::Message(_)));
    }

    #[test]
    fn a_wish_to_have_something_again_is_a_reaction() {
        let content = json!({ "redacts": "$0" });
        let (gone, _) = written(envelope(), "m.room.redaction", &content).unwrap();
        assert!(matches!(&gone.kind, Kind::Redaction { of } if of == "$0"), "{gone:?}");
        let (asked, _) = asking_again(&gone, event_id!("$0")).unwrap();
        assert_eq!((asked.id, asked.sender), (gone.id, gone.sender));
        assert!(matches!(&asked.kind, Kind::Reaction { of, .. } if of == "$0"));
    }
}
