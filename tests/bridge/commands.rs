//! What the bot can be asked, in the management room and elsewhere.

use crate::support::{Person, World, listener::Listener, synapse::Synapse};

#[tokio::test(flavor = "multi_thread")]
async fn help_names_every_command_in_the_language_that_was_chosen() {
    let mut world = World::start().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let room = alice.management_room(&world).await;
    let help = alice.ask(&world, &room, "help").await;
    assert!(help.starts_with("This is your management room"), "{help}");
    let names = [
        "help", "login", "relogin", "cancel", "list", "status", "logout", "name", "lang",
        "version", "ping",
    ];
    for name in names {
        let told = help.lines().any(|line| line.starts_with(&format!("• {name}")));
        assert!(told, "{name} is not in {help}");
    }
    assert!(
        help.ends_with("In a contact's room you can also use: `voice`, `relay`, `queue`, `retry`"),
        "{help}"
    );
    assert_eq!(alice.ask(&world, &room, "!wechat").await, help, "the prefix alone asks for help");
    assert!(alice.ask(&world, &room, "lang tlh").await.starts_with("Usage: `lang en`"));

    assert_eq!(alice.ask(&world, &room, "lang zh").await, "以后我会用中文回复你。");
    let help = alice.ask(&world, &room, "HELP").await;
    assert!(help.starts_with("这里是你的管理房间"), "{help}");
    assert!(names.iter().all(|name| help.contains(&format!("• {name}"))), "{help}");
    world.stop().await;
    world.resume().await;
    assert_eq!(alice.ask(&world, &room, "ping").await, "在。", "a restart keeps the language");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn help_shows_what_may_be_run_here_and_the_rest_is_refused() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let bob = Person::new(Synapse::shared().await, "bob").await;
    let relay = format!("\"{}\" = \"relay\"\n[ilink]", bob.user_id);
    world.configure(|config| config.replace("[ilink]", &relay));
    let (_phone, portal) = world.link(&alice, "Mum").await;
    let room = alice.management_room(&world).await;
    alice.invite(&portal, &bob.user_id).await;
    bob.wait_new_room(&[]).await;

    let help = alice.ask(&world, &portal, "!wechat help").await;
    assert!(help.starts_with("This is a contact's room: start each command with `!wechat`."));
    assert!(help.contains("\n\nQueue\n• queue [drop [number]|merge] – "), "{help}");
    assert!(!help.contains("Administration"), "{help}");
    let help = bob.ask(&world, &portal, "!wechat help").await;
    assert!(help.contains("• retry") && !help.contains("• queue"), "{help}");
    let refused = bob.ask(&world, &portal, "!wechat queue drop").await;
    assert!(refused.starts_with("Only people who may link contacts can do that."), "{refused}");

    let refused = alice.ask(&world, &room, "queue").await;
    assert_eq!(refused, "That works only in a contact's room: send `!wechat queue` there.");
    let user = format!("\"{}\" = \"user\"", bob.user_id);
    let relay = relay.lines().next().unwrap().to_owned();
    world.reconfigure(|config| config.replace(&relay, &user)).await;
    let refused = bob.ask(&world, &portal, "!wechat queue drop").await;
    assert_eq!(refused, "Only the person who linked this contact can do that.");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_room_can_become_the_management_room() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let bob = Person::new(Synapse::shared().await, "bob").await;
    let (_phone, portal) = world.link(&alice, "Mum").await;
    let first = alice.management_room(&world).await;
    let again = alice.ask(&world, &first, "set-management-room").await;
    assert_eq!(again, "This is already your management room.");

    let second = alice.make_room(&[&world.bot(), &bob.user_id], &[]).await;
    bob.wait_new_room(&[]).await;
    alice.wait_said(&second, "Hello, I am the WeChat bridge.").await;
    let command = "!wechat set-management-room";
    let crowded = alice.ask(&world, &second, command).await;
    assert_eq!(crowded, "Only you and I can be in a management room.");
    bob.room(&second).leave().await.unwrap();
    let wanted = "This is now your management room; commands need no prefix here.";
    assert_eq!(alice.ask(&world, &second, command).await, wanted);
    assert_eq!(alice.ask(&world, &second, "ping").await, "Pong.");
    alice.say(&first, "ping").await;
    assert_eq!(alice.ask(&world, &first, "!wechat version").await.split(' ').count(), 2);
    assert_eq!(
        alice.notices(&first, &world.bot()).iter().filter(|m| m.body() == "Pong.").count(),
        0
    );

    let refused = alice.ask(&world, &portal, command).await;
    assert_eq!(refused, "That does not work in a contact's room.");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn small_questions_are_answered_and_unknown_ones_too() {
    let world = World::start().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let room = alice.management_room(&world).await;
    let version = alice.ask(&world, &room, "version").await;
    assert_eq!(version, concat!("matrix-appservice-wechat ", env!("CARGO_PKG_VERSION")));
    assert_eq!(alice.ask(&world, &room, "!WeChat Ping").await, "Pong.");
    let unknown = alice.ask(&world, &room, "dance with me").await;
    assert_eq!(unknown, "I do not know the command `dance`. Send `help` to see what I can do.");
    for command in ["list", "status", "logout", "relogin"] {
        let answer = alice.ask(&world, &room, command).await;
        assert!(answer.starts_with("You have not linked anybody yet."), "{command}: {answer}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn list_and_status_tell_how_each_contact_stands() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let linked = world.link_all(&alice, ["Mum", "Dad"]).await;
    let [(mum, portal), (dad, portal_of_dad)] = linked;
    let room = alice.management_room(&world).await;
    let silent = "the contact has not written since they were linked";
    let line = |name, id: String| format!("• {name} ({}…): linked; {silent}", &id[..8]);
    let list = alice.ask(&world, &room, "list").await;
    let lines = [line("Mum", mum.user_id()), line("Dad", dad.user_id())];
    assert_eq!(list, lines.join("\n"));

    mum.says("hello").await;
    let ghost = alice.ghost_in(&world, &portal).await;
    alice.wait_words(&portal, &ghost, 1).await;
    for text in ["one", "two"] {
        let sent = alice.say(&portal, text).await;
        alice.wait_receipt(&portal, &sent).await;
    }
    let status = alice.ask(&world, &portal, "!wechat status").await;
    let window = "reply window open for 23 h 59 min, 8 messages left";
    assert_eq!(status, format!("Mum: 0 queued; {window}"));
    let status = alice.ask(&world, &room, "status").await;
    assert!(status.starts_with("2 of 2 contacts linked, 0 messages queued."), "{status}");
    assert!(status.contains(&format!("• Mum: 0 queued; {window}")), "{status}");
    assert!(
        status.contains("• Dad: 0 queued; the contact has not written since they were linked"),
        "{status}"
    );

    alice.say(&portal_of_dad, "wait").await;
    alice.wait_said(&portal_of_dad, "Queued: Dad has not written since they were linked").await;
    let list = alice.ask(&world, &room, "list").await;
    assert!(list.lines().next().unwrap().ends_with(&format!(": linked; {window}")), "{list}");
    assert!(list.ends_with(&format!(": linked; {silent}; 1 queued")), "{list}");

    let nobody = alice.ask(&world, &room, "logout Bob").await;
    assert_eq!(nobody, "You have no contact named “Bob”. Your contacts: Mum, Dad");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_portal_only_the_whole_prefix_makes_a_command() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    phone.says("hello").await;
    assert_eq!(alice.ask(&world, &portal, "!wechat ping").await, "Pong.");
    let texts = ["!wechatty is a word", "help", "say !wechat ping"];
    for text in texts {
        alice.say(&portal, text).await;
    }
    let shown: Vec<_> = phone.wait_shows(3).await.into_iter().map(|shown| shown.text).collect();
    assert_eq!(shown, texts);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logout_asks_first_and_keeps_everything_unless_the_answer_is_yes() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    let room = alice.management_room(&world).await;
    phone.wait_online().await;
    assert!(alice.ask(&world, &room, "logout Mum").await.starts_with("Log out Mum?"));
    assert_eq!(alice.ask(&world, &room, "no").await, "Cancelled. Nobody was logged out.");
    assert!(alice.ask(&world, &room, "list").await.contains(": linked; "));

    assert!(alice.ask(&world, &room, "disconnect").await.starts_with("Log out Mum?"));
    assert_eq!(alice.ask(&world, &room, "cancel").await, "Cancelled. Nobody was logged out.");
    assert!(alice.ask(&world, &portal, "!wechat logout").await.starts_with("Log out Mum?"));
    let answer = alice.ask(&world, &portal, "yes").await;
    assert!(answer.starts_with("Mum is logged out, and"), "{answer}");
    world.simulator.wait_request(|request| request.endpoint() == "notifystop").await;
    assert!(alice.ask(&world, &room, "list").await.contains(": logged out"));
    alice.say(&portal, "later").await;
    alice.wait_said(&portal, "Queued: Mum is logged out").await;
    assert!(phone.shows().is_empty());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_pushed_twice_is_answered_once() {
    let world = World::start().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let room = alice.management_room(&world).await;
    let sent = alice.say(&room, "version").await;
    alice.wait_after(&room, &sent, |m| m.body().contains(env!("CARGO_PKG_VERSION"))).await;
    let mut event = alice.wait(&room, |m| m.id() == sent).await.0.as_ref().clone();
    event["room_id"] = room.as_str().into();

    let listener = Listener::of(&world);
    for txn in ["again-1", "again-2"] {
        let body = serde_json::json!({ "events": [event] });
        assert_eq!(listener.push(txn, &body.to_string()).await, 200);
    }
    assert_eq!(alice.ask(&world, &room, "ping").await, "Pong.");
    let answers = alice.notices(&room, &world.bot());
    let versions = answers.iter().filter(|m| m.body().contains(env!("CARGO_PKG_VERSION")));
    assert_eq!(versions.count(), 1);
    world.end().await;
}
