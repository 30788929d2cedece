//! Several people in a contact's room.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Chat, Group, Person, synapse::Synapse};

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
    assert!(answer.starts_with("⚠️ Not sent to WeChat: the person who linked"), "{answer}");
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

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_speaks_for_others_is_called_as_its_messages_say() {
    let mut chat = Chat::open().await;
    let bot = guest(&chat, "relay").await;
    call(&bot, &chat.portal, "Bot").await;
    let zed = json!({ "id": "z", "displayname": "Zed\n <3", "has_fallback": true });
    let named = |profile: &Value, body: &str, html: &str| {
        json!({
            "msgtype": "m.text", "body": body, "format": "org.matrix.custom.html",
            "formatted_body": html, "com.beeper.per_message_profile": profile,
        })
    };
    let twice = "<strong data-mx-profile-fallback>Zed\n &lt;3: </strong>hi <b>all</b>";
    let hi = named(&zed, "Zed\n <3: hi all", twice);
    let first = bot.send(&chat.portal, "m.room.message", hi.clone()).await;
    // The owner's account may speak for somebody else, too.
    chat.alice.send(&chat.portal, "m.room.message", hi).await;
    let text = |profile: Value, body: &str| json!({ "msgtype": "m.text", "body": body, "m.per_message_profile": profile });
    // What is no profile, or has no name, changes nothing.
    let blank = json!({ "id": "z", "displayname": "\u{202e} \n" });
    for odd in [json!(7), json!({ "id": "z", "displayname": ["Zed"] }), blank] {
        bot.send(&chat.portal, "m.room.message", text(odd.clone(), "Zed: odd")).await;
        chat.alice.send(&chat.portal, "m.room.message", text(odd, "Zed: odd")).await;
    }
    let long = json!({ "id": "l", "displayname": "字".repeat(2_000) });
    bot.send(&chat.portal, "m.room.message", text(long, "short")).await;
    let shown = chat.wait_shown(9).await;
    assert_eq!(shown[..2], ["Zed ＜3: hi **all**"; 2]);
    assert_eq!(shown[2..8], [["Bot: Zed: odd", "Zed: odd"]; 3].concat());
    assert_eq!(shown[8], format!("{}: short", "字".repeat(40)));

    chat.hear("who is that?").await;
    chat.alice.answer(&chat.portal, &first, "that was Zed").await;
    chat.phone.wait_text("「Zed ＜3: hi all」\nthat was Zed").await;
    // What waits keeps its name through an edit and a restart.
    chat.world.simulator.throttle(Duration::from_secs(600));
    let waits =
        bot.send(&chat.portal, "m.room.message", text(zed.clone(), "Zed\n <3: wiats")).await;
    chat.wait_mark(&waits, "⏳").await;
    let edit = json!({
        "msgtype": "m.text", "body": "* Zed\n <3: waits",
        "m.new_content": text(zed.clone(), "Zed\n <3: waits"),
        "m.relates_to": { "rel_type": "m.replace", "event_id": waits },
    });
    bot.send(&chat.portal, "m.room.message", edit).await;
    assert!(chat.ask("queue").await.ends_with("1. Zed ＜3: waits"));
    chat.world.stop().await;
    chat.world.resume().await;
    chat.world.simulator.clear_faults();
    chat.hear("go on").await;
    chat.phone.wait_text("Zed ＜3: waits").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_speaks_under_another_name_gives_no_commands() {
    let chat = Chat::open().await;
    let management = chat.alice.management_room(&chat.world).await;
    let zed = json!({ "id": "z", "displayname": "Zed", "has_fallback": true });
    let says = async |room: &str, body: &str| {
        let content = json!({
            "msgtype": "m.text", "body": format!("Zed: {body}"), "m.per_message_profile": zed,
        });
        chat.alice.send(room, "m.room.message", content).await
    };
    for (room, command) in [(&chat.portal, "!wechat logout"), (&management, "logout Mum")] {
        let sent = says(room, command).await;
        let refused = chat.alice.wait_after(room, &sent, |m| m.sender() == chat.bot).await;
        assert!(refused.body().starts_with("Not done: this message carries"), "{refused:?}");
    }
    // A message from another profile answers no question.
    let asked = chat.ask("logout").await;
    assert!(asked.contains("yes"), "{asked}");
    says(&chat.portal, "yes").await;
    chat.phone.wait_text("Zed: yes").await;
    assert_eq!(chat.ask("no").await, "Cancelled. Nobody was logged out.");
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_group_each_contact_reads_the_name_that_a_message_carries() {
    let group = Group::open().await;
    let zed = json!({ "id": "z", "displayname": "Zed", "has_fallback": true });
    let content = json!({
        "msgtype": "m.text", "body": "Zed: hi all", "com.beeper.per_message_profile": zed,
    });
    let said = group.bob.send(&group.room, "m.room.message", content).await;
    for phone in [&group.mum, &group.dad] {
        phone.wait_text("Zed: hi all").await;
    }
    group.alice.answer(&group.room, &said, "hello").await;
    let line = group.line(&group.alice, "hello");
    group.mum.wait_text(&format!("「Zed: hi all」\n{line}")).await;
    group.world.end().await;
}

/// Invites a new person into the room as Alice's guest.
async fn guest(chat: &Chat, name: &str) -> Person {
    let guest = Person::new(Synapse::shared().await, name).await;
    chat.alice.invite(&chat.portal, &guest.user_id).await;
    assert_eq!(guest.wait_new_room(&[]).await, chat.portal);
    guest
}

/// Sets a person's display name, and waits until the room shows it.
async fn call(person: &Person, room: &str, name: &str) {
    person.client.account().set_display_name(Some(name)).await.unwrap();
    let own = |m: &crate::support::Message| m.0["state_key"] == person.user_id.as_str();
    person.wait(room, |m| own(m) && m.content()["displayname"] == name).await;
}

fn emote(body: &str) -> serde_json::Value {
    serde_json::json!({ "msgtype": "m.emote", "body": body })
}
