//! Owners who join their rooms without accepting, where the homeserver lets the bridge do that.

use std::process::Command;

use matrix_sdk::ruma::serde::Raw;
use serde_json::json;

use crate::{
    doctor::doctor,
    support::{PROGRAM, Person, Program, World, program, synapse::Synapse},
};

const TOKEN: &str = "token-of-the-second-registration";

#[tokio::test(flavor = "multi_thread")]
async fn owners_join_their_rooms_by_themselves_where_the_homeserver_lets_the_bridge_do_that() {
    let synapse = Synapse::own().await;
    let mut world = World::start_on(&synapse).await;
    world.stop().await;
    world.write_config(&format!(
        "[bridge]\npersonal_space = true\n[double_puppet]\nas_token = \"{TOKEN}\"\n"
    ));
    let alice = Person::who_waits(&synapse, "alice").await;
    let room = refused(&world, &alice).await;

    synapse.install(&second_registration(&world)).await;
    let program = Program::start(&world);
    alice.ask(&world, &room, "sync").await;
    alice.until("her rooms", || (alice.rooms().len() == 3).then_some(())).await;
    assert!(alice.invitations().is_empty(), "{:?}", alice.invitations());
    let rooms = alice.rooms().into_iter();
    let mut chats = rooms.filter(|one| *one != room && !alice.room(one).is_space());
    let mums = chats.next().unwrap();
    let (bot, mum) = (world.bot(), alice.ghost_in(&world, &mums).await);
    let marked = json!({ bot.as_str(): [room], mum.as_str(): [mums], FRIEND: ["!old"] });
    assert_eq!(alice.account_data("m.direct").await, marked);

    // From now on it is so from the beginning.
    let (phone, dads) = world.log_in(&alice, "Dad").await;
    alice.wait_said(&dads, "your chat with Dad").await;
    let dad = alice.ghost_in(&world, &dads).await;
    let mut expected = marked;
    expected[&dad] = json!([dads]);
    assert_eq!(alice.account_data("m.direct").await, expected);
    phone.says("hello").await;
    alice.wait_said(&dads, "hello").await;
    alice.say(&dads, "hello Dad").await;
    phone.wait_text("hello Dad").await;
    let (code, said) = doctor(&world, &[], &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("✅ The homeserver lets the bridge join users"), "{said}");

    // A management room that the bridge makes is no exception. Bob sees when the old one is over.
    let bob = Person::new(&synapse, "bob").await;
    alice.invite(&room, &bob.user_id).await;
    bob.wait_new_room(&[]).await;
    alice.room(&room).leave().await.unwrap();
    bob.wait(&room, |m| m.0["state_key"] == bot.as_str() && m.content()["membership"] == "leave")
        .await;
    alice.wait_gone(&room).await;
    let rooms = alice.rooms();
    world.simulator.expire_session(&phone);
    let new = alice.wait_new_room(&rooms).await;
    alice.wait_said(&new, "WeChat ended the link to Dad").await;
    expected[&bot] = json!([room, new]);
    assert_eq!(alice.account_data("m.direct").await, expected);
    assert_eq!(program.stop().await, Some(0));
    assert_eq!(warnings(&world), 1);
}

/// Asserts that, while the homeserver does not know the token, all is as without it and said once.
/// Returns the management room.
async fn refused(world: &World, alice: &Person) -> String {
    let program = Program::start(world);
    let room = alice.management_room(world).await;
    let mut direct = alice.account_data("m.direct").await;
    direct[FRIEND] = json!(["!old"]);
    let raw = Raw::from_json_string(direct.to_string()).unwrap();
    alice.client.account().set_account_data_raw("m.direct".into(), raw).await.unwrap();

    let linking = world.begin(alice, "login Mum").await;
    let phone = world.simulator.phone("Mum");
    phone.scan(&linking.url).await.unwrap();
    phone.confirm().await.unwrap();
    let invited = || (alice.invitations().len() == 2).then_some(());
    alice.until("invitations to the chat and to the space", invited).await;
    wait_logged(world, alice, &room, "a portal room is in its owner's space").await;
    assert_eq!(alice.rooms(), std::slice::from_ref(&room));
    assert_eq!(alice.account_data("m.direct").await, direct);
    assert_eq!(warnings(world), 1);
    let (code, said) = doctor(world, &[], &[]);
    assert_eq!(code, Some(21), "{said}");
    assert!(said.contains("❌ The homeserver does not let the bridge join users"), "{said}");
    assert!(!said.contains(TOKEN) && said.ends_with("one thing has to be fixed\n"), "{said}");
    assert_eq!(program.stop().await, Some(0));
    room
}

/// Returns what the program prints for the homeserver.
fn second_registration(world: &World) -> String {
    let mut program = Command::new(PROGRAM);
    program.args(["registration", "--double-puppet", "--config"]).arg(world.config_path());
    let output = program.env_clear().output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Counts how often the log says that the bridge may not act for somebody. The log never tells the
/// token.
fn warnings(world: &World) -> usize {
    let log = std::fs::read_to_string(program::log_path(world)).unwrap();
    assert!(!log.contains(TOKEN));
    log.lines().filter(|line| line.contains("WARN") && line.contains("[double_puppet]")).count()
}

/// Asks again and again until the log has these words.
async fn wait_logged(world: &World, alice: &Person, room: &str, words: &str) {
    for _ in 0..200 {
        if std::fs::read_to_string(program::log_path(world)).unwrap().contains(words) {
            return;
        }
        alice.ask(world, room, "ping").await;
    }
    panic!("the log never says: {words}");
}

const FRIEND: &str = "@friend:elsewhere.org";
