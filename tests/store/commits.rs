//! Commits, the folder, and who may have it open.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use matrix_appservice_wechat::store::{Change, Error, Store, Work};

use crate::{
    child::child,
    scene::{NOW, files, fill, from_matrix},
};

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
    let child = child("child::in_a_child_open", dir.path()).output().unwrap();
    let said = String::from_utf8_lossy(&child.stdout);
    assert!(said.contains("is in use by another process"), "{said}");
    drop(store);
    let child = self::child("child::in_a_child_open", dir.path()).output().unwrap();
    assert!(String::from_utf8_lossy(&child.stdout).contains("opened"));
}
