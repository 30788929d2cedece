//! A room with contacts in it is replaced by another.

use matrix_sdk::ruma::{
    RoomId, RoomVersionId, UserId,
    api::client::room::{create_room::v3 as create_room, upgrade_room::v3::Request as Upgrade},
    serde::Raw,
};
use serde_json::{Value, json};

use crate::support::{Group, Person, group_texts as texts, listener::Listener};

#[tokio::test(flavor = "multi_thread")]
async fn contacts_follow_a_replaced_room_as_soon_as_the_bridge_is_let_in() {
    let mut group = Group::open().await;
    let alice = &group.alice;
    let management = alice.management_room(&group.world).await;
    let new = upgrade(alice, &group.room).await;
    let told = alice.wait_said(&management, "The room with Mum, Dad was replaced").await;
    assert!(told.body().contains(&format!("/#/{new}?")), "{}", told.body());
    assert!(told.body().contains(&group.bot), "{}", told.body());
    for (own, name) in [(&group.mums, "Mum"), (&group.dads, "Dad")] {
        alice.wait_said(own, &format!("{name} is back")).await;
    }
    group.mum.says("where are you?").await;
    alice.wait_said(&group.mums, "where are you?").await;

    // The bridge remembers the new room, and a ghost that is let in brings the bot.
    group.world.stop().await;
    group.world.resume().await;
    alice.invite(&new, &group.ghosts[0]).await;
    alice.wait_said(&new, "The chat with Mum, Dad continues in this room").await;
    for ghost in &group.ghosts {
        wait_left(alice, &group.room, ghost).await;
    }
    group.mum.says("there you are").await;
    let said = alice.wait_said(&new, "there you are").await;
    assert_eq!(said.sender(), group.ghosts[0]);
    group.dad.wait_text("Mum: there you are").await;
    alice.say(&new, "yes, here").await;
    for phone in [&group.mum, &group.dad] {
        phone.wait_text(&group.line(alice, "yes, here")).await;
    }
    assert_eq!(alice.notices(&group.mums, &group.bot).last().map(|m| moved(m.body())), Some(true));

    // Element invites all members of the old room, one by one: who is there already stays.
    let late = json!({
        "type": "m.room.member", "event_id": "$late", "room_id": new, "sender": alice.user_id,
        "state_key": group.ghosts[1], "content": { "membership": "invite" },
    });
    let push = json!({ "events": [late] }).to_string();
    assert_eq!(Listener::of(&group.world).push("late", &push).await, 200);
    assert!(group_status(&group, &new).await.contains("Dad"), "what came before is done");
    group.dad.says("so am I").await;
    assert_eq!(alice.wait_said(&new, "so am I").await.sender(), group.ghosts[1]);
    assert!(
        !alice.words(&new, &group.ghosts[1]).iter().any(|words| words.contains("another room"))
    );

    // A contact's own room is no room for others.
    set(alice, &new, "m.room.tombstone", json!({ "replacement_room": group.dads })).await;
    for ghost in &group.ghosts {
        wait_left(alice, &new, ghost).await;
    }
    group.mum.says("alone again").await;
    alice.wait_said(&group.mums, "alone again").await;
    group.dad.says("and I").await;
    alice.wait_said(&group.dads, "and I").await;
    assert!(texts(&group.dad).iter().all(|text| !text.ends_with("alone again")));
    group.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_go_along_at_once_where_everybody_may_enter_and_their_owner_is_there() {
    let group = Group::open().await;
    let (alice, bob, old) = (&group.alice, &group.bob, &group.room);
    let management = alice.management_room(&group.world).await;
    let mut power = alice.content(old, "m.room.power_levels", "").await;
    power["users"][&bob.user_id] = json!(150);
    set(alice, old, "m.room.power_levels", power).await;
    set(alice, old, "m.room.join_rules", json!({ "join_rule": "public" })).await;
    bob.wait(old, |m| m.kind() == "m.room.join_rules" && m.content()["join_rule"] == "public")
        .await;
    let new = upgrade(alice, old).await;
    bob.client.join_room_by_id(&RoomId::parse(&new).unwrap()).await.unwrap();
    bob.wait_said(&new, "The chat with Mum, Dad continues in this room").await;
    group.dad.says("we have moved").await;
    bob.wait_said(&new, "we have moved").await;
    alice.wait_said(&new, "we have moved").await;
    group.mum.wait_text("Dad: we have moved").await;
    for ghost in &group.ghosts {
        wait_left(bob, old, ghost).await;
    }
    for own in [&group.mums, &group.dads] {
        let back =
            alice.notices(own, &group.bot).into_iter().find(|m| m.body().contains("is back"));
        assert!(back.is_none(), "{back:?}");
    }

    // The next room cannot be read, so the contacts stay out of it.
    let encryption = json!({
        "type": "m.room.encryption", "state_key": "",
        "content": { "algorithm": "m.megolm.v1.aes-sha2" },
    });
    let rooms = alice.rooms();
    let secret = successor(bob, &new, &[&group.bot, &alice.user_id], &encryption).await;
    assert_eq!(alice.wait_new_room(&rooms).await, secret);
    bob.wait_said(&secret, "Hello, I am the WeChat bridge").await;
    set(bob, &new, "m.room.tombstone", json!({ "replacement_room": secret })).await;
    for (own, name) in [(&group.mums, "Mum"), (&group.dads, "Dad")] {
        alice.wait_said(own, &format!("{name} is back")).await;
        alice.wait_said(&management, &format!("{name} could not follow")).await;
    }
    group.mum.says("home").await;
    alice.wait_said(&group.mums, "home").await;
    group.world.end().await;
}

/// Somebody without any permission, who has the power in the room, ends it for everybody: the owner
/// hears of it, and the contacts do not stay behind in an empty room.
#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_by_a_stranger_is_told_to_the_owner() {
    let mut group = Group::open().await;
    let server = format!("\"{}\" = \"user\"", group.world.slot.server_name);
    let alone = format!("\"{}\" = \"user\"", group.alice.user_id);
    group.world.reconfigure(|config| config.replace(&server, &alone)).await;
    let (alice, bob, old) = (&group.alice, &group.bob, &group.room);
    let management = alice.management_room(&group.world).await;
    let mut power = alice.content(old, "m.room.power_levels", "").await;
    power["users"][&bob.user_id] = json!(150);
    set(alice, old, "m.room.power_levels", power).await;
    let given = |m: &crate::support::Message| {
        m.kind() == "m.room.power_levels" && m.content()["users"][&bob.user_id] == 150
    };
    bob.wait(old, given).await;
    let new = upgrade(bob, old).await;
    let told = alice.wait_said(&management, "The room with Mum, Dad was replaced").await;
    assert!(told.body().contains(&new), "{told:?}");
    for (own, name) in [(&group.mums, "Mum"), (&group.dads, "Dad")] {
        alice.wait_said(own, &format!("{name} is back")).await;
    }
    group.mum.says("who is there?").await;
    alice.wait_said(&group.mums, "who is there?").await;
    group.world.end().await;
}

/// Replaces the room as Element does; returns the new one.
async fn upgrade(person: &Person, room: &str) -> String {
    let upgrade = Upgrade::new(RoomId::parse(room).unwrap(), RoomVersionId::V12);
    let new = person.client.send(upgrade).await.unwrap().replacement_room.to_string();
    person.until("the new room", || person.rooms().contains(&new).then_some(())).await;
    new
}

/// Makes a room that says of itself that it replaces another.
async fn successor(person: &Person, old: &str, invite: &[&str], state: &Value) -> String {
    let mut request = create_room::Request::new();
    request.invite = invite.iter().map(|user| UserId::parse(user).unwrap()).collect();
    request.initial_state = vec![Raw::from_json_string(state.to_string()).unwrap()];
    let predecessor = json!({ "predecessor": { "room_id": old, "event_id": "$last" } });
    request.creation_content = Some(Raw::from_json_string(predecessor.to_string()).unwrap());
    person.client.create_room(request).await.unwrap().room_id().to_string()
}

async fn set(person: &Person, room: &str, event_type: &str, content: Value) {
    person.room(room).send_state_event_raw(event_type, "", content).await.unwrap();
}

async fn group_status(group: &Group, room: &str) -> String {
    group.alice.ask(&group.world, room, "!wechat status").await
}

fn moved(notice: &str) -> bool {
    notice.contains("Mum is now in another room")
}

async fn wait_left(person: &Person, room: &str, user: &str) {
    let left = |m: &crate::support::Message| {
        m.0["state_key"] == user && m.content()["membership"] == "leave"
    };
    person.wait(room, left).await;
}
