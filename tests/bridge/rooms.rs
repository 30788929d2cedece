//! Rooms: what a portal looks like, what it is called, and rooms that are none.

use ilink_simulator::Phone;
use serde_json::json;

use crate::support::{Message, Person, World, synapse::Synapse};

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_room_has_all_that_clients_look_for() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (_, portal) = world.link(&alice, "Mum").await;
    let (ghost, bot) = (alice.ghost_in(&world, &portal).await, world.bot());
    let invite = alice
        .wait(&portal, |m| {
            m.0["state_key"] == alice.user_id.as_str() && m.content()["membership"] == "invite"
        })
        .await;
    assert_eq!(invite.sender(), ghost);
    assert_eq!(invite.content()["is_direct"], true);
    let direct = alice.room(&portal).direct_targets();
    assert!(direct.iter().any(|target| target.as_str() == ghost), "{direct:?}");

    let create = alice.wait(&portal, |m| m.kind() == "m.room.create").await;
    assert_eq!(create.sender(), ghost);
    assert_eq!(create.content()["room_version"], "12");
    assert_eq!(create.content()["additional_creators"], json!([bot]));
    for event_type in ["m.bridge", "uk.half-shot.bridge"] {
        let events = alice.state(&portal, event_type).await;
        assert_eq!(events.len(), 1, "{event_type}");
        let bridge = &events[0]["content"];
        assert_eq!(bridge["bridgebot"], bot.as_str());
        assert_eq!(bridge["creator"], alice.user_id.as_str());
        assert_eq!(bridge["protocol"], json!({ "id": "wechat", "displayname": "WeChat" }));
        assert_eq!(bridge["channel"]["displayname"], "Mum");
        assert_eq!(bridge["com.beeper.room_type"], "dm");
    }
    let features = alice.state(&portal, "com.beeper.room_features").await;
    assert_eq!(features.len(), 1);
    assert_eq!(features[0]["state_key"], alice.state(&portal, "m.bridge").await[0]["state_key"]);
    assert_eq!(features[0]["content"]["file"]["m.file"]["max_size"], 100 << 20);
    let machinery = alice.content(&portal, "io.element.functional_members", "").await;
    assert_eq!(machinery["service_members"], json!([bot]));
    assert_eq!(alice.content(&portal, "m.room.name", "").await["name"], "Mum");
    let member = alice.content(&portal, "m.room.member", &ghost).await;
    assert_eq!(member["displayname"], "Mum (WeChat)");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ghost_that_is_invited_by_hand_refuses_and_says_whom_to_ask() {
    let mut world = World::start().await;
    let synapse = Synapse::shared().await;
    let (alice, bob) = tokio::join!(Person::new(synapse, "alice"), Person::new(synapse, "bob"));
    let (_, portal) = world.link(&alice, "Mum").await;
    alice.wait_said(&portal, "your chat with Mum").await;
    let ghost = alice.ghost_in(&world, &portal).await;
    let room = bob.make_room(&[&ghost], &[]).await;
    let left = bob
        .wait(&room, |m| m.0["state_key"] == ghost.as_str() && m.content()["membership"] == "leave")
        .await;
    assert_eq!(left.sender(), ghost);
    let reason = left.content()["reason"].as_str().unwrap_or_default();
    assert!(reason.contains(&world.bot()), "{left:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn renaming_the_room_renames_the_contact_for_good() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let room = alice.management_room(&world).await;
    let ghost = alice.ghost_in(&world, &portal).await;

    alice.room(&portal).set_name("Mama".into()).await.unwrap();
    wait_called(&alice, &portal, &ghost, "Mama (WeChat)").await;
    assert_contact(&alice, &world, &room, &phone, "Mama").await;

    world.stop().await;
    world.resume().await;
    assert_contact(&alice, &world, &room, &phone, "Mama").await;
    assert_eq!(alice.content(&portal, "m.room.name", "").await["name"], "Mama");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_renamed_by_command_has_the_name_in_every_place() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let room = alice.management_room(&world).await;
    let ghost = alice.ghost_in(&world, &portal).await;

    let answer = alice.ask(&world, &portal, "!wechat name 妈妈").await;
    assert_eq!(answer, "The name is now 妈妈.");
    wait_named(&alice, &portal, "妈妈").await;
    wait_called(&alice, &portal, &ghost, "妈妈 (WeChat)").await;

    alice.ask(&world, &room, "name 妈妈 = Ma Li").await;
    wait_named(&alice, &portal, "Ma Li").await;
    assert_contact(&alice, &world, &room, &phone, "Ma Li").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_who_writes_to_the_bot_gets_a_room_of_their_own() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let ghost_of_mum = alice.ghost_in(&world, &portal).await;
    let rooms = alice.rooms();
    let mut message = phone.draft("who am I?");
    message["from_user_id"] = json!("oStranger_1@im.wechat");
    phone.sends_raw(message).await;
    phone.says("and I am Mum").await;

    let other = alice.wait_new_room(&rooms).await;
    let ghost = alice.ghost_in(&world, &other).await;
    assert_eq!(alice.wait_words(&other, &ghost, 1).await, ["who am I?"]);
    assert_eq!(alice.wait_words(&portal, &ghost_of_mum, 1).await, ["and I am Mum"]);
    assert_ne!(ghost, ghost_of_mum);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_who_left_the_management_room_gets_a_new_one_when_there_is_news() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, _) = world.link(&alice, "Mum").await;
    let room = alice.management_room(&world).await;
    let bot = world.bot();
    // Somebody who sees what becomes of the room.
    let bob = Person::new(Synapse::shared().await, "bob").await;
    alice.invite(&room, &bob.user_id).await;
    bob.wait_new_room(&[]).await;
    alice.room(&room).leave().await.unwrap();
    bob.wait(&room, |m| m.0["state_key"] == bot.as_str() && m.content()["membership"] == "leave")
        .await;
    alice.wait_gone(&room).await;
    let rooms = alice.rooms();
    world.simulator.expire_session(&phone);
    let new = alice.wait_new_room(&rooms).await;
    let told = alice.wait_said(&new, "WeChat ended the link to Mum").await;
    assert_eq!(told.sender(), bot);
    assert!(alice.ask(&world, &new, "list").await.contains("Mum"), "no prefix is needed there");
    world.end().await;
}

/// Waits until the room is called so.
async fn wait_named(person: &Person, room: &str, name: &str) {
    person.wait(room, |m| m.kind() == "m.room.name" && m.content()["name"] == name).await;
}

/// Waits until the ghost is called so in the room.
async fn wait_called(person: &Person, room: &str, ghost: &str, name: &str) {
    let called = |m: &Message| m.0["state_key"] == ghost && m.content()["displayname"] == name;
    person.wait(room, called).await;
}

async fn assert_contact(alice: &Person, world: &World, room: &str, phone: &Phone, name: &str) {
    let list = alice.ask(world, room, "list").await;
    let line = format!("• {name} ({}…): linked; ", &phone.user_id()[..8]);
    assert!(list.starts_with(&line) && !list.contains('\n'), "{list}");
}
