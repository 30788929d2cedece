//! Several logins, logins that end otherwise, and logins after the first.

use crate::support::{Chat, Person, World, synapse::Synapse};

#[tokio::test(flavor = "multi_thread")]
async fn two_logins_at_once_do_not_take_each_others_phones() {
    let world = World::start().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let of_mum = world.begin(&alice, "login Mum").await;
    let of_dad = world.begin(&alice, "invite Dad").await;
    let (mum, dad) = (world.simulator.phone("Mum"), world.simulator.phone("Dad"));

    let rooms = alice.rooms();
    dad.scan(&of_dad.url).await.unwrap();
    mum.scan(&of_mum.url).await.unwrap();
    dad.confirm().await.unwrap();
    let portal_of_dad = alice.wait_new_room(&rooms).await;
    let rooms = alice.rooms();
    mum.confirm().await.unwrap();
    let portal_of_mum = alice.wait_new_room(&rooms).await;
    alice.wait_said(&portal_of_dad, "your chat with Dad").await;
    alice.wait_said(&portal_of_mum, "your chat with Mum").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancel_ends_the_login_that_is_meant_and_no_other() {
    let world = World::start().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let of_mum = world.begin(&alice, "login Mum").await;
    let of_dad = world.begin(&alice, "login Dad").await;
    let room = &of_mum.room;
    assert_eq!(alice.ask(&world, room, "cancel Mum").await, "The login was cancelled.");
    alice.wait_removed(room, &of_mum.message).await;

    let rooms = alice.rooms();
    let dad = world.simulator.phone("Dad");
    dad.scan(&of_dad.url).await.unwrap();
    dad.confirm().await.unwrap();
    let portal = alice.wait_new_room(&rooms).await;
    alice.wait_said(&portal, "your chat with Dad").await;
    alice.wait_removed(room, &of_dad.message).await;
    assert_eq!(alice.ask(&world, room, "cancel").await, "There is nothing to cancel.");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_than_the_one_wanted_gets_a_room_of_their_own() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (mum, portal) = world.link(&alice, "Mum").await;
    let linking = world.begin(&alice, "relogin Mum").await;
    let rooms = alice.rooms();
    let stranger = world.simulator.phone("somebody else");
    stranger.scan(&linking.url).await.unwrap();
    stranger.confirm().await.unwrap();
    let other = alice.wait_new_room(&rooms).await;
    alice.wait_said(&linking.room, "it was not Mum who scanned").await;

    let ghost_of_mum = alice.ghost_in(&world, &portal).await;
    let ghost = alice.ghost_in(&world, &other).await;
    assert_ne!(ghost, ghost_of_mum);
    mum.says("I am still here").await;
    stranger.says("and I am new").await;
    assert_eq!(alice.wait_words(&portal, &ghost_of_mum, 1).await, ["I am still here"]);
    assert_eq!(alice.wait_words(&other, &ghost, 1).await, ["and I am new"]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_after_a_dead_session_keeps_the_room_and_brings_what_waited() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let room = alice.management_room(&world).await;
    phone.says("before").await;
    let ghost = alice.ghost_in(&world, &portal).await;
    alice.wait_words(&portal, &ghost, 1).await;

    world.simulator.expire_session(&phone);
    let told = alice.wait_said(&room, "WeChat ended the link to Mum").await;
    assert_eq!(told.content()["m.mentions"]["user_ids"], serde_json::json!([alice.user_id]));
    alice.wait_said(&portal, "Mum is logged out. What you write here waits").await;
    let waiting = ["one", "two", "three"];
    for text in waiting {
        alice.say(&portal, text).await;
    }
    alice.wait_said(&portal, "Queued: Mum is logged out").await;

    let linking = world.begin(&alice, "relogin Mum").await;
    let rooms = alice.rooms();
    phone.scan(&linking.url).await.unwrap();
    phone.confirm().await.unwrap();
    alice.wait_said(&room, "Mum is linked again, in the same room as before").await;
    phone.says("here I am").await;
    assert_eq!(alice.wait_words(&portal, &ghost, 2).await, ["before", "here I am"]);
    let shown: Vec<_> = phone.wait_shows(3).await.into_iter().map(|shown| shown.text).collect();
    assert_eq!(shown, waiting);
    assert_eq!(alice.rooms(), rooms);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_owners_of_one_contact_have_a_room_each_and_the_older_login_ends() {
    let world = World::start().await;
    let synapse = Synapse::shared().await;
    let (alice, bob) = (Person::new(synapse, "alice").await, Person::new(synapse, "bob").await);
    let phone = world.simulator.phone("Mum");
    let of_alice = world.link_phone(&alice, &phone, "Mum").await;
    let of_bob = world.link_phone(&bob, &phone, "Grandma").await;
    assert_ne!(of_alice, of_bob);
    let room = alice.management_room(&world).await;
    alice.wait_said(&room, "the account was linked elsewhere").await;

    let ghost = bob.ghost_in(&world, &of_bob).await;
    phone.says("who is it?").await;
    assert_eq!(bob.wait_words(&of_bob, &ghost, 1).await, ["who is it?"]);
    bob.say(&of_bob, "Bob").await;
    phone.wait_text("Bob").await;
    assert!(alice.words(&of_alice, &ghost).is_empty());
    assert!(alice.ask(&world, &room, "list").await.contains("logged out"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_use_the_bridge_gets_one_answer_and_no_login() {
    let mut world = World::start().await;
    let synapse = Synapse::shared().await;
    let eve = Person::new(synapse, "eve").await;
    let entry = format!("[bridge.permissions]\n\"{}\" = \"relay\"\n", eve.user_id);
    world.reconfigure(|config| config.replace("[bridge.permissions]\n", &entry)).await;
    let bot = world.bot();

    let refused = eve.make_room(&[&bot], &[]).await;
    let left = eve
        .wait(&refused, |m| {
            m.0["state_key"] == bot.as_str() && m.content()["membership"] == "leave"
        })
        .await;
    let reason = left.content()["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("You do not have permission to use this bridge"), "{left:?}");

    let alice = Person::new(synapse, "alice").await;
    let (phone, portal) = world.log_in(&alice, "Mum").await;
    phone.says("hello").await;
    let rooms = eve.rooms();
    alice.invite(&portal, &eve.user_id).await;
    assert_eq!(eve.wait_new_room(&rooms).await, portal);
    assert!(eve.ask(&world, &portal, "!wechat login").await.contains("permission"));
    eve.say(&portal, "may I?").await;
    phone.wait_for(|shown| shown.text.ends_with(": may I?")).await;
    let answers = eve.notices(&portal, &bot);
    assert_eq!(answers.iter().filter(|m| m.body().contains("permission")).count(), 1);
    assert_eq!(world.simulator.pending_qr(), None);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_whose_server_cannot_be_used_is_refused_and_changes_nothing() {
    let chat = Chat::open().await;
    let room = chat.alice.management_room(&chat.world).await;
    let simulator = &chat.world.simulator;
    simulator.set_base_url(Some("https://elsewhere.example/"));
    let linking = chat.world.begin(&chat.alice, "login Dad").await;
    let phone = simulator.phone("Dad");
    phone.scan(&linking.url).await.unwrap();
    phone.confirm().await.unwrap();
    chat.alice.wait_said(&room, "to a server that the bridge may not talk to").await;
    let list = chat.ask("list").await;
    assert!(list.contains("Mum") && !list.contains("Dad"), "{list}");
    chat.hear("still here").await;
    chat.world.end().await;
}
