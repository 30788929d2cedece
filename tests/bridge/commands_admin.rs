//! What administrators may ask, and what everybody else is refused.

use crate::support::{Person, World, synapse::Synapse};

/// Begins a world in which Alice has a contact and Root is an administrator of the bridge.
async fn begin() -> (World, Person, Person) {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let root = Person::new(Synapse::shared().await, "root").await;
    let admin = format!("[bridge.permissions]\n\"{}\" = \"admin\"", root.user_id);
    world.configure(|config| config.replace("[bridge.permissions]", &admin));
    world.resume().await;
    alice.management_room(&world).await;
    (world, alice, root)
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_see_everybody_and_the_figures() {
    let (mut world, alice, root) = begin().await;
    let room = root.management_room(&world).await;
    assert!(root.ask(&world, &room, "help").await.contains("\n\nAdministration\n• list-all"));
    let nobody = root.ask(&world, &room, "list-all").await;
    assert_eq!(nobody, "Nobody has linked a contact yet.");

    let (mum, portal) = world.link(&alice, "Mum").await;
    world.link(&root, "Dad").await;
    mum.says("hello").await;
    alice.wait_said(&portal, "hello").await;
    let sent = alice.say(&portal, "hi").await;
    alice.wait_receipt(&portal, &sent).await;
    let all = root.ask(&world, &room, "list-all").await;
    let lines: Vec<_> = all.lines().collect();
    assert_eq!(lines.len(), 4, "{all}");
    assert_eq!(
        [lines[0], lines[2]],
        [alice.user_id.clone() + ", 1 contact:", root.user_id.clone() + ", 1 contact:"]
    );
    assert!(lines[1].starts_with(&format!("• Mum ({}…): linked; ", &mum.user_id()[..8])), "{all}");
    assert!(lines[3].starts_with("• Dad ("), "{all}");

    let stats = root.ask(&world, &room, "stats").await;
    let version = concat!("Version ", env!("CARGO_PKG_VERSION"), ", running for 0 d 0 h ");
    assert!(stats.starts_with(version), "{stats}");
    assert!(stats.contains("\nLogins: 2 (2 linked, 0 logged out); "), "{stats}");
    assert!(stats.contains("\nFrom WeChat: 1 delivered, "), "{stats}");
    assert!(stats.contains("\nQueued: 0 messages for 0 contacts; "), "{stats}");
    assert!(!stats.contains("Store: 0 KiB"), "{stats}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_told_that_only_administrators_may() {
    let (world, alice, root) = begin().await;
    let room = alice.management_room(&world).await;
    assert!(!alice.ask(&world, &room, "help").await.contains("Administration"));
    let me = format!("sudo {} list", alice.user_id);
    for command in ["list-all", "stats", "doin !room:example.org list", &me] {
        let refused = alice.ask(&world, &room, command).await;
        assert_eq!(refused, "Only administrators of this bridge can do that.", "{command}");
    }
    // An administrator does not give a user more rights than the user has.
    let room = root.management_room(&world).await;
    let refused = root.ask(&world, &room, &format!("sudo {} list-all", alice.user_id)).await;
    assert_eq!(refused, "Only administrators of this bridge can do that.");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sudo_acts_for_a_user_and_answers_here() {
    let (mut world, alice, root) = begin().await;
    let room = root.management_room(&world).await;
    let sudo = |command: &str| format!("sudo {} {command}", alice.user_id);

    // A login, with its digits, through a restart.
    let rooms = alice.rooms();
    let sent = root.say(&room, &sudo("login Mum")).await;
    root.wait_after(&room, &sent, |m| m.qr_url().is_some()).await;
    world.stop().await;
    world.resume().await;
    let shown = root.wait(&room, |m| m.edits().is_some() && m.qr_url().is_some()).await;
    let phone = world.simulator.phone("mum");
    phone.require_digits("4711");
    phone.scan(&shown.qr_url().unwrap()).await.unwrap();
    root.wait(&room, |m| m.body().contains("🔢 The phone shows a number.")).await;
    let digits = root.say(&room, "4711").await;
    root.wait_removed(&room, &digits).await;
    phone.confirm().await.unwrap();
    let portal = alice.wait_new_room(&rooms).await;
    alice.wait_said(&portal, "your chat with Mum").await;

    let list = root.ask(&world, &room, &sudo("list")).await;
    assert!(list.starts_with("• Mum ("), "{list}");
    assert!(root.ask(&world, &room, "list").await.starts_with("You have not linked anybody yet."));
    assert!(root.ask(&world, &room, &sudo("logout Mum")).await.starts_with("Log out Mum?"));
    let answer = root.ask(&world, &room, "yes").await;
    assert!(answer.starts_with("Mum is logged out, and"), "{answer}");

    let second = world.simulator.phone("second");
    world.link_phone(&alice, &second, "Mum").await;
    let which = root.ask(&world, &room, &sudo("!wechat name Mum = Dad")).await;
    assert!(which.starts_with("Which contact?"), "{which}");
    assert_eq!(root.ask(&world, &room, "2").await, "The name is now Dad.");
    assert!(root.ask(&world, &room, &sudo("list")).await.contains("• Dad ("));

    let delete = root.ask(&world, &room, &sudo("delete-portal Dad")).await;
    assert!(delete.starts_with("Delete Dad's room?"), "{delete}");
    assert!(root.ask(&world, &room, "yes").await.starts_with("Dad's room is deleted."));
    let synced = root.ask(&world, &room, &sudo("sync")).await;
    assert!(synced.starts_with("Synced 1 room"), "what was deleted stays away: {synced}");

    for wrong in ["sudo", "sudo alice list", &format!("sudo {}", alice.user_id)] {
        let usage = root.ask(&world, &room, wrong).await;
        assert!(usage.starts_with("Usage: `sudo <user> <command>`"), "{usage}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn doin_acts_in_a_room_and_answers_here() {
    let (mut world, alice, root) = begin().await;
    let (_phone, portal) = world.link(&alice, "Mum").await;
    let room = root.management_room(&world).await;
    alice.say(&portal, "secret words").await;
    alice.wait_said(&portal, "Queued: Mum has not written since they were linked").await;
    let before = alice.timeline(&portal).len();

    let status = root.ask(&world, &room, &format!("doin {portal} status")).await;
    assert_eq!(status, "Mum: 1 queued; the contact has not written since they were linked");
    let drop = root.ask(&world, &room, &format!("doin {portal} queue drop")).await;
    assert_eq!(drop, "I have taken back 1 message; it will not be sent.");
    let alias = alice.content(&portal, "m.room.canonical_alias", "").await["alias"].clone();
    let alias = alias.as_str().unwrap();
    let both = format!("doin {alias} sudo {} logout", alice.user_id);
    assert!(root.ask(&world, &room, &both).await.starts_with("Log out Mum?"));
    assert_eq!(root.ask(&world, &room, "no").await, "Cancelled. Nobody was logged out.");

    let nowhere = root.ask(&world, &room, "doin #nowhere:localhost list").await;
    assert_eq!(nowhere, "I cannot find the room `#nowhere:localhost`.");
    let usage = root.ask(&world, &room, "doin here").await;
    assert!(usage.starts_with("Usage: `doin <room> <command>`"), "{usage}");
    let spoken = alice.timeline(&portal);
    let heard = spoken.iter().skip(before).filter(|m| m.kind() == "m.room.message").count();
    assert_eq!(heard, 0, "nothing of it is said in the room");
    world.end().await;
}
