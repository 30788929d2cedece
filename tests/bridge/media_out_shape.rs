//! Files from Matrix to WeChat that are not sent as they are, and what they become.

use serde_json::json;

use crate::support::{Chat, Sent, opus, vector};

#[tokio::test(flavor = "multi_thread")]
async fn a_voice_message_becomes_a_file_that_a_phone_plays() {
    let chat = Chat::open().await;
    let sent = send_voice(&chat, &opus()).await;
    chat.alice.wait_receipt(&chat.portal, &sent).await;
    let (line, bytes) = chat.wait_opened(1).await.remove(0);
    assert_eq!(line, "file voice-1s.wav");
    assert!(bytes.starts_with(b"RIFF") && bytes[8..].starts_with(b"WAVE"));
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voice_message_becomes_a_voice_item_where_that_is_wanted() {
    let mut chat = Chat::open().await;
    chat.world.reconfigure(|config| config + "[media]\nvoice_out = \"silk\"\n").await;
    chat.world.simulator.show_voice(true);
    let sent = send_voice(&chat, &opus()).await;
    chat.alice.wait_receipt(&chat.portal, &sent).await;
    let shown = chat.phone.wait_shows(1).await.remove(0);
    let voice = &shown.item["voice_item"];
    assert_eq!(voice["encode_type"], 6);
    assert_eq!(voice["sample_rate"], 24_000);
    let playtime = voice["playtime"].as_u64().unwrap();
    assert!((1_000..2_000).contains(&playtime), "{playtime} ms");
    let silk = chat.phone.opens(&shown).unwrap();
    assert!(silk.starts_with(b"\x02#!SILK_V3"));

    // The owner's choice goes before the administrator's, and lasts.
    assert!(chat.ask("voice loud").await.starts_with("Usage"));
    assert!(chat.ask("voice file").await.contains("as audio files, which the phone can play"));
    chat.world.stop().await;
    chat.world.resume().await;
    for (number, choice, line) in [(2, None, "file voice-1s.wav"), (3, Some("voice silk"), "voice")]
    {
        if let Some(choice) = choice {
            assert!(chat.ask(choice).await.contains("as WeChat voice messages"));
        }
        let sent = send_voice(&chat, &opus()).await;
        chat.alice.wait_receipt(&chat.portal, &sent).await;
        assert_eq!(chat.wait_opened(number).await[number - 1].0, line);
    }
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_what_it_is_called_goes_as_a_file() {
    let chat = Chat::open().await;
    let pdf = vector("file-pdf-cjk-name/plain.pdf");
    for (number, (msgtype, name)) in (1..).zip([("m.image", "a.png"), ("m.video", "b.mp4")]) {
        let file = Sent { msgtype, name, mime: "image/png", bytes: &pdf };
        let sent = chat.alice.send_file(&chat.portal, &file).await;
        chat.alice.wait_receipt(&chat.portal, &sent).await;
        let (line, bytes) = chat.wait_opened(number).await.remove(number - 1);
        assert!(line == format!("file {name}") && bytes == pdf, "{line}");
    }
    let sent = send_voice(&chat, b"no sound at all").await;
    chat.alice.wait_receipt(&chat.portal, &sent).await;
    let (line, bytes) = chat.wait_opened(3).await.remove(2);
    assert!(line == "file Voice message.ogg" && bytes == b"no sound at all", "{line}");
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sticker_becomes_a_picture_that_a_phone_shows() {
    let chat = Chat::open().await;
    let url = chat.alice.upload("image/webp", &vector("image-webp/plain.webp")).await;
    let sticker = json!({ "body": "a cat that waves", "url": url, "info": {} });
    let sent = chat.alice.send(&chat.portal, "m.sticker", sticker).await;
    chat.alice.wait_receipt(&chat.portal, &sent).await;
    let shown = chat.wait_opened(2).await;
    let lines: Vec<_> = shown.iter().map(|(line, _)| line.as_str()).collect();
    assert_eq!(lines, ["a cat that waves", "picture"]);
    let bytes = &shown[1].1;
    assert!(bytes.starts_with(b"\x89PNG\r\n"), "{:?}", &bytes[..8]);
    chat.world.end().await;
}

/// Sends a voice message as Element does.
async fn send_voice(chat: &Chat, bytes: &[u8]) -> String {
    let file = Sent { msgtype: "m.audio", name: "Voice message.ogg", mime: "audio/ogg", bytes };
    let mut content = chat.alice.file(&file).await;
    content["org.matrix.msc3245.voice"] = json!({});
    content["org.matrix.msc1767.audio"] = json!({ "duration": 1_000, "waveform": [0, 512] });
    chat.alice.send(&chat.portal, "m.room.message", content).await
}
