//! What the tests put into a store, and how they look at one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use matrix_appservice_wechat::{
    clock::Timestamp,
    id::{BotId, BotToken, ContextToken, Cursor, PortalKey, WechatUserId},
    store::{
        Change, Entry, Error, Login, LoginState, Portal, Progress, Reply, Source, Store, Work,
    },
};
use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId};

pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000_000);

pub(crate) fn owner(n: u64) -> OwnedUserId {
    OwnedUserId::try_from(format!("@owner{n}:example.org")).unwrap()
}

fn contact(n: u64) -> WechatUserId {
    WechatUserId::parse(&format!("o9contact{n}@im.wechat")).unwrap()
}

pub(crate) fn event(n: u64) -> OwnedEventId {
    OwnedEventId::try_from(format!("$event{n}")).unwrap()
}

pub(crate) fn room(n: u64) -> OwnedRoomId {
    OwnedRoomId::try_from(format!("!room{n}:example.org")).unwrap()
}

pub(crate) fn new_login(store: &Store, n: u64) -> Login {
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
    let (id, name) = (store.new_portal_id(), login.name.clone());
    let mut portal = Portal::new(id, key, login.id, name);
    portal.open(room(n + 3_000), None);
    portal.put_in_space(&room(n + 3_000));
    portal.close(2, true);
    portal.open(room(n), None);
    portal.welcome(&room(n));
    portal.put_in_space(&room(n));
    portal.upgrade(room(n + 1_000));
    portal.group = Some(room(n + 2_000));
    portal.group_next = Some(room(n + 3_000));
    portal.groups_left = vec![room(n + 5_000)];
    portal.picture = Some("mxc://example.org/face".into());
    (portal.ignored, portal.relay_off) = (true, true);
    portal
}

pub(crate) fn from_matrix(store: &Store, n: u64) -> Entry {
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

/// Fills the store with some of everything: about `2.9 * n` records.
pub(crate) async fn fill(store: &Store, n: u64) {
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

/// Returns everything that the store says, as text, to compare one opening with another.
pub(crate) fn everything(store: &Store) -> String {
    let logins = store.logins().unwrap();
    let portals = store.portals().unwrap();
    let mut all = format!("{:?}\n{:?}\n", store.owners().unwrap(), store.outcome_counts().unwrap());
    for login in &logins {
        let cursor = store.cursor(login.id).unwrap();
        let cursor = cursor.as_ref().map(Cursor::expose);
        all.push_str(&format!("{login:?} {} {cursor:?}\n", login.token.expose()));
    }
    for portal in &portals {
        all.push_str(&format!("{portal:?} {:?}\n", store.reply(portal.id).unwrap()));
    }
    for entry in store.inbox(None, usize::MAX).unwrap() {
        let (Work::FromMatrix { raw, .. } | Work::FromWechat { raw, .. }) = &entry.work;
        let seen = entry.source().map(|source| store.source_seen(source).unwrap());
        all.push_str(&format!("{entry:?} {raw} {seen:?}\n"));
    }
    all
}

pub(crate) fn copy(from: &Path, to: &Path) {
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

/// Reads the name and the content of each file below `dir`, without the lock.
pub(crate) fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
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

/// Returns the refusal's sentence; fails when the store opens.
pub(crate) fn refusal(dir: &Path) -> String {
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
