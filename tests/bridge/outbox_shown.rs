//! What the owner sees of messages that wait, that are unconfirmed, or that were refused.

use std::time::Duration;

use ilink_simulator::Reason;
use serde_json::json;

use crate::support::Chat;

#[tokio::test(flavor = "multi_thread")]
async fn each_message_that_waits_is_marked_until_it_goes_out() {
    let chat = Chat::silent().await;
    let mut events = chat.say_waiting(&["one", "two", "three"]).await;
    chat.hear("here I am").await;
    for event in &events {
        chat.wait_unmarked(event).await;
    }
    chat.alice.wait_receipt(&chat.portal, &events[2]).await;

    chat.world.simulator.throttle(Duration::from_secs(600));
    events.extend(chat.say_waiting(&["four", "five"]).await);
    chat.world.simulator.clear_faults();
    chat.hear("go on").await;
    for event in &events[3..] {
        chat.wait_unmarked(event).await;
    }
    chat.alice.wait_receipt(&chat.portal, &events[4]).await;
    assert_eq!(chat.wait_shown(5).await, ["one", "two", "three", "four", "five"]);
    assert!(events.iter().all(|event| chat.marks(event, "⏳") == 1), "one mark each");
    assert_eq!(chat.said("Queued: Mum has not written since they were linked"), 1);
    assert_eq!(chat.said("Queued: WeChat asks me to slow down"), 1);
    assert_eq!(chat.said("⏳"), 2, "one notice for each period");
}

/// The receipt of the contact says "WeChat has taken this and all before it", whatever the bot says
/// and marks behind it.
#[tokio::test(flavor = "multi_thread")]
async fn a_notice_behind_a_message_that_waits_leaves_the_receipt_where_it_is() {
    let chat = Chat::open().await;
    let ghost = chat.alice.ghost_in(&chat.world, &chat.portal).await;
    let taken = chat.say(&["taken"]).await.remove(0);
    chat.alice.wait_receipt(&chat.portal, &taken).await;
    chat.world.simulator.throttle(Duration::from_secs(600));
    let waits = chat.say_waiting(&["waits"]).await.remove(0);
    assert_eq!(chat.ask("ping").await, "Pong.");
    let read = async |user: &str| chat.alice.read_by(&chat.portal, user).await;
    assert_eq!(read(&ghost).await.as_deref(), Some(&*taken), "the contact's");
    assert_eq!(read(&chat.bot).await, None, "the bot has read nothing");
    chat.world.simulator.clear_faults();
    chat.hear("go on").await;
    chat.alice.wait_receipt(&chat.portal, &waits).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_through_a_restart_is_marked_and_announced_once() {
    let mut chat = Chat::silent().await;
    let mut events = chat.say_waiting(&["one", "two"]).await;
    chat.world.stop().await;
    events.extend(chat.say(&["three"]).await);
    chat.world.resume().await;
    chat.wait_mark(&events[2], "⏳").await;
    chat.hear("here I am").await;
    for event in &events {
        chat.wait_unmarked(event).await;
    }
    assert_eq!(chat.wait_shown(3).await, ["one", "two", "three"]);
    assert!(events.iter().all(|event| chat.marks(event, "⏳") == 1), "one mark each");
    assert_eq!(chat.said("⏳"), 1, "one notice for the whole period");
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_show_a_status_are_told_each_one() {
    let chat = Chat::silent().await;
    let waits = chat.say_waiting(&["one"]).await.remove(0);
    let status = chat.wait_status(&waits, "PENDING").await;
    assert_eq!(status["network"], "wechat");
    chat.hear("here I am").await;
    chat.wait_status(&waits, "SUCCESS").await;

    chat.world.simulator.ret_next("sendmessage", -3, "invalid argument", 1);
    let refused = chat.say(&["two"]).await.remove(0);
    let status = chat.wait_status(&refused, "FAIL_PERMANENT").await;
    assert_eq!(status["reason"], "m.foreign_network_error");
    let answer = chat.wait_answer(&refused).await;
    assert!(answer.contains("WeChat refused the message (code -3)"), "{answer}");
    assert_eq!(status["message"], json!(answer));

    let last = chat.say(&["three"]).await.remove(0);
    chat.wait_status(&last, "SUCCESS").await;
    assert_eq!(chat.wait_shown(2).await, ["one", "three"]);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_unconfirmed_messages_in_a_row_are_one_warning() {
    let chat = Chat::open().await;
    chat.world.simulator.accept_without_message_id(4);
    let lost = chat.say(&["one", "two", "three", "four"]).await;
    for event in &lost {
        chat.wait_mark(event, "❔").await;
    }
    let sure = chat.say(&["five"]).await.remove(0);
    chat.alice.wait_receipt(&chat.portal, &sure).await;
    assert_eq!(chat.wait_shown(1).await, ["five"]);
    assert_eq!(chat.said("3 messages to Mum in a row without confirming"), 1);
    assert_eq!(chat.marks(&sure, "❔"), 0);

    // Another run below that message of Mum's is another warning.
    chat.world.simulator.accept_without_message_id(3);
    for event in chat.say(&["six", "seven", "eight"]).await {
        chat.wait_mark(&event, "❔").await;
    }
    chat.say(&["nine"]).await;
    assert_eq!(chat.wait_shown(2).await, ["five", "nine"]);
    assert_eq!(chat.said("3 messages to Mum in a row without confirming"), 2);
    let dropped = chat.world.simulator.dropped();
    assert!(dropped.iter().all(|one| one.reason == Reason::Unconfirmed), "{dropped:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sends_before_the_end_are_one_warning_for_each_message_of_the_contact() {
    let chat = Chat::open().await;
    let texts: Vec<_> = (0..20).map(|number| format!("text {number}")).collect();
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    chat.say(&texts[..10]).await;
    chat.wait_shown(10).await;
    chat.hear("and then?").await;
    // A text that is too long for one message takes the last but two at once.
    chat.say(&texts[10..17]).await;
    let long = "long ".repeat(6_000);
    let long = chat.say(&[&long]).await.remove(0);
    chat.wait_status(&long, "SUCCESS").await;
    let warned = "send 2 more messages before Mum writes again";
    chat.alice.wait_after(&chat.portal, &long, |m| m.body().contains(warned)).await;
    assert_eq!(chat.said(warned), 2);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn warnings_that_are_switched_off_are_not_said() {
    let mut chat = Chat::open().await;
    let off = |config: String| config.replace("merge = false", "merge = false\nwarn = false");
    chat.world.reconfigure(off).await;
    let texts: Vec<_> = (0..10).map(|number| format!("text {number}")).collect();
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    let events = chat.say(&texts).await;
    chat.wait_status(&events[9], "SUCCESS").await;
    chat.say_waiting(&["one too many"]).await;
    assert_eq!(chat.said("more messages before Mum writes"), 0);
    assert_eq!(chat.said("that is used up"), 1, "why it waits is no warning");
    chat.world.end().await;
}
