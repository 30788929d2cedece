//! What a contact's message answers to: a reply in the room, or a quote where the room has nothing
//! to reply to.

use std::time::Duration;

use ilink_simulator::Fault;
use serde_json::{Value, json};

use crate::support::{Chat, Message, media::Vector};

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_in_each_of_the_four_wire_forms_is_a_reply() {
    let (chat, ghost) = chat().await;
    let first = chat.phone.says("shall we [Smile]").await;
    let hers = chat.alice.wait_said(&chat.portal, "shall we 🙂").await;
    let mine = chat.say(&["tomorrow"]).await.remove(0);
    let shown = chat.phone.wait_text("tomorrow").await.message_id;

    chat.phone.quotes(first, "svr_id").await;
    chat.phone.quotes_whole(first, "whole").await;
    let item = json!({ "type": 0, "msg_id": first.to_string() });
    answers(&chat, "msg_id", json!({ "message_item": item })).await;
    let both = json!({ "svr_id": first.to_string(), "title": "Mum", "message_item": item });
    answers(&chat, "both", both).await;
    chat.phone.quotes(shown, "what I heard").await;
    // The first id counts; one that is not known leaves the second.
    let lost = json!({ "svr_id": 9, "message_item": { "msg_id": shown.to_string() } });
    answers(&chat, "the second id", lost).await;

    for (words, event) in [
        ("svr_id", hers.id()),
        ("whole", hers.id()),
        ("msg_id", hers.id()),
        ("both", hers.id()),
        ("what I heard", &mine),
        ("the second id", &mine),
    ] {
        let answer = chat.alice.wait(&chat.portal, |m| m.body() == words).await;
        assert_eq!(answer.answers(), Some(event), "{words}");
        assert_eq!((answer.sender(), answer.msgtype()), (ghost.as_str(), "m.text"));
    }
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_message_is_a_reply_with_the_selected_words() {
    let (chat, _) = chat().await;
    let text = "one, two [Smile] and one, two again <3";
    let first = chat.phone.says(text).await;
    let hers = chat.alice.wait_said(&chat.portal, "one, two 🙂").await;
    let formatted = json!({
        "msgtype": "m.text", "body": "see this now", "format": "org.matrix.custom.html",
        "formatted_body": "see <b>this</b> now",
    });
    let mine = chat.alice.send(&chat.portal, "m.room.message", formatted).await;
    let shown = chat.phone.wait_text("see **this** now").await.message_id;

    let part = |start: &str, end: &str, index: u64| json!({ "start": start, "end": end, "startindex": index, "endindex": 0 });
    let of = |id: u64, part: Value| json!({ "svr_id": id, "partial_text": part });
    answers(&chat, "a face", of(first, part("two", "[Smile]", 0))).await;
    let mut sum = part("one", "again <3", 1);
    sum["quotemd5"] = json!("468DF3AC49EAAC65729C98C4B3D1D9D0");
    answers(&chat, "a sum", of(first, sum.clone())).await;
    answers(&chat, "a mark", of(shown, part("**", "this", 0))).await;
    sum["quotemd5"] = json!("00000000000000000000000000000000");
    answers(&chat, "another sum", of(first, sum)).await;

    for (words, event, quoted, html) in [
        ("a face", hers.id(), "two 🙂", "two 🙂"),
        ("a sum", hers.id(), "one, two again <3", "one, two again &lt;3"),
        ("a mark", &*mine, "**this", "**this"),
    ] {
        let whole = format!("> {quoted}\n\n{words}");
        let answer = chat.alice.wait(&chat.portal, |m| m.body() == whole).await;
        assert_eq!(answer.answers(), Some(event), "{words}");
        let html = format!("<blockquote>{html}</blockquote>{words}");
        assert_eq!(answer.content()["formatted_body"], html);
    }
    // A part that is not in there is no reason to keep the answer back.
    let answer = chat.alice.wait(&chat.portal, |m| m.body() == "another sum").await;
    assert_eq!(answer.answers(), Some(hers.id()));
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_room_does_not_have_is_quoted_as_far_as_it_is_known() {
    let (chat, _) = chat().await;
    let text = json!({ "type": 1, "msg_id": "8", "text_item": { "text": "<old> news\nand more" } });
    answers(&chat, "with words", json!({ "title": "Mum", "message_item": text })).await;
    let picture = json!({ "type": 2, "image_item": { "media": {} } });
    answers(&chat, "a picture", json!({ "svr_id": 7, "message_item": picture })).await;
    answers(&chat, "an id", json!({ "svr_id": 7 })).await;
    for (body, html) in [
        (
            "> Mum: <old> news\n> and more\n\nwith words",
            "<blockquote>Mum: &lt;old&gt; news<br>and more</blockquote>with words",
        ),
        ("> [image]\n\na picture", "<blockquote>[image]</blockquote>a picture"),
        ("> [an earlier message]\n\nan id", "<blockquote>[an earlier message]</blockquote>an id"),
    ] {
        let answer = chat.alice.wait(&chat.portal, |m| m.body() == body).await;
        assert_eq!(answer.answers(), None, "{body}");
        assert_eq!(answer.content()["formatted_body"], html);
    }
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quoted_medium_that_the_room_does_not_have_is_brought_before_its_answer() {
    let (mut chat, ghost) = chat().await;
    let simulator = &chat.world.simulator;
    let vector = Vector::named("image-png");
    let mut item = vector.item(simulator, &vector.put(simulator), "2026");
    item["create_time_ms"] = json!(1_790_000_000_000_i64);
    let quote = json!({ "svr_id": 77, "message_item": item });
    answers(&chat, "do you remember?", quote.clone()).await;
    let answer = chat.alice.wait_said(&chat.portal, "do you remember?").await;
    let picture = chat.alice.wait(&chat.portal, |m| m.msgtype() == "m.image").await;
    assert_eq!((answer.answers(), answer.body()), (Some(picture.id()), "do you remember?"));
    assert_eq!((picture.sender(), picture.at()), (ghost.as_str(), 1_790_000_000_000));
    assert!(chat.alice.download(&picture).await == vector.plain);

    // Once is enough, even after a restart.
    chat.world.stop().await;
    chat.world.resume().await;
    answers(&chat, "do you?", quote).await;
    let answer = chat.alice.wait(&chat.portal, |m| m.body() == "do you?").await;
    assert_eq!(answer.answers(), Some(picture.id()));
    let pictures = chat.alice.messages(&chat.portal, &ghost).into_iter();
    assert_eq!(pictures.filter(|m| m.msgtype() == "m.image").count(), 1);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_item_can_be_an_answer() {
    let (chat, _) = chat().await;
    let first = chat.phone.says("show me").await;
    let hers = chat.alice.wait_said(&chat.portal, "show me").await;
    let simulator = &chat.world.simulator;
    for (name, spelling) in [
        ("image-png", "2026"),
        ("voice-speech-zh-24k-5s", "2026"),
        ("file-pdf-cjk-name", "2026"),
        ("video-mp4", "2026"),
    ] {
        let vector = Vector::named(name);
        let mut item = vector.item(simulator, &vector.put(simulator), spelling);
        item["ref_msg"] = json!({ "svr_id": first });
        chat.phone.sends_item(item).await;
    }
    // A message that cannot be shown is nevertheless a reply.
    let unknown = json!({ "type": 99, "ref_msg": { "svr_id": first } });
    chat.phone.sends_item(unknown).await;
    for msgtype in ["m.image", "m.audio", "m.file", "m.video", "m.notice"] {
        let wanted = |m: &Message| m.msgtype() == msgtype && m.answers() == Some(hers.id());
        chat.alice.wait(&chat.portal, wanted).await;
    }
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_that_outruns_the_answer_to_the_send_finds_the_event() {
    let (chat, _) = chat().await;
    let simulator = &chat.world.simulator;
    // The phone shows the message at once, and the answer takes its time.
    simulator.fault("sendmessage", Fault::Drip(Duration::from_millis(250)), 1);
    let slow = chat.say(&["tomorrow?"]).await.remove(0);
    let shown = chat.phone.wait_text("tomorrow?").await.message_id;
    chat.phone.quotes(shown, "yes").await;
    assert_eq!(chat.alice.wait_said(&chat.portal, "yes").await.answers(), Some(&*slow));

    // The answer is lost, and comes when the bridge asks once more.
    simulator.fault("sendmessage", Fault::Cut, 1);
    let lost = chat.say(&["at six?"]).await.remove(0);
    let shown = chat.phone.wait_text("at six?").await.message_id;
    chat.phone.quotes(shown, "at seven").await;
    chat.phone.says("or eight").await;
    let answer = chat.alice.wait_said(&chat.portal, "at seven").await;
    assert_eq!((answer.answers(), answer.body()), (Some(&*lost), "at seven"));
    // Messages behind the reply have waited; a message that quotes nothing waits for nothing.
    chat.alice.wait_after(&chat.portal, answer.id(), |m| m.body() == "or eight").await;
    simulator.standing_fault("sendmessage", Some(Fault::Hang));
    chat.say(&["good night"]).await;
    chat.wait_tried("good night").await;
    chat.hear("sleep well").await;
    simulator.clear_faults();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_waits_for_the_answer_through_a_restart_and_not_for_ever() {
    let (mut chat, _) = chat().await;
    // The phone shows the messages, and no answer comes.
    chat.world.simulator.standing_fault("sendmessage", Some(Fault::Stall));
    let first = chat.say(&["tomorrow?"]).await.remove(0);
    let shown = chat.phone.wait_text("tomorrow?").await.message_id;
    chat.phone.quotes(shown, "yes").await;
    chat.phone.wait_acknowledged().await;
    chat.world.stop().await;
    chat.phone.quotes(shown, "or no").await;
    chat.world.simulator.clear_faults();
    chat.world.resume().await;
    for words in ["yes", "or no"] {
        let answer = chat.alice.wait_said(&chat.portal, words).await;
        assert_eq!((answer.answers(), answer.body()), (Some(&*first), words));
    }

    chat.world.simulator.standing_fault("sendmessage", Some(Fault::Stall));
    chat.say(&["at six?"]).await;
    let shown = chat.phone.wait_text("at six?").await.message_id;
    chat.phone.quotes(shown, "at seven").await;
    let answer = chat.alice.wait_said(&chat.portal, "at seven").await;
    assert_eq!(answer.body(), "> [an earlier message]\n\nat seven");
    chat.world.simulator.clear_faults();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_of_joined_messages_finds_the_one_whose_words_it_has() {
    let mut chat = Chat::silent().await;
    let texts = ["one", "two <3", "three", "two again"];
    let events = chat.say_waiting(&texts).await;
    chat.ask("queue merge").await;
    chat.hear("hello").await;
    let whole = "one\ntwo ＜3\nthree\ntwo again";
    let shown = chat.phone.wait_text(whole).await.message_id;
    chat.wait_unmarked(&events[3]).await;
    // Which went together is known after a restart, too.
    chat.world.stop().await;
    chat.world.resume().await;

    let of = |start: &str, end: &str, at: u64| {
        let part = json!({ "start": start, "end": end, "startindex": at, "endindex": at });
        json!({ "svr_id": shown, "partial_text": part })
    };
    chat.phone.quotes(shown, "to all").await;
    chat.phone.quotes_whole(shown, "to the whole").await;
    answers(&chat, "to one", of("one", "one", 0)).await;
    answers(&chat, "to a word", of("two", "two", 1)).await;
    answers(&chat, "to two lines", of("3", "three", 0)).await;
    answers(&chat, "to nothing", of("four", "four", 0)).await;
    let text = json!({ "type": 1, "msg_id": shown.to_string(), "text_item": { "text": "three" } });
    answers(&chat, "to three", json!({ "message_item": text })).await;
    for (body, event) in [
        ("to all", &events[3]),
        ("to the whole", &events[3]),
        ("to one", &events[0]),
        ("> two\n\nto a word", &events[3]),
        ("> 3\n> three\n\nto two lines", &events[2]),
        ("to nothing", &events[3]),
        ("to three", &events[2]),
    ] {
        let answer = chat.alice.wait(&chat.portal, |m| m.body() == body).await;
        assert_eq!(answer.answers(), Some(event.as_str()), "{body}");
    }
    chat.world.end().await;
}

/// Sends a text of Mum's with this `ref_msg`.
async fn answers(chat: &Chat, text: &str, quote: Value) {
    let item = json!({ "type": 1, "text_item": { "text": text }, "ref_msg": quote });
    chat.phone.sends_item(item).await;
}

/// Opens a chat; returns it with its contact's ghost.
async fn chat() -> (Chat, String) {
    let chat = Chat::open().await;
    let ghost = chat.alice.ghost_in(&chat.world, &chat.portal).await;
    (chat, ghost)
}
