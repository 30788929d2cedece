use ruma::{EventId, event_id, room_id, user_id};

use super::*;
use crate::{
    clock::Timestamp,
    secret::Secret,
    store::{SentAs, Source, Store, Work},
};

pub(super) const PORTAL: PortalId = PortalId(1);

pub(super) fn outgoing(number: u64, texts: &[&str]) -> Outgoing {
    let event = EventId::parse(format!("${number}")).unwrap();
    let room = room_id!("!room").to_owned();
    let work = Work::FromMatrix {
        room: room.clone(),
        source: Source::Event(event.clone()),
        raw: "{}".into(),
        to: None,
        progress: Progress::default(),
    };
    Outgoing {
        entry: Entry { id: InboxId(number), at: Timestamp(0), work },
        event,
        sender: user_id!("@alice:b.org").to_owned(),
        room,
        plain: texts.iter().map(|text| Part::Text((*text).to_owned())).collect(),
        parts: texts.iter().map(|text| Part::Text((*text).to_owned())).collect(),
        about: About::Nothing,
        settled: true,
        progress: Progress::default(),
        tries: 0,
        refused: 0,
        failed_uploads: 0,
        shown: Shown::Nothing,
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

/// Returns the next part as a line.
fn text(outgoing: &Outgoing) -> String {
    outgoing.next_part().unwrap().line()
}

/// Returns an image with this address.
fn picture(uri: &str) -> Part {
    let (uri, name) = (uri.into(), Some("cat.png".to_owned()));
    Part::Media(MediaPart { uri, kind: PartKind::Picture, name })
}

/// Returns an image with this name and an address of its own.
pub(super) fn picture_named(name: &str) -> Part {
    let (uri, name) = (format!("mxc://b.org/{name}").into(), Some(name.to_owned()));
    Part::Media(MediaPart { uri, kind: PartKind::Picture, name })
}

pub(super) fn uploaded(uri: &str, param: &str) -> Upload {
    let (param, key) = (Secret::new(param), Secret::new("k"));
    Upload { of: uri.to_owned(), at: Timestamp(0), sent_as: SentAs::Image, param, key, len: 1 }
}

#[test]
fn a_message_can_be_changed_until_it_is_tried() {
    let outbox = queue([outgoing(1, &["one"]), outgoing(2, &["two"])]);
    let new = [Part::Text("uno".to_owned())];
    let (alice, mallory) = (user_id!("@alice:b.org"), user_id!("@mallory:b.org"));
    assert!(matches!(
        outbox.replace(PORTAL, event_id!("$1"), mallory, (&new, event_id!("$2"))),
        Changed::NotThere
    ));
    assert!(matches!(
        outbox.replace(PORTAL, event_id!("$1"), alice, (&new, event_id!("$2"))),
        Changed::Done(_)
    ));
    let tried = outbox.begin_try(PORTAL, InboxId(1)).unwrap();
    assert_eq!(text(&tried), "uno");
    assert!(matches!(
        outbox.replace(PORTAL, event_id!("$1"), alice, (&new, event_id!("$2"))),
        Changed::TooLate
    ));
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
    assert_eq!(text(&outbox.head(PORTAL).unwrap()), "one\ntwo");
    assert_eq!(outbox.queued(PORTAL), 4);
    assert!(matches!(outbox.cancel(PORTAL, event_id!("$2")), Changed::TooLate));
}

#[test]
fn what_was_joined_before_a_restart_is_joined_again() {
    let mut second = outgoing(2, &["two"]);
    second.progress.parcel = Some(InboxId(1));
    let outbox = queue([outgoing(1, &["one"]), second, outgoing(3, &["three"])]);
    assert_eq!(text(&outbox.head(PORTAL).unwrap()), "one\ntwo");
    outbox.remove(PORTAL, InboxId(1));
    assert_eq!(text(&outbox.head(PORTAL).unwrap()), "three");
}

#[test]
fn messages_of_several_parts_are_not_joined() {
    let outbox = queue([outgoing(1, &["one", "more"]), outgoing(2, &["two"])]);
    assert!(outbox.join(PORTAL, 1_000).is_empty());
    assert_eq!(text(&outbox.head(PORTAL).unwrap()), "one");
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
    let texts: Vec<_> = waiting.iter().map(text).collect();
    assert_eq!(texts, ["one", "two", "three"]);
    for event in [event_id!("$2"), event_id!("$1"), event_id!("$3")] {
        assert!(matches!(outbox.cancel(PORTAL, event), Changed::Done(_)));
    }
}

#[test]
fn a_picture_is_not_joined_and_nothing_is_joined_across_it() {
    let mut captioned = outgoing(2, &["look"]);
    captioned.parts.push(picture("mxc://b.org/cat"));
    let mut bare = outgoing(3, &[]);
    bare.parts.push(picture("mxc://b.org/dog"));
    let outbox = queue([outgoing(1, &["one"]), captioned, bare, outgoing(4, &["four"])]);
    for sent in [&["one"][..], &["look", "📷 cat.png"], &["📷 cat.png"], &["four"]] {
        assert!(outbox.join(PORTAL, 1_000).is_empty());
        for (done, line) in (1..).zip(sent) {
            let mut head = outbox.head(PORTAL).unwrap();
            assert_eq!(text(&head), *line);
            head.progress.parts_done = done;
            outbox.put_head(PORTAL, head);
        }
        outbox.remove(PORTAL, outbox.head(PORTAL).unwrap().entry.id);
    }
    assert!(outbox.head(PORTAL).is_none());
}

#[test]
fn an_upload_is_for_the_file_that_the_head_waits_for() {
    let (cat, dog) = ("mxc://b.org/cat", "mxc://b.org/dog");
    let mut first = outgoing(1, &["look"]);
    first.parts.push(picture(cat));
    let media = first.next_media().unwrap().clone();
    let outbox = queue([first, outgoing(2, &["two"])]);
    assert!(outbox.waits_for(PORTAL, InboxId(1), &media));
    assert!(!outbox.waits_for(PORTAL, InboxId(2), &media), "it is not at the head");
    assert!(outbox.put_upload(PORTAL, InboxId(1), uploaded(dog, "p")).is_none());
    assert!(outbox.begin_try(PORTAL, InboxId(1)).is_none(), "not before its file");
    let head = outbox.put_upload(PORTAL, InboxId(1), uploaded(cat, "p")).unwrap();
    assert_eq!(head.upload_of(&media), Some(&uploaded(cat, "p")));

    // Other words keep the upload, another file does not.
    let alice = user_id!("@alice:b.org");
    let words = [Part::Text("see".to_owned()), Part::Text("here".to_owned()), picture(cat)];
    assert!(matches!(
        outbox.replace(PORTAL, event_id!("$1"), alice, (&words, event_id!("$2"))),
        Changed::Done(_)
    ));
    assert!(outbox.head(PORTAL).unwrap().upload_of(&media).is_some());
    let other = [picture(dog)];
    assert!(matches!(
        outbox.replace(PORTAL, event_id!("$1"), alice, (&other, event_id!("$2"))),
        Changed::Done(_)
    ));
    let head = outbox.head(PORTAL).unwrap();
    assert!(head.upload_of(head.next_media().unwrap()).is_none());
    assert!(!outbox.waits_for(PORTAL, InboxId(1), &media));
}

#[test]
fn a_failed_upload_is_no_try() {
    let mut only = outgoing(1, &[]);
    only.parts.push(picture("mxc://b.org/cat"));
    let outbox = queue([only]);
    outbox.count_failed_upload(PORTAL, InboxId(1));
    outbox.count_failed_upload(PORTAL, InboxId(2));
    assert_eq!(outbox.head(PORTAL).unwrap().failed_uploads, 1);
    assert!(matches!(outbox.cancel(PORTAL, event_id!("$1")), Changed::Done(_)));
    assert!(outbox.put_upload(PORTAL, InboxId(1), uploaded("mxc://b.org/cat", "p")).is_none());
}

#[tokio::test]
async fn the_wish_for_few_messages_lives_as_long_as_something_waits() {
    let dir = tempfile::TempDir::new().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let messages = [1, 2, 3].map(|number| outgoing(number, &["text"]));
    let accepted = messages.iter().fold(Change::new(), |change, one| change.add_entry(&one.entry));
    store.commit(accepted).await.unwrap();
    let outbox = queue(messages);
    outbox.begin_try(PORTAL, InboxId(1)).unwrap();
    let room = outbox.waiting(PORTAL).remove(0).room;
    outbox.merge(PORTAL, &room, |change| store.submit(change));
    store.barrier().await.unwrap();

    let again = queue([]);
    let mut wishes = Vec::new();
    for entry in store.inbox(None, 9).unwrap() {
        let Work::FromMatrix { progress, .. } = entry.work.clone() else { panic!("{entry:?}") };
        wishes.push(progress.merges);
        again.push(PORTAL, Outgoing { progress, ..outgoing(entry.id.0, &["text"]) });
    }
    assert_eq!(wishes, [false, true, true], "nothing is written of one that is under way");
    assert!(again.merges(PORTAL));
    again.push(PORTAL, outgoing(4, &["later"]));
    assert!(again.waiting(PORTAL).pop().unwrap().progress.merges);
    (1..5).for_each(|number| again.remove(PORTAL, InboxId(number)));
    assert!(again.head(PORTAL).is_none());
    again.push(PORTAL, outgoing(5, &["text"]));
    assert!(!again.merges(PORTAL));
}

#[test]
fn a_queue_is_asked_for_one_of_its_messages_and_for_what_a_room_can_take_back() {
    let mut elsewhere = outgoing(3, &["three"]);
    elsewhere.room = room_id!("!other").to_owned();
    let outbox = queue([outgoing(1, &["one"]), outgoing(2, &["two"]), elsewhere]);
    outbox.begin_try(PORTAL, InboxId(1)).unwrap();
    assert_eq!(outbox.untried_of(PORTAL, room_id!("!room")), ["$2"]);
    assert!(outbox.untried_of(PortalId(2), room_id!("!room")).is_empty());
}

#[test]
fn of_the_corrections_of_an_event_one_waits() {
    let of = event_id!("$1").to_owned();
    let about = |text: &str| {
        let words = vec![Part::Text(text.to_owned())];
        About::Correction { of: of.clone(), words }
    };
    let outbox = queue([Outgoing { about: about("a"), ..outgoing(2, &["✏️ a"]) }]);
    let (newer, parts) = (about("b"), [Part::Text("✏️ b".to_owned())]);
    for (who, is_changed) in [(user_id!("@mallory:b.org"), false), (user_id!("@alice:b.org"), true)]
    {
        let changed = outbox.replace_correction(PORTAL, (&newer, &parts), who, event_id!("$3"));
        assert_eq!(matches!(changed, Changed::Done(_)), is_changed, "{who}");
    }
    let head = outbox.head(PORTAL).unwrap();
    assert_eq!(text(&head), "✏️ b");
    assert_eq!(head.progress.version.as_deref(), Some(event_id!("$3")));
    assert_eq!(outbox.cancel_corrections(PORTAL, &of).len(), 1);
    assert!(outbox.head(PORTAL).is_none());
}

#[test]
fn what_may_not_go_out_is_not_joined_and_the_line_is_that_of_the_moment() {
    let outbox = queue([outgoing(1, &["a"]), outgoing(2, &["b"])]);
    outbox.settle(PORTAL, InboxId(2), None);
    assert!(outbox.join(PORTAL, 100).is_empty());
    outbox.settle(PORTAL, InboxId(2), Some(Some("「x」")));
    outbox.settle(PORTAL, InboxId(2), Some(Some("「a」")));
    assert_eq!(outbox.join(PORTAL, 100).len(), 1);
    assert_eq!(text(&outbox.head(PORTAL).unwrap()), "a\n「a」\nb");
}

#[test]
fn the_author_of_what_waits_is_found_also_when_it_was_joined_to_another() {
    let outbox = queue([outgoing(1, &["one"]), outgoing(2, &["two"])]);
    outbox.join(PORTAL, 100);
    let waiting = outbox.waiting(PORTAL);
    let [head] = waiting.as_slice() else { panic!("{waiting:?}") };
    let (event, author) = (head.with[0].event.clone(), head.with[0].sender.clone());
    assert_eq!(outbox.origin(PORTAL, &event), Some((author, head.room.clone())));
    assert_eq!(outbox.origin(PORTAL, ruma::event_id!("$unknown")), None);
}
