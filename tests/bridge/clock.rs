//! The bridge's clock is set, by two days and either way.

use std::time::Duration;

use matrix_appservice_wechat::clock::{Clock, Timestamp};

use crate::support::Chat;

#[tokio::test(flavor = "multi_thread")]
async fn after_two_days_what_waits_goes_out_when_the_contact_writes() {
    let chat = on_a_manual_clock().await;
    chat.world.simulator.advance(TWO_DAYS);
    chat.world.clock.advance(millis());
    chat.say_waiting(&["one", "two", "three"]).await;
    assert_eq!(chat.said("last wrote more than 24 hours ago"), 1);
    assert_eq!(chat.requests().len(), 0, "nothing is tried in a closed window");
    chat.hear("sorry, I was away").await;
    assert_eq!(chat.wait_shown(3).await, ["one", "two", "three"]);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_runs_two_days_ahead_of_wechats_does_not_close_every_window() {
    let chat = on_a_manual_clock().await;
    chat.world.clock.advance(millis());
    chat.say_waiting(&["one", "two"]).await;
    // A poll that waits in vain shows that whatever comes next is new.
    chat.world.simulator.set_hold(Duration::from_millis(200));
    chat.world.simulator.wait_held_polls(1).await;
    chat.hear("hello?").await;
    let quiet = chat.world.simulator.requests().len();
    chat.world.simulator.set_hold(Duration::from_millis(200));
    let polls = |chat: &Chat| {
        let requests = chat.world.simulator.requests().into_iter().skip(quiet);
        requests.filter(|request| request.endpoint() == "getupdates").count()
    };
    let empty = async {
        while polls(&chat) < 3 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), empty).await.expect("polls come and go");
    chat.hear("are you there?").await;
    assert_eq!(chat.wait_shown(2).await, ["one", "two"]);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_who_has_just_written_is_answered_whatever_the_clock_says() {
    let chat = on_a_manual_clock().await;
    chat.world.clock.advance(millis());
    // No poll has waited in vain since: only WeChat's own clock tells how old this is.
    chat.hear("hello?").await;
    chat.say(&["one", "two"]).await;
    assert_eq!(chat.wait_shown(2).await, ["one", "two"]);
    assert_eq!(chat.said("last wrote more than 24 hours ago"), 0);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_set_back_by_two_days_holds_nothing_for_two_days() {
    let mut chat = on_a_manual_clock().await;
    let paced = |config: String| config.replace("interval_ms = 0", "interval_ms = 100\nburst = 2");
    chat.world.reconfigure(paced).await;
    chat.say(&["before"]).await;
    chat.wait_shown(1).await;
    chat.world.simulator.throttle(Duration::from_secs(600));
    chat.say_waiting(&["one", "two"]).await;
    chat.world.clock.advance(-millis());
    chat.world.simulator.clear_faults();
    // Whatever comes into the queue has it looked at again; the pause is over, the window open.
    chat.say(&["three"]).await;
    let clock = chat.world.clock.clone();
    let ticking = async {
        loop {
            clock.advance(1);
            tokio::task::yield_now().await;
        }
    };
    let shown = tokio::select! {
        shown = chat.wait_shown(4) => shown,
        () = ticking => Vec::new(),
    };
    assert_eq!(shown, ["before", "one", "two", "three"]);

    // The window that was opened by the other clock closes a day after the clock was set.
    chat.world.clock.advance(millis() / 2);
    chat.say_waiting(&["four"]).await;
    assert_eq!(chat.said("last wrote more than 24 hours ago"), 1);
}

/// Opens Alice's chat with Mum in a world whose clock stands until the story moves it.
async fn on_a_manual_clock() -> Chat {
    let mut chat = Chat::silent().await;
    chat.world.stop().await;
    chat.world.clock = Clock::manual(Timestamp(chat.world.simulator.now_ms()));
    chat.world.resume().await;
    chat.hear("hello").await;
    chat
}

fn millis() -> i64 {
    i64::try_from(TWO_DAYS.as_millis()).unwrap()
}

const TWO_DAYS: Duration = Duration::from_secs(48 * 60 * 60);
