//! From Matrix to WeChat: what arrives how, what waits, and what does not go at all.

use std::time::Duration;

use ilink_simulator::Reason;
use matrix_appservice_wechat::clock::{Clock, Timestamp};
use serde_json::json;

use crate::support::{Person, World, synapse::Synapse};

#[tokio::test(flavor = "multi_thread")]
async fn a_long_text_arrives_whole_in_parts_that_wechat_takes() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    phone.says("tell me").await;
    let long: String = (0..2_500).map(|number| format!("第{number}句话 ")).collect();
    assert!((32_768..60_000).contains(&long.len()));
    let sent = alice.say(&portal, &long).await;
    alice.wait_receipt(&portal, &sent, &world.bot()).await;

    let parts: Vec<_> = phone.shows().into_iter().map(|shown| shown.text).collect();
    assert!(parts.len() > 2 && parts.iter().all(|part| part.len() <= 16_384));
    let letters = |text: &str| text.split_whitespace().collect::<String>();
    assert!(letters(&parts.concat()) == letters(&long), "something is missing or out of order");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn formatted_texts_emotes_and_brackets_are_readable_on_the_phone() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let ghost = alice.ghost_in(&world, &portal).await;
    phone.says("hello").await;
    alice.wait_words(&portal, &ghost, 1).await;

    let html = json!({
        "msgtype": "m.text", "body": "**hi** there", "format": "org.matrix.custom.html",
        "formatted_body": "<b>hi</b> there<br><a href=\"https://example.org\">here</a>",
    });
    alice.send(&portal, "m.room.message", html).await;
    alice.say(&portal, "1 < 2 and 2 > 1").await;
    let emote = json!({ "msgtype": "m.emote", "body": "waves" });
    alice.send(&portal, "m.room.message", emote).await;
    let notice = json!({ "msgtype": "m.notice", "body": "take note" });
    alice.send(&portal, "m.room.message", notice).await;
    alice.say(&portal, "the end").await;

    let shown: Vec<_> = phone.wait_shows(5).await.into_iter().map(|shown| shown.text).collect();
    let name = alice.user_id.trim_start_matches('@').split(':').next().unwrap();
    let emote = format!("* {name} waves");
    let link = "**hi** there\nhere (https://example.org)";
    assert_eq!(shown, [link, "1 ＜ 2 and 2 ＞ 1", &emote, "take note", "the end"]);
    let said = alice.notices(&portal, &world.bot());
    assert_eq!(said.len(), 1, "only the greeting: {said:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_go_to_wechat_gets_one_notice_each() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    phone.says("hello").await;
    alice.wait_said(&portal, "hello").await;
    let text = alice.say(&portal, "a text").await;
    alice.wait_receipt(&portal, &text, &world.bot()).await;

    let location = json!({ "msgtype": "m.location", "body": " ", "geo_uri": "geo:nowhere" });
    let riddle = json!({ "msgtype": "org.example.riddle", "body": "" });
    let call = json!({ "call_id": "1", "version": "1", "lifetime": 1, "offer": {} });
    let vote = json!({
        "m.relates_to": { "rel_type": "m.reference", "event_id": text }, "m.selections": ["1"],
    });
    let reaction = json!({
        "m.relates_to": { "rel_type": "m.annotation", "event_id": text, "key": "👍" },
    });
    for (event_type, content, words) in [
        ("m.room.message", location, "this location"),
        ("m.room.message", riddle, "this kind of message"),
        ("m.call.invite", call, "Calls do not go to WeChat"),
        ("m.poll.start", json!({ "m.poll": {} }), "this poll"),
        ("m.poll.response", vote, "this vote stays in Matrix"),
        ("m.reaction", reaction, "no reactions"),
    ] {
        let sent = alice.send(&portal, event_type, content).await;
        let answer = alice.wait(&portal, |m| m.answers() == Some(&sent)).await;
        assert_eq!(answer.sender(), world.bot());
        assert!(answer.body().contains(words), "{event_type}: {answer:?}");
    }
    alice.remove(&portal, &text).await;
    alice.wait_said(&portal, "WeChat cannot recall a message").await;
    let last = alice.say(&portal, "another text").await;
    alice.wait_receipt(&portal, &last, &world.bot()).await;
    let shown: Vec<_> = phone.shows().into_iter().map(|shown| shown.text).collect();
    assert_eq!(shown, ["a text", "another text"]);
    let said = alice.notices(&portal, &world.bot());
    assert_eq!(said.len(), 1 + 7, "the greeting and seven answers");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_wechat_took_without_an_id_is_marked_and_not_called_read() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let bot = world.bot();
    phone.says("hello").await;
    alice.wait_said(&portal, "hello").await;
    world.simulator.accept_without_message_id(1);
    let sent = alice.say(&portal, "perhaps").await;
    let mark = alice.wait(&portal, |m| m.kind() == "m.reaction").await;
    assert_eq!(mark.sender(), bot);
    let relation = json!({ "rel_type": "m.annotation", "event_id": sent, "key": "❔" });
    assert_eq!(mark.content()["m.relates_to"], relation);
    assert_eq!(alice.read_by(&portal, &bot).await, None, "nobody knows whether it was shown");

    let sure = alice.say(&portal, "surely").await;
    alice.wait_receipt(&portal, &sure, &bot).await;
    let marks = alice.timeline(&portal).into_iter().filter(|m| m.kind() == "m.reaction");
    assert_eq!(marks.count(), 1);
    let dropped = world.simulator.dropped();
    assert!(dropped.len() == 1 && dropped[0].reason == Reason::Unconfirmed, "{dropped:?}");
    world.simulator.forget_dropped();
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_eleventh_text_waits_with_one_notice_until_the_contact_writes() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    alice.say(&portal, "text 0").await;
    alice.wait_said(&portal, "Queued: Mum has not written yet").await;
    phone.says("hello").await;
    for number in 1..13 {
        alice.say(&portal, &format!("text {number}")).await;
    }
    alice.wait_said(&portal, "answer each message from Mum about 10 times").await;
    assert_eq!(phone.wait_shows(10).await.len(), 10);
    let status = alice.ask(&world, &portal, "!wechat status").await;
    assert!(status.starts_with("Mum: 3 queued; reply window open for 23 h"), "{status}");
    assert!(status.ends_with(" 0 messages left"), "{status}");

    phone.says("I am listening").await;
    let shown: Vec<_> = phone.wait_shows(13).await.into_iter().map(|shown| shown.text).collect();
    let texts: Vec<_> = (0..13).map(|number| format!("text {number}")).collect();
    assert_eq!(shown, texts);
    let said = alice.notices(&portal, &world.bot());
    let waiting = said.iter().filter(|m| m.body().starts_with("⏳")).count();
    assert_eq!(waiting, 2, "one for the first text, one for the eleventh");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_after_the_contacts_last_text_answers_wait_for_the_next() {
    let mut world = World::idle().await;
    world.clock = Clock::manual(Timestamp(world.simulator.now_ms()));
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let ghost = alice.ghost_in(&world, &portal).await;
    phone.says("hello").await;
    alice.wait_words(&portal, &ghost, 1).await;

    let day = Duration::from_secs(24 * 60 * 60);
    world.simulator.advance(day);
    world.clock.advance(24 * 60 * 60 * 1_000);
    alice.say(&portal, "too late").await;
    alice.wait_said(&portal, "Queued: Mum last wrote more than 24 hours ago").await;
    let status = alice.ask(&world, &portal, "!wechat status").await;
    assert_eq!(status, "Mum: 1 queued; reply window closed until the contact writes");
    assert!(phone.shows().is_empty());

    phone.says("good morning").await;
    phone.wait_text("too late").await;
    world.end().await;
}
