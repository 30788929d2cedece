//! Encrypted rooms, as strict and as usual clients see them.

use std::collections::BTreeMap;

use matrix_appservice_wechat::store::{Outcome, Store};
use matrix_sdk::ruma::{TransactionId, UserId};
use matrix_sdk_crypto::LocalTrust;
use serde_json::{Value, json};

use crate::support::{Message, Person, World, synapse::Synapse};

/// Returns what makes a room encrypted from its beginning.
pub(crate) fn encryption() -> Value {
    json!({
        "type": "m.room.encryption", "state_key": "",
        "content": { "algorithm": "m.megolm.v1.aes-sha2" },
    })
}

/// Makes an encrypted room of this person and the bot.
pub(crate) async fn encrypted_chat(person: &Person, world: &World) -> String {
    person.make_room(&[&world.bot()], &[encryption()]).await
}

/// Waits until the bot has its keys. A strict client that writes before, in the first seconds of a
/// new bridge, finds no device to encrypt for.
pub(crate) async fn wait_for_keys(world: &World) {
    let url = format!("http://{}/metrics", world.slot.listen);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let waiting = async {
        loop {
            let figures = client.get(&url).send().await.unwrap().text().await.unwrap();
            let age = figures.lines().find(|l| l.starts_with("wechat_bridge_keys_stream_age"));
            if age.is_some_and(|age| !age.ends_with(" 0.0")) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), waiting).await.unwrap();
}

/// Returns what came to the room and could not be read by the client.
pub(crate) fn unreadable(person: &Person, room: &str) -> Vec<Message> {
    let timeline = person.timeline(room).into_iter();
    timeline.filter(|m| m.kind() == "m.room.encrypted").collect()
}

/// Returns what the homeserver has of an event.
pub(crate) async fn at_homeserver(person: &Person, room: &str, event: &str) -> Value {
    let url = format!("{}_matrix/client/v3/rooms/{room}/event/{event}", person.client.homeserver());
    let token = person.client.access_token().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(url).bearer_auth(token).send().await.unwrap();
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_message_in_an_encrypted_room_is_read_and_answered_for_every_client() {
    let world = World::start().await;
    wait_for_keys(&world).await;
    let synapse = Synapse::shared().await;
    for strict in [true, false] {
        let alice = Person::signed(synapse, "alice", strict).await;
        let room = encrypted_chat(&alice, &world).await;
        // At once, before the bot has joined.
        let sent = alice.say(&room, "ping").await;
        let bot = world.bot();
        let hello = alice.wait_said(&room, "Hello, I am the WeChat bridge").await;
        assert!(hello.body().contains("management room"), "{}", hello.body());
        let pong = alice.wait(&room, |m| m.sender() == bot && m.body() == "Pong.").await;
        assert_eq!(unreadable(&alice, &room).len(), 0, "strict: {strict}");
        for event in [&sent, hello.id(), pong.id()] {
            let kept = at_homeserver(&alice, &room, event).await;
            assert_eq!(kept["type"], "m.room.encrypted", "{kept}");
        }
        assert_eq!(alice.ask(&world, &room, "ping").await, "Pong.");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_linked_in_an_encrypted_room_and_the_code_is_encrypted_too() {
    let world = World::start().await;
    let alice = Person::signed(Synapse::shared().await, "alice", true).await;
    let phone = world.simulator.phone("mum");
    let room = encrypted_chat(&alice, &world).await;
    alice.wait_said(&room, "Hello, I am the WeChat bridge").await;
    let command = alice.say(&room, "login Mum").await;
    let code = alice.wait_after(&room, &command, |m| m.qr_url().is_some()).await;
    let file = &code.content()["file"];
    assert_eq!((&file["v"], code.content().get("url")), (&json!("v2"), None), "{code:?}");
    phone.scan(&code.qr_url().unwrap()).await.unwrap();
    phone.confirm().await.unwrap();
    let portal = alice.wait_linked(&world, &room, code.id(), std::slice::from_ref(&room)).await;
    phone.says("hi").await;
    alice.wait_said(&portal, "hi").await;
    assert_eq!(unreadable(&alice, &room).len(), 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_with_state_and_a_ciphertext_that_comes_again_change_nothing() {
    let mut world = World::start().await;
    let alice = Person::signed(Synapse::shared().await, "alice", true).await;
    let room = encrypted_chat(&alice, &world).await;
    alice.wait_said(&room, "Hello, I am the WeChat bridge").await;
    let bot = world.bot();
    let elsewhere = json!({ "body": "moved", "replacement_room": "!elsewhere:localhost" });
    alice.send(&room, "m.room.tombstone", elsewhere).await;
    alice.send(&room, "m.room.member", json!({ "membership": "leave" })).await;
    let ping = alice.say(&room, "ping").await;
    alice.wait_after(&room, &ping, |m| m.body() == "Pong.").await;
    // A homeserver could have it done twice.
    let secret = at_homeserver(&alice, &room, &ping).await["content"].clone();
    send_as_it_is(&alice, &room, ("m.room.encrypted", &secret)).await;
    assert_ne!(alice.ask(&world, &room, "version").await, "Pong.");
    assert_eq!(alice.notices(&room, &bot).iter().filter(|m| m.body() == "Pong.").count(), 1);
    world.stop().await;
    let ends = ends(&world).await;
    assert_eq!((ends.get("envelope"), ends.get("replay")), (Some(&2), Some(&1)), "{ends:?}");
    world.resume().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_keeps_its_keys_back_hears_what_to_change() {
    let world = World::start().await;
    let alice = Person::signed(Synapse::shared().await, "alice", false).await;
    let room = encrypted_chat(&alice, &world).await;
    alice.wait_said(&room, "Hello, I am the WeChat bridge").await;
    assert_eq!(alice.ask(&world, &room, "ping").await, "Pong.");
    let bot = UserId::parse(world.bot()).unwrap();
    let devices = alice.client.encryption().get_user_devices(&bot).await.unwrap();
    for device in devices.devices() {
        device.set_local_trust(LocalTrust::BlackListed).await.unwrap();
    }
    let answer = alice.ask(&world, &room, "ping").await;
    assert!(answer.contains("your app keeps its key from me"), "{answer}");
    world.end().await;
}

/// Returns how often each reason to leave something alone came about.
async fn ends(world: &World) -> BTreeMap<String, u64> {
    let store = Store::open(&world.store_path()).unwrap();
    let counts = store.outcome_counts().unwrap().into_iter();
    let ignored = counts.filter_map(|count| match count.outcome {
        Outcome::Ignored(why) => Some((why.to_string(), count.count)),
        Outcome::Delivered | Outcome::Unconfirmed | Outcome::Refused(_) | Outcome::Cancelled => {
            None
        }
    });
    let ignored = ignored.collect();
    store.close().await.unwrap();
    ignored
}

/// Sends an event as it is, without encryption, and returns its id.
pub(crate) async fn send_as_it_is(
    person: &Person,
    room: &str,
    (kind, content): (&str, &Value),
) -> String {
    let (server, txn) = (person.client.homeserver(), TransactionId::new());
    let url = format!("{server}_matrix/client/v3/rooms/{room}/send/{kind}/{txn}");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.put(url).bearer_auth(person.client.access_token().unwrap());
    let answer = request.body(content.to_string()).send().await.unwrap().text().await.unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    answer["event_id"].as_str().expect("the event is taken").to_owned()
}
