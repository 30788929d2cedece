//! Media that do not come by themselves: the room hears why, and `retry` brings them after all.

use std::time::Duration;

use ilink_simulator::Fault;
use serde_json::json;

use crate::support::{Chat, Message, Person, media::Vector, synapse::Synapse};

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_damaged_comes_by_retry_with_its_time_and_its_notice_goes() {
    let chat = Chat::open().await;
    let vector = Vector::named("image-jpeg");
    let simulator = &chat.world.simulator;
    let item = vector.item(simulator, &vector.put(simulator), "2026");
    simulator.fault("download", Fault::Corrupt, 1);
    chat.phone.sends_item(item).await;
    chat.phone.says("do you see it?").await;
    let notice =
        chat.alice.wait_said(&chat.portal, "it cannot be decrypted with the key from WeChat").await;
    assert!(notice.body().starts_with("🖼 An image arrived in WeChat"), "{notice:?}");
    chat.alice.wait_said(&chat.portal, "do you see it?").await;
    assert_eq!(kept_files(&chat), 1, "the ciphertext is kept");

    chat.alice.answer(&chat.portal, notice.id(), "!wechat retry").await;
    let picture = chat.alice.wait(&chat.portal, |m| m.msgtype() == "m.image").await;
    assert!(chat.alice.download(&picture).await == vector.plain);
    assert_eq!((picture.sender(), picture.at()), (notice.sender(), notice.at()));
    assert_eq!(chat.alice.wait_removed(&chat.portal, notice.id()).await, notice.sender());

    let again = chat.alice.answer(&chat.portal, notice.id(), "!wechat retry").await;
    let answer = chat.wait_answer(&again).await;
    assert!(answer.contains("nothing to send again"), "{answer}");
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_gone_is_named_and_tried_again_as_often_as_somebody_asks() {
    let chat = Chat::open().await;
    let simulator = &chat.world.simulator;
    simulator.standing_fault("download", Some(Fault::Status(404)));
    let pdf = Vector::named("file-pdf-cjk-name").plain;
    chat.phone.sends_file("plan.pdf", &pdf).await;
    let notice = chat.alice.wait_said(&chat.portal, "📎 The file “plan.pdf” arrived").await;
    assert!(notice.body().contains("code 404"), "{notice:?}");
    let again = chat.alice.react(&chat.portal, notice.id(), "🔁").await;
    assert!(chat.wait_answer(&again).await.contains("code 404"));

    simulator.standing_fault("download", None);
    chat.alice.react(&chat.portal, notice.id(), "🔄").await;
    let file = chat.alice.wait(&chat.portal, |m| m.msgtype() == "m.file").await;
    assert!(chat.alice.download(&file).await == pdf);
    chat.alice.wait_removed(&chat.portal, notice.id()).await;
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_cdn_gives_only_at_the_third_try_arrives_whole_and_unremarked() {
    let chat = Chat::open().await;
    let ghost = chat.alice.ghost_in(&chat.world, &chat.portal).await;
    let zip = Vector::named("file-zip").plain;
    let pause = Duration::from_millis(20);
    let faults = [Fault::Status(500), Fault::Cut, Fault::Refuse, Fault::Empty, Fault::Drip(pause)];
    let mut sent = 1;
    for fault in &faults {
        chat.world.simulator.fault("download", fault.clone(), 2);
        chat.phone.sends_file("a.zip", &zip).await;
        sent += 1;
        let messages = chat.alice.wait_messages(&chat.portal, &ghost, sent).await;
        let file = &messages[sent - 1];
        assert_eq!(file.msgtype(), "m.file", "{fault:?}: {file:?}");
        assert!(chat.alice.download(file).await == zip, "{fault:?}");
    }
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_not_fetched_and_the_limit_is_named() {
    let mut chat = Chat::open().await;
    chat.world.reconfigure(|config| config + "[media]\nmax_download_mib = 1\n").await;
    let simulator = &chat.world.simulator;
    let large = vec![7; (1 << 20) + 1];
    chat.phone.sends_file("large.bin", &large).await;
    let notice = chat.alice.wait_said(&chat.portal, "“large.bin” arrived").await;
    assert!(notice.body().contains("it is 1.1 MiB; the limit is 1 MiB"), "{notice:?}");
    let fetched = || simulator.requests().iter().filter(|r| r.endpoint() == "download").count();
    assert_eq!(fetched(), 0, "the limit is known before the work starts");

    let undeclared = json!({ "type": 4, "file_item": {
        "media": simulator.put_media(&large).media(), "file_name": "secret.bin",
    }});
    chat.phone.sends_item(undeclared).await;
    let notice = chat.alice.wait_said(&chat.portal, "“secret.bin” arrived").await;
    assert!(notice.body().contains("it is larger than the limit of 1 MiB"), "{notice:?}");
    assert_eq!(fetched(), 1);

    chat.phone.sends_file("just.bin", &large[..1 << 20]).await;
    let file = chat.alice.wait(&chat.portal, |m| m.body() == "just.bin").await;
    assert_eq!(file.info()["size"], 1 << 20);

    // The homeserver of the stories takes 300 MiB.
    chat.world
        .reconfigure(|config| config.replace("max_download_mib = 1\n", "max_download_mib = 1000\n"))
        .await;
    let mut item =
        json!({ "type": 4, "file_item": { "file_name": "huge.bin", "len": "314572801" } });
    item["file_item"]["media"] = chat.world.simulator.put_media(b"").media();
    chat.phone.sends_item(item).await;
    let notice = chat.alice.wait_said(&chat.portal, "“huge.bin” arrived").await;
    assert!(notice.body().contains("the limit is 300 MiB"), "{notice:?}");
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_what_was_announced_comes_as_it_is_and_with_a_word() {
    let chat = Chat::open().await;
    let ghost = chat.alice.ghost_in(&chat.world, &chat.portal).await;
    let zip = Vector::named("file-zip").plain;
    let simulator = &chat.world.simulator;
    let (digest, len) = ("00112233445566778899aabbccddeeff", zip.len());
    for (name, fields, said) in [
        (
            "a.zip",
            json!({ "md5": digest, "len": len.to_string() }),
            "“a.zip” arrived damaged: its checksum",
        ),
        ("b.zip", json!({ "len": (len + 1).to_string() }), "“b.zip” may be damaged"),
    ] {
        let mut file = json!({ "file_name": name, "media": simulator.put_media(&zip).media() });
        file.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        chat.phone.sends_item(json!({ "type": 4, "file_item": file })).await;
        let notice = chat.alice.wait_said(&chat.portal, said).await;
        assert_eq!((notice.sender(), notice.msgtype()), (chat.bot.as_str(), "m.notice"));
        let seen = |m: &Message| m.sender() == ghost && m.body() == name;
        let message = chat.alice.wait(&chat.portal, seen).await;
        assert_eq!(notice.content()["m.relates_to"]["m.in_reply_to"]["event_id"], message.id());
        assert!(chat.alice.download(&message).await == zip);
    }
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_without_place_or_key_is_named() {
    let chat = Chat::open().await;
    let simulator = &chat.world.simulator;
    let mut media = simulator.put_media(b"a film").media();
    media["aes_key"] = json!("no key");
    for (item, words) in [
        (json!({ "type": 2, "image_item": {} }), "did not say where to download it"),
        (json!({ "type": 3, "voice_item": { "text": "on my way" } }), "It says: on my way"),
        (json!({ "type": 5, "video_item": { "media": media } }), "🎬 A video arrived"),
        (
            json!({ "type": 4, "file_item": { "media": { "full_url": "https://evil.example.org/x",
                "aes_key": "00112233445566778899aabbccddeeff" } } }),
            "it is on a server that the bridge may not talk to",
        ),
    ] {
        chat.phone.sends_item(item).await;
        let notice = chat.alice.wait_said(&chat.portal, words).await;
        assert_eq!(notice.msgtype(), "m.notice");
    }
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_medium_holds_up_its_own_chat_alone_and_lives_through_a_restart() {
    let mut chat = Chat::open().await;
    let ghost = chat.alice.ghost_in(&chat.world, &chat.portal).await;
    let bob = Person::new(Synapse::shared().await, "bob").await;
    let (dad, dads) = chat.world.link(&bob, "Dad").await;
    let vector = Vector::named("image-png");
    chat.world.simulator.fault("download", Fault::Stall, 1);
    chat.phone.sends_image(&vector.plain).await;
    chat.phone.says("behind the picture").await;
    let asked = |r: &ilink_simulator::Recorded| r.endpoint() == "download";
    chat.world.simulator.wait_request(asked).await;

    dad.sends_image(&vector.plain).await;
    dad.says("from Dad").await;
    bob.wait_said(&dads, "from Dad").await;
    assert!(bob.timeline(&dads).iter().any(|m| m.msgtype() == "m.image"));
    assert_eq!(chat.alice.words(&chat.portal, &ghost), ["hello"], "the order is kept");

    chat.world.stop().await;
    chat.world.resume().await;
    chat.alice.wait_said(&chat.portal, "behind the picture").await;
    let bodies: Vec<_> =
        chat.alice.messages(&chat.portal, &ghost).iter().map(|m| m.body().to_owned()).collect();
    assert_eq!(bodies, ["hello", "image.png", "behind the picture"]);
    chat.phone.says("the end").await;
    chat.alice.wait_said(&chat.portal, "the end").await;
    let pictures = |m: &Message| m.msgtype() == "m.image";
    let count = chat.alice.timeline(&chat.portal).iter().filter(|m| pictures(m)).count();
    assert_eq!(count, 1);
    chat.world.end().await;
}

fn kept_files(chat: &Chat) -> usize {
    std::fs::read_dir(chat.world.store_path().join("kept")).unwrap().count()
}
