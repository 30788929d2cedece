//! Files from Matrix to WeChat: what arrives how, in which order, and what is refused.

use ilink_simulator::Fault;
use serde_json::json;

use crate::support::{Chat, Person, Sent, picture, synapse::Synapse, vector};

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_file_arrives_as_it_was_sent() {
    let chat = Chat::open().await;
    let song = b"ID3\x04\0\0\0\0\0\0 a song of which nobody looks at more than this".to_vec();
    let files = [
        ("m.image", "a.png", "image/png", vector("image-png/plain.png"), "picture"),
        ("m.image", "b.jpg", "image/jpeg", vector("image-jpeg/plain.jpg"), "picture"),
        ("m.image", "c.gif", "image/gif", vector("image-gif/plain.gif"), "picture"),
        ("m.video", "d.mp4", "video/mp4", vector("video-mp4/plain.mp4"), "video"),
        (
            "m.file",
            "年度报告 终稿.pdf",
            "application/pdf",
            vector("file-pdf-cjk-name/plain.pdf"),
            "file 年度报告 终稿.pdf",
        ),
        ("m.audio", "song.mp3", "audio/mpeg", song, "file song.mp3"),
        ("m.file", "../a.txt", "text/plain", vector("file-one-byte/plain.txt"), "file a.txt"),
        ("m.file", "b", "x/y", vector("file-16-aligned/plain.bin"), "file b"),
    ];
    for (msgtype, name, mime, bytes, _) in &files {
        let sent = chat.alice.send_file(&chat.portal, &Sent { msgtype, name, mime, bytes }).await;
        chat.alice.wait_receipt(&chat.portal, &sent).await;
    }
    for ((line, opened), (.., bytes, expected)) in
        chat.wait_opened(files.len()).await.iter().zip(&files)
    {
        assert_eq!(line, expected);
        assert!(opened == bytes, "{line} arrived with other bytes");
    }
    chat.world.end().await;
}

fn film(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/media/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_that_no_phone_plays_goes_as_a_file() {
    let chat = Chat::open().await;
    for (number, (name, mime, expected)) in (1..).zip([
        ("a.webm", "video/webm", "file a.webm"),
        ("b.mkv", "video/x-matroska", "file b.mkv"),
        ("c.mov", "video/quicktime", "video"),
    ]) {
        let bytes = film(&format!("film.{}", &name[2..]));
        let file = Sent { msgtype: "m.video", name, mime, bytes: &bytes };
        let sent = chat.alice.send_file(&chat.portal, &file).await;
        chat.alice.wait_receipt(&chat.portal, &sent).await;
        let (line, opened) = chat.wait_opened(number).await.remove(number - 1);
        assert!(line == expected && opened == bytes, "{line}");
    }
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_go_before_their_picture_and_a_picture_keeps_its_place() {
    let chat = Chat::open().await;
    chat.say(&["before"]).await;
    let sent = chat.send_picture("cat.png", Some("look, **a cat**\nof ours")).await;
    let last = chat.say(&["after"]).await.remove(0);
    chat.alice.wait_receipt(&chat.portal, &last).await;
    let shown = chat.wait_opened(4).await;
    let lines: Vec<_> = shown.iter().map(|(line, _)| line.as_str()).collect();
    assert_eq!(lines, ["before", "look, **a cat**\nof ours", "picture", "after"]);
    assert!(shown[2].1 == picture("cat.png"));
    let ids: Vec<_> = chat.phone.shows().into_iter().map(|one| one.client_id).collect();
    assert_ne!(ids[1], ids[2], "each part is a message of its own");
    assert!(ids.iter().all(|id| !id.contains(&sent)), "the ids tell Tencent the event: {ids:?}");
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_picture_comes_under_their_name() {
    let chat = Chat::open().await;
    let bob = Person::new(Synapse::shared().await, "bob").await;
    let rooms = bob.rooms();
    chat.alice.invite(&chat.portal, &bob.user_id).await;
    assert_eq!(bob.wait_new_room(&rooms).await, chat.portal);
    let bytes = &picture("bob");
    let file = Sent { msgtype: "m.image", name: "bob.png", mime: "image/png", bytes };
    let sent = bob.send_file(&chat.portal, &file).await;
    bob.wait_receipt(&chat.portal, &sent).await;
    let shown = chat.wait_opened(2).await;
    let name = bob.user_id.trim_start_matches('@').split(':').next().unwrap();
    assert_eq!(shown[0].0, format!("{name}: 📷"));
    assert!(shown[1] == ("picture".to_owned(), picture("bob")));
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused_before_it_is_fetched_or_sent() {
    let mut chat = Chat::open().await;
    chat.world.reconfigure(|config| config + "[media]\nmax_upload_mib = 1\n").await;
    let bytes = vec![7; (1 << 20) + 1];
    let file = Sent {
        msgtype: "m.file",
        name: "big.bin",
        mime: "application/octet-stream",
        bytes: &bytes,
    };
    let mut honest = chat.alice.file(&file).await;
    let mut silent = honest.clone();
    // What is said is believed: there is nothing at this address.
    honest["url"] = "mxc://localhost/nothing".into();
    silent["info"] = json!({});
    for content in [honest, silent] {
        let sent = chat.alice.send(&chat.portal, "m.room.message", content).await;
        let answer = chat.wait_answer(&sent).await;
        assert!(answer.contains("too large; the limit is 1 MiB"), "{answer}");
    }
    let fits = Sent { bytes: &bytes[1..], ..file };
    let sent = chat.alice.send_file(&chat.portal, &fits).await;
    chat.alice.wait_receipt(&chat.portal, &sent).await;
    assert_eq!(chat.uploads(), 1);
    assert!(chat.wait_opened(1).await[0].1 == bytes[1..]);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_named() {
    let chat = Chat::open().await;
    let encrypted = json!({
        "msgtype": "m.file", "body": "a.pdf",
        "file": { "url": "mxc://localhost/x", "key": { "k": "x" }, "iv": "x", "hashes": {}, "v": "v2" },
    });
    let nothing = json!({ "msgtype": "m.image", "body": "a.png" });
    let gone = json!({ "msgtype": "m.image", "body": "a.png", "url": "mxc://localhost/nothing" });
    for (content, words) in [
        (encrypted, "the file is encrypted"),
        (nothing, "the homeserver has no file"),
        (gone, "the homeserver has no file"),
    ] {
        let sent = chat.alice.send(&chat.portal, "m.room.message", content).await;
        let answer = chat.wait_answer(&sent).await;
        assert!(answer.contains(words), "{answer}");
    }
    chat.say(&["after"]).await;
    assert_eq!(chat.wait_shown(1).await, ["after"]);
    assert_eq!(chat.uploads(), 0);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_sent_again_with_the_caption_that_it_has_now() {
    let chat = Chat::open().await;
    let sent = chat.send_picture("cat.png", Some("a dog")).await;
    chat.alice.wait_receipt(&chat.portal, &sent).await;
    chat.recaption(&sent, "cat.png", "a cat").await;
    chat.phone.wait_text("✏️ a cat").await;
    chat.alice.react(&chat.portal, &sent, "🔁").await;
    let shown = chat.wait_opened(5).await;
    let words: Vec<_> = shown.iter().map(|(line, _)| line.as_str()).collect();
    assert_eq!(words, ["a dog", "picture", "✏️ a cat", "a cat", "picture"]);
    assert!(shown[4].1 == picture("cat.png"));
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_waits_is_listed_changed_and_taken_back() {
    let mut chat = Chat::silent().await;
    let first = chat.send_picture("cat.png", None).await;
    let second = chat.send_picture("dog.png", Some("look")).await;
    let third = chat.send_picture("cow.png", None).await;
    for event in [&first, &second, &third] {
        chat.wait_mark(event, "⏳").await;
    }
    let queue = chat.queue().await;
    assert!(queue.ends_with("\n1. 📷 cat.png\n2. look\n3. 📷 cow.png"), "{queue}");
    chat.alice.remove(&chat.portal, &first).await;
    chat.wait_unmarked(&first).await;
    chat.recaption(&second, "dog.png", "see").await;
    chat.recaption(&third, "cow.png", "moo").await;
    chat.world.stop().await;
    chat.world.resume().await;
    let queue = chat.queue().await;
    assert!(queue.ends_with("\n1. see\n2. moo"), "{queue}");
    assert_eq!(chat.uploads(), 0, "WeChat is not bothered with what may not go");

    chat.hear("here I am").await;
    chat.alice.wait_receipt(&chat.portal, &third).await;
    let shown = chat.wait_opened(4).await;
    let expected =
        [("see", None), ("picture", Some("dog.png")), ("moo", None), ("picture", Some("cow.png"))];
    for ((line, bytes), (words, name)) in shown.iter().zip(expected) {
        assert_eq!(line, words);
        assert!(*bytes == name.map(picture).unwrap_or_default(), "{words}: another picture");
    }
    assert_eq!(chat.uploads(), 2);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_upload_hangs_holds_up_neither_others_nor_the_stop() {
    let mut chat = Chat::open().await;
    let (dad, dads) = chat.world.link(&chat.alice, "Dad").await;
    dad.says("hello, too").await;
    chat.alice.wait_said(&dads, "hello, too").await;
    chat.world.simulator.standing_fault("upload", Some(Fault::Hang));
    let sent = chat.send_picture("cat.png", None).await;
    chat.world.simulator.wait_request(|request| request.endpoint() == "upload").await;
    chat.alice.say(&dads, "to Dad").await;
    assert_eq!(dad.wait_shows(1).await[0].text, "to Dad");
    chat.world.stop().await;
    assert!(chat.phone.shows().is_empty());

    chat.world.simulator.clear_faults();
    chat.world.resume().await;
    chat.alice.wait_receipt(&chat.portal, &sent).await;
    assert!(chat.wait_opened(1).await[0].1 == picture("cat.png"));
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_taken_back_while_it_is_uploaded() {
    let chat = Chat::open().await;
    chat.world.simulator.standing_fault("upload", Some(Fault::Hang));
    let sent = chat.send_picture("cat.png", Some("look")).await;
    chat.world.simulator.wait_request(|request| request.endpoint() == "upload").await;
    chat.alice.remove(&chat.portal, &sent).await;
    chat.alice.wait_said(&chat.portal, "I have taken it back").await;
    // The next does not wait for the end of that upload.
    chat.say(&["never mind"]).await;
    assert_eq!(chat.wait_shown(1).await, ["never mind"]);
    chat.world.end().await;
}
