//! Rooms that come to an end: left, deleted, replaced, lost; and contacts that are not listened to.

use matrix_sdk::ruma::{
    RoomId, RoomVersionId, UserId, api::client::room::upgrade_room::v3::Request as Upgrade,
};

use crate::support::{Chat, Person, Proxy, Trouble};

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_its_owner_leaves_is_closed_until_the_contact_writes() {
    let mut chat = Chat::silent().await;
    let room = chat.alice.management_room(&chat.world).await;
    chat.say_waiting(&["too late"]).await;
    chat.alice.room(&chat.portal).leave().await.unwrap();
    let told = chat.alice.wait_said(&room, "Mum's room is closed").await;
    assert!(told.body().contains("I dropped 1 queued message."), "{}", told.body());
    let line = chat.alice.ask(&chat.world, &room, "list").await;
    assert!(line.ends_with("; no room until the next message"), "{line}");

    chat.world.stop().await;
    chat.world.resume().await;
    let rooms = chat.alice.rooms();
    let line = chat.alice.ask(&chat.world, &room, "list").await;
    assert!(line.ends_with("; no room until the next message"), "{line}");
    let other = wait_new_words(&chat, &rooms, "anybody?").await;
    assert_ne!(other, chat.portal);
    chat.alice.say(&other, "here I am").await;
    assert_eq!(chat.wait_shown(1).await, ["here I am"]);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_room_stays_deleted_until_the_contact_writes() {
    let mut chat = Chat::open().await;
    let room = chat.alice.management_room(&chat.world).await;
    let ghost = chat.alice.ghost_in(&chat.world, &chat.portal).await;
    let asked = chat.ask("delete-portal").await;
    assert!(asked.starts_with("Delete Mum's room?"), "{asked}");
    assert_eq!(
        chat.alice.ask(&chat.world, &chat.portal, "no").await,
        "Cancelled. Nothing was deleted."
    );
    chat.ask("delete-portal").await;
    let last = chat.alice.ask(&chat.world, &chat.portal, "yes").await;
    assert_eq!(last, "I am leaving this room. Mum's next message will open a new one.");
    wait_left(&chat.alice, &chat.portal, &ghost).await;
    wait_left(&chat.alice, &chat.portal, &chat.bot).await;

    chat.world.stop().await;
    chat.world.resume().await;
    let rooms = chat.alice.rooms();
    let second = wait_new_words(&chat, &rooms, "hello again").await;
    chat.alice.ask(&chat.world, &room, "delete-portal Mum").await;
    let answer = chat.alice.ask(&chat.world, &room, "yes").await;
    assert!(answer.starts_with("Mum's room is deleted."), "{answer}");
    wait_left(&chat.alice, &second, &chat.bot).await;
    let rooms = chat.alice.rooms();
    let third = wait_new_words(&chat, &rooms, "and again").await;
    assert!(third != second && third != chat.portal);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ignored_contact_is_counted_and_not_shown_even_after_a_restart() {
    let mut chat = Chat::open().await;
    let (ghost, room) = (
        chat.alice.ghost_in(&chat.world, &chat.portal).await,
        chat.alice.management_room(&chat.world).await,
    );
    let answer = chat.ask("ignore").await;
    assert!(answer.starts_with("From now on Mum's messages are only counted"), "{answer}");
    chat.phone.says("one").await;
    wait_line(&chat, &room, "; ignored, 1 not shown").await;
    chat.world.stop().await;
    chat.world.resume().await;
    chat.phone.says("two").await;
    wait_line(&chat, &room, "; ignored, 2 not shown").await;
    assert!(chat.ask("status").await.ends_with("; ignored, 2 not shown"));
    chat.say(&["please stop"]).await;
    assert_eq!(chat.wait_shown(1).await, ["please stop"]);

    let answer = chat.alice.ask(&chat.world, &room, "unignore Mum").await;
    assert_eq!(
        answer,
        "Mum's messages are shown again. In the meantime, 2 messages were left out."
    );
    chat.hear("sorry").await;
    assert_eq!(chat.alice.words(&chat.portal, &ghost), ["hello", "sorry"]);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_follows_its_room_into_the_one_that_replaces_it() {
    let mut chat = Chat::open().await;
    let room = chat.alice.management_room(&chat.world).await;
    let ghost = chat.alice.ghost_in(&chat.world, &chat.portal).await;
    let old = chat.portal.clone();
    let upgrade = Upgrade::new(RoomId::parse(&old).unwrap(), RoomVersionId::V11);
    let new = chat.alice.client.send(upgrade).await.unwrap().replacement_room.to_string();
    let told = chat.alice.wait_said(&room, "Mum's room was replaced").await;
    assert!(told.body().contains(&format!("/#/{new}?")) && told.body().contains(&chat.bot));
    chat.phone.says("where are you?").await;
    chat.alice.wait_said(&old, "where are you?").await;

    // The bot has no power in the new room, and asks for the contact.
    chat.alice.invite(&new, &chat.bot).await;
    chat.alice.wait_said(&room, &format!("Invite {ghost} there")).await;
    chat.alice.invite(&new, &ghost).await;
    chat.alice.wait_said(&new, "The chat with Mum continues in this room").await;
    chat.portal = new;
    chat.hear("there you are").await;
    assert_eq!(chat.alice.words(&chat.portal, &ghost), ["there you are"]);
    chat.say(&["yes, here"]).await;
    assert_eq!(chat.wait_shown(1).await, ["yes, here"]);

    // In this room she has the power to remove anybody.
    let mum = UserId::parse(&ghost).unwrap();
    chat.alice.room(&chat.portal).kick_user(&mum, None).await.unwrap();
    chat.alice.wait_said(&chat.portal, "Mum was removed from this room").await;
    // The bot may not invite it here, so the chat goes on in a room of its own.
    let rooms = chat.alice.rooms();
    wait_new_words(&chat, &rooms, "I am back").await;
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_finds_its_way_when_the_room_is_gone() {
    let chat = Chat::open().await;
    let ghost = chat.alice.ghost_in(&chat.world, &chat.portal).await;
    // The ghost alone is let in again by the bot.
    chat.as_user(&ghost, "leave").await;
    chat.hear("still here").await;
    chat.as_user(&ghost, "leave").await;
    chat.as_user(&chat.bot, "leave").await;
    let rooms = chat.alice.rooms();
    let other = wait_new_words(&chat, &rooms, "nothing is lost").await;
    chat.alice.say(&other, "indeed").await;
    assert_eq!(chat.wait_shown(1).await, ["indeed"]);
    chat.world.end().await;
}

/// The homeserver tells of the leave when the bridge has said something already.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_into_a_room_that_its_owner_has_left_is_said_in_the_next() {
    let mut chat = Chat::open().await;
    let proxy = Proxy::to(&chat.world.slot.base_url).await;
    let (direct, through) = (chat.world.slot.base_url.clone(), proxy.url());
    chat.world.reconfigure(|config| config.replacen(&direct, &through, 1)).await;
    let ghost = chat.alice.ghost_in(&chat.world, &chat.portal).await;
    let rooms = chat.alice.rooms();
    // The first text is on its way into the room, and the leave is behind it.
    proxy.trouble("/send/m.room.message/w", Trouble::Hanging);
    chat.phone.says("do you see this?").await;
    proxy.wait_met(1).await;
    chat.alice.room(&chat.portal).leave().await.unwrap();
    chat.phone.says("and this?").await;
    proxy.heal();
    let other = chat.alice.wait_new_room(&rooms).await;
    let words = chat.alice.wait_words(&other, &ghost, 2).await;
    assert_eq!(words, ["do you see this?", "and this?"]);
    assert!(!chat.alice.words(&chat.portal, &ghost).contains(&"do you see this?".to_owned()));
    chat.alice.say(&other, "I do").await;
    assert_eq!(chat.wait_shown(1).await, ["I do"]);
    chat.world.end().await;
}

/// A contact who is banned from the room has no use for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_ban_of_the_contact_ends_the_room() {
    let chat = Chat::open().await;
    let room = chat.alice.management_room(&chat.world).await;
    let ghost = chat.alice.ghost_in(&chat.world, &chat.portal).await;
    // Only in a room of her own making has Alice power over the contact.
    let upgrade = Upgrade::new(RoomId::parse(&chat.portal).unwrap(), RoomVersionId::V12);
    let new = chat.alice.client.send(upgrade).await.unwrap().replacement_room.to_string();
    chat.alice.wait_said(&room, "Mum's room was replaced").await;
    chat.alice.invite(&new, &chat.bot).await;
    chat.alice.wait_said(&room, &format!("Invite {ghost} there")).await;
    chat.alice.invite(&new, &ghost).await;
    chat.alice.wait_said(&new, "The chat with Mum continues in this room").await;
    let mum = UserId::parse(&ghost).unwrap();
    chat.alice.room(&new).ban_user(&mum, None).await.unwrap();
    chat.alice.wait_said(&room, "Mum's room is closed").await;
    wait_left(&chat.alice, &new, &chat.bot).await;
    let rooms = chat.alice.rooms();
    let other = wait_new_words(&chat, &rooms, "it was not my fault").await;
    chat.alice.say(&other, "I know").await;
    assert_eq!(chat.wait_shown(1).await, ["I know"]);
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ghost_that_its_owner_invites_says_where_the_chat_is_and_opens_it() {
    let chat = Chat::open().await;
    let ghost = chat.alice.ghost_in(&chat.world, &chat.portal).await;
    let first = chat.alice.make_room(&[&ghost], &[]).await;
    let said = chat.alice.wait_said(&first, "Your chat with Mum is in another room").await;
    assert_eq!(said.sender(), ghost);
    assert!(said.body().contains(&chat.portal), "{}", said.body());
    wait_left(&chat.alice, &first, &ghost).await;

    chat.ask("delete-portal").await;
    chat.alice.ask(&chat.world, &chat.portal, "yes").await;
    wait_left(&chat.alice, &chat.portal, &chat.bot).await;
    let second = chat.alice.make_room(&[&ghost], &[]).await;
    let mut rooms = chat.alice.rooms();
    rooms.push(second.clone());
    let said = chat.alice.wait_said(&second, "Your chat with Mum is in another room").await;
    let portal = chat.alice.wait_new_room(&rooms).await;
    assert!(said.body().contains(&portal), "{}", said.body());
    chat.phone.says("here you are").await;
    chat.alice.wait_said(&portal, "here you are").await;
    chat.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_room_is_deleted_while_it_is_made_comes_in_another_one() {
    let mut chat = Chat::open().await;
    let room = chat.alice.management_room(&chat.world).await;
    let proxy = Proxy::to(&chat.world.slot.base_url).await;
    let (direct, through) = (chat.world.slot.base_url.clone(), proxy.url());
    chat.world.reconfigure(|config| config.replacen(&direct, &through, 1)).await;
    chat.alice.ask(&chat.world, &room, "delete-portal Mum").await;
    chat.alice.ask(&chat.world, &room, "yes").await;

    // The room of the message is there, and its greeting does not come to an end.
    proxy.trouble("/greeting-", Trouble::Hanging);
    let mut rooms = chat.alice.rooms();
    chat.phone.says("do not lose me").await;
    let made = chat.alice.wait_new_room(&rooms).await;
    proxy.wait_met(1).await;
    chat.alice.ask(&chat.world, &room, "delete-portal Mum").await;
    let answer = chat.alice.ask(&chat.world, &room, "yes").await;
    assert!(answer.starts_with("Mum's room is deleted."), "{answer}");
    wait_left(&chat.alice, &made, &chat.bot).await;
    proxy.heal();

    rooms.push(made);
    let other = chat.alice.wait_new_room(&rooms).await;
    let ghost = chat.alice.wait_said(&other, "do not lose me").await.sender().to_owned();
    chat.phone.says("and me").await;
    chat.alice.wait_said(&other, "and me").await;
    assert_eq!(chat.alice.words(&other, &ghost), ["do not lose me", "and me"]);
    chat.world.end().await;
}

/// Has Mum write this, and waits for the new room in which it is; returns the room.
async fn wait_new_words(chat: &Chat, known: &[String], text: &str) -> String {
    chat.phone.says(text).await;
    let room = chat.alice.wait_new_room(known).await;
    let ghost = chat.alice.wait_said(&room, text).await.sender().to_owned();
    assert_eq!(chat.alice.words(&room, &ghost), [text]);
    room
}

async fn wait_left(person: &Person, room: &str, user: &str) {
    let left = |m: &crate::support::Message| {
        m.0["state_key"] == user && m.content()["membership"] == "leave"
    };
    person.wait(room, left).await;
}

/// Asks again and again until the one line of `list` ends so.
async fn wait_line(chat: &Chat, room: &str, end: &str) {
    for _ in 0..200 {
        if chat.alice.ask(&chat.world, room, "list").await.ends_with(end) {
            return;
        }
    }
    panic!("`list` never ends with {end}");
}
