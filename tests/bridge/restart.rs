//! The bridge or the homeserver goes away in the middle, and comes back.

use ilink_simulator::Simulator;
use matrix_appservice_wechat::{
    bridge::{Bridge, StartError},
    config::Config,
    store,
};
use tokio::net::TcpListener;

use crate::support::{Person, Program, World, listen, synapse::Synapse};

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_goes_on_through_restarts_in_order() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let ghost = alice.ghost_in(&world, &portal).await;
    let mut expected = (Vec::new(), Vec::new());
    for round in 0..3 {
        for moment in ["with the bridge", "without it"] {
            if moment == "without it" {
                world.stop().await;
            }
            for number in 0..3 {
                let text = format!("{round}, {moment}, {number}");
                phone.says(&format!("phone {text}")).await;
                alice.say(&portal, &format!("alice {text}")).await;
                expected.0.push(format!("phone {text}"));
                expected.1.push(format!("alice {text}"));
            }
        }
        world.resume().await;
        // One message of the phone allows ten answers: each round starts with a window of its own.
        phone.wait_shows(expected.1.len()).await;
    }
    assert_eq!(alice.wait_words(&portal, &ghost, expected.0.len()).await, expected.0);
    let shown = phone.wait_shows(expected.1.len()).await;
    assert_eq!(shown.into_iter().map(|shown| shown.text).collect::<Vec<_>>(), expected.1);
    assert!(world.simulator.dropped().is_empty(), "{:?}", world.simulator.dropped());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orderly_stop_says_goodbye_and_a_start_says_hello_before_it_polls() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, _) = world.link(&alice, "Mum").await;
    world.simulator.wait_held_polls(1).await;
    world.stop().await;
    assert_eq!(session_calls(&world.simulator).last().map(String::as_str), Some("notifystop"));
    assert!(!phone.is_online());
    let before = session_calls(&world.simulator).len();
    world.resume().await;
    world.simulator.wait_held_polls(1).await;
    assert_eq!(session_calls(&world.simulator)[before..], ["notifystart", "getupdates"]);
    assert_eq!(world.simulator.overlapping_polls(), 0);
}

/// Returns the last parts of the paths of all calls about the session, in order.
fn session_calls(simulator: &Simulator) -> Vec<String> {
    let calls = simulator.requests().into_iter().map(|call| call.endpoint().to_owned());
    calls.filter(|call| call.starts_with("notify") || call == "getupdates").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_goes_on_in_the_same_message_after_a_restart() {
    let mut world = World::start().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let room = alice.management_room(&world).await;
    let phone = world.simulator.phone(&format!("Mum of {}", alice.user_id));
    let asked = alice.say(&room, "login Mum").await;
    let first = alice.wait_after(&room, &asked, |m| m.qr_url().is_some()).await;
    let rooms = alice.rooms();

    world.stop().await;
    let program = Program::start(&world);
    let other = world.simulator.wait_other_qr(&first.qr_url().unwrap()).await;
    wait_edit(&alice, &room, first.id(), &other).await;
    program.kill().await;
    world.resume().await;
    let third = world.simulator.wait_other_qr(&other).await;
    wait_edit(&alice, &room, first.id(), &third).await;

    phone.scan(&third).await.unwrap();
    phone.confirm().await.unwrap();
    let portal = alice.wait_new_room(&rooms).await;
    let gone = |m: &crate::support::Message| m.kind() == "m.room.redaction";
    alice.wait_after(&room, &asked, gone).await;
    let codes = alice.timeline(&room).into_iter();
    let codes: Vec<_> = codes.filter(|m| m.qr_url().is_some() && m.edits().is_none()).collect();
    assert_eq!(codes.len(), 1, "{codes:#?}");
    phone.says("here I am").await;
    let ghost = alice.ghost_in(&world, &portal).await;
    assert_eq!(alice.wait_words(&portal, &ghost, 1).await, ["here I am"]);
}

/// Waits until the login's message shows this code.
async fn wait_edit(person: &Person, room: &str, message: &str, url: &str) {
    let shows = |m: &crate::support::Message| {
        m.edits() == Some(message) && m.qr_url().as_deref() == Some(url)
    };
    person.wait(room, shows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_the_contact_survives_restarts_and_is_announced_once() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let bot = world.bot();
    let greeted = alice.wait_words(&portal, &bot, 1).await.len();
    alice.say(&portal, "one").await;
    alice.wait_words(&portal, &bot, greeted + 1).await;
    alice.say(&portal, "two").await;
    world.stop().await;
    alice.say(&portal, "three").await;
    Program::start(&world).kill().await;
    world.resume().await;
    phone.says("hello").await;
    let shown = phone.wait_shows(3).await;
    assert_eq!(
        shown.into_iter().map(|shown| shown.text).collect::<Vec<_>>(),
        ["one", "two", "three"]
    );
    let said = alice.words(&portal, &bot);
    assert_eq!(said.len(), greeted + 1, "{said:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_homeserver_restarts_in_the_middle_and_nothing_is_lost() {
    let synapse = Synapse::own().await;
    let mut world = World::idle_on(&synapse).await;
    let alice = Person::new(&synapse, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let ghost = alice.ghost_in(&world, &portal).await;
    phone.says("before").await;
    alice.wait_words(&portal, &ghost, 1).await;
    alice.say(&portal, "before").await;
    phone.wait_text("before").await;

    synapse.stop().await;
    for number in 0..3 {
        phone.says(&format!("meanwhile {number}")).await;
    }
    phone.wait_acknowledged().await;
    synapse.start().await;
    alice.say(&portal, "afterwards").await;
    phone.wait_text("afterwards").await;
    let meanwhile = ["before", "meanwhile 0", "meanwhile 1", "meanwhile 2"];
    assert_eq!(alice.wait_words(&portal, &ghost, 4).await, meanwhile);

    // The homeserver restarts while it keeps messages for a bridge that is away, and numbers its
    // transactions from 1 again. Its second attempt shows that it has written down that it keeps
    // some: what it holds in memory alone when it is stopped is never pushed (`unpushed.rs`).
    world.stop().await;
    let away = listen(world.slot.listen).await;
    alice.say(&portal, "kept 0").await;
    for _attempt in 0..2 {
        drop(away.accept().await.unwrap());
    }
    drop(away);
    synapse.stop().await;
    synapse.start().await;
    for number in 0..3 {
        phone.says(&format!("kept {number}")).await;
    }
    for number in 1..3 {
        alice.say(&portal, &format!("kept {number}")).await;
    }
    world.resume().await;
    let shown: Vec<_> = phone.wait_shows(5).await.into_iter().map(|shown| shown.text).collect();
    assert_eq!(shown, ["before", "afterwards", "kept 0", "kept 1", "kept 2"]);
    let words = alice.wait_words(&portal, &ghost, 7).await;
    assert_eq!(words[4..], ["kept 0", "kept 1", "kept 2"]);
    assert!(world.simulator.dropped().is_empty(), "{:?}", world.simulator.dropped());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_bridge_on_the_same_store_is_refused_with_a_sentence() {
    let world = World::start().await;
    let config = Config::load(&world.config_path(), []).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refused = Bridge::start(config, world.clock.clone(), listener, None).await.unwrap_err();
    assert!(matches!(refused, StartError::Store(store::Error::InUse { .. })), "{refused:?}");
    let sentence = refused.to_string();
    assert!(sentence.contains(&world.store_path().display().to_string()), "{sentence}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_the_moment_a_room_appears_is_not_lost_when_the_bridge_dies_there() {
    let mut world = World::start().await;
    world.stop().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let mut program = Program::start(&world);
    let room = alice.management_room(&world).await;
    for number in 0..ROOMS {
        let name = format!("contact {number}");
        let phone = world.simulator.phone(&format!("{name} of {}", alice.user_id));
        let rooms = alice.rooms();
        let asked = alice.say(&room, &format!("login {name}")).await;
        let code = alice.wait_after(&room, &asked, |m| m.qr_url().is_some()).await;
        phone.scan(&code.qr_url().unwrap()).await.unwrap();
        phone.confirm().await.unwrap();
        // The room is there, and the bridge may not have written down yet that it is.
        let portal = alice.wait_new_room(&rooms).await;
        tokio::join!(program.kill(), alice.say(&portal, "first"));
        alice.say(&portal, "second").await;
        program = Program::start(&world);
        phone.says("hello").await;
        let shown = phone.wait_shows(2).await;
        let shown: Vec<_> = shown.iter().map(|shown| shown.text.as_str()).collect();
        assert_eq!(shown, ["first", "second"], "{name}");
        let ghost = alice.ghost_in(&world, &portal).await;
        assert_eq!(alice.wait_words(&portal, &ghost, 1).await, ["hello"]);
    }
    assert_eq!(alice.rooms().len(), 1 + ROOMS, "no portal has two rooms");
    assert_eq!(program.stop().await, Some(0));
}

const ROOMS: usize = 5;
