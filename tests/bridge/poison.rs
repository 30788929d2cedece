//! A message at which the bridge fails each time is set aside, and what comes behind it goes on.

use crate::support::Chat;

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_the_contact_that_panics_is_set_aside_once_and_comes_by_retry() {
    let mut chat = Chat::open().await;
    let room = chat.alice.management_room(&chat.world).await;
    let ghost = chat.alice.ghost_in(&chat.world, &chat.portal).await;
    let poison = "poison: work mum 3";
    chat.phone.says(poison).await;
    chat.phone.says("behind it").await;
    assert_eq!(chat.alice.wait_words(&chat.portal, &ghost, 2).await, ["hello", "behind it"]);
    chat.alice.wait_said(&room, "the bridge failed repeatedly").await;

    chat.world.stop().await;
    chat.world.resume().await;
    chat.hear("and on").await;
    assert!(chat.ask("retry").await.contains("1 message set aside"));
    let words = chat.alice.wait_words(&chat.portal, &ghost, 4).await;
    assert_eq!(words, ["hello", "behind it", "and on", poison]);
    let notices = chat.alice.notices(&room, &chat.bot).into_iter();
    assert_eq!(notices.filter(|m| m.body().contains("the bridge failed repeatedly")).count(), 1);
    assert!(!chat.ask("retry").await.contains("set aside"));
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_the_owner_that_panics_is_answered_and_goes_out_by_a_reaction() {
    let chat = Chat::open().await;
    let poison = "poison: work alice 3";
    let events = chat.say(&[poison, "behind it"]).await;
    assert!(chat.wait_answer(&events[0]).await.contains("the bridge failed repeatedly"));
    assert_eq!(chat.wait_shown(1).await, ["behind it"]);
    chat.alice.react(&chat.portal, &events[0], "🔁").await;
    assert_eq!(chat.wait_shown(2).await, ["behind it", poison]);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_panics_once_is_tried_again_and_nobody_hears_of_it() {
    let chat = Chat::open().await;
    let room = chat.alice.management_room(&chat.world).await;
    let poison = "poison: work once 1";
    chat.hear(poison).await;
    let notices = chat.alice.notices(&room, &chat.bot).into_iter();
    assert_eq!(notices.filter(|m| m.body().contains("the bridge failed repeatedly")).count(), 0);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_sent_without_a_panic_is_answered_and_nothing_waits_for_it() {
    let chat = Chat::open().await;
    let events = chat.say(&["poison: send ink 3", "behind it"]).await;
    assert!(chat.wait_answer(&events[0]).await.contains("the bridge failed repeatedly"));
    chat.wait_status(&events[0], "FAIL_PERMANENT").await;
    assert_eq!(chat.wait_shown(1).await, ["behind it"]);
    let twice = chat.say(&["poison: send pen 2"]).await;
    assert_eq!(chat.wait_shown(2).await[1], "poison: send pen 2");
    chat.wait_status(&twice[0], "SUCCESS").await;
    chat.alice.react(&chat.portal, &events[0], "🔁").await;
    assert_eq!(chat.wait_shown(3).await[2], "poison: send ink 3");
    chat.world.end().await;
}
