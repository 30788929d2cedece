//! The states of a QR login, as a person in the room sees them.

use std::time::Duration;

use ilink_simulator::Fault;
use serde_json::json;

use crate::support::{Chat, Message, Person, World, synapse::Synapse};

#[tokio::test(flavor = "multi_thread")]
async fn the_one_message_follows_the_login_and_the_room_is_there_at_its_end() {
    let world = World::start().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let linking = world.begin(&alice, "login Mum").await;
    let room = &linking.room;
    let code = alice.wait(room, |m| m.id() == linking.message).await;
    assert_eq!(code.content()["msgtype"], "m.image");
    assert!(code.content()["info"]["w"].as_u64() >= Some(512), "{code:?}");
    let rooms = alice.rooms();

    let phone = world.simulator.phone("Mum");
    phone.scan(&linking.url).await.unwrap();
    alice.wait_edit(room, &linking.message, "Scanned").await;
    phone.confirm().await.unwrap();

    let portal = alice.wait_new_room(&rooms).await;
    alice.wait_said(room, "Mum is linked").await;
    assert_eq!(alice.wait_removed(room, &linking.message).await, world.bot());
    alice.wait_said(&portal, "This room is your chat with Mum").await;
    let shown = alice.timeline(room);
    let pictures = shown.iter().filter(|m| m.edits().is_none() && m.qr_url().is_some());
    assert_eq!(pictures.count(), 1, "one message carries the login");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_digits_on_the_phone_are_asked_for_and_removed_from_the_room() {
    let world = World::start().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let phone = world.simulator.phone("Mum");
    phone.require_digits("4711");
    let linking = world.begin(&alice, "login Mum").await;
    let room = &linking.room;
    let rooms = alice.rooms();
    phone.scan(&linking.url).await.unwrap();
    alice.wait_edit(room, &linking.message, "The phone shows a number").await;
    assert_eq!(alice.ask(&world, room, "ping").await, "Pong.", "a command is no number");

    let wrong = alice.say(room, "1234").await;
    assert_eq!(alice.wait_removed(room, &wrong).await, world.bot());
    alice.wait_edit(room, &linking.message, "That was not the right number").await;
    let right = alice.say(room, " 4711 ").await;
    assert_eq!(alice.wait_removed(room, &right).await, world.bot());
    alice.wait_edit(room, &linking.message, "Scanned").await;

    phone.confirm().await.unwrap();
    alice.wait_new_room(&rooms).await;
    assert_eq!(alice.wait_removed(room, &linking.message).await, world.bot());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_bot_may_not_remove_the_number_it_asks_for_that() {
    let world = World::start().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let phone = world.simulator.phone("Mum");
    phone.require_digits("4711");
    let room = alice.make_room(&[&world.bot()], &[]).await;
    alice.wait_said(&room, "This is now your management room").await;
    alice.say(&room, "login Mum").await;
    let code = alice.wait(&room, |m| m.qr_url().is_some()).await;
    let rooms = alice.rooms();
    phone.scan(&code.qr_url().unwrap()).await.unwrap();
    alice.wait_edit(&room, code.id(), "The phone shows a number").await;
    let asked = alice.ask(&world, &room, "4711").await;
    assert!(asked.ends_with("please remove the number yourself."), "{asked}");
    phone.confirm().await.unwrap();
    alice.wait_new_room(&rooms).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn digits_that_a_restart_has_overtaken_go_to_no_contact() {
    let mut chat = Chat::open().await;
    chat.phone.require_digits("4711");
    let sent = chat.alice.say(&chat.portal, "!wechat relogin").await;
    let code = chat.alice.wait_after(&chat.portal, &sent, |m| m.qr_url().is_some()).await;
    chat.phone.scan(&code.qr_url().unwrap()).await.unwrap();
    chat.alice.wait_edit(&chat.portal, code.id(), "The phone shows a number").await;
    chat.world.stop().await;
    let digits = chat.alice.say(&chat.portal, "4711").await;
    chat.world.resume().await;
    let told = chat.alice.wait_said(&chat.portal, "I am not waiting for a number").await;
    assert_eq!(told.sender(), chat.bot);
    chat.say(&["hello"]).await;
    assert_eq!(chat.wait_shown(1).await, ["hello"]);
    // The notice says that 🔁 sends the number to the contact.
    chat.alice.react(&chat.portal, &digits, "🔁").await;
    assert_eq!(chat.wait_shown(2).await, ["hello", "4711"]);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_wrong_numbers_bring_a_new_code_into_the_same_message() {
    let world = World::start().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let phone = world.simulator.phone("Mum");
    phone.require_digits("4711");
    let linking = world.begin(&alice, "login Mum").await;
    phone.scan(&linking.url).await.unwrap();
    alice.wait_edit(&linking.room, &linking.message, "The phone shows a number").await;
    phone.block_digits();
    alice.say(&linking.room, "1234").await;
    alice.wait_edit(&linking.room, &linking.message, "Too many wrong numbers").await;
    let second = alice.wait_edit(&linking.room, &linking.message, "code 2 of 3").await;

    phone.allow_without_digits();
    let rooms = alice.rooms();
    phone.scan(&second.qr_url().unwrap()).await.unwrap();
    phone.confirm().await.unwrap();
    alice.wait_new_room(&rooms).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_code_is_renewed_in_the_same_message_until_three_are_used_up() {
    let world = World::start().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let linking = world.begin(&alice, "login Mum").await;
    let room = &linking.room;
    let first = alice.wait(room, |m| m.id() == linking.message).await;

    world.simulator.expire_qr();
    let second = alice.wait_edit(room, &linking.message, "code 2 of 3").await;
    world.simulator.advance(Duration::from_secs(121));
    let third = alice.wait_edit(room, &linking.message, "code 3 of 3").await;
    let codes = [first, second, third];
    for look in [|m: &Message| m.qr_url(), picture] {
        let [a, b, c] = codes.each_ref().map(look);
        assert!(a.is_some() && a != b && b != c && a != c, "{a:?} {b:?} {c:?}");
    }

    world.simulator.expire_qr();
    alice.wait_said(room, "None of the QR codes was scanned").await;
    assert_eq!(alice.wait_removed(room, &linking.message).await, world.bot());
    assert_eq!(alice.ask(&world, room, "cancel").await, "There is nothing to cancel.");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_moves_to_another_host_is_followed_there() {
    let world = World::start().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let linking = world.begin(&alice, "login Mum").await;
    let rooms = alice.rooms();
    let phone = world.simulator.phone("Mum");
    world.simulator.redirect_next_scan();
    phone.scan(&linking.url).await.unwrap();
    alice.wait_edit(&linking.room, &linking.message, "another server").await;
    phone.confirm().await.unwrap();
    let portal = alice.wait_new_room(&rooms).await;

    let ghost = alice.ghost_in(&world, &portal).await;
    phone.says("moved").await;
    assert_eq!(alice.wait_words(&portal, &ghost, 1).await, ["moved"]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_of_the_code_that_nobody_knows_is_asked_past() {
    let world = World::start().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let dancing = json!({ "ret": 0, "status": "dancing" }).to_string().into_bytes();
    world.simulator.fault("get_qrcode_status", Fault::Body(dancing), 2);
    let (phone, portal) = world.log_in(&alice, "Mum").await;
    let polls = world.simulator.requests().into_iter();
    assert!(polls.filter(|r| r.endpoint() == "get_qrcode_status").count() > 2);
    let ghost = alice.ghost_in(&world, &portal).await;
    phone.says("still here").await;
    assert_eq!(alice.wait_words(&portal, &ghost, 1).await, ["still here"]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wechat_that_is_linked_already_is_said_to_be_so() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let linking = world.begin(&alice, "login Mother").await;
    let rooms = alice.rooms();
    phone.scan(&linking.url).await.unwrap();
    alice.wait_said(&linking.room, "This WeChat account is already linked here").await;
    alice.wait_removed(&linking.room, &linking.message).await;

    let ghost = alice.ghost_in(&world, &portal).await;
    phone.says("as before").await;
    assert_eq!(alice.wait_words(&portal, &ghost, 1).await, ["as before"]);
    assert_eq!(alice.rooms(), rooms);
    world.end().await;
}

fn picture(code: &Message) -> Option<String> {
    let content = code.content();
    let url = content["m.new_content"]["url"].as_str().or(content["url"].as_str());
    url.map(str::to_owned)
}
