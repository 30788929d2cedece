//! What waits goes out in order, once, when it may.

use std::time::Duration;

use ilink_simulator::{Fault, Reason};

use crate::support::{Chat, Program};

#[tokio::test(flavor = "multi_thread")]
async fn more_than_may_be_sent_goes_out_as_lines_of_one_message() {
    let mut chat = Chat::silent().await;
    chat.world.reconfigure(merging).await;
    let (texts, events) = twelve_waiting(&chat).await;
    chat.hear("here I am").await;
    for event in &events {
        chat.wait_status(event, "SUCCESS").await;
        chat.wait_unmarked(event).await;
    }
    chat.alice.wait_receipt(&chat.portal, &events[11]).await;
    assert_eq!(chat.wait_shown(1).await, [texts.join("\n")]);
    let last = chat.say(&["the end"]).await.remove(0);
    chat.alice.wait_receipt(&chat.portal, &last).await;
    assert_eq!(chat.wait_shown(2).await, [&texts.join("\n"), "the end"]);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_out_as_one_is_the_same_one_after_a_kill() {
    // The first try never gets through; that of the second is taken and its answer lost.
    for fault in [Fault::Hang, Fault::Cut] {
        let mut chat = Chat::silent().await;
        chat.world.reconfigure(merging).await;
        let (texts, events) = twelve_waiting(&chat).await;
        chat.world.stop().await;
        let program = Program::start(&chat.world);
        chat.world.simulator.fault("sendmessage", fault, 1);
        chat.phone.says("here I am").await;
        let whole = texts.join("\n");
        let client_id = chat.wait_tried(&whole).await;
        program.kill().await;

        chat.world.resume().await;
        for event in &events {
            chat.wait_status(event, "SUCCESS").await;
        }
        assert_eq!(chat.wait_shown(1).await, [whole]);
        let ids = chat.requests();
        assert!(ids.len() >= 2 && ids.iter().all(|id| *id == client_id), "{ids:?}");
        let dropped = chat.world.simulator.dropped();
        assert!(dropped.iter().all(|one| one.reason == Reason::Repeated), "{dropped:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_wechat_throttles_nothing_is_tried_until_the_contact_writes() {
    let mut chat = Chat::open().await;
    chat.world.simulator.throttle(Duration::from_secs(600));
    let events = chat.say_waiting(&["one", "two", "three"]).await;
    let status = chat.ask("status").await;
    assert!(status.starts_with("Mum: 3 queued"), "{status}");
    chat.world.stop().await;
    chat.world.resume().await;
    let queue = chat.ask("queue").await;
    assert!(queue.ends_with("\n1. one\n2. two\n3. three"), "{queue}");
    assert_eq!(chat.requests().len(), 1, "a try would prolong it");
    assert_eq!(chat.said("WeChat asks me to slow down"), 1);

    chat.world.simulator.clear_faults();
    chat.phone.says("are you there?").await;
    chat.alice.wait_receipt(&chat.portal, &events[2]).await;
    assert_eq!(chat.wait_shown(3).await, ["one", "two", "three"]);
    assert_eq!(chat.requests().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_during_a_penalty_is_worth_one_try_and_no_second_notice() {
    let mut chat = Chat::open().await;
    chat.world.simulator.throttle(Duration::from_secs(600));
    chat.say_waiting(&["one"]).await;
    chat.alice.wait_said(&chat.portal, "WeChat asks me to slow down").await;
    for question in ["well?", "still there?", "what?"] {
        chat.hear(question).await;
    }
    let status = chat.ask("status").await;
    assert!(status.starts_with("Mum: 1 queued"), "{status}");
    let found = (chat.requests().len(), chat.said("WeChat asks me to slow down"));
    assert!(found == (1, 1) || found == (2, 1), "{found:?}");
    chat.world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_contact_does_not_hold_up_the_others() {
    let mut chat = Chat::open().await;
    let linked = chat.world.link_all(&chat.alice, ["Dad", "Kid"]).await;
    let [(dad, dads), (kid, kids)] = linked;
    for (phone, room) in [(&dad, &dads), (&kid, &kids)] {
        phone.says("hello, too").await;
        chat.alice.wait_said(room, "hello, too").await;
    }
    chat.world.simulator.ret_next("sendmessage", -2, "prepare failed", 1);
    let held = chat.say_waiting(&["to Mum 0", "to Mum 1", "to Mum 2"]).await;
    for number in 0..3 {
        chat.alice.say(&dads, &format!("to Dad {number}")).await;
        chat.alice.say(&kids, &format!("to Kid {number}")).await;
    }
    for (phone, name) in [(&dad, "Dad"), (&kid, "Kid")] {
        let shown: Vec<_> = phone.wait_shows(3).await.into_iter().map(|one| one.text).collect();
        assert_eq!(shown, [0, 1, 2].map(|number| format!("to {name} {number}")));
    }
    assert!(chat.phone.shows().is_empty());
    assert_eq!(chat.requests().len(), 1 + 6);

    chat.hear("and me?").await;
    chat.alice.wait_receipt(&chat.portal, &held[2]).await;
    assert_eq!(chat.wait_shown(3).await, [0, 1, 2].map(|number| format!("to Mum {number}")));
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_in_the_middle_of_sending_holds_the_rest_for_the_next() {
    let chat = Chat::open().await;
    let room = chat.alice.management_room(&chat.world).await;
    let first = chat.say(&["one"]).await.remove(0);
    chat.alice.wait_receipt(&chat.portal, &first).await;
    chat.world.simulator.ret_next("sendmessage", -14, "session timeout", 1);
    let rest = chat.say_waiting(&["two", "three", "four"]).await;
    chat.alice.wait_said(&room, "WeChat ended the link to Mum").await;
    chat.alice.wait_said(&chat.portal, "Queued: Mum is logged out").await;
    assert_eq!(chat.requests().len(), 2);

    let linking = chat.world.begin(&chat.alice, "relogin Mum").await;
    chat.phone.scan(&linking.url).await.unwrap();
    chat.phone.confirm().await.unwrap();
    chat.alice.wait_said(&room, "Mum is linked again").await;
    chat.hear("linked").await;
    for event in &rest {
        chat.wait_unmarked(event).await;
    }
    chat.alice.wait_receipt(&chat.portal, &rest[2]).await;
    assert_eq!(chat.wait_shown(4).await, ["one", "two", "three", "four"]);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_answer_is_tried_with_the_same_message_until_it_does() {
    let (busy, gone) = tokio::join!(Chat::open(), Chat::open());
    busy.world.simulator.standing_fault("sendmessage", Some(Fault::Status(502)));
    gone.world.simulator.standing_fault("sendmessage", Some(Fault::Refuse));
    tokio::join!(outlasts(&busy), outlasts(&gone));
    let (busy, gone) = (busy.world, gone.world);
    tokio::join!(busy.end(), gone.end());
}

/// Asserts that two texts outlast a standing fault.
async fn outlasts(chat: &Chat) {
    let events = chat.say(&["one", "two"]).await;
    chat.alice.wait_said(&chat.portal, "I cannot get this through to WeChat").await;
    for event in &events {
        chat.wait_mark(event, "⏳").await;
    }
    let ids = chat.requests();
    assert!(ids.len() >= 4 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert!(chat.phone.shows().is_empty());
    chat.world.simulator.clear_faults();
    chat.alice.wait_receipt(&chat.portal, &events[1]).await;
    assert_eq!(chat.wait_shown(2).await, ["one", "two"]);
    assert_eq!(chat.said("⏳"), 1);
}

/// Writes twelve texts that wait, two more than may be sent; returns them and their events.
async fn twelve_waiting(chat: &Chat) -> (Vec<String>, Vec<String>) {
    let texts: Vec<_> = (0..12).map(|number| format!("text {number}")).collect();
    let events = chat.say_waiting(&texts.iter().map(String::as_str).collect::<Vec<_>>()).await;
    (texts, events)
}

fn merging(config: String) -> String {
    config.replace("merge = false", "merge = true")
}
