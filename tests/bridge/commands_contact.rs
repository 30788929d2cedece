//! Commands about contacts: which one is meant, their ids, their rooms, what waits for them.

use std::time::Duration;

use crate::support::{Chat, Message, Person, Program, World, synapse::Synapse};

#[tokio::test(flavor = "multi_thread")]
async fn of_two_contacts_with_one_name_a_number_picks_one() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (_first, _) = world.link(&alice, "Mum").await;
    let room = alice.management_room(&world).await;
    let second = world.simulator.phone("second");
    let portal = world.link_phone(&alice, &second, "Mum").await;

    let which = alice.ask(&world, &room, "logout mum").await;
    let lines: Vec<_> = which.lines().collect();
    assert_eq!(lines[0], "Which contact? Reply with a number within 10 minutes, or with `cancel`.");
    assert_eq!(lines[2], format!("2. Mum ({}…)", &second.user_id()[..8]));
    assert_eq!(lines.len(), 3);
    let wrong = alice.ask(&world, &room, "3").await;
    assert_eq!(wrong, "Please reply with a number from 1 to 2, or with `cancel`.");
    assert!(alice.ask(&world, &room, "2").await.starts_with("Log out Mum?"));
    let answer = alice.ask(&world, &room, "yes").await;
    assert!(answer.starts_with("Mum is logged out, and"), "{answer}");
    let list = alice.ask(&world, &room, "list").await;
    assert!(list.lines().next().unwrap().contains(": linked"), "{list}");
    assert!(list.lines().last().unwrap().contains(": logged out"), "{list}");

    alice.ask(&world, &room, "name Mum = Aunt May").await;
    assert_eq!(alice.ask(&world, &room, "!wechat 2").await, "The name is now Aunt May.");
    assert!(alice.ask(&world, &room, "list").await.contains("• Aunt May ("));

    assert!(alice.ask(&world, &room, "relogin").await.contains("Aunt May"), "nobody is named");
    assert_eq!(alice.ask(&world, &room, "cancel").await, "Cancelled. Nothing was changed.");
    alice.ask(&world, &room, "relogin").await;
    assert_eq!(alice.ask(&world, &room, "ping").await, "Pong.", "a command is no answer");
    let late = alice.ask(&world, &room, "1").await;
    assert!(late.starts_with("I do not know the command `1`."), "{late}");
    let nobody = alice.ask(&world, &room, "logout Bob").await;
    assert_eq!(nobody, "You have no contact named “Bob”. Your contacts: Mum, Aunt May");
    assert!(alice.ask(&world, &portal, "!wechat logout").await.starts_with("Log out Aunt May?"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_a_number_began_goes_on_after_a_restart() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (_first, _) = world.link(&alice, "Mum").await;
    let room = alice.management_room(&world).await;
    let second = world.simulator.phone("second");
    world.link_phone(&alice, &second, "Mum").await;
    alice.ask(&world, &room, "relogin Mum").await;
    let sent = alice.say(&room, "2").await;
    let shown = alice.wait_after(&room, &sent, |m| m.qr_url().is_some()).await;
    world.stop().await;
    world.resume().await;
    let edit =
        alice.wait(&room, |m| m.edits() == Some(shown.id()) && m.qr_url() != shown.qr_url()).await;
    second.scan(&edit.qr_url().unwrap()).await.unwrap();
    second.confirm().await.unwrap();
    alice.wait_said(&room, "Mum is linked again, in the same room as before").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn id_names_what_helps_and_no_whole_id_of_wechat() {
    let chat = Chat::open().await;
    let room = chat.alice.management_room(&chat.world).await;
    let here = chat.alice.ask(&chat.world, &chat.portal, "!wechat id").await;
    let whole = chat.phone.user_id();
    for wanted in [&chat.portal, &chat.alice.user_id, &format!("contact {}…", &whole[..8])] {
        assert!(here.contains(wanted.as_str()), "{wanted} is not in {here}");
    }
    assert!(!here.contains(&whole), "{here}");
    let all = chat.alice.ask(&chat.world, &room, "id").await;
    assert!(all.contains(&room) && all.contains(&format!("• Mum: room {}", chat.portal)), "{all}");
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_brings_the_contact_and_the_name_back() {
    let chat = Chat::open().await;
    let room = chat.alice.management_room(&chat.world).await;
    let ghost = chat.alice.ghost_in(&chat.world, &chat.portal).await;
    chat.as_user(&ghost, "leave").await;
    let Chat { world, alice, portal, .. } = chat;
    let is_now = |membership: &str, m: &Message| {
        m.0["state_key"] == *ghost && m.content()["membership"] == membership
    };
    let left = alice.wait(&portal, |m| is_now("leave", m)).await;
    let answer = alice.ask(&world, &room, "sync").await;
    assert_eq!(answer, "Synced 1 room, and invited you again where you were missing.");
    alice.wait_after(&portal, left.id(), |m| is_now("join", m)).await;
    assert_eq!(alice.content(&portal, "m.room.name", "").await["name"], "Mum");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queue_merge_sends_what_waits_as_one() {
    let chat = Chat::silent().await;
    chat.say_waiting(&["one", "two", "three"]).await;
    let answer = chat.alice.ask(&chat.world, &chat.portal, "!wechat queue merge").await;
    assert_eq!(
        answer,
        "The short messages that wait here will be sent together, as lines of one message."
    );
    chat.hear("hello").await;
    assert_eq!(chat.wait_shown(1).await, ["one\ntwo\nthree"]);
    let next = chat.say(&["four", "five"]).await;
    chat.alice.wait_receipt(&chat.portal, &next[1]).await;
    assert_eq!(chat.wait_shown(3).await[1..], ["four", "five"], "the wish is over");
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queue_merge_lives_through_restarts_until_nothing_waits() {
    let mut chat = Chat::silent().await;
    chat.say_waiting(&["one", "two", "three"]).await;
    let answer = chat.ask("queue merge").await;
    assert_eq!(
        answer,
        "The short messages that wait here will be sent together, as lines of one message."
    );
    chat.world.stop().await;
    // In the middle of a start, and once more.
    Program::start(&chat.world).kill_after(Duration::from_millis(500)).await;
    chat.world.resume().await;
    chat.say_waiting(&["four"]).await;
    chat.hear("hello").await;
    assert_eq!(chat.wait_shown(1).await, ["one\ntwo\nthree\nfour"]);
    let next = chat.say(&["five", "six"]).await;
    chat.alice.wait_receipt(&chat.portal, &next[1]).await;
    assert_eq!(chat.wait_shown(3).await[1..], ["five", "six"], "the wish is over");
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bot_asks_outlives_a_restart_and_its_answer_goes_to_no_contact() {
    let mut chat = Chat::silent().await;
    // A “yes” that was written to Mum is no answer to what is asked later.
    chat.say_waiting(&["yes"]).await;
    assert!(chat.ask("logout").await.starts_with("Log out Mum?"));
    chat.world.stop().await;
    // What is neither yes nor no is for Mum.
    chat.alice.say(&chat.portal, "on second thoughts").await;
    chat.world.resume().await;

    assert!(chat.ask("delete-portal").await.starts_with("Delete Mum's room?"));
    chat.world.stop().await;
    chat.world.resume().await;
    let answer = chat.alice.ask(&chat.world, &chat.portal, "no").await;
    assert_eq!(answer, "Cancelled. Nothing was deleted.");
    chat.say(&["to Mum"]).await;
    chat.hear("hello").await;
    assert_eq!(chat.wait_shown(3).await, ["yes", "on second thoughts", "to Mum"]);
    chat.world.end().await;
}
