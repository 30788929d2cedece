//! Logins as text: export and import.

use std::{fs, io::Write, os::unix::fs::PermissionsExt};

use matrix_appservice_wechat::{
    id::BotToken,
    store::{
        Change, Error, LoginState, LogoutReason, Store,
        transfer::{export_file, export_lines, import_file, import_lines},
    },
};

use crate::scene::{NOW, fill, new_login};

/// Accepts every login.
fn any(_: &BotToken, _: Option<&str>) -> Result<(), String> {
    Ok(())
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
    assert_eq!(export_file(&from, None, &file).unwrap(), 30);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let to = Store::open(&dir.path().join("to")).unwrap();
    let report = import_file(&to, None, &file, &any, NOW).await.unwrap();
    assert_eq!((report.added, report.replaced, report.errors.len()), (30, 0, 0));
    let mut logins = from.logins().unwrap();
    logins.retain(|login| login.state == LoginState::Active);
    assert_eq!(to.logins().unwrap(), logins);
    assert_eq!(to.portals().unwrap().len(), 30);
    assert!(to.portals().unwrap().iter().all(|portal| portal.own_room().is_none()));
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
    let report = import_lines(&store, line.as_bytes(), &any, NOW).await.unwrap();
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
        &good.replace(r#""token""#, r#""base_url":"refused.example","token""#),
    ]
    .join("\n");
    let check = |_: &BotToken, base: Option<&str>| {
        base.map_or(Ok(()), |base| Err(format!("{base} is refused")))
    };
    let report = import_lines(&store, text.as_bytes(), &check, NOW).await.unwrap();
    let lines: Vec<usize> = report.errors.iter().map(|error| error.line).collect();
    assert_eq!(lines, [3, 4, 5, 6, 7]);
    assert_eq!(report.errors[4].wrong, "refused.example is refused");
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
    let error = import_file(&store, None, &file, &any, NOW).await.unwrap_err();
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
    let report = import_lines(&store, text.as_slice(), &any, NOW).await.unwrap();
    assert_eq!((report.added, report.errors.len()), (10_000, 0));
    assert!(store.count().syncs < 100);
    store.close().await.unwrap();
    let store = Store::open(dir.path()).unwrap();
    assert_eq!(store.logins().unwrap().len(), 10_000);
    assert_eq!(store.portals().unwrap().len(), 10_000);
    let mut exported = Vec::new();
    assert_eq!(export_lines(&store, None, &mut exported).unwrap(), 10_000);
}

#[tokio::test]
async fn a_login_that_its_owner_ended_is_in_no_export_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    let (mut goes, stays) = (new_login(&store, 1), new_login(&store, 2));
    (goes.token, goes.base_url) = (BotToken::new("SECRET-OF-1"), None);
    store.commit(Change::new().put_login(&goes)).await.unwrap();
    store.export().await.unwrap();
    store.commit(Change::new().put_login(&stays)).await.unwrap();
    store.export().await.unwrap();
    let texts = || -> Vec<String> {
        let files = fs::read_dir(dir.path().join("exports")).unwrap();
        files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
    };
    assert_eq!(texts().iter().filter(|text| text.contains("SECRET-OF-1")).count(), 2);
    (goes.token, goes.state) =
        (BotToken::new(""), LoginState::LoggedOut { at: NOW, why: LogoutReason::ByOwner });
    store.commit(Change::new().put_login(&goes)).await.unwrap();
    store.export().await.unwrap();
    assert_eq!(texts().len(), 1);
    assert!(texts().iter().all(|text| !text.contains("SECRET-OF-1")));
    assert!(texts()[0].contains(stays.token.expose()));
    store.close().await.unwrap();
}

/// Returns whether any file below the folder contains the text.
fn holds(dir: &std::path::Path, text: &str) -> bool {
    fs::read_dir(dir).unwrap().map(Result::unwrap).any(|entry| match entry.path() {
        path if path.is_dir() => holds(&path, text),
        path => fs::read(path).unwrap().windows(text.len()).any(|some| some == text.as_bytes()),
    })
}

#[tokio::test]
async fn the_files_of_a_closed_store_hold_nothing_of_a_login_that_its_owner_ended() {
    for dies in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        fill(&store, 40).await;
        let mut goes = new_login(&store, 400);
        goes.token = BotToken::new("SECRET-OF-THE-BOT");
        store.commit(Change::new().put_login(&goes)).await.unwrap();
        (goes.token, goes.state) =
            (BotToken::new(""), LoginState::LoggedOut { at: NOW, why: LogoutReason::ByOwner });
        store.commit(Change::new().put_login(&goes)).await.unwrap();
        store.export().await.unwrap();
        assert!(
            holds(&dir.path().join("db"), "SECRET-OF-THE-BOT"),
            "the database forgets by itself"
        );
        let logins = store.logins().unwrap();
        match dies {
            false => {
                store.close().await.unwrap();
                assert!(!holds(dir.path(), "SECRET-OF-THE-BOT"), "not closed, but killed: {dies}");
            }
            // What a process that is killed leaves behind: the next one rewrites at its start.
            true => {
                let left = tempfile::tempdir().unwrap();
                copy(dir.path(), left.path());
                store.close().await.unwrap();
                let store = Store::open(left.path()).unwrap();
                assert!(!holds(left.path(), "SECRET-OF-THE-BOT"));
                assert_eq!(store.logins().unwrap(), logins);
                store.close().await.unwrap();
                continue;
            }
        }
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(store.logins().unwrap(), logins);
        assert_eq!(store.count().portals, 40);
        assert!(!dir.path().join("forget").exists());
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_rewrite_that_was_cut_leaves_the_database_whole() {
    for cut in ["copied", "half put", "put"] {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        fill(&store, 5).await;
        let logins = store.logins().unwrap();
        store.close().await.unwrap();
        let [db, fresh, stale] = ["db", "db.fresh", "db.stale"].map(|name| dir.path().join(name));
        fs::write(dir.path().join("forget"), "").unwrap();
        match cut {
            "copied" => {
                fs::create_dir(&fresh).unwrap();
                fs::write(fresh.join("db"), "half").unwrap();
            }
            "half put" => {
                fs::create_dir(&fresh).unwrap();
                fs::rename(&db, &stale).unwrap();
            }
            _ => {
                fs::create_dir(&stale).unwrap();
                copy(&db, &stale);
            }
        }
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(store.logins().unwrap(), logins, "{cut}");
        assert!(!fresh.exists() && !stale.exists() && !dir.path().join("forget").exists());
        store.close().await.unwrap();
    }
}

/// Copies a folder's files and folders into one that is there.
fn copy(from: &std::path::Path, to: &std::path::Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
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
    assert_eq!(import_file(&store, None, &newest, &any, NOW).await.unwrap().added, 8);
}
