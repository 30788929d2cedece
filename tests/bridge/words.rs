//! What becomes of words that are too many, not there, or wrongly dated.

use serde_json::{Value, json};

use crate::support::{Chat, Person, synapse::Synapse};

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_no_event_has_room_for_arrives_in_several() {
    let (chat, ghost) = chat().await;
    let quotes = "\"".repeat(40_000);
    let han = "字".repeat(30_000);
    let first = chat.phone.says(&quotes).await;
    chat.phone.says(&han).await;
    chat.phone.quotes(first, "that one").await;
    let answer = chat.alice.wait(&chat.portal, |m| m.body() == "that one").await;
    let words = chat.alice.words(&chat.portal, &ghost);
    let said = |sign: char| {
        let parts: Vec<_> = words.iter().filter(|text| text.starts_with(sign)).collect();
        (parts.len(), parts.iter().map(|part| part.len()).sum::<usize>())
    };
    assert_eq!((said('"'), said('字')), ((2, quotes.len()), (2, han.len())));
    let hers = chat.alice.wait(&chat.portal, |m| m.body().starts_with('"')).await;
    assert_eq!(answer.answers(), Some(hers.id()), "the first part stands for the whole");
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_text_of_somebody_else_says_in_each_part_whose_it_is() {
    let chat = Chat::open().await;
    let bob = Person::new(Synapse::shared().await, "bob").await;
    chat.alice.invite(&chat.portal, &bob.user_id).await;
    assert_eq!(bob.wait_new_room(&[]).await, chat.portal);
    let name = bob.user_id.trim_start_matches('@').split(':').next().unwrap();
    let code = "let x = 1;\n".repeat(1_600);
    let content = json!({
        "msgtype": "m.text", "body": code, "format": "org.matrix.custom.html",
        "formatted_body": format!("<pre><code class=\"language-rust\">{code}</code></pre>"),
    });
    bob.send(&chat.portal, "m.room.message", content).await;
    let shown = chat.wait_shown(2).await;
    for part in &shown {
        let begin = format!("{name}:\n```rust\nlet x = 1;");
        assert!(part.starts_with(&begin) && part.ends_with("\n```"), "{part:.60}");
    }
    let lines: usize = shown.iter().map(|part| part.matches("let x = 1;").count()).sum();
    assert_eq!(lines, 1_600);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_without_words_is_said_to_be_empty() {
    let (chat, ghost) = chat().await;
    for text in ["", " \n", "\u{200b}"] {
        chat.phone.sends_item(json!({ "type": 1, "text_item": { "text": text } })).await;
    }
    let words = chat.alice.wait_words(&chat.portal, &ghost, 4).await;
    assert!(words[1..].iter().all(|text| text.contains("without content")), "{words:?}");
    assert_eq!(chat.alice.notices(&chat.portal, &ghost).len(), 3);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_has_its_time_in_seconds_and_one_that_cannot_be_is_now() {
    let (chat, _) = chat().await;
    let now = chat.world.simulator.now_ms();
    let seconds = now / 1_000 - 600;
    for (text, written) in
        [("seconds", seconds), ("too old", 1_000_000_000_000), ("too new", now + 978_307_200_000)]
    {
        let mut message = chat.phone.draft(text);
        message["create_time_ms"] = written.into();
        chat.phone.sends_raw(message).await;
        let at = chat.alice.wait(&chat.portal, |m| m.body() == text).await.at();
        match text {
            "seconds" => assert_eq!(at, seconds * 1_000),
            _ => assert!((at - now).abs() < 600_000, "{text}: {at}"),
        }
    }
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_has_only_the_id_of_its_item_can_be_answered() {
    let (chat, _) = chat().await;
    let mut message = chat.phone.draft("only an item");
    let fields = message.as_object_mut().unwrap();
    fields.remove("message_id");
    fields["item_list"][0]["msg_id"] = json!("v1:item");
    chat.phone.sends_raw(message).await;
    let hers = chat.alice.wait_said(&chat.portal, "only an item").await;
    let item = json!({ "type": 0, "msg_id": "v1:item" });
    let quote =
        json!({ "type": 1, "text_item": { "text": "yes" }, "ref_msg": { "message_item": item } });
    chat.phone.sends_item(quote).await;
    let answer = chat.alice.wait(&chat.portal, |m| m.body() == "yes").await;
    assert_eq!(answer.answers(), Some(hers.id()));
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_id_of_matrix_goes_to_wechat() {
    let chat = Chat::open().await;
    let events = chat.say(&["one", "two"]).await;
    chat.wait_shown(2).await;
    let ids = chat.requests();
    assert!(ids.len() == 2 && ids[0] != ids[1] && ids.iter().all(|id| id.len() == 32), "{ids:?}");
    let sent = chat.world.simulator.requests().into_iter();
    let sent = sent.filter(|request| request.endpoint() == "sendmessage");
    for body in sent.map(|request| Value::to_string(&request.json())) {
        assert!(!events.iter().any(|event| body.contains(event.as_str())), "{body}");
    }
    chat.world.end().await;
}

/// Opens a chat; returns it with its contact's ghost.
async fn chat() -> (Chat, String) {
    let chat = Chat::open().await;
    let ghost = chat.alice.ghost_in(&chat.world, &chat.portal).await;
    (chat, ghost)
}
