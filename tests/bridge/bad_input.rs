//! Broken input from both sides, between input that is whole: the whole arrives, nothing is down.

use ilink_simulator::{Fault, Phone};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Person, World, listener::Listener, synapse::Synapse};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_with_any_field_broken_costs_the_messages_around_it_nothing() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let room = alice.management_room(&world).await;
    let ghost = alice.ghost_in(&world, &portal).await;
    let mut good = Vec::new();
    for (number, broken) in broken_messages(&phone).into_iter().enumerate() {
        phone.sends_raw(broken).await;
        let text = format!("good {number}");
        phone.says(&text).await;
        if number % 16 == 15 {
            alice.wait_said(&portal, &text).await;
        }
        good.push(text);
    }
    phone.says("the end").await;
    alice.wait_said(&portal, "the end").await;
    let mut arrived = alice.words(&portal, &ghost);
    arrived.retain(|text| text.starts_with("good"));
    assert_eq!(arrived, good);

    alice.say(&portal, "I am here").await;
    phone.wait_text("I am here").await;
    assert_eq!(alice.ask(&world, &room, "ping").await, "Pong.");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_a_sender_that_cannot_be_read_is_still_heard_of() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let room = alice.management_room(&world).await;
    let ghost = alice.ghost_in(&world, &portal).await;
    let rooms = alice.rooms();
    let senders = [
        Value::Null,
        json!(""),
        json!(true),
        json!([7]),
        json!("a\nb"),
        json!("x".repeat(100_000)),
    ];
    for (number, sender) in senders.iter().enumerate() {
        let mut message = phone.draft(&format!("somebody {number}"));
        message["from_user_id"] = sender.clone();
        phone.sends_raw(message).await;
    }
    let words = alice.wait_words(&portal, &ghost, senders.len()).await;
    let expected: Vec<_> = (0..senders.len()).map(|n| format!("somebody {n}")).collect();
    assert_eq!(words, expected);

    // An id that Matrix has no name for: too long to be a ghost's.
    let mut message = phone.draft("nobody");
    message["from_user_id"] = json!(format!("{}@im.wechat", "X".repeat(200)));
    phone.sends_raw(message).await;
    alice.wait_said(&room, "A message from XXXXXXXX… could not be put into the room").await;
    assert_eq!(alice.rooms(), rooms);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_broken_as_a_whole_is_asked_for_again() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let ghost = alice.ghost_in(&world, &portal).await;
    for body in [
        r#"{"ret":0,"msgs":5,"get_updates_buf":null}"#,
        r#"{"ret":"0","msgs":{"0":{}},"longpolling_timeout_ms":"soon"}"#,
        r#"{"ret":0,"msgs":[null,[],"",7],"get_updates_buf":[]}"#,
        "<html>",
    ] {
        world.simulator.fault("getupdates", Fault::Body(body.into()), 1);
        phone.says(&format!("after {body}")).await;
        alice.wait_said(&portal, &format!("after {body}")).await;
    }
    let words = alice.words(&portal, &ghost);
    let good: Vec<_> = words.iter().filter(|text| text.starts_with("after")).collect();
    assert_eq!(good.len(), 4, "{words:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_show_the_hs_token_is_refused_and_nothing_of_it_is_taken() {
    let world = World::start().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let room = alice.management_room(&world).await;
    let listener = Listener::of(&world);
    let event = said_in(&room, &alice.user_id, "$forged", "version");
    let body = json!({ "events": [event] }).to_string();
    let push = || listener.request(Method::PUT, "/transactions/forged").body(body.clone());
    assert_eq!(push().send().await.unwrap().status(), 401);
    let wrong = push().bearer_auth("not the token").send().await.unwrap();
    assert_eq!(wrong.status(), 403);
    assert!(wrong.text().await.unwrap().contains("M_FORBIDDEN"));
    let in_query = format!("/transactions/forged?access_token={}", world.slot.hs_token);
    let old = listener.request(Method::PUT, &in_query).body(body.clone()).send().await.unwrap();
    assert_eq!(old.status(), 401, "the token belongs into the header");

    assert_eq!(alice.ask(&world, &room, "ping").await, "Pong.");
    let answers = alice.notices(&room, &world.bot());
    assert!(!answers.iter().any(|m| m.body().contains("matrix-appservice-wechat")), "{answers:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_transaction_is_refused_and_a_broken_event_costs_only_itself() {
    let world = World::start().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let room = alice.management_room(&world).await;
    let listener = Listener::of(&world);
    for (body, status) in [("", 400), ("{", 400), ("[]", 400), ("null", 400), ("{}", 200)] {
        assert_eq!(listener.push(&format!("odd-{body}"), body).await, status, "{body:?}");
    }
    let whole = said_in(&room, &alice.user_id, "$whole", "version");
    let mut events = vec![json!(null), json!([]), json!("event"), json!({})];
    for field in ["event_id", "room_id", "sender", "type", "content"] {
        for value in [Value::Null, json!(7), json!({ "a": [] }), json!("x".repeat(70_000))] {
            let id = format!("$broken{}", events.len());
            let mut broken = said_in(&room, &alice.user_id, &id, "ping");
            broken[field] = value;
            events.push(broken);
        }
    }
    events.push(whole);
    let body = json!({ "events": events }).to_string();
    assert_eq!(listener.push("mixed", &body).await, 200);
    let bot = world.bot();
    alice.wait(&room, |m| m.sender() == bot && m.body().contains(env!("CARGO_PKG_VERSION"))).await;
    assert_eq!(alice.ask(&world, &room, "ping").await, "Pong.");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_the_bridge_has_is_found_at_its_listener() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (_, portal) = world.link(&alice, "Mum").await;
    let (ghost, bot) = (alice.ghost_in(&world, &portal).await, world.bot());
    let listener = Listener::of(&world);
    let unknown = format!("@{}nobody:localhost", world.slot.ghost_prefix);
    for (method, path, status) in [
        (Method::GET, format!("/users/{ghost}"), 200),
        (Method::GET, format!("/users/{bot}"), 200),
        (Method::GET, format!("/users/{unknown}"), 404),
        (Method::GET, format!("/users/{}", alice.user_id), 404),
        (Method::GET, "/users/nonsense".to_owned(), 404),
        (Method::GET, "/rooms/%23nothing:localhost".to_owned(), 404),
        (Method::GET, "/nothing".to_owned(), 404),
        (Method::POST, format!("/users/{ghost}"), 405),
    ] {
        assert_eq!(listener.ask(method, &path).await, status, "{path}");
    }
    world.end().await;
}

/// Returns a message for every way in which one of its fields can be broken.
fn broken_messages(phone: &Phone) -> Vec<Value> {
    let whole = phone.draft("");
    let mut fields: Vec<String> =
        whole.as_object().unwrap().keys().map(|k| format!("/{k}")).collect();
    // What a sender is called decides about rooms, which stories of their own show.
    fields.retain(|field| field != "/from_user_id");
    fields
        .extend(["/item_list/0", "/item_list/0/type", "/item_list/0/text_item"].map(str::to_owned));
    fields.push("/item_list/0/text_item/text".to_owned());
    let values = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(1.5e300),
        json!("\u{0}\u{202e}"),
        json!([[]]),
        json!({ "a": {} }),
        json!("x".repeat(100_000)),
    ];
    let mut broken = Vec::new();
    for field in &fields {
        for value in &values {
            let mut message = phone.draft("broken");
            *message.pointer_mut(field).unwrap() = value.clone();
            broken.push(message);
        }
        let mut message = phone.draft("broken");
        let (parent, name) = field.rsplit_once('/').unwrap();
        let parent = message.pointer_mut(parent).unwrap();
        match parent.as_object_mut() {
            Some(map) => drop(map.remove(name)),
            None => *parent = json!([]),
        }
        broken.push(message);
    }
    broken
}

fn said_in(room: &str, sender: &str, id: &str, words: &str) -> Value {
    json!({
        "type": "m.room.message", "event_id": id, "room_id": room, "sender": sender,
        "origin_server_ts": 1, "content": { "msgtype": "m.text", "body": words },
    })
}
