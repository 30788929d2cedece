//! Media from WeChat to Matrix: each kind arrives as itself, byte by byte.

use serde_json::{Value, json};

use crate::support::{Chat, Message, media::Vector};

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_in_each_spelling_of_its_key_arrives_byte_by_byte() {
    let (chat, ghost) = chat().await;
    let mut sent = Vec::new();
    for vector in Vector::all().into_iter().filter(|vector| vector.kind != "voice") {
        let file = vector.put(&chat.world.simulator);
        for item in vector.items(&chat.world.simulator, &file) {
            chat.phone.sends_item(item).await;
            sent.push((vector.kind.clone(), vector.file_name.clone(), vector.plain.clone()));
        }
    }
    let messages = chat.alice.wait_messages(&chat.portal, &ghost, sent.len() + 1).await;
    for (message, (kind, name, plain)) in messages[1..].iter().zip(sent) {
        assert_eq!(message.msgtype(), format!("m.{kind}"), "{message:?}");
        assert_eq!(message.info()["size"], plain.len());
        assert!(chat.alice.download(message).await == plain, "{name} has changed");
        if kind == "file" {
            assert_eq!(message.body(), name);
        }
    }
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_says_what_it_looks_like() {
    let (chat, ghost) = chat().await;
    for (name, mime, width, height, file_name) in [
        ("image-jpeg", "image/jpeg", 640, 480, "image.jpg"),
        ("image-png", "image/png", 160, 120, "image.png"),
        ("image-gif", "image/gif", 64, 48, "image.gif"),
        ("image-webp", "image/webp", 320, 240, "image.webp"),
    ] {
        let vector = Vector::named(name);
        chat.phone.sends_image(&vector.plain).await;
        let seen = |m: &Message| m.sender() == ghost && m.body() == file_name;
        let message = chat.alice.wait(&chat.portal, seen).await;
        let info = message.info();
        assert_eq!(message.msgtype(), "m.image");
        assert_eq!(
            [&info["mimetype"], &info["w"], &info["h"]],
            [&json!(mime), &json!(width), &json!(height)]
        );
        assert!(
            info["xyz.amorgan.blurhash"].as_str().is_some_and(|hash| hash.len() >= 6),
            "{info}"
        );
    }
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_picture_has_a_small_one_for_the_timeline() {
    let (chat, ghost) = chat().await;
    let picture = large_png();
    chat.phone.sends_image(&picture).await;
    let message = chat.alice.wait(&chat.portal, |m| m.msgtype() == "m.image").await;
    assert_eq!(message.sender(), ghost);
    let info = message.info();
    assert_eq!([&info["w"], &info["h"]], [&json!(2000), &json!(1500)]);
    let small = chat.alice.fetch(&info["thumbnail_url"]).await;
    assert_eq!(info["thumbnail_info"]["size"], small.len());
    assert!(info["thumbnail_info"]["w"].as_u64().is_some_and(|w| w <= 800), "{info}");
    assert!(chat.alice.download(&message).await == picture);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_video_says_how_long_it_is_and_shows_the_picture_that_came_with_it() {
    let (chat, _) = chat().await;
    let (film, poster) = (Vector::named("video-mp4"), Vector::named("video-thumb"));
    let simulator = &chat.world.simulator;
    let mut item = film.item(simulator, &film.put(simulator), "2026");
    item["video_item"]["thumb_media"] = poster.put(simulator).media();
    chat.phone.sends_item(item).await;
    let message = chat.alice.wait(&chat.portal, |m| m.msgtype() == "m.video").await;
    let info = message.info();
    assert_eq!(info["mimetype"], "video/mp4");
    assert_eq!([&info["w"], &info["h"]], [&json!(320), &json!(240)]);
    let duration = info["duration"].as_u64().unwrap();
    assert!((1_500..=2_500).contains(&duration), "{info}");
    assert!(chat.alice.fetch(&info["thumbnail_url"]).await.starts_with(b"\xff\xd8"), "a JPEG");
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voice_is_played_as_a_voice_with_its_words_below() {
    let (chat, ghost) = chat().await;
    let mut sent = Vec::new();
    for (name, millis) in [
        ("voice-speech-en-16k-3s", 3_000.0),
        ("voice-speech-en-8k-2s", 2_000.0),
        ("voice-speech-zh-24k-5s", 5_000.0),
    ] {
        let vector = Vector::named(name);
        let file = vector.put(&chat.world.simulator);
        for item in vector.items(&chat.world.simulator, &file) {
            sent.push((item["voice_item"]["text"].clone(), millis));
            chat.phone.sends_item(item).await;
        }
    }
    let messages = chat.alice.wait_messages(&chat.portal, &ghost, sent.len() + 1).await;
    for (message, (words, millis)) in messages[1..].iter().zip(sent) {
        let (content, info) = (message.content(), message.info());
        assert_eq!(message.msgtype(), "m.audio", "{message:?}");
        assert_eq!(info["mimetype"], "audio/ogg");
        let duration = info["duration"].as_f64().unwrap();
        assert!((duration - millis).abs() < millis * 0.05, "{duration} instead of {millis}");
        assert_eq!(content["org.matrix.msc3245.voice"], json!({}));
        let waveform = content["org.matrix.msc1767.audio"]["waveform"].as_array().unwrap();
        assert!(waveform.len() >= 30 && waveform.iter().any(|loud| *loud != 0), "{waveform:?}");
        if let Value::String(words) = words {
            assert_eq!(content["body"], words);
            assert_eq!(content["filename"], "voice.ogg");
        } else {
            assert_eq!(content["body"], "voice.ogg");
        }
        let sound = chat.alice.download(message).await;
        assert!(sound.starts_with(b"OggS") && sound[28..].starts_with(b"OpusHead"));
        assert_eq!(info["size"], sound.len());
    }
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voice_is_one_whatever_its_packets_hold_and_its_sender_says_of_it() {
    let (chat, ghost) = chat().await;
    let voices = [
        ("speech-en-24k-3s.60ms", 60_000, 3_000),
        ("speech-en-24k-3s.100ms", 0, 3_000),
        ("speech-pause-24k-5s.dtx-20ms", 900, 5_000),
        ("speech-zh-24k-5s.tencent", 3_600_000, 5_000),
    ];
    for (file, playtime, _) in voices {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/silk");
        let silk = std::fs::read(format!("{folder}/{file}.silk")).unwrap();
        chat.phone.sends_voice(&silk, playtime, None).await;
    }
    let messages = chat.alice.wait_messages(&chat.portal, &ghost, voices.len() + 1).await;
    for (message, (file, _, millis)) in messages[1..].iter().zip(voices) {
        assert_eq!(message.msgtype(), "m.audio", "{file}");
        assert_eq!(message.content()["org.matrix.msc3245.voice"], json!({}), "{file}");
        assert_eq!(message.info()["duration"], millis, "{file}");
    }
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voice_that_cannot_be_read_arrives_as_a_file_and_the_bridge_goes_on() {
    let (chat, ghost) = chat().await;
    let mut random = b"\x02#!SILK_V3".to_vec();
    random.extend((0..20_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8));
    let mut truncated = Vector::named("voice-speech-en-16k-3s").plain;
    truncated.truncate(15);
    for hostile in [&random[..], &truncated[..], b"no sound at all", b"\x02#!SILK_V3\xff\xff"] {
        chat.phone.sends_voice(hostile, 60_000, Some("I am on my way")).await;
        chat.phone.says("and on").await;
    }
    let messages = chat.alice.wait_messages(&chat.portal, &ghost, 9).await;
    for (pair, hostile) in messages[1..].chunks(2).zip([
        &random[..],
        &truncated[..],
        b"no sound at all",
        b"\x02#!SILK_V3\xff\xff",
    ]) {
        assert_eq!(pair[0].msgtype(), "m.file", "{:?}", pair[0]);
        assert_eq!(pair[0].body(), "I am on my way");
        assert!(chat.alice.download(&pair[0]).await == hostile);
        assert_eq!(pair[1].body(), "and on");
    }
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_items_of_one_message_keep_their_order() {
    let (chat, ghost) = chat().await;
    let simulator = &chat.world.simulator;
    let text = |words: &str| json!({ "type": 1, "text_item": { "text": words } });
    let item = |name: &str| {
        let vector = Vector::named(name);
        vector.item(simulator, &vector.put(simulator), "2026")
    };
    let items = vec![item("image-png"), text("between"), item("file-zip"), item("image-gif")];
    chat.phone.sends_items(items).await;
    chat.phone.says("behind").await;
    let messages = chat.alice.wait_messages(&chat.portal, &ghost, 6).await;
    let bodies: Vec<_> = messages[1..].iter().map(Message::body).collect();
    assert_eq!(bodies, ["image.png", "between", "archive.zip", "image.gif", "behind"]);
    let first = messages[1].at();
    assert!(messages[1..5].iter().all(|message| message.at() == first), "all were written at once");
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_without_a_key_is_taken_as_it_lies_there() {
    let (chat, _) = chat().await;
    let vector = Vector::named("image-png");
    let file = vector.put(&chat.world.simulator);
    let mut item = vector.item(&chat.world.simulator, &file, "2026");
    let image = item["image_item"].as_object_mut().unwrap();
    image.remove("aeskey");
    image["media"].as_object_mut().unwrap().remove("aes_key");
    // What lies there is the ciphertext, which is no image.
    chat.phone.sends_item(item).await;
    let message = chat.alice.wait(&chat.portal, |m| m.msgtype() == "m.file").await;
    let bytes = chat.alice.download(&message).await;
    assert_eq!(bytes.len() as u64, file.cipher_len);
    chat.world.simulator.fault("download", ilink_simulator::Fault::Body(vector.plain.clone()), 1);
    let mut item = vector.item(&chat.world.simulator, &file, "2026");
    let image = item["image_item"].as_object_mut().unwrap();
    image.remove("aeskey");
    image["media"].as_object_mut().unwrap().remove("aes_key");
    chat.phone.sends_item(item).await;
    let message = chat.alice.wait(&chat.portal, |m| m.msgtype() == "m.image").await;
    assert!(chat.alice.download(&message).await == vector.plain);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_has_the_name_that_is_safe_and_the_type_that_it_has() {
    let (chat, ghost) = chat().await;
    let pdf = Vector::named("file-pdf-cjk-name").plain;
    for (name, shown, mime) in [
        ("../../etc/报价单.pdf", "报价单.pdf", "application/pdf"),
        ("C:\\Users\\mum\\plan.pdf", "plan.pdf", "application/pdf"),
        ("no type", "no type.pdf", "application/pdf"),
        ("plan 1/2.pdf", "plan 1_2.pdf", "application/pdf"),
    ] {
        chat.phone.sends_file(name, &pdf).await;
        let seen = |m: &Message| m.sender() == ghost && m.body() == shown;
        let message = chat.alice.wait(&chat.portal, seen).await;
        assert_eq!(message.msgtype(), "m.file");
        assert_eq!(message.info()["mimetype"], mime, "{name}");
    }
    chat.world.end().await;
}

/// Opens a chat in which Mum has written once, with her ghost's user id.
async fn chat() -> (Chat, String) {
    let chat = Chat::open().await;
    let ghost = chat.alice.ghost_in(&chat.world, &chat.portal).await;
    (chat, ghost)
}

fn large_png() -> Vec<u8> {
    let picture = image::RgbImage::from_fn(2000, 1500, |x, y| {
        image::Rgb([(x / 8) as u8, (y / 8) as u8, ((x + y) / 16) as u8])
    });
    let mut png = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}
