//! A process that is killed, and a disk that is full.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use matrix_appservice_wechat::store::Store;

use crate::child::{CHILD, child};

#[tokio::test]
async fn what_was_acknowledged_before_a_kill_is_there_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged: Vec<u64> = Vec::new();
    for round in 0..12 {
        let mut child = child("child::in_a_child_commit", dir.path());
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
        "trap '' XFSZ; ulimit -f 4096; exec '{}' --exact --ignored --nocapture child::in_a_child_fill",
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
