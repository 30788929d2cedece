//! Texts in both directions: all of them, in order, at their time, in their room.

use crate::support::{Person, World, synapse::Synapse};

#[tokio::test(flavor = "multi_thread")]
async fn a_text_goes_each_way() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let ghost = alice.ghost_in(&world, &portal).await;

    phone.says("你好").await;
    assert_eq!(alice.wait_words(&portal, &ghost, 1).await, ["你好"]);

    let sent = alice.say(&portal, "hello, Mum").await;
    phone.wait_text("hello, Mum").await;
    alice.wait_receipt(&portal, &sent).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_texts_from_wechat_keep_their_order_and_their_time() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let ghost = alice.ghost_in(&world, &portal).await;
    let first = world.simulator.now_ms();
    for number in 0..COUNT {
        let mut message = phone.draft(&format!("text {number}"));
        // Written while the bridge was away, two seconds after the one before.
        message["create_time_ms"] = (first - 86_400_000 + number * 2_000).into();
        phone.sends_raw(message).await;
    }
    let words = alice.wait_words(&portal, &ghost, 50).await;
    assert_eq!(words, numbered("text"));
    let timeline = alice.timeline(&portal).into_iter();
    let times: Vec<_> = timeline
        .filter(|m| m.sender() == ghost && m.kind() == "m.room.message")
        .map(|m| m.at())
        .collect();
    let written: Vec<_> = (0..COUNT).map(|number| first - 86_400_000 + number * 2_000).collect();
    assert_eq!(times, written);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_texts_from_matrix_keep_their_order_while_wechat_allows_ten_at_a_time() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let ghost = alice.ghost_in(&world, &portal).await;
    phone.says("go on").await;
    alice.wait_words(&portal, &ghost, 1).await;
    let mut answers = Vec::new();
    for text in numbered("answer") {
        answers.push(alice.say(&portal, &text).await);
    }
    for allowed in [10, 20, 30, 40] {
        // Until then a send might still be counted, against the window that is opened here.
        alice.wait_receipt(&portal, &answers[allowed - 1]).await;
        phone.says("go on").await;
    }
    let shown: Vec<_> = phone.wait_shows(50).await.into_iter().map(|shown| shown.text).collect();
    assert_eq!(shown, numbered("answer"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_directions_at_once_lose_and_mix_nothing() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let ghost = alice.ghost_in(&world, &portal).await;
    let writing = async {
        for text in numbered("answer") {
            alice.say(&portal, &text).await;
        }
    };
    let speaking = async {
        for (number, text) in numbered("question").into_iter().enumerate() {
            if number % 10 == 5 {
                phone.wait_shows(number / 10 * SURE + 1).await;
            }
            phone.says(&text).await;
        }
    };
    tokio::join!(writing, speaking);
    // The last answers may wait for one more.
    phone.wait_shows(5 * SURE + 1).await;
    phone.says("question 50").await;
    let questions: Vec<_> = (0..=50).map(|number| format!("question {number}")).collect();
    assert_eq!(alice.wait_words(&portal, &ghost, 51).await, questions);
    let shown: Vec<_> = phone.wait_shows(50).await.into_iter().map(|shown| shown.text).collect();
    assert_eq!(shown, numbered("answer"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_contacts_and_two_owners_do_not_mix() {
    let mut world = World::idle().await;
    let synapse = Synapse::shared().await;
    let (alice, bob) = (Person::new(synapse, "alice").await, Person::new(synapse, "bob").await);
    let mut chats = Vec::new();
    for (owner, name) in [(&alice, "Mum"), (&alice, "Dad"), (&bob, "Mum")] {
        let (phone, portal) = world.link(owner, name).await;
        let ghost = owner.ghost_in(&world, &portal).await;
        chats.push((owner, phone, portal, ghost));
    }
    for (number, (_, phone, ..)) in chats.iter().enumerate() {
        phone.says(&format!("question {number}")).await;
    }
    for (number, (owner, _, portal, ghost)) in chats.iter().enumerate() {
        let words = owner.wait_words(portal, ghost, 1).await;
        assert_eq!(words, [format!("question {number}")]);
        owner.say(portal, &format!("answer {number}")).await;
    }
    for (number, (owner, phone, portal, ghost)) in chats.iter().enumerate() {
        let shown: Vec<_> = phone.wait_shows(1).await.into_iter().map(|s| s.text).collect();
        assert_eq!(shown, [format!("answer {number}")]);
        assert_eq!(owner.words(portal, ghost).len(), 1);
        let members = owner.room(portal).members(matrix_sdk::RoomMemberships::JOIN).await.unwrap();
        assert_eq!(members.len(), 3, "the owner, the ghost and the bot");
    }
    world.end().await;
}

fn numbered(word: &str) -> Vec<String> {
    (0..COUNT).map(|number| format!("{word} {number}")).collect()
}

const COUNT: i64 = 50;

/// Answers that a text of the contact surely makes room for, of the ten that WeChat allows: a send
/// that crosses the text is counted against the new window.
const SURE: usize = 9;
