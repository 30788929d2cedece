//! This program again, as a process that other tests look at from outside.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use matrix_appservice_wechat::store::{Change, Store, Work};

use crate::scene::from_matrix;

pub(crate) const CHILD: &str = "STORE_TEST_CHILD";

/// Returns the command of this program that runs one of the tests below on `dir`.
pub(crate) fn child(test: &str, dir: &Path) -> Command {
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
