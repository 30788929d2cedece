use ruma::{event_id, room_id, user_id};

use super::*;
use crate::{
    clock::Timestamp,
    store::{Source, Work},
};

pub(super) const PORTAL: PortalId = PortalId(1);

pub(super) fn outgoing(number: u64, texts: &[&str]) -> Outgoing {
    let event = EventId::parse(format!("${number}")).unwrap();
    let room = room_id!("!room").to_owned();
    let work = Work::FromMatrix {
        room: room.clone(),
        source: Source::Event(event.clone()),
        raw: "{}".into(),
        progress: Progress::default(),
    };
    Outgoing {
        entry: Entry { id: InboxId(number), at: Timestamp(0), work },
        event,
        sender: user_id!("@alice:b.org").to_owned(),
        room,
        parts: texts.iter().map(|text| (*text).to_owned()).collect(),
        progress: Progress::default(),
        tries: 0,
        marked: false,
        with: Vec::new(),
    }
}

pub(super) fn queue(messages: impl IntoIterator<Item = Outgoing>) -> Outbox {
    let (outbox, _announced) = Outbox::new();
    for message in messages {
        outbox.push(PORTAL, message);
    }
    outbox
}

#[test]
fn a_message_can_be_changed_until_it_is_tried() {
    let outbox = queue([outgoing(1, &["one"]), outgoing(2, &["two"])]);
    let new = ["uno".to_owned()];
    let (alice, mallory) = (user_id!("@alice:b.org"), user_id!("@mallory:b.org"));
    assert!(matches!(outbox.replace(PORTAL, event_id!("$1"), mallory, &new), Changed::NotThere));
    assert!(matches!(outbox.replace(PORTAL, event_id!("$1"), alice, &new), Changed::Done(_)));
    let tried = outbox.begin_try(PORTAL, InboxId(1)).unwrap();
    assert_eq!(tried.next_text().as_deref(), Some("uno"));
    assert!(matches!(outbox.replace(PORTAL, event_id!("$1"), alice, &new), Changed::TooLate));
    assert!(matches!(outbox.cancel(PORTAL, event_id!("$1")), Changed::TooLate));
    assert!(matches!(outbox.cancel(PORTAL, event_id!("$2")), Changed::Done(_)));
    assert!(matches!(outbox.cancel(PORTAL, event_id!("$2")), Changed::NotThere));
    assert_eq!(outbox.queued(PORTAL), 1);
}

#[test]
fn a_head_that_was_cancelled_is_not_tried() {
    let outbox = queue([outgoing(1, &["one"]), outgoing(2, &["two"])]);
    let head = outbox.head(PORTAL).unwrap();
    assert!(matches!(outbox.cancel(PORTAL, &head.event), Changed::Done(_)));
    assert!(outbox.begin_try(PORTAL, head.entry.id).is_none());
    assert_eq!(outbox.head(PORTAL).unwrap().event, "$2");
}

#[test]
fn short_messages_are_joined_up_to_the_limit() {
    let long = "x".repeat(90);
    let texts = ["one", "two", long.as_str(), "four"];
    let outbox = queue((1..).zip(texts).map(|(number, text)| outgoing(number, &[text])));
    let joined = outbox.join(PORTAL, 20);
    assert_eq!(joined.len(), 1);
    assert_eq!(joined[0].progress.parcel, Some(InboxId(1)));
    assert_eq!(outbox.head(PORTAL).unwrap().next_text().as_deref(), Some("one\ntwo"));
    assert_eq!(outbox.queued(PORTAL), 4);
    assert!(matches!(outbox.cancel(PORTAL, event_id!("$2")), Changed::TooLate));
}

#[test]
fn what_was_joined_before_a_restart_is_joined_again() {
    let mut second = outgoing(2, &["two"]);
    second.progress.parcel = Some(InboxId(1));
    let outbox = queue([outgoing(1, &["one"]), second, outgoing(3, &["three"])]);
    assert_eq!(outbox.head(PORTAL).unwrap().next_text().as_deref(), Some("one\ntwo"));
    outbox.remove(PORTAL, InboxId(1));
    assert_eq!(outbox.head(PORTAL).unwrap().next_text().as_deref(), Some("three"));
}

#[test]
fn messages_of_several_parts_are_not_joined() {
    let outbox = queue([outgoing(1, &["one", "more"]), outgoing(2, &["two"])]);
    assert!(outbox.join(PORTAL, 1_000).is_empty());
    assert_eq!(outbox.head(PORTAL).unwrap().next_text().as_deref(), Some("one"));
}

#[test]
fn a_queue_is_announced_when_it_gets_its_first_message() {
    let (outbox, mut announced) = Outbox::new();
    outbox.push(PORTAL, outgoing(1, &["one"]));
    outbox.push(PORTAL, outgoing(2, &["two"]));
    assert_eq!(announced.try_recv(), Ok(PORTAL));
    assert!(announced.try_recv().is_err());
    outbox.remove(PORTAL, InboxId(1));
    outbox.remove(PORTAL, InboxId(2));
    assert!(outbox.head(PORTAL).is_none(), "its sender ends here");
    outbox.push(PORTAL, outgoing(3, &["three"]));
    assert_eq!(announced.try_recv(), Ok(PORTAL));
}

#[test]
fn what_was_refused_for_now_is_as_if_nobody_had_tried_it() {
    let outbox = queue([outgoing(1, &["one"]), outgoing(2, &["two"]), outgoing(3, &["three"])]);
    outbox.join(PORTAL, 1_000);
    let mut head = outbox.begin_try(PORTAL, InboxId(1)).unwrap();
    (head.progress.tried, head.progress.along) = (true, 2);
    outbox.put_head(PORTAL, head);
    assert!(outbox.undo_try(PORTAL, InboxId(2)).is_empty(), "it is not at the head");
    let changed = outbox.undo_try(PORTAL, InboxId(1));
    assert!(changed.iter().all(|one| one.progress == Progress::default()), "{changed:?}");
    let waiting = outbox.waiting(PORTAL);
    let texts: Vec<_> = waiting.iter().filter_map(Outgoing::next_text).collect();
    assert_eq!(texts, ["one", "two", "three"]);
    for event in [event_id!("$2"), event_id!("$1"), event_id!("$3")] {
        assert!(matches!(outbox.cancel(PORTAL, event), Changed::Done(_)));
    }
}

#[test]
fn what_comes_to_a_queue_is_unmarked_until_its_mark_is_noted() {
    let outbox = queue([outgoing(1, &["one"]), outgoing(2, &["two"])]);
    assert!(outbox.put_mark(PORTAL, InboxId(1), None), "a mark that the homeserver refused");
    assert_eq!(outbox.find_unmarked(PORTAL).unwrap().event, "$2");
    assert!(outbox.put_mark(PORTAL, InboxId(2), Some(event_id!("$mark").to_owned())));
    assert!(outbox.find_unmarked(PORTAL).is_none());
    assert!(!outbox.put_mark(PORTAL, InboxId(3), None), "nothing of that name waits");
}
