//! Contacts come into rooms and leave them; what is in the way is said.

use serde_json::json;

use crate::support::{Group, Message, Person, World, group_texts as texts, synapse::Synapse};

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_who_is_taken_out_has_the_own_room_back() {
    let group = Group::open().await;
    let (alice, room) = (&group.alice, &group.room);
    alice.wait_said(&group.mums, "Mum is now in another room").await;
    // The own room still leads to Mum alone.
    alice.say(&group.mums, "just you").await;
    group.mum.wait_text("just you").await;

    let answer = group.ask("unbridge Mum").await;
    assert!(answer.contains("No longer in this room: Mum"), "{answer}");
    alice.wait_said(&group.mums, "Mum is back").await;
    wait_left(alice, room, &group.ghosts[0]).await;
    group.mum.says("where am I?").await;
    let said = alice.wait_said(&group.mums, "where am I?").await;
    assert_eq!(said.sender(), group.ghosts[0]);
    group.bob.say(room, "without Mum").await;
    group.dad.wait_text(&group.line(&group.bob, "without Mum")).await;

    // A moderator may send a contact out as well.
    let ghost = matrix_sdk::ruma::UserId::parse(&group.ghosts[1]).unwrap();
    alice.room(room).kick_user(&ghost, None).await.unwrap();
    alice.wait_said(&group.dads, "Dad is back").await;
    group.dad.says("me too?").await;
    alice.wait_said(&group.dads, "me too?").await;
    alice.say(room, "nobody hears").await;
    assert!(group.ask("unbridge").await.contains("not brought any contact into this room"));
    for phone in [&group.mum, &group.dad] {
        assert!(texts(phone).iter().all(|text| !text.ends_with("nobody hears")));
    }
    assert!(texts(&group.mum).iter().all(|text| !text.ends_with("without Mum")));

    // Mum is brought in again, and taken out once more from her own room.
    assert!(group.ask("bridge Mum").await.contains("Mum is now in this room"));
    group.mum.says("again").await;
    alice.wait_said(room, "again").await;
    let answer = alice.ask(&group.world, &group.mums, "!wechat unbridge").await;
    assert!(answer.contains("No longer in this room: Mum") || answer.contains("back"), "{answer}");
    group.mum.says("home").await;
    alice.wait_said(&group.mums, "home").await;
    group.world.end().await;
}

async fn wait_left(person: &Person, room: &str, user: &str) {
    let left = |m: &Message| m.0["state_key"] == user && m.content()["membership"] == "leave";
    person.wait(room, left).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_who_leaves_takes_the_own_contacts_along() {
    let group = Group::open().await;
    let rooms = group.bob.rooms();
    let (uncle, uncles) = group.world.log_in(&group.bob, "Uncle").await;
    assert!(!rooms.contains(&uncles));
    let answer = group.bob.ask(&group.world, &group.room, "!wechat bridge Uncle").await;
    assert!(answer.contains("Uncle is now in this room"), "{answer}");
    uncle.says("hello all").await;
    for phone in [&group.mum, &group.dad] {
        phone.wait_text("Uncle: hello all").await;
    }
    group.alice.room(&group.room).leave().await.unwrap();
    group.alice.wait_said(&group.mums, "Mum is back").await;
    group.alice.wait_said(&group.dads, "Dad is back").await;
    let sent = group.bob.say(&group.room, "only we two").await;
    uncle.wait_text(&group.line(&group.bob, "only we two")).await;
    group.bob.wait_receipt(&group.room, &sent).await;
    assert!(texts(&group.mum).iter().all(|text| !text.ends_with("only we two")));
    group.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_a_contact_out_of_a_room_is_said() {
    let mut world = World::idle().await;
    let synapse = Synapse::shared().await;
    let (alice, bob) = tokio::join!(Person::new(synapse, "alice"), Person::new(synapse, "bob"));
    let (mum, mums) = world.link(&alice, "Mum").await;
    let management = alice.management_room(&world).await;
    let bot = world.bot();
    let ask = |who, room, command| Person::ask(who, &world, room, command);
    assert!(ask(&alice, &management, "bridge Mum").await.contains("This is a management room"));
    assert!(
        ask(&alice, &mums, "!wechat bridge Mum")
            .await
            .contains("does not work in a contact's room")
    );
    assert!(ask(&alice, &mums, "!wechat unbridge").await.contains("Mum is not in any other room"));

    let room = alice.make_room(&[&bot, &bob.user_id], &[]).await;
    assert_eq!(bob.wait_new_room(&[]).await, room);
    alice.wait_said(&room, "I am the WeChat bridge").await;
    let answer = ask(&alice, &room, "!wechat bridge Aunt").await;
    assert!(answer.contains("no contact named “Aunt”"), "{answer}");
    assert!(ask(&alice, &room, "!wechat bridge Mum").await.contains("Mum is now in this room"));
    assert!(ask(&alice, &room, "!wechat bridge Mum").await.contains("Mum is now in this room"));

    // Mum by Bob's own link, and a room in which Bob may not invite.
    world.link_phone(&bob, &mum, "Mama").await;
    // WeChat ends the link of before, which is said where Mum is.
    alice.wait_said(&room, "Mum is logged out. What you write here waits").await;
    let answer = ask(&bob, &room, "!wechat bridge Mama").await;
    assert!(answer.contains("Mama is already in this room"), "{answer}");
    let level =
        |levels| json!({ "type": "m.room.power_levels", "state_key": "", "content": levels });
    let strict = level(json!({ "users": { bob.user_id.as_str(): 0 }, "invite": 50 }));
    let rooms = bob.rooms();
    let strict = alice.make_room(&[&bot, &bob.user_id], &[strict]).await;
    assert_eq!(bob.wait_new_room(&rooms).await, strict);
    alice.wait_said(&strict, "I am the WeChat bridge").await;
    let answer = ask(&bob, &strict, "!wechat bridge Mama").await;
    assert!(answer.contains("You are not allowed to invite people"), "{answer}");
    let answer = ask(&alice, &strict, "!wechat bridge Mum").await;
    assert!(answer.contains("Mum is already in another room"), "{answer}");
    ask(&alice, &room, "!wechat unbridge").await;
    let answer = ask(&alice, &strict, "!wechat bridge Mum").await;
    assert!(answer.contains("I cannot bring in Mum"), "{answer}");

    let encryption = json!({
        "type": "m.room.encryption", "state_key": "",
        "content": { "algorithm": "m.megolm.v1.aes-sha2" },
    });
    let secret = alice.make_room(&[&bot], &[encryption]).await;
    alice.wait_said(&secret, "Hello, I am the WeChat bridge").await;
    let answer = ask(&alice, &secret, "!wechat bridge Mum").await;
    assert!(answer.contains("cannot be brought into an encrypted room"), "{answer}");
    assert!(ask(&alice, &secret, "!wechat unbridge").await.contains("not brought any contact"));
}
