//! Encrypted rooms while something is away: the bridge, its keys, or what the homeserver can do.

use futures_util::StreamExt as _;
use matrix_sdk::ruma::UserId;
use serde_json::json;

use crate::{
    encrypted::{encrypted_chat, encryption, send_as_it_is, unreadable},
    support::{Message, Person, Proxy, Trouble, World, synapse::Synapse},
};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_with_new_keys_while_the_bridge_is_down_is_read_in_order() {
    let mut world = World::start().await;
    let alice = Person::signed(Synapse::shared().await, "alice", true).await;
    let room = encrypted_chat(&alice, &world).await;
    alice.wait_said(&room, "Hello, I am the WeChat bridge").await;
    assert_eq!(alice.ask(&world, &room, "ping").await, "Pong.");
    world.stop().await;
    let mut sent = Vec::new();
    for _ in 0..5 {
        alice.room(&room).discard_room_key().await.unwrap();
        sent.push(alice.say(&room, "version").await);
    }
    world.resume().await;
    let bot = world.bot();
    let answers = alice
        .until("five answers", || {
            let notices = alice.notices(&room, &bot).into_iter();
            let answers: Vec<_> =
                notices.filter(|m| m.body().contains(env!("CARGO_PKG_VERSION"))).collect();
            (answers.len() >= sent.len()).then_some(answers)
        })
        .await;
    assert_eq!(answers.len(), sent.len());
    assert_eq!(unreadable(&alice, &room).len(), 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_store_of_keys_is_replaced_under_the_old_identity() {
    let mut world = World::start().await;
    let alice = Person::signed(Synapse::shared().await, "alice", true).await;
    let room = encrypted_chat(&alice, &world).await;
    alice.wait_said(&room, "Hello, I am the WeChat bridge").await;
    assert_eq!(alice.ask(&world, &room, "ping").await, "Pong.");
    let bot = UserId::parse(world.bot()).unwrap();
    let before = master_key(&alice, &bot).await;
    world.stop().await;
    let old = std::fs::read_to_string(world.store_path().join("crypto/bot/device")).unwrap();
    std::fs::remove_dir_all(world.store_path().join("crypto")).unwrap();
    let encryption = alice.client.encryption();
    let mut updates = Box::pin(encryption.devices_stream().await.unwrap());
    world.resume().await;
    // Until then the client encrypts for the old device alone.
    while !has_signed_device(&alice, &bot, &old).await {
        updates.next().await.unwrap();
    }
    assert_eq!(alice.ask(&world, &room, "ping").await, "Pong.");
    assert_eq!(master_key(&alice, &bot).await, before);
    assert_eq!(unreadable(&alice, &room).len(), 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_key_does_not_come_ends_with_a_sentence() {
    let world = World::start().await;
    let alice = Person::signed(Synapse::shared().await, "alice", false).await;
    let room = encrypted_chat(&alice, &world).await;
    alice.wait_said(&room, "Hello, I am the WeChat bridge").await;
    let secret = json!({
        "algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgA", "session_id": "s",
        "sender_key": "k", "device_id": "D",
    });
    send_as_it_is(&alice, &room, ("m.room.encrypted", &secret)).await;
    alice.wait_said(&room, "I cannot read this message").await;
    // A ciphertext is known, under whatever id it comes.
    let again = send_as_it_is(&alice, &room, ("m.room.encrypted", &secret)).await;
    assert_eq!(alice.ask(&world, &room, "ping").await, "Pong.");
    let said = alice.notices(&room, &world.bot());
    let about_it = |m: &&Message| m.body().contains("I cannot read this message");
    assert_eq!(said.iter().filter(about_it).count(), 1, "{again}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_homeserver_takes_no_keys_the_bot_opens_a_room_that_it_can_read() {
    let mut world = World::idle().await;
    let proxy = Proxy::to(&world.slot.base_url).await;
    let (direct, through) = (world.slot.base_url.clone(), proxy.url());
    world.configure(|config| config.replacen(&direct, &through, 1));
    proxy.trouble("v3/keys/upload", Trouble::Refusal(404, "M_UNRECOGNIZED"));
    world.resume().await;
    opens_a_plain_room(&world).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_encryption_is_switched_off_the_bot_opens_a_room_that_it_can_read() {
    let mut world = World::idle().await;
    world.configure(|config| format!("{config}[encryption]\nallow = false\n"));
    world.resume().await;
    opens_a_plain_room(&world).await;
    world.end().await;
}

async fn opens_a_plain_room(world: &World) {
    let alice = Person::signed(Synapse::shared().await, "alice", false).await;
    let room = alice.make_room(&[&world.bot()], &[encryption()]).await;
    let sentence = alice.wait_said(&room, "This room is encrypted, so I cannot read it").await;
    let plain = alice.wait_new_room(std::slice::from_ref(&room)).await;
    assert!(sentence.body().contains("https://matrix.to/#/"), "{sentence:?}");
    alice.wait_said(&plain, "Hello, I am the WeChat bridge").await;
    assert!(alice.state(&plain, "m.room.encryption").await.is_empty());
    assert_eq!(alice.ask(world, &plain, "ping").await, "Pong.");
    // What is encrypted is answered once, and what is not is understood.
    let first = alice.say(&room, "!wechat ping").await;
    alice.wait_after(&room, &first, |m| m.body().contains("I cannot read it")).await;
    alice.say(&room, "!wechat ping").await;
    let clear = json!({ "msgtype": "m.text", "body": "!wechat ping" });
    send_as_it_is(&alice, &room, ("m.room.message", &clear)).await;
    alice.wait_said(&room, "Pong.").await;
    let said = alice.notices(&room, &world.bot());
    let times = said.iter().filter(|m| m.body().contains("I cannot read it")).count();
    assert_eq!(times, 2, "once for the invitation and once for all that is encrypted");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_sliding_sync_the_keys_come_the_slower_way() {
    let mut world = World::idle().await;
    let proxy = Proxy::to(&world.slot.base_url).await;
    let (direct, through) = (world.slot.base_url.clone(), proxy.url());
    world.configure(|config| config.replacen(&direct, &through, 1));
    proxy.trouble("simplified_msc3575", Trouble::Refusal(404, "M_UNRECOGNIZED"));
    world.resume().await;
    let alice = Person::signed(Synapse::shared().await, "alice", true).await;
    let room = encrypted_chat(&alice, &world).await;
    alice.wait_said(&room, "Hello, I am the WeChat bridge").await;
    assert_eq!(alice.ask(&world, &room, "ping").await, "Pong.");
    alice.room(&room).discard_room_key().await.unwrap();
    assert_eq!(alice.ask(&world, &room, "ping").await, "Pong.");
    assert_eq!(unreadable(&alice, &room).len(), 0);
    world.end().await;
}

/// Returns the master key of a user, as this person's client knows it.
async fn master_key(person: &Person, user: &UserId) -> String {
    let identity = person.client.encryption().request_user_identity(user).await.unwrap();
    let key = identity.expect("the user has an identity").master_key().get_first_key();
    key.expect("an identity has a key").to_base64()
}

/// Returns whether the person's client knows a device of this user's, signed by them, beside the old one.
async fn has_signed_device(person: &Person, user: &UserId, old: &str) -> bool {
    let devices = person.client.encryption().get_user_devices(user).await.unwrap();
    devices.devices().any(|device| device.device_id() != old && device.is_cross_signed_by_owner())
}
