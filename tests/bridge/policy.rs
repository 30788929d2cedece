//! Who may do what: a person gets into, out of, or through a chat only what is theirs.

use ilink_simulator::Fault;
use matrix_sdk::ruma::{UserId, api::client::profile::get_profile::v3::Request as GetProfile};
use serde_json::json;

use crate::support::{Chat, Group, Person, World, synapse::Synapse};

/// A tombstone of one's own portal that names somebody else's room is no way into that room.
#[tokio::test(flavor = "multi_thread")]
async fn a_tombstone_opens_no_room_that_is_not_an_upgrade() {
    let chat = Chat::open().await;
    let (bot, alice) = (chat.bot.clone(), &chat.alice);
    let management = alice.management_room(&chat.world).await;
    let ghost = alice.ghost_in(&chat.world, &chat.portal).await;
    let bob = Person::new(Synapse::shared().await, "bob").await;
    bob.management_room(&chat.world).await;
    let private = bob.make_room(&[&bot], &[]).await;
    bob.wait_said(&private, "I am the WeChat bridge").await;
    let ends_for = async |room: &str| {
        let content = json!({ "body": "moved", "replacement_room": room });
        alice.room(&chat.portal).send_state_event_raw("m.room.tombstone", "", content).await
    };
    ends_for(&private).await.unwrap();
    let told = alice.wait_said(&management, "Somebody ended the room of Mum in favour of").await;
    assert!(told.body().contains(&private), "{told:?}");
    assert!(!alice.invitations().contains(&private) && !alice.rooms().contains(&private));
    let members = bob.state(&private, "m.room.member").await;
    assert!(members.iter().all(|member| member["state_key"] != ghost.as_str()), "{members:?}");
    assert_eq!(bob.ask(&chat.world, &private, "!wechat ping").await, "Pong.", "the bot stays");

    // A room into which the bot is invited later is no upgrade either.
    let other = alice.make_room(&[], &[]).await;
    ends_for(&other).await.unwrap();
    alice.wait_said(&management, "Mum's room was replaced").await;
    alice.invite(&other, &bot).await;
    let words = format!("in favour of https://matrix.to/#/{other}");
    alice.wait_said(&management, &words).await;
    let members = alice.state(&other, "m.room.member").await;
    assert!(members.iter().all(|member| member["state_key"] != ghost.as_str()), "{members:?}");
    chat.hear("still here").await;
    chat.say(&["so am I"]).await;
    chat.world.end().await;
}

/// A person who neither wrote a message nor linked the contact cannot have it sent once more.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_resends_what_another_wrote() {
    let chat = Chat::open().await;
    let bob = guest(&chat, "bob").await;
    let sent = chat.say(&["my own words"]).await;
    chat.wait_shown(1).await;
    let event = sent.first().unwrap();
    let no = "⚠️ Not sent again: only the person who wrote";
    let asked = bob.react(&chat.portal, event, "🔁").await;
    assert!(chat.wait_answer(&asked).await.starts_with(no));
    let asked = bob.answer(&chat.portal, event, "!wechat retry").await;
    assert!(chat.wait_answer(&asked).await.starts_with(no));
    let bare = bob.ask(&chat.world, &chat.portal, "!wechat retry").await;
    assert_eq!(bare, "Only the person who linked this contact can do that.");

    // A command is no message to send, not even for its sender.
    let command = chat.alice.say(&chat.portal, "!wechat ping").await;
    chat.alice.wait_said(&chat.portal, "Pong.").await;
    let asked = chat.alice.react(&chat.portal, &command, "🔁").await;
    assert!(chat.wait_answer(&asked).await.starts_with("⚠️ There is nothing to send again"));

    // What a guest wrote is theirs, until the owner keeps the chat to themselves.
    let own = bob.say(&chat.portal, "from Bob").await;
    chat.wait_shown(2).await;
    chat.ask("relay off").await;
    let asked = bob.react(&chat.portal, &own, "🔁").await;
    assert!(
        chat.wait_answer(&asked).await.starts_with("⚠️ Not sent to WeChat: the person who linked")
    );
    chat.alice.react(&chat.portal, event, "🔁").await;
    assert_eq!(chat.wait_shown(3).await[2], "my own words", "the owner may");
    chat.world.end().await;
}

/// Only the owner asks once more for a file that a contact sent.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_owner_fetches_a_file_again() {
    let chat = Chat::open().await;
    let bob = guest(&chat, "bob").await;
    let simulator = &chat.world.simulator;
    simulator.standing_fault("download", Some(Fault::Status(404)));
    chat.phone.sends_file("plan.pdf", b"%PDF-1.4 a plan").await;
    let notice = chat.alice.wait_said(&chat.portal, "📎 The file “plan.pdf” arrived").await;
    simulator.standing_fault("download", None);
    let downloads = || simulator.requests().iter().filter(|r| r.endpoint() == "download").count();
    let before = downloads();
    let no = "⚠️ Not sent again: only the person who wrote";
    let asked = bob.react(&chat.portal, notice.id(), "🔁").await;
    assert!(chat.wait_answer(&asked).await.starts_with(no));
    let asked = bob.answer(&chat.portal, notice.id(), "!wechat retry").await;
    assert!(chat.wait_answer(&asked).await.starts_with(no));
    assert_eq!(downloads(), before);
    chat.alice.react(&chat.portal, notice.id(), "🔁").await;
    chat.alice.wait(&chat.portal, |m| m.msgtype() == "m.file").await;
    chat.world.end().await;
}

/// The queue of a room is what was written in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_group_neither_shows_nor_drops_what_waits_of_other_rooms() {
    let group = Group::silent().await;
    let (alice, bob) = (&group.alice, &group.bob);
    let private = alice.say(&group.mums, "for Mum alone").await;
    alice.wait_after(&group.mums, &private, |m| m.body().contains("Queued")).await;
    let shared = alice.say(&group.room, "for all").await;
    group.wait_mark(&shared, "⏳").await;
    let ask = async |who: &Person, room: &str, command: &str| {
        who.ask(&group.world, room, &format!("!wechat {command}")).await
    };
    for who in [alice, bob] {
        let list = ask(who, &group.room, "queue").await;
        assert!(list.contains("for all") && !list.contains("alone"), "{list}");
    }
    let list = ask(alice, &group.mums, "queue").await;
    assert!(list.contains("for Mum alone") && !list.contains("for all"), "{list}");
    let merged = ask(bob, &group.room, "queue merge").await;
    assert_eq!(merged, "Only the person who linked this contact can do that.");
    let dropped = ask(bob, &group.room, "queue drop").await;
    assert_eq!(dropped, "There was nothing to take back.");
    let dropped = ask(alice, &group.room, "queue drop").await;
    assert!(dropped.contains("2 messages"), "one for each contact: {dropped}");
    assert!(ask(alice, &group.mums, "queue").await.contains("for Mum alone"));
    group.mum.says("hello").await;
    group.mum.wait_text("for Mum alone").await;
    group.world.end().await;
}

/// A person without permission hears it once; their invitations make no users.
#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_told_once_and_makes_no_ghosts() {
    let mut world = World::start().await;
    let synapse = Synapse::shared().await;
    let (alice, eve) = tokio::join!(Person::new(synapse, "alice"), Person::new(synapse, "eve"));
    let server = format!("\"{}\" = \"user\"", world.slot.server_name);
    let alone = format!("\"{}\" = \"user\"", alice.user_id);
    world.reconfigure(|config| config.replace(&server, &alone)).await;
    let (_, portal) = world.link(&alice, "Mum").await;
    let bot = world.bot();

    // In one room, so that one invitation is looked at behind the other.
    let unknown = |n: u32| format!("@{}nobody{n}:localhost", world.slot.ghost_prefix);
    for (who, told) in [(&eve, true), (&alice, false)] {
        let room = who.make_room(&[], &[]).await;
        for n in 0..3 {
            who.invite(&room, &unknown(n)).await;
        }
        who.invite(&room, &bot).await;
        match told {
            true => {
                let left = |m: &crate::support::Message| {
                    m.0["state_key"] == bot.as_str() && m.content()["membership"] == "leave"
                };
                who.wait(&room, left).await;
            }
            false => drop(who.wait_said(&room, "I am the WeChat bridge").await),
        }
        for n in 0..3 {
            let user = UserId::parse(unknown(n)).unwrap();
            let profile = who.client.send(GetProfile::new(user)).await;
            assert!(profile.is_err(), "no account was made: {profile:?}");
        }
    }
    alice.invite(&portal, &eve.user_id).await;
    let rooms = eve.rooms();
    eve.wait_new_room(&rooms).await;
    for n in 0..20 {
        eve.say(&portal, &format!("hello {n}")).await;
        eve.say(&portal, "!wechat help").await;
    }
    assert_eq!(alice.ask(&world, &portal, "!wechat ping").await, "Pong.");
    let said = eve.notices(&portal, &bot);
    let notices = said.iter().filter(|m| m.body().contains("permission"));
    assert_eq!(notices.count(), 0, "the refused invitation was today's only answer: {said:?}");
    world.end().await;
}

/// One owner has five logins at most, in rooms as well.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_has_five_logins_at_once() {
    let world = World::start().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let room = alice.management_room(&world).await;
    for n in 1..=5 {
        world.begin(&alice, &format!("login {n}")).await;
    }
    let refused = alice.ask(&world, &room, "login 6").await;
    assert!(refused.starts_with("5 logins of yours are going on already"), "{refused}");
    assert_eq!(alice.ask(&world, &room, "cancel 1").await, "The login was cancelled.");
    world.begin(&alice, "login 6").await;
    world.end().await;
}

/// A guest brings in no person who would read the history.
#[tokio::test(flavor = "multi_thread")]
async fn guests_of_a_contacts_room_invite_nobody() {
    let chat = Chat::open().await;
    let bob = guest(&chat, "bob").await;
    let power = chat.alice.content(&chat.portal, "m.room.power_levels", "").await;
    assert_eq!(power["invite"], 50, "{power}");
    let carol = UserId::parse("@carol:localhost").unwrap();
    assert!(bob.room(&chat.portal).invite_user_by_id(&carol).await.is_err());
    chat.world.end().await;
}

/// A text that answers no question goes to the contact.
#[tokio::test(flavor = "multi_thread")]
async fn a_text_behind_a_question_goes_to_the_contact() {
    let chat = Chat::open().await;
    let asked = chat.ask("logout").await;
    assert!(asked.contains("Answer `yes` or `no`"), "{asked}");
    chat.say(&["see you at eight"]).await;
    assert_eq!(chat.wait_shown(1).await, ["see you at eight"]);
    chat.ask("logout").await;
    assert_eq!(
        chat.alice.ask(&chat.world, &chat.portal, "12").await,
        "Cancelled. Nobody was logged out."
    );
    chat.world.end().await;
}

/// A guest's typing is shown only where the guest may write.
#[tokio::test(flavor = "multi_thread")]
async fn typing_of_a_guest_stays_in_the_room_with_relay_off() {
    let chat = Chat::open().await;
    let bob = guest(&chat, "bob").await;
    chat.ask("relay off").await;
    bob.room(&chat.portal).typing_notice(true).await.unwrap();
    chat.say(&["not shown"]).await;
    chat.wait_shown(1).await;
    assert_eq!(chat.world.simulator.typing_calls().len(), 0);
    bob.room(&chat.portal).typing_notice(false).await.unwrap();
    chat.types(true).await;
    chat.phone.wait_typing(true).await;
    chat.world.end().await;
}

/// Invites a new person into the room as Alice's guest.
async fn guest(chat: &Chat, name: &str) -> Person {
    let guest = Person::new(Synapse::shared().await, name).await;
    chat.alice.invite(&chat.portal, &guest.user_id).await;
    assert_eq!(guest.wait_new_room(&[]).await, chat.portal);
    guest
}
