//! "Typing…" on the phone.

use ilink_simulator::Recorded;

use crate::support::Chat;

#[tokio::test(flavor = "multi_thread")]
async fn the_phone_shows_that_somebody_types_until_it_ends() {
    let mut chat = Chat::silent().await;
    chat.types(true).await;
    chat.say_waiting(&["too early"]).await;
    chat.types(false).await;
    assert_eq!(chat.world.simulator.typing_calls().len(), 0, "a bot may not begin");

    chat.hear("hello").await;
    chat.types(true).await;
    chat.phone.wait_typing(true).await;
    chat.types(false).await;
    chat.phone.wait_typing(false).await;

    // Typing is repeated while it lasts, and a bridge that stops leaves nothing behind.
    chat.types(true).await;
    chat.phone.wait_typing(true).await;
    let shown = |request: &&Recorded| request.path.ends_with("sendtyping");
    let newest = chat.world.simulator.requests().iter().filter(shown).map(|r| r.at_ms).max();
    let is_later = |request: &Recorded| shown(&request) && Some(request.at_ms) > newest;
    chat.world.simulator.wait_request(is_later).await;
    chat.world.stop().await;
    assert!(!chat.phone.typing());
    let requests = chat.world.simulator.requests();
    let tickets = requests.iter().filter(|request| request.path.ends_with("getconfig"));
    assert_eq!(tickets.count(), 1, "the ticket is kept");
}
