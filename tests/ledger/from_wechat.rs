//! Every kind of message and item that WeChat may send.

use matrix_appservice_wechat::store::Direction;
use serde_json::{Value, json};

use crate::{
    homeserver::{Call, PNG},
    world::{World, tally},
};

/// Items by their type: what the ghost says, and how the message ends.
fn items() -> Vec<(Value, &'static str)> {
    let text = json!({ "text": "hi" });
    let empty_media = |kind: i64, name: &str| json!({ "type": kind, name: { "media": {} } });
    let mut all = vec![
        (json!({ "type": 1, "text_item": text }), "delivered"),
        (json!({ "type": 0, "text_item": text }), "delivered"),
        (json!({ "text_item": text }), "delivered"),
        (empty_media(2, "image_item"), "refused image"),
        (empty_media(3, "voice_item"), "refused voice"),
        (empty_media(4, "file_item"), "refused file"),
        (empty_media(5, "video_item"), "refused video"),
        // Tool calls and their results.
        (json!({ "type": 11, "tool_call_item": { "name": "x" } }), "refused unknown"),
        (json!({ "type": 12, "tool_result_item": { "content": "x" } }), "refused unknown"),
        (json!({ "type": 1 }), "refused unknown"),
        (json!({}), "refused unknown"),
        // A null in a list is nothing, like a null in a field.
        (json!(null), "refused empty"),
        (json!("x"), "refused unknown"),
    ];
    all.extend((6..=10).chain([99, -1]).map(|kind| (json!({ "type": kind }), "refused unknown")));
    let quotes = [
        json!({ "svr_id": 7 }),
        json!({ "title": "Mum", "message_item": { "type": 1, "msg_id": "8", "text_item": text } }),
        json!({ "message_item": { "type": 2, "image_item": {} } }),
        json!({ "svr_id": 7, "partial_text": { "start": "a", "end": "b" } }),
        json!("odd"),
    ];
    let quoting = |quote| json!({ "type": 1, "text_item": text, "ref_msg": quote });
    all.extend(quotes.into_iter().map(|quote| (quoting(quote), "delivered")));
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn every_item_has_one_end_and_is_shown_or_named() {
    let world = World::start().await;
    let rows = items();
    for (item, _) in &rows {
        world.phone.sends_item(item.clone()).await;
    }
    let three = rows[..3].iter().map(|(item, _)| item.clone()).collect();
    world.phone.sends_items(three).await;
    world.phone.sends_items(vec![rows[0].0.clone(), json!({ "type": 6 })]).await;
    world.settle().await;
    let ghost = world.ghost.clone();
    let (homeserver, ledger) = world.end().await;
    let ends = rows.iter().map(|(_, end)| *end).chain(["delivered", "refused unknown"]);
    assert_eq!(ledger.counts(Direction::ToMatrix), tally(ends));
    assert_eq!(ledger.pending(), 0);
    // Each item is one event of the ghost: the thing itself, or a notice that names it.
    let calls = homeserver.calls();
    let shown: Vec<_> = calls.iter().filter(|call| is_said_by(call, &ghost)).collect();
    assert_eq!(shown.len(), rows.len() + 5);
    let named = shown.iter().filter(|call| call.body["msgtype"] == "m.notice").count();
    assert_eq!(named, rows.iter().filter(|(_, end)| end.starts_with("refused")).count() + 1);
    assert!(shown.iter().all(|call| !call.says().is_empty()));
}

#[tokio::test(flavor = "multi_thread")]
async fn media_that_can_be_fetched_are_delivered_as_what_they_are() {
    let world = World::start().await;
    let phone = &world.phone;
    phone.sends_image(PNG).await;
    phone.sends_voice(SPEECH, 2_000, Some("hello")).await;
    phone.sends_file("notes.txt", b"a file").await;
    phone.sends_video(FILM).await;
    // What cannot be read arrives as it is.
    phone.sends_voice(b"no sound that anybody knows", 900, None).await;
    phone.sends_video(b"no film that anybody knows").await;
    world.settle().await;
    let ghost = world.ghost.clone();
    let (homeserver, ledger) = world.end().await;
    assert_eq!(ledger.counts(Direction::ToMatrix), tally(["delivered"; 6]));
    let calls = homeserver.calls();
    let shown = calls.iter().filter(|call| is_said_by(call, &ghost));
    let kinds: Vec<_> = shown.filter_map(|call| call.body["msgtype"].as_str()).collect();
    assert_eq!(kinds, ["m.image", "m.audio", "m.file", "m.video", "m.file", "m.file"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_of_message_has_one_end() {
    let world = World::start().await;
    let phone = &world.phone;
    let draft = |text: &str, change: &[(&str, Value)]| {
        let mut message = phone.draft(text);
        for (field, value) in change {
            message[*field] = value.clone();
        }
        message
    };
    let writing = draft("being written", &[("message_state", json!(1))]);
    let mut written = writing.clone();
    written["message_state"] = json!(2);
    let known = draft("taken back later", &[]);
    let mut gone = known.clone();
    gone["delete_time_ms"] = json!(1_795_171_026_660_i64);
    let mut without_items = draft("", &[]);
    without_items.as_object_mut().unwrap().remove("item_list");
    let rows = [
        (draft("a text", &[]), "delivered"),
        (draft("", &[("item_list", json!([]))]), "refused empty"),
        (without_items, "refused empty"),
        (json!(7), "refused unreadable"),
        (json!("x"), "refused unreadable"),
        (json!([]), "refused unreadable"),
        (draft("mine", &[("message_type", json!(2))]), "ignored own"),
        (draft("whose?", &[("message_type", json!(7))]), "ignored sender"),
        (writing, "ignored generating"),
        (written.clone(), "delivered"),
        (written, "ignored again"),
        (known.clone(), "delivered"),
        (gone.clone(), "delivered"),
        (gone, "ignored again"),
        (known, "ignored again"),
        (draft("never seen", &[("delete_time_ms", json!(5))]), "ignored deleted"),
        (draft("somebody else", &[("from_user_id", json!("other@im.wechat"))]), "delivered"),
    ];
    for (message, _) in &rows {
        phone.sends_raw(message.clone()).await;
    }
    world.settle().await;
    let ghost = world.ghost.clone();
    let (homeserver, ledger) = world.end().await;
    assert_eq!(ledger.counts(Direction::ToMatrix), tally(rows.iter().map(|(_, end)| *end)));
    assert_eq!(ledger.pending(), 0);
    let calls = homeserver.calls();
    let said: Vec<_> =
        calls.iter().filter(|call| is_said_by(call, &ghost)).map(Call::says).collect();
    for text in ["a text", "being written", "taken back later"] {
        assert_eq!(said.iter().filter(|said| **said == text).count(), 1, "{text}: {said:?}");
    }
    for text in ["mine", "whose?", "never seen"] {
        assert!(!said.contains(&text), "{said:?}");
    }
    // What was taken back is gone from the room: one redaction, by the ghost that had said it.
    let redactions: Vec<_> =
        calls.iter().filter(|call| call.path.get(2).is_some_and(|deed| deed == "redact")).collect();
    assert_eq!(redactions.len(), 1, "{redactions:?}");
    assert_eq!(redactions[0].user, ghost);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_taken_back_in_the_batch_that_brought_it_is_redacted() {
    let world = World::start_after(|phone| {
        let message = phone.draft("a slip");
        let mut gone = message.clone();
        gone["delete_time_ms"] = json!(1_795_171_026_660_i64);
        vec![message, gone]
    })
    .await;
    world.settle().await;
    let (homeserver, ledger) = world.end().await;
    assert_eq!(ledger.counts(Direction::ToMatrix), tally(["delivered", "delivered"]));
    let calls = homeserver.calls();
    assert!(calls.iter().any(|call| call.path.get(2).is_some_and(|deed| deed == "redact")));
}

const SPEECH: &[u8] = include_bytes!("../fixtures/silk/speech-en-8k-2s.tencent.silk");
const FILM: &[u8] = include_bytes!("../fixtures/media/film.mp4");

fn is_said_by(call: &Call, user: &str) -> bool {
    call.user == user && call.sends("m.room.message").is_some()
}
