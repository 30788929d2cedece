//! The store has no room, or is damaged: nothing is lost unsaid, and there is a way back.

use std::{fs, path::Path, process::Command};

use crate::support::{Chat, PROGRAM, Program};

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_ends_the_program_and_everything_arrives_once_there_is_room() {
    let mut chat = Chat::open().await;
    let ghost = chat.alice.ghost_in(&chat.world, &chat.portal).await;
    chat.world.stop().await;
    let length = fs::metadata(chat.world.store_path().join("db/db")).unwrap().len();
    let mut program = Program::start_short_of_room(&chat.world, length + ROOM);
    let (mut heard, mut shown) = (vec!["hello".to_owned()], Vec::new());
    for number in 0.. {
        let words = format!("{number} {}", "words ".repeat(2_000));
        chat.phone.says(&words).await;
        heard.push(words.trim_end().to_owned());
        if number % 3 == 0 {
            let answer = format!("answer {number}");
            chat.say(&[&answer]).await;
            shown.push(answer);
        }
        if program.has_ended() {
            break;
        }
        assert!(number < 500, "the program finds room where there is none");
    }
    let (code, said) = program.end().await;
    assert_eq!(code, Some(17), "{said}");
    assert!(said.contains("the store has stopped accepting changes"), "{said}");
    assert!(said.contains("check that the disk has free space"), "{said}");
    assert!(chat.phone.unacknowledged() > 0, "what is not on the disk was acknowledged");

    chat.world.resume().await;
    let words = chat.alice.wait_words(&chat.portal, &ghost, heard.len()).await;
    let words: Vec<_> = words.iter().map(|words| words.trim_end()).collect();
    assert!(words == heard, "{} of {} in order", words.len(), heard.len());
    // One message of the contact allows ten answers, and the last ones came as one batch.
    for allowed in (10..shown.len() + 10).step_by(10) {
        chat.phone.says("go on").await;
        heard.push("go on".into());
        chat.wait_shown(shown.len().min(allowed)).await;
    }
    assert_eq!(chat.wait_shown(shown.len()).await, shown);
    let words = chat.alice.wait_words(&chat.portal, &ghost, heard.len()).await;
    assert_eq!(words.len(), heard.len(), "nothing came twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_store_is_refused_as_it_is_and_the_way_back_is_the_one_that_is_told() {
    let mut chat = Chat::open().await;
    chat.world.stop().await;
    let (store, sound) = (chat.world.store_path(), chat.world.store_path().with_extension("sound"));
    copy(&store, &sound);
    let owner = chat.alice.user_id.clone();
    let truncate = |store: &Path| {
        // The file is made longer than what is in it.
        let bytes = fs::read(store.join("db/db")).unwrap();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        fs::write(store.join("db/db"), &bytes[..used / 2]).unwrap();
    };
    let flip = |store: &Path| {
        let mut bytes = fs::read(store.join("db/db")).unwrap();
        let found = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(owner.as_bytes()));
        let found: Vec<_> = found.collect();
        assert!(!found.is_empty(), "the login is in the file");
        found.iter().for_each(|at| bytes[at + 1] ^= 1);
        fs::write(store.join("db/db"), bytes).unwrap();
    };
    let lose = |store: &Path| fs::remove_file(store.join("guard")).unwrap();
    let mut said = String::new();
    let damages: [&dyn Fn(&Path); 3] = [&truncate, &flip, &lose];
    for damage in damages {
        fs::remove_dir_all(&store).unwrap();
        copy(&sound, &store);
        damage(&store);
        let before = fs::read(store.join("db/db")).unwrap();
        let code;
        (code, said) = Program::start(&chat.world).end().await;
        assert_eq!(code, Some(13), "{said}");
        assert!(fs::read(store.join("db/db")).unwrap() == before, "the database was changed");
    }
    let last = said.lines().last().unwrap();
    let told = format!("the store in {0} is damaged", store.display());
    assert!(last.contains(&told), "{last}");

    // The way back, word by word.
    let (from, to) = between(last, "`mv ", "`").split_once(' ').unwrap();
    fs::rename(from, to).unwrap();
    let export = between(last, "`matrix-appservice-wechat import ", "`");
    let config = chat.world.config_path();
    let import = Command::new(PROGRAM).args(["import", export, "--config"]).arg(config).output();
    assert!(import.unwrap().status.success());
    let rooms = chat.alice.rooms().len();
    chat.world.resume().await;
    chat.hear("is it still you?").await;
    chat.say(&["still me"]).await;
    assert_eq!(chat.wait_shown(1).await, ["still me"]);
    assert_eq!(chat.alice.rooms().len(), rooms, "it goes on in the same room");
    chat.world.end().await;
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before} in: {text}"));
    rest.split_once(after).unwrap().0
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

/// By how many bytes the database may grow.
const ROOM: u64 = 520 * 1024;
