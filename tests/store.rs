//! The store through its public API: durability, refusal of damage, order, export and import.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::{
    fs,
    io::{self, BufRead, BufReader, Seek, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use matrix_appservice_wechat::{
    clock::Timestamp,
    id::{
        BotId, BotToken, ContextToken, Cursor, InboxId, MessageId, PortalId, PortalKey,
        WechatUserId,
    },
    store::{
        Change, Direction, Entry, Error, Kept, Link, Login, LoginState, LogoutReason, Outcome,
        Owner, Portal, Progress, Reply, Source, SourceState, Store, Words, Work,
        transfer::{export_file, export_lines, import_file, import_lines},
    },
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn owner(n: u64) -> OwnedUserId {
    OwnedUserId::try_from(format!("@owner{n}:example.org")).unwrap()
}

fn contact(n: u64) -> WechatUserId {
    WechatUserId::parse(&format!("o9contact{n}@im.wechat")).unwrap()
}

fn event(n: u64) -> OwnedEventId {
    OwnedEventId::try_from(format!("$event{n}")).unwrap()
}

fn room(n: u64) -> OwnedRoomId {
    OwnedRoomId::try_from(format!("!room{n}:example.org")).unwrap()
}

fn new_login(store: &Store, n: u64) -> Login {
    Login {
        id: store.new_login_id(),
        owner: owner(n),
        contact: contact(n),
        bot: BotId::parse(&format!("bot{n}@im.bot")).unwrap(),
        token: BotToken::new(format!("token-{n}")),
        base_url: None,
        name: Some(format!("联系人 {n}")),
        state: LoginState::Active,
        created: NOW,
    }
}

fn new_portal(store: &Store, login: &Login, n: u64) -> Portal {
    let key = PortalKey { owner: login.owner.clone(), contact: login.contact.clone() };
    Portal {
        room: Some(room(n)),
        welcomed: true,
        generation: 1,
        moving_to: Some(room(n + 1_000)),
        ignored: true,
        group: Some(room(n + 2_000)),
        picture: Some("mxc://example.org/face".into()),
        relay_off: true,
        in_space: true,
        ..Portal::new(store.new_portal_id(), key, login.id, login.name.clone())
    }
}

fn from_matrix(store: &Store, n: u64) -> Entry {
    let raw = format!(r#"{{"type":"m.room.message","content":{{"body":"text {n}"}}}}"#).into();
    let work = Work::FromMatrix {
        to: None,
        room: room(n % 7),
        source: Source::Event(event(n)),
        raw,
        progress: Progress::default(),
    };
    Entry { id: store.new_inbox_id(), at: NOW, work }
}

/// Some of everything: about `2.9 * n` records.
async fn fill(store: &Store, n: u64) {
    for base in (0..n).step_by(20) {
        let mut change = Change::new();
        for i in base..(base + 20).min(n) {
            let login = new_login(store, i);
            let portal = new_portal(store, &login, i);
            let reply = Reply {
                context: Some(ContextToken::new(format!("context {i}"))),
                heard: NOW,
                sends: 3,
                held_until: None,
                throttled: 2,
                unconfirmed: 1,
                left_out: 4,
            };
            let entry = from_matrix(store, i);
            change = change
                .put_cursor(login.id, &Cursor::new(format!("cursor {i}")))
                .put_login(&login)
                .put_portal(&portal)
                .put_reply(portal.id, &reply)
                .add_entry(&entry)
                .mark_transaction(&format!("txn {i}"), NOW);
        }
        store.commit(change).await.unwrap();
    }
}

/// Everything the store says, as text, to compare one opening with another.
fn everything(store: &Store) -> String {
    let logins = store.logins().unwrap();
    let portals = store.portals().unwrap();
    let mut all = format!("{:?}\n{:?}\n", store.owners().unwrap(), store.outcome_counts().unwrap());
    for login in &logins {
        let cursor = store.cursor(login.id).unwrap();
        let cursor = cursor.as_ref().map(Cursor::expose);
        all += &format!("{login:?} {} {cursor:?}\n", login.token.expose());
    }
    for portal in &portals {
        all += &format!("{portal:?} {:?}\n", store.reply(portal.id).unwrap());
    }
    for entry in store.inbox(None, usize::MAX).unwrap() {
        let (Work::FromMatrix { raw, .. } | Work::FromWechat { raw, .. }) = &entry.work;
        let seen = entry.source().map(|source| store.source_seen(source).unwrap());
        all += &format!("{entry:?} {raw} {seen:?}\n");
    }
    all
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Name and content of each file below `dir`, without the lock.
fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

/// The refusal's sentence; fails when the store opens.
fn refusal(dir: &Path) -> String {
    let before = files(dir);
    let error = Store::open(dir).map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    assert_eq!(files(dir).len(), before.len());
    assert!(files(dir) == before, "a refused open changed the files");
    let said = error.to_string();
    assert!(said.contains("is damaged") && said.contains("mv "), "{said}");
    assert!(said.contains("import ") && said.contains("/exports/logins-"), "{said}");
    said
}

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

fn kept(n: u64, at: Timestamp) -> Kept {
    Kept {
        txn: format!("w1.{n}.0"),
        portal: PortalId(7),
        raw: format!("{{\"message_id\":{n}}}").into(),
        item: 2,
        written: Timestamp(NOW.0 - 5),
        at,
        notice: "it did not come".into(),
    }
}

#[tokio::test]
async fn a_kept_item_is_found_by_its_notice_until_it_was_brought() {
    let dir = tempfile::tempdir().unwrap();
    let one = kept(1, NOW);
    {
        let store = Store::open(dir.path()).unwrap();
        store.commit(Change::new().keep(&one)).await.unwrap();
        assert_eq!(store.kept(&one.txn).unwrap(), Some(one.clone()), "before its notice is known");
        store.commit(Change::new().keep_notice(&event(1), &one.txn, NOW)).await.unwrap();
    }
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(store.kept_of(&event(1)).unwrap(), Some(one.clone()));
    assert_eq!(store.kept_of(&event(2)).unwrap(), None);
    store.commit(Change::new().forget_kept(&event(1), &one.txn)).await.unwrap();
    assert_eq!(store.kept_of(&event(1)).unwrap(), None);
    assert_eq!(store.count().kept, 0);
}

#[tokio::test]
async fn kept_items_and_their_ciphertext_go_by_age() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let (old, new) = (kept(1, Timestamp(NOW.0 - 10)), kept(2, NOW));
    for (number, kept) in [(1, &old), (2, &new)] {
        let change = Change::new().keep(kept).keep_notice(&event(number), &kept.txn, kept.at);
        store.commit(change).await.unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(kept.raw.as_bytes()).unwrap();
        file.rewind().unwrap();
        store.keep_ciphertext(&kept.txn, &mut file, kept.raw.len() as u64).unwrap();
    }
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir.path().join("kept")), 0o700);
    for file in fs::read_dir(dir.path().join("kept")).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
    let read =
        |kept: &Kept| store.kept_ciphertext(&kept.txn).map(|f| io::read_to_string(f).unwrap());
    assert_eq!(read(&old).as_deref(), Some(&*old.raw));

    assert_eq!(store.prune(Timestamp(NOW.0 - 1)).await.unwrap(), 2);
    store.sweep_kept().unwrap();
    assert_eq!(read(&old), None);
    assert_eq!(read(&new).as_deref(), Some(&*new.raw));
    assert_eq!(store.kept_of(&event(1)).unwrap(), None);
    assert_eq!(store.kept_of(&event(2)).unwrap(), Some(new));
}

#[tokio::test]
async fn the_newest_ciphertext_takes_the_room_of_the_oldest() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let folder = dir.path().join("kept");
    fs::create_dir(&folder).unwrap();
    // Files with holes: only their length counts.
    let sparse = |name: &str, age: u64| {
        let file = fs::File::create(folder.join(name)).unwrap();
        file.set_len(100 << 20).unwrap();
        let made = file.metadata().unwrap().modified().unwrap();
        file.set_modified(made - Duration::from_secs(age)).unwrap();
    };
    sparse("older", 60);
    sparse("newer", 0);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"ciphertext").unwrap();
    file.rewind().unwrap();
    store.keep_ciphertext("w1.1.0", &mut file, 10).unwrap();
    assert!(!folder.join("older").exists() && folder.join("newer").exists());
    assert!(store.kept_ciphertext("w1.1.0").is_some());
    store.keep_ciphertext("w1.2.0", &mut file, 201 << 20).unwrap();
    assert!(store.kept_ciphertext("w1.2.0").is_none(), "larger than all may be together");
}

#[tokio::test]
async fn the_inbox_keeps_the_order_of_arrival() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let entries: Vec<Entry> = (0..700).map(|n| from_matrix(&store, n)).collect();
    for entry in entries.iter().rev() {
        store.submit(Change::new().add_entry(entry));
    }
    store.commit(Change::new()).await.unwrap();
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_that_wait_together_share_a_sync() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let commits = (0..500).map(|n| {
        let entry = from_matrix(&store, n);
        let store = store.clone();
        async move { store.commit(Change::new().add_entry(&entry)).await }
    });
    for result in futures_util::future::join_all(commits).await {
        result.unwrap();
    }
    assert_eq!(store.count().inbox, 500);
    assert!(store.count().syncs < 250, "{} syncs for 500 commits", store.count().syncs);
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    store.submit(Change::new().mark_transaction("t", NOW));
    let other = store.clone();
    store.close().await.unwrap();
    assert!(matches!(other.commit(Change::new()).await, Err(Error::Closed)));
    assert!(matches!(other.logins(), Err(Error::Closed)));
    assert!(Store::open(dir.path()).unwrap().transaction_seen("t").unwrap());
}

#[tokio::test]
async fn only_this_user_can_read_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("store");
    let store = Store::open(&dir).unwrap();
    fill(&store, 3).await;
    // Large enough for the database to put it into a file of its own.
    let mut entry = from_matrix(&store, 900);
    if let Work::FromMatrix { raw, .. } = &mut entry.work {
        *raw = "x".repeat(1 << 20).into();
    }
    store.commit(Change::new().add_entry(&entry)).await.unwrap();
    store.close().await.unwrap();
    drop(Store::open(&dir).unwrap());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for path in [&dir, &dir.join("db"), &dir.join("db/blobs"), &dir.join("exports")] {
        assert_eq!(mode(path), 0o700, "{}", path.display());
    }
    let files = files(&dir);
    assert!(files.iter().any(|(path, _)| path.starts_with(dir.join("db/blobs"))));
    for (path, _) in files {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn a_second_process_on_the_same_store_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let child = child("in_a_child_open", dir.path()).output().unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(said.contains("is in use by another process"), "{said}");
    drop(store);
    let child = self::child("in_a_child_open", dir.path()).output().unwrap();
    assert!(String::from_utf8_lossy(&child.stdout).contains("opened"));
}

#[tokio::test]
async fn a_missing_part_is_refused_and_never_replaced_by_an_empty_one() {
    let dir = tempfile::tempdir().unwrap();
    let sound = dir.path().join("sound");
    let store = Store::open(&sound).unwrap();
    fill(&store, 40).await;
    store.close().await.unwrap();
    for (n, lost) in [&["guard"][..], &["db"], &["db/db"], &["db", "guard"]].iter().enumerate() {
        let dir = dir.path().join(format!("{n}"));
        copy(&sound, &dir);
        for part in *lost {
            let part = dir.join(part);
            if part.is_dir() {
                fs::remove_dir_all(part).unwrap();
            } else {
                fs::remove_file(part).unwrap();
            }
        }
        let said = refusal(&dir);
        assert!(said.contains("gone"), "{said}");
    }
}

#[tokio::test]
async fn an_older_copy_of_the_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (live, older) = (dir.path().join("live"), dir.path().join("older"));
    let store = Store::open(&live).unwrap();
    fill(&store, 40).await;
    store.close().await.unwrap();
    copy(&live, &older);
    let store = Store::open(&live).unwrap();
    store.commit(Change::new().mark_transaction("new", NOW)).await.unwrap();
    store.close().await.unwrap();
    fs::remove_dir_all(live.join("db")).unwrap();
    copy(&older.join("db"), &live.join("db"));
    assert!(refusal(&live).contains("1 commits are missing"));
}

/// Opens a damaged copy: either all of it is there, or it is refused with the way back.
fn opens_whole_or_is_refused(dir: &Path, before: &str) -> bool {
    match Store::open(dir) {
        Ok(store) => {
            assert!(everything(&store) == before, "something was lost in silence");
            true
        }
        Err(_) => {
            refusal(dir);
            false
        }
    }
}

async fn sound_store(dir: &Path) -> String {
    let store = Store::open(dir).unwrap();
    fill(&store, 340).await;
    let entries = store.inbox(None, usize::MAX).unwrap();
    for entry in entries.iter().step_by(3) {
        let done = Change::new().finish(entry.id, entry.source(), &Outcome::Delivered, NOW);
        store.commit(done).await.unwrap();
    }
    let all = everything(&store);
    store.close().await.unwrap();
    all
}

#[tokio::test]
async fn a_truncated_database_opens_whole_or_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let sound = dir.path().join("sound");
    let before = sound_store(&sound).await;
    let mut random = StdRng::seed_from_u64(0x5eed);
    let length = fs::metadata(sound.join("db/db")).unwrap().len();
    for n in 0..20 {
        let damaged = dir.path().join(format!("{n}"));
        copy(&sound, &damaged);
        let file = fs::OpenOptions::new().write(true).open(damaged.join("db/db")).unwrap();
        file.set_len(random.random_range(0..length)).unwrap();
        opens_whole_or_is_refused(&damaged, &before);
    }
}

#[tokio::test]
async fn a_database_with_a_flipped_bit_opens_whole_or_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let sound = dir.path().join("sound");
    let before = sound_store(&sound).await;
    let mut random = StdRng::seed_from_u64(0xb17);
    let original = fs::read(sound.join("db/db")).unwrap();
    let mut refused = 0;
    for n in 0..20 {
        let damaged = dir.path().join(format!("{n}"));
        copy(&sound, &damaged);
        let mut bytes = original.clone();
        let bit = random.random_range(0..bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(damaged.join("db/db"), bytes).unwrap();
        refused += usize::from(!opens_whole_or_is_refused(&damaged, &before));
    }
    assert!(refused > 0, "no flipped bit met anything that counts");
}

#[tokio::test]
async fn what_was_acknowledged_before_a_kill_is_there_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged: Vec<u64> = Vec::new();
    for round in 0..12 {
        let mut child = child("in_a_child_commit", dir.path());
        let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let kill_after = 20 + round * 17;
        let printed = |line: String| line.strip_prefix("id ").and_then(|id| id.parse::<u64>().ok());
        acknowledged.extend(lines.by_ref().filter_map(printed).take(kill_after));
        child.kill().unwrap();
        acknowledged.extend(lines.filter_map(printed));
        child.wait().unwrap();
    }
    let store = Store::open(dir.path()).unwrap();
    let entries = store.inbox(None, usize::MAX).unwrap();
    let there: std::collections::HashSet<u64> = entries.iter().map(|entry| entry.id.0).collect();
    let lost: Vec<_> = acknowledged.iter().filter(|id| !there.contains(id)).collect();
    assert!(lost.is_empty(), "{} of {} lost", lost.len(), acknowledged.len());
    assert!(acknowledged.len() > 1_000);
}

#[tokio::test]
async fn a_disk_that_takes_no_more_is_told_to_all_who_wait_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    drop(Store::open(dir.path()).unwrap());
    let limited = format!(
        "trap '' XFSZ; ulimit -f 4096; exec '{}' --exact --ignored --nocapture in_a_child_fill",
        std::env::current_exe().unwrap().display()
    );
    let output =
        Command::new("bash").args(["-c", &limited]).env(CHILD, dir.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("refused: the store has stopped accepting changes"), "{said}");
    assert!(said.contains("then: the store has stopped accepting changes"), "{said}");
    let acknowledged = said.lines().filter_map(|line| line.strip_prefix("id ")).count();
    let store = Store::open(dir.path()).unwrap();
    assert!(acknowledged > 0 && store.count().inbox >= acknowledged as u64);
}

#[tokio::test]
async fn an_export_brings_the_same_logins_into_an_empty_store() {
    let dir = tempfile::tempdir().unwrap();
    let from = Store::open(&dir.path().join("from")).unwrap();
    fill(&from, 30).await;
    let mut gone = new_login(&from, 400);
    gone.state = LoginState::LoggedOut { at: NOW, why: LogoutReason::ByOwner };
    from.commit(Change::new().put_login(&gone)).await.unwrap();
    let file = dir.path().join("logins.jsonl");
    fs::write(&file, "old").unwrap();
    assert_eq!(export_file(&from, &file).unwrap(), 30);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let to = Store::open(&dir.path().join("to")).unwrap();
    let report = import_file(&to, &file, NOW).await.unwrap();
    assert_eq!((report.added, report.replaced, report.errors.len()), (30, 0, 0));
    let mut logins = from.logins().unwrap();
    logins.retain(|login| login.state == LoginState::Active);
    assert_eq!(to.logins().unwrap(), logins);
    assert_eq!(to.portals().unwrap().len(), 30);
    assert!(to.portals().unwrap().iter().all(|portal| portal.room.is_none()));
}

#[tokio::test]
async fn a_new_token_for_a_known_contact_keeps_the_room_and_drops_what_the_old_bot_knew() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    fill(&store, 2).await;
    let (login, portal) = (store.logins().unwrap().remove(1), store.portals().unwrap().remove(1));
    let line = format!(
        r#"{{"owner":"{}","bot_id":"new@im.bot","token":"new","contact_id":"{}","name":null}}"#,
        login.owner,
        login.contact.as_str()
    );
    let report = import_lines(&store, line.as_bytes(), NOW).await.unwrap();
    assert_eq!((report.added, report.replaced), (0, 1));
    let read = store.logins().unwrap().remove(1);
    assert_eq!(read.token.expose(), "new");
    assert_eq!((read.id, read.name), (login.id, login.name));
    assert_eq!(store.portals().unwrap()[1], portal);
    assert_eq!(store.cursor(login.id).unwrap(), None);
    assert_eq!(store.reply(portal.id).unwrap(), None);
    assert!(store.cursor(store.logins().unwrap()[0].id).unwrap().is_some());
}

#[tokio::test]
async fn bad_lines_are_named_and_nothing_is_imported() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let good = r#"{"owner":"@a:b.c","bot_id":"b@im.bot","token":"sesame","contact_id":"c"}"#;
    let text = [
        good,
        "",
        "not json: sesame",
        &good.replace("@a:b.c", "somebody"),
        &good.replace(r#""token":"sesame","#, ""),
        &good.replace("sesame", ""),
        &good.replace(r#""token""#, r#""base_url":"no url","token""#),
    ]
    .join("\n");
    let report = import_lines(&store, text.as_bytes(), NOW).await.unwrap();
    let lines: Vec<usize> = report.errors.iter().map(|error| error.line).collect();
    assert_eq!(lines, [3, 4, 5, 6, 7]);
    assert!(!format!("{:?}", report.errors).contains("sesame"));
    assert_eq!(store.count().logins, 0);
}

#[tokio::test]
async fn an_import_that_others_can_read_is_refused_with_the_fix() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("store")).unwrap();
    let file = dir.path().join("logins.jsonl");
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let error = import_file(&store, &file, NOW).await.unwrap_err();
    assert!(matches!(error, Error::Exposed { mode: 0o640, .. }));
    assert!(error.to_string().contains(&format!("chmod 600 {}", file.display())));
}

#[tokio::test]
async fn ten_thousand_logins_are_imported_in_a_few_batches() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let mut text = Vec::new();
    for n in 0..10_000 {
        writeln!(
            text,
            r#"{{"owner":"@o{}:example.org","bot_id":"b{n}@im.bot","token":"t{n}","contact_id":"c{n}@im.wechat","name":"n{n}"}}"#,
            n % 100
        )
        .unwrap();
    }
    let report = import_lines(&store, text.as_slice(), NOW).await.unwrap();
    assert_eq!((report.added, report.errors.len()), (10_000, 0));
    assert!(store.count().syncs < 100);
    store.close().await.unwrap();
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(store.logins().unwrap().len(), 10_000);
    assert_eq!(store.portals().unwrap().len(), 10_000);
    let mut exported = Vec::new();
    assert_eq!(export_lines(&store, &mut exported).unwrap(), 10_000);
}

#[tokio::test]
async fn five_different_exports_are_kept_and_the_newest_can_be_imported() {
    let dir = tempfile::tempdir().unwrap();
    let names = || {
        let mut names: Vec<_> = fs::read_dir(dir.path().join("exports"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let store = Store::open(dir.path()).unwrap();
    for n in 0..8 {
        store.commit(Change::new().put_login(&new_login(&store, n))).await.unwrap();
        store.export().await.unwrap();
        store.export().await.unwrap();
    }
    store.close().await.unwrap();
    let expected: Vec<_> = (4..9).map(|n| format!("logins-{n:06}.jsonl")).collect();
    assert_eq!(names(), expected);
    let other = tempfile::tempdir().unwrap();
    let store = Store::open(other.path()).unwrap();
    let newest = dir.path().join("exports/logins-000008.jsonl");
    assert_eq!(import_file(&store, &newest, NOW).await.unwrap().added, 8);
}

const CHILD: &str = "STORE_TEST_CHILD";

/// This program again, running one of the tests below on `dir`.
fn child(test: &str, dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "--ignored", "--nocapture", test]).env(CHILD, dir);
    command
}

fn child_dir() -> PathBuf {
    std::env::var_os(CHILD).map(PathBuf::from).unwrap()
}

#[test]
#[ignore = "the child process of another test"]
fn in_a_child_open() {
    match Store::open(&child_dir()) {
        Ok(_) => println!("opened"),
        Err(error) => println!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the child process of another test"]
async fn in_a_child_commit() {
    let store = Store::open(&child_dir()).unwrap();
    let writers = (0..8).map(|n| {
        let store = store.clone();
        async move {
            loop {
                let entry = from_matrix(&store, n);
                store.commit(Change::new().add_entry(&entry)).await.unwrap();
                println!("id {}", entry.id.0);
            }
        }
    });
    futures_util::future::join_all(writers).await;
}

#[tokio::test]
#[ignore = "the child process of another test"]
async fn in_a_child_fill() {
    let store = Store::open(&child_dir()).unwrap();
    loop {
        let mut entry = from_matrix(&store, 1);
        if let Work::FromMatrix { raw, .. } = &mut entry.work {
            *raw = "x".repeat(20_000).into();
        }
        match store.commit(Change::new().add_entry(&entry)).await {
            Ok(()) => println!("id {}", entry.id.0),
            Err(error) => {
                println!("refused: {error}");
                break;
            }
        }
    }
    println!("then: {}", store.commit(Change::new()).await.unwrap_err());
}
