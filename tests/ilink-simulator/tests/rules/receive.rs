//! `getupdates`: cursors, holding, order, duplicates.

use std::time::Duration;

use ilink_simulator::Reason;
use serde_json::{Value, json};

use crate::support::{Scene, bodies};

#[tokio::test]
async fn a_message_comes_with_its_envelope_and_an_exact_id() {
    let mut scene = Scene::new().await;
    scene.client.token = scene.alice.bind();
    let id = scene.alice.says("你好").await;
    let answer = scene.client.poll("").await;
    let message = &answer["msgs"][0];
    assert_eq!(message["message_id"].as_u64(), Some(id));
    assert_eq!(id.to_string().len(), 19);
    assert_eq!(message["from_user_id"], json!(scene.alice.user_id()));
    assert_eq!(message["to_user_id"], json!(scene.alice.bot_id()));
    assert_eq!(message["message_type"], 1);
    assert_eq!(message["item_list"][0]["text_item"]["text"], "你好");
    assert_eq!(answer["longpolling_timeout_ms"], 200);
}

#[tokio::test]
async fn a_held_poll_is_answered_by_a_message() {
    let mut scene = Scene::talking().await;
    scene.simulator.set_hold(Duration::from_secs(15));
    let (simulator, alice) = (scene.simulator.clone(), scene.alice.clone());
    let speak = async {
        simulator.wait_held_polls(1).await;
        alice.says("now").await;
    };
    let (messages, ()) = tokio::join!(scene.client.read(), speak);
    assert_eq!(bodies(&messages), ["now"]);
}

#[tokio::test]
async fn an_idle_poll_has_no_cursor_to_keep() {
    let scene = Scene::talking().await;
    let answer = scene.client.poll(&scene.client.cursor).await;
    assert_eq!(answer["msgs"], json!([]));
    assert_eq!(answer["get_updates_buf"], "");
}

#[tokio::test]
async fn what_no_cursor_acknowledged_comes_again() {
    let mut scene = Scene::talking().await;
    let before = scene.client.cursor.clone();
    scene.alice.says("one").await;
    scene.alice.says("two").await;
    assert_eq!(bodies(&scene.client.read().await), ["one", "two"]);
    assert_eq!(scene.alice.unacknowledged(), 2);
    // The client died before it stored that answer.
    scene.client.cursor = before;
    assert_eq!(bodies(&scene.client.read().await), ["one", "two"]);
    assert_eq!(scene.client.read().await, Vec::<Value>::new());
    scene.alice.wait_acknowledged().await;
    // Without any cursor it continues where it had acknowledged.
    assert_eq!(scene.client.poll("").await["msgs"], json!([]));
}

#[tokio::test]
async fn delivery_can_count_as_consumption() {
    let mut scene = Scene::talking().await;
    scene.simulator.consume_on_delivery(true);
    let before = scene.client.cursor.clone();
    scene.alice.says("once").await;
    assert_eq!(bodies(&scene.client.read().await), ["once"]);
    scene.client.cursor = before;
    assert_eq!(scene.client.read().await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_cursor_of_another_bot_hears_nothing() {
    let mut scene = Scene::talking().await;
    scene.client.token = scene.alice.bind();
    scene.alice.says("deaf").await;
    assert_eq!(scene.client.read().await, Vec::<Value>::new());
    assert_eq!(scene.reasons(), [Reason::UnknownCursor]);
}

#[tokio::test]
async fn a_wrong_token_is_told_at_once() {
    let mut scene = Scene::talking().await;
    scene.simulator.set_hold(Duration::from_secs(15));
    scene.client.token = "not-a-token".to_owned();
    assert_eq!(scene.client.poll("").await, json!({ "errcode": -14, "errmsg": "session timeout" }));
}

#[tokio::test]
async fn an_expired_session_ends_a_held_poll() {
    let scene = Scene::talking().await;
    scene.simulator.set_hold(Duration::from_secs(15));
    let expire = async {
        scene.simulator.wait_held_polls(1).await;
        scene.simulator.expire_session(&scene.alice);
    };
    let (answer, ()) = tokio::join!(scene.client.poll(&scene.client.cursor), expire);
    assert_eq!(answer["errcode"], -14);
    assert_eq!(scene.alice.bot_id(), None);
    scene.alice.says("into the void").await;
    assert_eq!(scene.reasons(), [Reason::NoBot]);
}

#[tokio::test]
async fn a_second_poll_ends_the_first_and_is_counted() {
    let scene = Scene::talking().await;
    scene.simulator.set_hold(Duration::from_secs(15));
    let first = async {
        let answer = scene.client.poll(&scene.client.cursor).await;
        scene.alice.says("to the second").await;
        answer
    };
    let second = async {
        scene.simulator.wait_held_polls(1).await;
        scene.client.poll(&scene.client.cursor).await
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!(first["msgs"], json!([]));
    assert_eq!(second["msgs"][0]["item_list"][0]["text_item"]["text"], "to the second");
    assert_eq!(scene.simulator.overlapping_polls(), 1);
}

#[tokio::test]
async fn batches_can_come_twice_or_reversed() {
    let mut scene = Scene::talking().await;
    scene.simulator.duplicate_next_batch(false);
    let id = scene.alice.says("twice").await;
    for _ in 0..2 {
        assert_eq!(scene.client.read().await[0]["message_id"].as_u64(), Some(id));
    }
    scene.simulator.duplicate_next_batch(true);
    let id = scene.alice.says("renamed").await;
    assert_eq!(scene.client.read().await[0]["message_id"].as_u64(), Some(id));
    let again = scene.client.read().await;
    assert_eq!(bodies(&again), ["renamed"]);
    assert_ne!(again[0]["message_id"].as_u64(), Some(id));
    scene.simulator.reverse_next_batch();
    scene.alice.says("a").await;
    scene.alice.says("b").await;
    assert_eq!(bodies(&scene.client.read().await), ["b", "a"]);
}

#[tokio::test]
async fn raw_messages_and_items_come_as_they_are() {
    let mut scene = Scene::talking().await;
    scene
        .alice
        .sends_raw(json!({ "item_list": null, "message_id": "text", "odd": u64::MAX }))
        .await;
    scene.alice.sends_raw(json!(null)).await;
    scene.alice.sends_item(json!({ "type": 99, "unknown": {} })).await;
    let messages = scene.client.read().await;
    assert_eq!(messages[0], json!({ "item_list": null, "message_id": "text", "odd": u64::MAX }));
    assert_eq!(messages[1], Value::Null);
    assert_eq!(messages[2]["item_list"], json!([{ "type": 99, "unknown": {} }]));
}

#[tokio::test]
async fn a_quote_names_what_it_quotes() {
    let mut scene = Scene::talking().await;
    let id = scene.send(&scene.text("original")).await["message_id"].as_u64().unwrap();
    scene.alice.quotes(id, "by id").await;
    scene.alice.quotes_whole(id, "whole").await;
    let messages = scene.client.read().await;
    assert_eq!(messages[0]["item_list"][0]["ref_msg"], json!({ "svr_id": id }));
    let quoted = &messages[1]["item_list"][0]["ref_msg"]["message_item"];
    assert_eq!(quoted["text_item"]["text"], "original");
}

#[tokio::test]
async fn ten_thousand_messages_arrive_once_and_in_order() {
    let mut scene = Scene::talking().await;
    for number in 0..10_000 {
        scene.alice.says(&number.to_string()).await;
    }
    let mut next = 0;
    while next < 10_000 {
        for message in scene.client.read().await {
            assert_eq!(message["item_list"][0]["text_item"]["text"], json!(next.to_string()));
            next += 1;
        }
    }
    assert_eq!(scene.client.read().await, Vec::<Value>::new());
}

#[tokio::test]
async fn five_hundred_polls_are_held_at_once() {
    let scene = Scene::new().await;
    scene.simulator.set_hold(Duration::from_secs(20));
    let phones: Vec<_> =
        (0..500).map(|number| scene.simulator.phone(&format!("phone {number}"))).collect();
    let mut polls = tokio::task::JoinSet::new();
    for phone in &phones {
        let mut client = scene.client.of(phone);
        polls.spawn(async move { client.read().await });
    }
    scene.simulator.wait_held_polls(500).await;
    for phone in &phones {
        phone.says(phone.name()).await;
    }
    let mut heard: Vec<String> = Vec::new();
    while let Some(messages) = polls.join_next().await {
        heard.extend(bodies(&messages.unwrap()).into_iter().map(str::to_owned));
    }
    heard.sort();
    heard.dedup();
    assert_eq!(heard.len(), 500);
}
