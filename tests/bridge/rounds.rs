//! What the bridge looks at now and then, with a clock that the story sets.

use std::time::Duration;

use matrix_appservice_wechat::clock::{Clock, Timestamp};

use crate::support::Chat;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// Opens a chat in which Mum has written and the bridge has a clock of its own that stands.
async fn with_a_clock() -> Chat {
    let mut chat = Chat::silent().await;
    chat.world.stop().await;
    // A little ahead: what Mum writes now does not lie in the future.
    chat.world.clock = Clock::manual(Timestamp(chat.world.simulator.now_ms() + MINUTE));
    chat.world.resume().await;
    chat.hear("hello").await;
    chat
}

/// Counts how often a token was tried, the start of a session included.
fn tries(chat: &Chat) -> usize {
    let requests = chat.world.simulator.requests().into_iter();
    requests.filter(|request| request.endpoint() == "notifystart").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_an_ended_session_is_tried_once_an_hour_and_revives() {
    let chat = with_a_clock().await;
    let room = chat.alice.management_room(&chat.world).await;
    chat.world.simulator.ret_next("getupdates", -14, "session timeout", 1);
    chat.alice.wait_said(&room, "WeChat ended the link to Mum").await;
    let waiting = chat.say_waiting(&["are you there?"]).await.remove(0);
    let before = tries(&chat);

    chat.world.look_around().await;
    chat.world.clock.advance(59 * MINUTE);
    chat.world.look_around().await;
    assert_eq!(tries(&chat), before, "not within the hour");
    chat.world.simulator.ret_next("notifystart", -14, "session timeout", 1);
    chat.world.clock.advance(MINUTE);
    chat.world.look_around().await;
    chat.world.look_around().await;
    assert_eq!(tries(&chat), before + 1, "once, and it is still dead");
    chat.world.clock.advance(-48 * HOUR);
    chat.world.look_around().await;
    chat.world.clock.advance(59 * MINUTE);
    chat.world.look_around().await;
    assert_eq!(tries(&chat), before + 1, "a clock that was set back counts from there");

    chat.world.clock.advance(MINUTE);
    chat.world.look_around().await;
    chat.alice.wait_said(&room, "The link to Mum works again").await;
    chat.wait_status(&waiting, "SUCCESS").await;
    assert_eq!(chat.wait_shown(1).await, ["are you there?"]);
    chat.hear("here I am").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_that_closes_on_what_waits_is_announced_once() {
    let chat = with_a_clock().await;
    chat.world.simulator.throttle(Duration::from_secs(86_400));
    chat.say_waiting(&["too much"]).await;
    chat.world.clock.advance(22 * HOUR);
    chat.world.look_around().await;
    assert_eq!(chat.said("closes in about an hour"), 0);
    chat.world.clock.advance(HOUR + 30 * MINUTE);
    for _ in 0..2 {
        chat.world.look_around().await;
    }
    chat.alice
        .wait_said(&chat.portal, "closes in about an hour, with 1 message still queued")
        .await;
    chat.ask("help").await;
    assert_eq!(chat.said("closes in about an hour"), 1);
}
