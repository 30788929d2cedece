//! Second thoughts: what is edited, taken back, dropped from the queue, or sent once more.

use std::time::Duration;

use ilink_simulator::{Fault, Reason};

use crate::support::{Chat, Person, Proxy, Trouble, synapse::Synapse};

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_replaces_what_waits_and_follows_what_was_sent() {
    let mut chat = Chat::silent().await;
    let bob = bob_in(&chat).await;
    let events = chat.say_waiting(&["one", "two", "three"]).await;
    chat.alice.edit(&chat.portal, &events[0], "uno").await;
    chat.alice.edit(&chat.portal, &events[1], "dos").await;
    let foreign = bob.edit(&chat.portal, &events[2], "mine now").await;
    assert!(chat.wait_answer(&foreign).await.contains("cannot change a message"));
    assert!(chat.ask("queue").await.ends_with("\n1. uno\n2. dos\n3. three"));

    chat.world.stop().await;
    chat.world.resume().await;
    chat.alice.edit(&chat.portal, &events[0], "eins").await;
    let queue = chat.ask("queue").await;
    assert!(queue.ends_with("\n1. eins\n2. dos\n3. three"), "{queue}");
    chat.world.stop().await;
    chat.world.resume().await;

    chat.hear("here I am").await;
    assert_eq!(chat.wait_shown(3).await, ["eins", "dos", "three"]);
    let foreign = bob.edit(&chat.portal, &events[0], "mine now").await;
    assert!(
        chat.wait_answer(&foreign).await.contains("cannot change a message that has been sent")
    );
    chat.alice.edit(&chat.portal, &events[0], "ein").await;
    assert_eq!(chat.wait_shown(4).await, ["eins", "dos", "three", "✏️ ein"]);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_waits_can_be_taken_back_and_one_that_was_sent_cannot() {
    let mut chat = Chat::silent().await;
    let events = chat.say_waiting(&["one", "two", "three"]).await;
    chat.alice.remove(&chat.portal, &events[1]).await;
    chat.alice.wait_said(&chat.portal, "I have taken it back").await;
    chat.wait_unmarked(&events[1]).await;
    chat.world.stop().await;
    chat.world.resume().await;
    chat.hear("here I am").await;
    assert_eq!(chat.wait_shown(2).await, ["one", "three"]);

    chat.alice.remove(&chat.portal, &events[0]).await;
    chat.alice.wait_said(&chat.portal, "WeChat cannot recall a message").await;
    let last = chat.say(&["four"]).await.remove(0);
    chat.alice.wait_receipt(&chat.portal, &last).await;
    assert_eq!(chat.said("I have taken it back"), 1);
    assert_eq!(chat.said("WeChat cannot recall a message"), 1);
    assert_eq!(chat.wait_shown(3).await, ["one", "three", "four"]);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_wechat_refused_for_now_can_be_changed_and_taken_back() {
    let chat = Chat::open().await;
    chat.world.simulator.throttle(Duration::from_secs(600));
    let first = chat.say_waiting(&["too much"]).await.remove(0);
    chat.alice.remove(&chat.portal, &first).await;
    chat.alice.wait_said(&chat.portal, "I have taken it back").await;
    chat.world.simulator.clear_faults();
    chat.hear("go on").await;

    chat.world.simulator.throttle(Duration::from_secs(600));
    let second = chat.say_waiting(&["a tyop"]).await.remove(0);
    chat.alice.edit(&chat.portal, &second, "a typo").await;
    assert!(chat.ask("queue").await.ends_with("\n1. a typo"));
    chat.world.simulator.clear_faults();
    chat.hear("go on now").await;
    chat.alice.wait_receipt(&chat.portal, &second).await;
    assert_eq!(chat.wait_shown(1).await, ["a typo"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_is_listed_and_dropped() {
    let chat = Chat::silent().await;
    assert_eq!(chat.ask("queue").await, "Nothing is queued.");
    let long = format!("four, {}", "long ".repeat(50));
    let events = chat.say_waiting(&["one", "two", "three\nlines", &long]).await;
    let queue = chat.ask("queue").await;
    let lines: Vec<_> = queue.lines().collect();
    assert!(lines[0].starts_with("Waiting for Mum"), "{queue}");
    assert_eq!(lines[1..4], ["1. one", "2. two", "3. three lines"]);
    assert!(lines[4].starts_with("4. four, long") && lines[4].ends_with('…'), "{queue}");
    assert!(lines[4].len() < 80, "{queue}");

    assert!(chat.ask("queue drop 9").await.starts_with("There was nothing"));
    assert!(chat.ask("queue drop two").await.starts_with("There was nothing"));
    assert!(chat.ask("queue drop 2").await.contains("taken back 1 message;"));
    chat.wait_unmarked(&events[1]).await;
    let queue = chat.ask("queue").await;
    assert!(queue.contains("\n1. one\n2. three lines\n3. four"), "{queue}");
    assert!(chat.ask("queue drop").await.contains("taken back 3 messages;"));
    for event in &events {
        chat.wait_unmarked(event).await;
    }
    assert_eq!(chat.ask("queue").await, "Nothing is queued.");
    assert!(chat.ask("queue up").await.starts_with("Usage"));

    chat.hear("here I am").await;
    let last = chat.say(&["five"]).await.remove(0);
    chat.alice.wait_receipt(&chat.portal, &last).await;
    assert_eq!(chat.wait_shown(1).await, ["five"]);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_sent_once_more_by_retry_and_by_a_reaction() {
    let chat = Chat::open().await;
    chat.world.simulator.ret_next("sendmessage", -3, "invalid argument", 2);
    let refused = chat.say(&["one", "two"]).await;
    for event in &refused {
        chat.wait_answer(event).await;
    }
    let first = chat.say(&["three"]).await.remove(0);
    chat.alice.wait_receipt(&chat.portal, &first).await;
    chat.alice.answer(&chat.portal, &refused[0], "!wechat retry").await;
    chat.alice.react(&chat.portal, &refused[1], "🔁").await;
    chat.wait_status(&refused[0], "SUCCESS").await;
    chat.wait_status(&refused[1], "SUCCESS").await;
    assert_eq!(chat.wait_shown(3).await, ["three", "one", "two"]);
    let mut ids = chat.requests();
    assert_eq!(ids.len(), 5);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5, "each try after a refusal is a message of its own: {ids:?}");

    let nothing = chat.alice.answer(&chat.portal, "$nowhere", "!wechat retry").await;
    assert!(chat.wait_answer(&nothing).await.contains("nothing to send again"));
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reaction_to_what_waits_changes_nothing_about_it() {
    let chat = Chat::silent().await;
    let events = chat.say_waiting(&["one", "two"]).await;
    chat.alice.react(&chat.portal, &events[1], "🔁").await;
    chat.alice.answer(&chat.portal, &events[0], "!wechat retry").await;
    assert!(chat.ask("queue").await.ends_with("\n1. one\n2. two"));
    chat.hear("here I am").await;
    chat.wait_status(&events[1], "SUCCESS").await;
    let last = chat.say(&["three"]).await.remove(0);
    chat.alice.wait_receipt(&chat.portal, &last).await;
    assert_eq!(chat.wait_shown(3).await, ["one", "two", "three"]);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_write_may_not_have_it_sent_once_more() {
    let mut chat = Chat::open().await;
    let bob = bob_in(&chat).await;
    let only = format!("\"{}\" = \"user\"", chat.alice.user_id);
    let everybody = format!("\"{}\" = \"user\"", chat.world.slot.server_name);
    chat.world.reconfigure(|config| config.replace(&everybody, &only)).await;
    chat.world.simulator.ret_next("sendmessage", -3, "invalid argument", 1);
    let refused = chat.say(&["one"]).await.remove(0);
    chat.wait_answer(&refused).await;
    let asking = bob.react(&chat.portal, &refused, "🔁").await;
    assert!(
        chat.wait_answer(&asking)
            .await
            .contains("you do not have permission to write through this bridge")
    );
    chat.alice.react(&chat.portal, &refused, "🔁").await;
    assert_eq!(chat.wait_shown(1).await, ["one"]);
    assert_eq!(chat.requests().len(), 2);
    let dropped = chat.world.simulator.dropped();
    assert!(dropped.iter().all(|one| one.reason == Reason::NoBot), "{dropped:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_homeserver_refused_is_taken_up_by_retry() {
    let mut chat = Chat::open().await;
    let room = chat.alice.management_room(&chat.world).await;
    let ghost = chat.alice.ghost_in(&chat.world, &chat.portal).await;
    let proxy = Proxy::to(&chat.world.slot.base_url).await;
    let (direct, through) = (chat.world.slot.base_url.clone(), proxy.url());
    chat.world.reconfigure(|config| config.replacen(&direct, &through, 1)).await;
    let sends = format!("{}/send/m.room.message", chat.portal.trim_start_matches('!'));
    proxy.trouble(Box::leak(sends.into()), Trouble::Refusal(400, "M_INVALID_PARAM"));
    chat.phone.says("one").await;
    chat.phone.says("two").await;
    let told = chat.alice.wait_said(&room, "A message from Mum could not be put into").await;
    chat.alice
        .wait_after(&room, told.id(), |m| m.body().contains("A message from Mum could not be put"))
        .await;
    proxy.heal();
    assert!(chat.ask("retry").await.contains("2 messages set aside"));
    let words = chat.alice.wait_words(&chat.portal, &ghost, 3).await;
    assert_eq!(words, ["hello", "one", "two"]);
    assert!(!chat.ask("retry").await.contains("set aside"));
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_and_is_edited_into_nothing_or_a_command_is_taken_back() {
    let chat = Chat::silent().await;
    let events = chat.say_waiting(&["one", "two", "three"]).await;
    chat.alice.edit(&chat.portal, &events[0], "!WeChat  logout").await;
    chat.wait_unmarked(&events[0]).await;
    chat.alice.edit(&chat.portal, &events[1], " ").await;
    chat.wait_unmarked(&events[1]).await;
    chat.alice
        .until("both are said", || (chat.said("I have taken it back") == 2).then_some(()))
        .await;
    chat.hear("here I am").await;
    chat.say(&["four"]).await;
    assert_eq!(chat.wait_shown(2).await, ["three", "four"]);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_once_more_says_what_its_latest_edit_says() {
    let chat = Chat::open().await;
    chat.world.simulator.ret_next("sendmessage", -3, "invalid argument", 1);
    let refused = chat.say(&["a tyop"]).await.remove(0);
    chat.wait_answer(&refused).await;
    let edit = chat.alice.edit(&chat.portal, &refused, "a typo").await;
    assert!(chat.wait_answer(&edit).await.contains("does not have the message"));
    chat.alice.react(&chat.portal, &refused, "🔁").await;
    assert_eq!(chat.wait_shown(1).await, ["a typo"]);
    chat.alice.answer(&chat.portal, &refused, "yes").await;
    assert_eq!(chat.wait_shown(2).await[1], "「a typo」\nyes");
    let command = chat.alice.say(&chat.portal, "!wechat status").await;
    chat.alice.wait_said(&chat.portal, "Mum: ").await;
    let asking = chat.alice.react(&chat.portal, &command, "🔁").await;
    assert!(chat.wait_answer(&asking).await.contains("nothing to send again"));
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_edits_that_wait_the_newest_goes_out_and_one_that_changes_nothing_does_not() {
    let mut chat = Chat::open().await;
    let first = chat.say(&["one"]).await.remove(0);
    chat.phone.wait_text("one").await;
    chat.alice.edit(&chat.portal, &first, "one").await;
    chat.say(&["two"]).await;
    assert_eq!(chat.wait_shown(2).await, ["one", "two"]);
    chat.world.simulator.throttle(Duration::from_secs(600));
    chat.say_waiting(&["three"]).await;
    for number in 0..10 {
        chat.alice.edit(&chat.portal, &first, &format!("one, edit {number}")).await;
    }
    assert!(chat.ask("queue").await.ends_with("\n1. three\n2. ✏️ one, edit 9"));
    chat.world.stop().await;
    chat.world.resume().await;
    chat.world.simulator.clear_faults();
    chat.hear("go on").await;
    assert_eq!(chat.wait_shown(4).await[2..], ["three", "✏️ one, edit 9"]);
    chat.alice.edit(&chat.portal, &first, "one, edit 9").await;
    chat.say(&["four"]).await;
    assert_eq!(chat.wait_shown(5).await[4], "four");
    chat.world.stop().await;
}

async fn bob_in(chat: &Chat) -> Person {
    let bob = Person::new(Synapse::shared().await, "bob").await;
    let rooms = bob.rooms();
    chat.alice.invite(&chat.portal, &bob.user_id).await;
    assert_eq!(bob.wait_new_room(&rooms).await, chat.portal);
    bob
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_cannot_be_taken_back_but_its_waiting_edit_can() {
    let chat = Chat::open().await;
    chat.world.simulator.standing_fault("sendmessage", Some(Fault::Hang));
    let event = chat.say(&["one"]).await.remove(0);
    chat.wait_tried("one").await;
    chat.alice.edit(&chat.portal, &event, "eins").await;
    chat.alice.remove(&chat.portal, &event).await;
    chat.alice.wait_said(&chat.portal, "is on its way to WeChat").await;
    chat.world.simulator.standing_fault("sendmessage", None);
    chat.say(&["two"]).await;
    assert_eq!(chat.wait_shown(2).await, ["one", "two"]);
    chat.world.end().await;
}
