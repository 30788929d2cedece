//! A queue of a whole day, through a restart and out at last.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use matrix_appservice_wechat::clock::{Clock, Timestamp};

use crate::support::{Chat, Message, synapse::Synapse};

#[tokio::test(flavor = "multi_thread")]
async fn a_long_queue_drains_once_and_in_order_after_a_day() {
    let wanted = std::env::var("BRIDGE_QUEUED").ok();
    let count: usize = wanted.map_or(150, |count| count.parse().unwrap());
    let synapse = Synapse::own().await;
    let mut chat = Chat::silent_on(&synapse).await;
    chat.hear("hello").await;
    chat.world.stop().await;
    chat.world.clock = Clock::manual(Timestamp(chat.world.simulator.now_ms()));
    chat.world.resume().await;
    chat.world.simulator.advance(A_DAY);
    chat.world.clock.advance(i64::try_from(A_DAY.as_millis()).unwrap());

    let texts: Vec<_> = (0..count).map(|number| format!("text {number}")).collect();
    let mut events = Vec::new();
    for half in texts.chunks(count.div_ceil(2)) {
        for text in half {
            events.extend(chat.say(&[text]).await);
        }
        chat.wait_mark(&events[0], "⏳").await;
        chat.world.stop().await;
        chat.world.resume().await;
    }
    all_have(&chat, &events, "PENDING").await;
    assert_eq!(chat.said("last wrote more than 24 hours ago"), 1);
    assert!(chat.requests().is_empty(), "nothing is tried in a closed window");

    let began = Instant::now();
    let mut shown = Vec::new();
    while shown.len() < count {
        chat.phone.says("go on").await;
        shown = chat.wait_shown(count.min(shown.len() + 10)).await;
        // Until then a send might still be counted, against the window that is opened next.
        chat.alice.wait_receipt(&chat.portal, &events[shown.len() - 1]).await;
    }
    let took = began.elapsed();
    assert!(shown == texts, "once and in order: {shown:#?}");
    all_have(&chat, &events, "SUCCESS").await;
    let last = events.last().unwrap();
    chat.alice.wait_receipt(&chat.portal, last).await;
    let timeline = chat.alice.timeline(&chat.portal);
    let marked = timeline.iter().filter(|m| m.content()["m.relates_to"]["key"] == "⏳").count();
    eprintln!("{count} messages went out in {took:?}; {marked} were marked");
    chat.world.end().await;
}

/// Waits until each message has this status, the last of them soon.
async fn all_have(chat: &Chat, events: &[String], status: &str) {
    let count = |timeline: &[Message]| {
        let told: HashSet<_> = timeline
            .iter()
            .filter(|m| m.content()["status"] == status)
            .filter_map(|m| m.content()["m.relates_to"]["event_id"].as_str().map(str::to_owned))
            .collect();
        events.iter().filter(|event| told.contains(*event)).count()
    };
    for some in events.chunks(500) {
        chat.wait_status(some.last().unwrap(), status).await;
    }
    assert_eq!(count(&chat.alice.timeline(&chat.portal)), events.len(), "{status}");
}

const A_DAY: Duration = Duration::from_secs(25 * 60 * 60);
