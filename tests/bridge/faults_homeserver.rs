//! The way to the homeserver goes wrong in every way a line can, and the conversation goes on.

use std::time::Duration;

use serde_json::Value;

use crate::support::{Chat, Proxy, Trouble};

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_homeserver_answers_each_message_is_in_the_room_once_and_in_order() {
    let mut chat = Chat::open().await;
    let ghost = chat.alice.ghost_in(&chat.world, &chat.portal).await;
    let proxy = Proxy::to(&chat.world.slot.base_url).await;
    let (direct, through) = (chat.world.slot.base_url.clone(), proxy.url());
    chat.world.reconfigure(|config| config.replacen(&direct, &through, 1)).await;

    let (mut heard, mut shown) = (vec!["hello".to_owned()], Vec::new());
    for trouble in [
        Trouble::Refused,
        Trouble::Hanging,
        Trouble::HalfClosed,
        Trouble::Swallowed,
        Trouble::Cut,
        Trouble::Garbage,
        Trouble::Empty,
        Trouble::Page(500),
        Trouble::Page(502),
        Trouble::TooMany(300),
        Trouble::Slow,
    ] {
        // No word is in vain: what the line loses, the bridge says again.
        let before = proxy.met();
        proxy.trouble("", trouble);
        for number in 0..2 {
            let words = format!("{trouble:?} {number}");
            chat.phone.says(&words).await;
            heard.push(words);
        }
        let answer = format!("{trouble:?} answered");
        chat.say(&[&answer]).await;
        shown.push(answer);
        // Who hangs is not asked again before the line drops, and is not known to be away.
        let hangs = trouble == Trouble::Hanging;
        proxy.wait_met(before + if hangs { 1 } else { 3 }).await;
        if !hangs && !matches!(trouble, Trouble::TooMany(_) | Trouble::Slow) {
            assert_eq!(ready(&chat, 503).await["homeserver"], false, "{trouble:?}");
        }
        proxy.heal();
        chat.alice.wait_words(&chat.portal, &ghost, heard.len()).await;
        assert_eq!(chat.wait_shown(shown.len()).await, shown, "{trouble:?}");
        assert_eq!(ready(&chat, 200).await["homeserver"], true, "{trouble:?}");
        assert_eq!(chat.alice.words(&chat.portal, &ghost), heard, "{trouble:?}");
    }
    chat.world.end().await;
}

/// Asks until the bridge says that it is ready, or is not.
async fn ready(chat: &Chat, status: u16) -> Value {
    let url = format!("http://{}/ready", chat.world.slot.listen);
    let asked = async {
        loop {
            let answer = reqwest::get(&url).await.unwrap();
            if answer.status() == status {
                return serde_json::from_str(&answer.text().await.unwrap()).unwrap();
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), asked).await.expect("it comes")
}
