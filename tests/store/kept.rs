//! Items that could not be brought, and their ciphertext.

use std::{
    fs,
    io::{self, Seek, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
    time::Duration,
};

use matrix_appservice_wechat::{
    clock::Timestamp,
    id::PortalId,
    store::{Change, Kept, Store},
};

use crate::scene::{NOW, event};

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
