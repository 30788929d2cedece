//! What is written is there, in order and by each of its keys.

use matrix_appservice_wechat::{
    clock::Timestamp,
    id::{Cursor, InboxId, MessageId},
    store::{
        Change, Direction, Entry, Given, Link, LoginState, LogoutReason, Outcome, Owner, Progress,
        Source, SourceState, Store, Words, Work,
    },
};

use crate::scene::{NOW, event, everything, fill, from_matrix, new_login, owner, room};

#[tokio::test]
async fn everything_is_there_after_the_store_was_let_go() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    fill(&store, 50).await;
    let owner = Owner {
        management_room: Some(room(99)),
        language: Some("zh".to_owned()),
        space: Some(room(98)),
        spaces: 2,
        left_management_room: true,
        ..Owner::new(owner(1))
    };
    store.commit(Change::new().put_owner(&owner)).await.unwrap();
    let before = everything(&store);
    drop(store);
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(everything(&store), before);
    assert_eq!(store.owners().unwrap(), [owner]);
    assert!(store.transaction_seen("txn 7").unwrap());
    assert!(!store.transaction_seen("txn 50").unwrap());
    assert_eq!(store.count().inbox, 50);
}

#[tokio::test]
async fn a_login_keeps_its_state_and_its_token_through_the_database() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let mut login = new_login(&store, 1);
    login.base_url = Some("https://x.weixin.qq.com".to_owned());
    login.state = LoginState::LoggedOut { at: NOW, why: LogoutReason::ByOwner };
    let change = Change::new().put_login(&login).put_cursor(login.id, &Cursor::new("c"));
    store.commit(change).await.unwrap();
    assert_eq!(store.logins().unwrap(), [login.clone()]);
    assert_eq!(store.cursor(login.id).unwrap().unwrap().expose(), "c");
    store.commit(Change::new().drop_cursor(login.id)).await.unwrap();
    assert_eq!(store.cursor(login.id).unwrap(), None);
}

#[tokio::test]
async fn an_entry_is_pending_until_it_is_finished_and_its_outcome_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let entry = from_matrix(&store, 1);
    let source = Source::Event(event(1));
    store.commit(Change::new().add_entry(&entry)).await.unwrap();
    assert_eq!(store.source_seen(&source).unwrap(), Some(SourceState::Pending));
    let progress = Progress {
        parts_done: 2,
        mark: Some(event(9_000)),
        parcel: Some(InboxId(7)),
        line: Some(Words("「a」".into())),
        ..Progress::default()
    };
    store.commit(Change::new().put_progress(entry.id, &progress)).await.unwrap();
    let read = store.inbox(None, 10).unwrap();
    let Work::FromMatrix { progress: kept, .. } = &read[0].work else { panic!("{read:?}") };
    assert_eq!(*kept, progress);
    let refused = Outcome::Refused("too_large".into());
    let done = Change::new().finish(entry.id, entry.source(), &refused, NOW);
    let done = done.count_outcome(Direction::ToWechat, &refused, 1);
    store.commit(done.count_outcome(Direction::ToMatrix, &refused, 5)).await.unwrap();
    assert_eq!(store.inbox(None, 10).unwrap(), []);
    let finished = SourceState::Finished { outcome: refused.clone(), at: NOW };
    assert_eq!(store.source_seen(&source).unwrap(), Some(finished));
    let counts = store.outcome_counts().unwrap();
    let counts: Vec<_> = counts.iter().map(|c| (c.direction, &c.outcome, c.count)).collect();
    assert_eq!(counts, [(Direction::ToMatrix, &refused, 5), (Direction::ToWechat, &refused, 2)]);
}

#[tokio::test]
async fn a_message_is_known_by_each_of_its_keys() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let login = new_login(&store, 1);
    let key = |key: &str| Source::Message { login: login.id, key: key.into() };
    let work = Work::FromWechat {
        login: login.id,
        portal: store.new_portal_id(),
        source: Some(key("id:77")),
        raw: "{}".into(),
    };
    let entry = Entry { id: store.new_inbox_id(), at: NOW, work };
    let keys = [key("id:77"), key("seq:5"), key(&"long".repeat(1_000))];
    let change = Change::new().add_entry(&entry).add_aliases(&keys[0], &keys, NOW);
    store.commit(change).await.unwrap();
    for key in &keys {
        assert_eq!(store.source_seen(key).unwrap(), Some(SourceState::Pending));
    }
    assert_eq!(store.prune(Timestamp(i64::MAX)).await.unwrap(), 0);
    let done = Change::new().finish(entry.id, entry.source(), &Outcome::Delivered, NOW);
    store.commit(done).await.unwrap();
    for key in &keys {
        let finished = SourceState::Finished { outcome: Outcome::Delivered, at: NOW };
        assert_eq!(store.source_seen(key).unwrap(), Some(finished));
    }
    assert_eq!(store.source_seen(&key("id:7")).unwrap(), None);
}

#[tokio::test]
async fn links_are_found_from_both_sides_and_go_by_age() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let (portal, message) = (store.new_portal_id(), MessageId::parse("123").unwrap());
    let link = |item: u16, message: &MessageId, n: u64| Link {
        portal,
        message: message.clone(),
        item,
        event: event(n),
        direction: Direction::ToMatrix,
        at: Timestamp(1_000),
    };
    let other = MessageId::parse("12").unwrap();
    let change = Change::new().link(&link(1, &message, 11)).link(&link(0, &message, 10));
    store.commit(change.link(&link(0, &other, 20))).await.unwrap();
    let events = |message: &MessageId| {
        let links = store.events_of(portal, message).unwrap().into_iter();
        links.map(|link| link.event).collect::<Vec<_>>()
    };
    assert_eq!(events(&message), [event(10), event(11)]);
    assert_eq!(events(&other), [event(20)]);
    let found = store.find_message(&event(11)).unwrap().unwrap();
    assert_eq!((found.message, found.item), (message.clone(), 1));
    assert_eq!(store.find_message(&event(1)).unwrap(), None);
    store.commit(Change::new().mark_transaction("t", Timestamp(999))).await.unwrap();
    assert_eq!(store.prune(Timestamp(1_000)).await.unwrap(), 1);
    assert_eq!(store.prune(Timestamp(1_001)).await.unwrap(), 6);
    assert!(events(&message).is_empty());
    assert!(!store.transaction_seen("t").unwrap());
}

#[tokio::test]
async fn the_inbox_keeps_the_order_of_arrival() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let entries: Vec<Entry> = (0..700).map(|n| from_matrix(&store, n)).collect();
    for entry in entries.iter().rev() {
        store.submit(Change::new().add_entry(entry));
    }
    store.barrier().await.unwrap();
    let mut read = Vec::new();
    loop {
        let some = store.inbox(read.last().map(|entry: &Entry| entry.id), 64).unwrap();
        if some.is_empty() {
            break;
        }
        read.extend(some);
    }
    assert!(read == entries);
}

#[tokio::test]
async fn a_number_is_never_handed_out_twice() {
    let dir = tempfile::tempdir().unwrap();
    let mut used = Vec::new();
    for _ in 0..4 {
        let store = Store::open(dir.path()).unwrap();
        let entry = from_matrix(&store, 1);
        let login = new_login(&store, 1);
        assert!(!used.contains(&entry.id) && !used.contains(&InboxId(u64::from(login.id.0))));
        let change = Change::new().add_entry(&entry).put_login(&login);
        store.commit(change.finish(entry.id, None, &Outcome::Delivered, NOW)).await.unwrap();
        used = vec![entry.id, InboxId(u64::from(login.id.0))];
        store.close().await.unwrap();
    }
    assert_eq!(used, [InboxId(4), InboxId(4)]);
}

#[tokio::test]
async fn what_a_contact_was_given_is_known_for_each_contact_and_goes_by_age() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let (mum, dad) = (store.new_portal_id(), store.new_portal_id());
    let given = |version: u64, at: i64| Given {
        portal: mum,
        event: event(1),
        version: event(version),
        digest: "abc".into(),
        at: Timestamp(at),
    };
    for one in [given(1, 5), given(2, 1_000)] {
        store.commit(Change::new().put_given(&one)).await.unwrap();
        assert_eq!(store.given(mum, &event(1)).unwrap(), Some(one));
    }
    assert_eq!(store.given(dad, &event(1)).unwrap(), None);
    assert_eq!(store.given(mum, &event(2)).unwrap(), None);
    assert_eq!(store.prune(Timestamp(1_000)).await.unwrap(), 0);
    assert_eq!(store.prune(Timestamp(1_001)).await.unwrap(), 1);
    assert_eq!(store.given(mum, &event(1)).unwrap(), None);
}

#[tokio::test]
async fn a_link_tells_to_which_contact_an_event_was_sent() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let (mum, dad) = (store.new_portal_id(), store.new_portal_id());
    let link = |portal, n: u64, direction| Link {
        portal,
        message: MessageId::parse("123").unwrap(),
        item: 0,
        event: event(n),
        direction,
        at: NOW,
    };
    let change = Change::new().link(&link(mum, 1, Direction::ToWechat));
    store.commit(change.link(&link(dad, 2, Direction::ToMatrix))).await.unwrap();
    for (portal, n, sent) in [(mum, 1, true), (dad, 1, false), (dad, 2, false), (mum, 2, false)] {
        assert_eq!(store.was_sent(portal, &event(n)).unwrap(), sent, "{portal} {n}");
    }
}
