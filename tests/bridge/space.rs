//! The space that holds the rooms of one's contacts.

use serde_json::json;

use crate::support::{Chat, Message, Person};

#[tokio::test(flavor = "multi_thread")]
async fn the_rooms_of_ones_contacts_are_in_a_space_until_one_leaves_it() {
    let mut chat = Chat::open().await;
    let management = chat.alice.management_room(&chat.world).await;
    let rooms = chat.alice.rooms();
    chat.world
        .reconfigure(|config| {
            config.replace(
                "[bridge.permissions]",
                "[bridge]\npersonal_space = true\n[bridge.permissions]",
            )
        })
        .await;
    let space = chat.alice.wait_new_room(&rooms).await;
    wait_child(&chat.alice, &space, &chat.portal, true).await;
    let create = chat.alice.wait(&space, |m| m.kind() == "m.room.create").await;
    assert_eq!(create.content()["type"], "m.space");
    let parent = |m: &Message| m.kind() == "m.space.parent" && m.0["state_key"] == space.as_str();
    let parent = chat.alice.wait(&chat.portal, parent).await;
    assert_eq!(parent.content()["canonical"], json!(true));

    let (_, dads) = chat.world.log_in(&chat.alice, "Dad").await;
    wait_child(&chat.alice, &space, &dads, true).await;
    chat.ask("delete-portal").await;
    chat.alice.ask(&chat.world, &chat.portal, "yes").await;
    wait_child(&chat.alice, &space, &chat.portal, false).await;

    let bot = chat.bot.as_str();
    chat.alice.room(&space).leave().await.unwrap();
    chat.alice.wait_gone(&space).await;
    chat.wait_bot_gone(&space).await;
    let rooms = chat.alice.rooms();
    chat.phone.says("is there a space?").await;
    let second = chat.alice.wait_new_room(&rooms).await;
    chat.alice.wait_said(&second, "is there a space?").await;
    let parents = chat.alice.state(&second, "m.space.parent").await;
    assert!(parents.is_empty(), "{parents:?}");

    // `sync` brings it back.
    let rooms = chat.alice.rooms();
    chat.alice.say(&management, "sync").await;
    let again = chat.alice.wait_new_room(&rooms).await;
    assert_ne!(again, space);
    wait_child(&chat.alice, &again, &second, true).await;
    wait_child(&chat.alice, &again, &dads, true).await;
    let create = chat.alice.wait(&again, |m| m.kind() == "m.room.create").await;
    assert_eq!(create.sender(), bot);
    chat.world.end().await;
}

/// Waits until a room is in the space, or not any more.
async fn wait_child(person: &Person, space: &str, room: &str, is_in: bool) {
    let child = |m: &Message| m.kind() == "m.space.child" && m.0["state_key"] == room;
    person.wait(space, |m| child(m) && m.content()["via"].is_array() == is_in).await;
}
