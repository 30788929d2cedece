//! From WeChat to Matrix: each item in its place, and a notice where an item cannot be shown.

use serde_json::json;

use crate::support::{Person, World, synapse::Synapse};

#[tokio::test(flavor = "multi_thread")]
async fn whatever_cannot_be_shown_arrives_in_its_place_as_a_notice_that_names_it() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let ghost = alice.ghost_in(&world, &portal).await;
    phone.says("first [Smile]").await;
    phone.sends_item(json!({ "type": 99, "new_item": {} })).await;
    phone.sends_items(Vec::new()).await;
    phone.sends_raw(json!("no message at all")).await;
    phone.sends_raw(json!({})).await;
    phone.sends_item(json!({ "type": 3, "voice_item": { "text": "I am on my way" } })).await;
    phone.says("last").await;

    let words = alice.wait_words(&portal, &ghost, 7).await;
    let expected = [
        "first 🙂",
        "an unknown kind (99)",
        "A message without content",
        "I could not read",
        "A message without content",
        "It says: I am on my way",
        "last",
    ];
    assert_eq!(words.len(), expected.len(), "{words:?}");
    for (said, part) in words.iter().zip(expected) {
        assert!(said.contains(part), "{said} instead of {part}");
    }
    let notices = alice.notices(&portal, &ghost);
    assert_eq!(notices.len(), 5, "all but the two texts");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_items_of_one_message_arrive_one_by_one() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let ghost = alice.ghost_in(&world, &portal).await;
    let text = |words: &str| json!({ "type": 1, "text_item": { "text": words } });
    let picture = json!({ "type": 2, "image_item": {} });
    phone.sends_items(vec![text("one"), picture, text("three")]).await;
    phone.says("four").await;
    let words = alice.wait_words(&portal, &ghost, 4).await;
    assert_eq!([&words[0], &words[2], &words[3]], ["one", "three", "four"]);
    assert!(words[1].contains("did not say where to download it"), "{words:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_speak_the_owners_language() {
    let mut world = World::start().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let room = alice.management_room(&world).await;
    alice.ask(&world, &room, "lang zh").await;
    let (phone, portal) = world.link(&alice, "妈妈").await;
    alice.wait_said(&portal, "这里是你与妈妈的微信聊天").await;
    let ghost = alice.ghost_in(&world, &portal).await;
    phone.sends_item(json!({ "type": 5, "video_item": {} })).await;
    let words = alice.wait_words(&portal, &ghost, 1).await;
    assert!(words[0].contains("一个视频没能从微信转发过来"), "{words:?}");
    world.end().await;
}
