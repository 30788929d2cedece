//! Several people in a contact's room.

use crate::support::{Chat, Person, synapse::Synapse};

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_speaks_under_the_name_that_the_room_shows() {
    let chat = Chat::open().await;
    let bob = guest(&chat, "bob").await;
    call(&bob, &chat.portal, "Bob <the\nbuilder>").await;
    bob.say(&chat.portal, "can we fix it?").await;
    assert_eq!(chat.wait_shown(1).await, ["Bob ＜the builder＞: can we fix it?"]);
    call(&bob, &chat.portal, "鲍勃").await;
    bob.say(&chat.portal, "yes we can").await;
    bob.send(&chat.portal, "m.room.message", emote("waves")).await;
    assert_eq!(chat.wait_shown(3).await[1..], ["鲍勃: yes we can", "鲍勃: * 鲍勃 waves"]);

    call(&chat.alice, &chat.portal, "Alice").await;
    chat.say(&["it is me"]).await;
    chat.alice.send(&chat.portal, "m.room.message", emote("smiles")).await;
    assert_eq!(chat.wait_shown(5).await[3..], ["it is me", "* Alice smiles"]);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_write_stays_in_the_room_when_its_owner_wants_so() {
    let mut chat = Chat::open().await;
    let bob = guest(&chat, "bob").await;
    assert_eq!(chat.ask("relay off").await, "Only what you write in this room goes to WeChat.");
    chat.world.stop().await;
    chat.world.resume().await;
    let sent = bob.say(&chat.portal, "may I?").await;
    let answer = chat.wait_answer(&sent).await;
    assert!(answer.starts_with("⚠️ Not sent to WeChat: whoever linked"), "{answer}");
    let refused = bob.ask(&chat.world, &chat.portal, "!wechat relay on").await;
    assert_eq!(refused, "Only the person who linked this contact can do that.");
    assert!(chat.ask("status").await.ends_with("; what others write stays in the room"));
    chat.say(&["it is me"]).await;
    assert_eq!(chat.wait_shown(1).await, ["it is me"]);

    chat.ask("relay on").await;
    let name = bob.user_id.trim_start_matches('@').split(':').next().unwrap();
    bob.say(&chat.portal, "and now?").await;
    assert_eq!(chat.wait_shown(2).await[1], format!("{name}: and now?"));
    chat.world.end().await;
}

/// Somebody whom Alice has invited into the room.
async fn guest(chat: &Chat, name: &str) -> Person {
    let guest = Person::new(Synapse::shared().await, name).await;
    chat.alice.invite(&chat.portal, &guest.user_id).await;
    assert_eq!(guest.wait_new_room(&[]).await, chat.portal);
    guest
}

/// Gives a person another display name, and waits until the room shows it.
async fn call(person: &Person, room: &str, name: &str) {
    person.client.account().set_display_name(Some(name)).await.unwrap();
    let own = |m: &crate::support::Message| m.0["state_key"] == person.user_id.as_str();
    person.wait(room, |m| own(m) && m.content()["displayname"] == name).await;
}

fn emote(body: &str) -> serde_json::Value {
    serde_json::json!({ "msgtype": "m.emote", "body": body })
}
