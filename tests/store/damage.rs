//! A store that is not whole is refused, and never emptied.

use std::{fs, path::Path};

use matrix_appservice_wechat::store::{Change, Outcome, Store};
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::scene::{NOW, copy, everything, fill, refusal};

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
        assert!(said.contains("is missing"), "{said}");
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
