//! A thing that comes twice, from either side; and a session that WeChat ends.

use serde_json::{Value, json};

use crate::support::{Message, Person, World, synapse::Synapse};

/// A portal whose phone has written, so that answers go out.
struct Chat {
    world: World,
    alice: Person,
    phone: ilink_simulator::Phone,
    portal: String,
    ghost: String,
}

impl Chat {
    async fn open() -> Self {
        let mut world = World::idle().await;
        let alice = Person::new(Synapse::shared().await, "alice").await;
        let (phone, portal) = world.link(&alice, "Mum").await;
        let ghost = alice.ghost_in(&world, &portal).await;
        phone.says("hello").await;
        alice.wait_words(&portal, &ghost, 1).await;
        Self { world, alice, phone, portal, ghost }
    }

    /// Returns a text of Alice as the homeserver would push it.
    fn event(&self, id: &str, text: &str) -> Value {
        json!({
            "type": "m.room.message",
            "event_id": format!("${id}"),
            "room_id": self.portal,
            "sender": self.alice.user_id,
            "origin_server_ts": 1_700_000_000_000_u64,
            "content": { "msgtype": "m.text", "body": text },
        })
    }

    /// Pushes events to the bridge in a transaction of this id.
    async fn push(&self, id: &str, events: &[Value]) {
        let slot = &self.world.slot;
        let url = format!("http://{}/_matrix/app/v1/transactions/{id}", slot.listen);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let push = client.put(url).bearer_auth(&slot.hs_token);
        let body = json!({ "events": events }).to_string();
        let answer = push.header("content-type", "application/json").body(body).send().await;
        assert_eq!(answer.unwrap().status(), 200);
    }

    /// Returns what the phone shows once this last text of Alice has arrived.
    async fn shown_up_to(&self, last: &str) -> Vec<String> {
        self.alice.say(&self.portal, last).await;
        self.phone.wait_text(last).await;
        self.phone.shows().into_iter().map(|shown| shown.text).collect()
    }

    /// Returns what the room holds of the contact once this last text has arrived, without the
    /// hello.
    async fn words_up_to(&self, last: &str) -> Vec<String> {
        self.phone.says(last).await;
        let (ghost, last) = (self.ghost.clone(), last.to_owned());
        self.alice.wait(&self.portal, move |m| m.sender() == ghost && m.body() == last).await;
        self.alice.words(&self.portal, &self.ghost).split_off(1)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_or_an_event_that_comes_again_changes_nothing() {
    let chat = Chat::open().await;
    let (one, two) = (chat.event("one", "one"), chat.event("two", "two"));
    chat.push("t1", std::slice::from_ref(&one)).await;
    chat.push("t1", std::slice::from_ref(&one)).await;
    chat.push("t2", &[one.clone(), two.clone(), two.clone()]).await;
    chat.push("t3", &[two]).await;
    assert_eq!(chat.shown_up_to("last").await, ["one", "two", "last"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_id_that_is_used_again_for_other_events_is_taken() {
    let chat = Chat::open().await;
    for (event, text) in [("one", "one"), ("two", "two"), ("three", "three")] {
        chat.push("1", &[chat.event(event, text)]).await;
    }
    assert_eq!(chat.shown_up_to("last").await, ["one", "two", "three", "last"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_comes_again_changes_nothing() {
    let chat = Chat::open().await;
    for new_ids in [false, true] {
        chat.world.simulator.duplicate_next_batch(new_ids);
        chat.phone.says(&format!("once {new_ids}")).await;
        chat.alice.wait(&chat.portal, |m| m.body() == format!("once {new_ids}")).await;
    }
    assert_eq!(chat.words_up_to("last").await, ["once false", "once true", "last"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_equal_messages_without_ids_in_one_batch_are_two() {
    let mut chat = Chat::open().await;
    let written = chat.phone.draft("ok")["create_time_ms"].clone();
    for created in [written, Value::Null] {
        // The batch gathers while the bridge does not poll.
        chat.world.stop().await;
        for _ in 0..2 {
            let mut message = chat.phone.draft("ok");
            for id in ["message_id", "client_id", "seq"] {
                message[id] = Value::Null;
            }
            message["create_time_ms"] = created.clone();
            chat.phone.sends_raw(message).await;
        }
        chat.world.resume().await;
        chat.phone.wait_acknowledged().await;
    }
    assert_eq!(chat.words_up_to("last").await, ["ok", "ok", "ok", "ok", "last"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_wechat_ends_is_told_once_and_what_waits_goes_out_after_the_next_login() {
    let chat = Chat::open().await;
    let Chat { world, alice, phone, portal, .. } = &chat;
    let (bot, room) = (world.bot(), alice.management_room(world).await);
    let before = alice.words(portal, &bot).len();
    world.simulator.expire_session(phone);
    // The send and the poll learn at one moment that the session has ended.
    alice.say(portal, "one").await;
    let lost = alice.wait(&room, |m| mentions(m, &alice.user_id)).await;
    assert!(lost.body().contains("relogin Mum"), "{}", lost.body());
    alice.say(portal, "two").await;
    // One line that the link is lost, and one that the first message waits for the next.
    alice.wait_words(portal, &bot, before + 2).await;

    let asked = alice.say(&room, "relogin Mum").await;
    let code = alice.wait_after(&room, &asked, |m| m.qr_url().is_some()).await;
    phone.scan(&code.qr_url().unwrap()).await.unwrap();
    phone.confirm().await.unwrap();
    phone.wait_online().await;
    phone.says("back again").await;
    assert_eq!(chat.shown_up_to("three").await, ["one", "two", "three"]);
    assert_eq!(chat.words_up_to("last").await, ["back again", "last"]);
    let pings = alice.timeline(&room).into_iter();
    assert_eq!(pings.filter(|m| mentions(m, &alice.user_id)).count(), 1);
    let lines = alice.words(portal, &bot);
    assert_eq!(
        lines.iter().filter(|line| line.starts_with("Mum is logged out")).count(),
        1,
        "{lines:#?}"
    );
}

fn mentions(message: &Message, user: &str) -> bool {
    let mentioned = message.content()["m.mentions"]["user_ids"].as_array();
    mentioned.is_some_and(|users| users.iter().any(|mentioned| mentioned == user))
}
