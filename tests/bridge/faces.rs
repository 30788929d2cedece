//! What contacts are called and what they look like, for each of those who have linked them.

use serde_json::{Value, json};

use crate::support::{Chat, Message, Person, World, picture, synapse::Synapse};

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_becomes_the_face_of_a_contact_and_stays_with_them() {
    let mut chat = Chat::open().await;
    let management = chat.alice.management_room(&chat.world).await;
    let ghost = chat.alice.ghost_in(&chat.world, &chat.portal).await;
    let usage = chat.ask("avatar").await;
    assert!(usage.starts_with("Usage: in the contact's room, reply"), "{usage}");
    let sent = chat.send_picture("mum.png", None).await;
    let picture = chat.alice.wait(&chat.portal, |m| m.id() == sent).await.content()["url"].clone();
    chat.alice.answer(&chat.portal, &sent, "!wechat avatar").await;
    chat.alice.wait_said(&chat.portal, "Mum has a new avatar.").await;
    wait_face(&chat.alice, &chat.portal, &ghost, &picture).await;

    // The avatar outlives the room, a restart and a new login.
    chat.alice.ask(&chat.world, &management, "delete-portal Mum").await;
    chat.alice.ask(&chat.world, &management, "yes").await;
    chat.world.stop().await;
    chat.world.resume().await;
    let rooms = chat.alice.rooms();
    let again = chat.world.begin(&chat.alice, "relogin Mum").await;
    chat.phone.scan(&again.url).await.unwrap();
    chat.phone.confirm().await.unwrap();
    let second = chat.alice.wait_new_room(&rooms).await;
    assert_ne!(second, chat.portal);
    chat.portal = second;
    wait_face(&chat.alice, &chat.portal, &ghost, &picture).await;
    let member = chat.alice.content(&chat.portal, "m.room.member", &ghost).await;
    assert_eq!(member["displayname"], "Mum (WeChat)");

    let answer = chat.ask("avatar remove").await;
    assert_eq!(answer, "Mum has no avatar any more.");
    let bare = |m: &Message| {
        m.0["state_key"] == ghost.as_str() && m.content()["avatar_url"].as_str().is_none()
    };
    let shown = chat
        .alice
        .wait(&chat.portal, |m| m.kind() == "m.room.avatar" && m.content()["url"].is_null());
    shown.await;
    let last = chat
        .alice
        .timeline(&chat.portal)
        .into_iter()
        .rfind(|m| m.kind() == "m.room.member" && m.0["state_key"] == ghost.as_str());
    assert!(last.as_ref().is_some_and(bare), "{last:?}");
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_picture_that_the_owner_gives_the_room_is_the_contacts() {
    let chat = Chat::open().await;
    let bob = Person::new(Synapse::shared().await, "bob").await;
    let ghost = chat.alice.ghost_in(&chat.world, &chat.portal).await;
    let url = chat.alice.upload("image/png", &picture("mum.png")).await;
    give(&chat.alice, &chat.portal, json!({ "url": url })).await;
    wait_face(&chat.alice, &chat.portal, &ghost, &json!(url)).await;

    // What another user sets, or what is no image, stays with the room.
    chat.alice.invite(&chat.portal, &bob.user_id).await;
    assert_eq!(bob.wait_new_room(&[]).await, chat.portal);
    let other = bob.upload("image/png", &picture("dad.png")).await;
    give(&bob, &chat.portal, json!({ "url": other })).await;
    chat.alice.wait(&chat.portal, |m| m.content()["url"] == other.as_str()).await;
    give(&chat.alice, &chat.portal, json!({ "url": "https://elsewhere.org/mum.png" })).await;
    chat.hear("what is it?").await;
    assert!(chat.ask("status").await.starts_with("Mum"), "what came before is done");
    assert_eq!(last_face(&chat.alice, &chat.portal, &ghost), json!(url));

    give(&chat.alice, &chat.portal, json!({})).await;
    let bare = |m: &Message| {
        m.0["state_key"] == ghost.as_str() && m.content()["avatar_url"].as_str().is_none()
    };
    let first = chat.alice.wait(&chat.portal, |m| m.content()["avatar_url"] == url.as_str()).await;
    chat.alice.wait_after(&chat.portal, first.id(), bare).await;
    let timeline = chat.alice.timeline(&chat.portal).into_iter();
    let given: Vec<_> = timeline.filter(|m| m.kind() == "m.room.avatar").collect();
    assert!(given.len() == 4 && given.iter().all(|m| m.sender() != chat.bot), "{given:?}");
    chat.world.end().await;
}

async fn give(person: &Person, room: &str, content: Value) {
    person.room(room).send_state_event_raw("m.room.avatar", "", content).await.unwrap();
}

/// Returns the avatar of the ghost's newest member event.
fn last_face(person: &Person, room: &str, ghost: &str) -> Value {
    let mut timeline = person.timeline(room).into_iter();
    let last = timeline.rfind(|m| m.kind() == "m.room.member" && m.0["state_key"] == ghost);
    last.unwrap().content()["avatar_url"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_call_the_same_contact_by_different_names() {
    let world = World::start().await;
    let synapse = Synapse::shared().await;
    let (alice, bob) = (Person::new(synapse, "alice").await, Person::new(synapse, "bob").await);
    let phone = world.simulator.phone("Mum");
    let of_alice = world.link_phone(&alice, &phone, "Mum").await;
    let ghost = alice.ghost_in(&world, &of_alice).await;
    let of_bob = world.link_phone(&bob, &phone, "Grandma").await;
    wait_called(&bob, &of_bob, &ghost, "Grandma (WeChat)").await;
    assert_eq!(bob.content(&of_bob, "m.room.name", "").await["name"], "Grandma");

    alice.ask(&world, &of_alice, "!wechat name Mother").await;
    wait_called(&alice, &of_alice, &ghost, "Mother (WeChat)").await;
    bob.room(&of_bob).set_name("Gran".into()).await.unwrap();
    wait_called(&bob, &of_bob, &ghost, "Gran (WeChat)").await;

    // Alice links her again: the names stay with those who have given them.
    let room = alice.management_room(&world).await;
    let again = world.begin(&alice, "relogin Mother").await;
    phone.scan(&again.url).await.unwrap();
    phone.confirm().await.unwrap();
    alice.wait_said(&room, "is linked again").await;
    phone.says("it is me").await;
    alice.wait_said(&of_alice, "it is me").await;
    for (person, room, name) in [(&alice, &of_alice, "Mother"), (&bob, &of_bob, "Gran")] {
        let member = person.content(room, "m.room.member", &ghost).await;
        assert_eq!(member["displayname"], format!("{name} (WeChat)"));
        assert_eq!(person.content(room, "m.room.name", "").await["name"], name);
        assert!(!called(person, room, &ghost).contains(&format!("{} (WeChat)", other(name))));
    }
    world.end().await;
}

/// Returns the name that the other of the two owners has given last.
fn other(name: &str) -> &str {
    if name == "Gran" { "Mother" } else { "Gran" }
}

/// Returns all names that the ghost ever had in a room, oldest first.
fn called(person: &Person, room: &str, ghost: &str) -> Vec<String> {
    let changes = person.timeline(room).into_iter().filter(|m| m.0["state_key"] == ghost);
    changes.filter_map(|m| m.content()["displayname"].as_str().map(str::to_owned)).collect()
}

async fn wait_called(person: &Person, room: &str, ghost: &str, name: &str) {
    let called = |m: &Message| m.0["state_key"] == ghost && m.content()["displayname"] == name;
    person.wait(room, called).await;
}

async fn wait_face(person: &Person, room: &str, ghost: &str, picture: &Value) {
    person.wait(room, |m| m.0["state_key"] == ghost && m.content()["avatar_url"] == *picture).await;
    person.wait(room, |m| m.kind() == "m.room.avatar" && m.content()["url"] == *picture).await;
}
