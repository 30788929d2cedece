//! The program's own log, at its most talkative, holds nothing that must stay inside.

use std::collections::BTreeMap;

use ilink_simulator::Fault;
use serde_json::{Value, json};

use crate::support::{Person, Program, Sent, World, program, synapse::Synapse};

const CONTACT: &str = "Planted Contact";
const FROM_ALICE: &str = "planted words of alice";
const FROM_PHONE: &str = "planted words of the phone";
const DIGITS: &str = "73519482";
const WRONG_DIGITS: &str = "93510284";
const CDN_PARAM: &str = "cGxhbnRlZC1jZG4tcGFyYW1ldGVy";
const MEDIA_KEY: &str = "cGxhbnRlZC1tZWRpYS1rZXktMDE=";
const FILE_NAME: &str = "planted-file-name.pdf";
const FILE_OF_ALICE: &str = "planted-file-of-alice.pdf";

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_conversation_leaves_no_secret_in_the_log() {
    let synapse = Synapse::shared().await;
    let mut world = World::start_on(synapse).await;
    world.stop().await;
    world.write_config(
        "[log]\nfilter = \"trace,hyper=trace,reqwest=trace,axum=trace,sled=trace\"\n",
    );
    let alice = Person::new(synapse, "alice").await;

    let program = Program::start(&world);
    let mut secrets = converse(&world, &alice).await;
    assert_eq!(program.stop().await, Some(0));
    secrets.extend(tokens(&world));

    let log = std::fs::read_to_string(program::log_path(&world)).unwrap();
    for line in ["a contact is linked", "a poll failed", "WeChat ended the session"] {
        assert!(log.contains(line), "the log is not that of the conversation: no {line:?}");
    }
    assert!(log.contains("DEBUG"), "the log is not at its most talkative");
    for (secret, what) in &secrets {
        assert!(secret.len() >= 6, "{what} is too short to look for: {secret:?}");
        let found = log.lines().find(|line| line.contains(secret.as_str()));
        assert!(found.is_none(), "{what} is in the log: {found:?}");
    }
    let kinds: std::collections::BTreeSet<_> = secrets.values().collect();
    assert_eq!(kinds.len(), KINDS, "{kinds:?}");
}

/// Plays a login with digits, texts and media each way, faults, and the end of the session. Returns
/// what must not be found.
async fn converse(world: &World, alice: &Person) -> BTreeMap<String, &'static str> {
    let (simulator, room) = (&world.simulator, alice.management_room(world).await);
    let phone = simulator.phone(&format!("phone of {}", alice.user_id));
    phone.require_digits(DIGITS);
    let rooms = alice.rooms();
    let asked = alice.say(&room, &format!("login {CONTACT}")).await;
    let code = alice.wait_after(&room, &asked, |m| m.qr_url().is_some()).await.qr_url().unwrap();
    phone.scan(&code).await.unwrap();
    for (digits, hint) in [(WRONG_DIGITS, "shows a number"), (DIGITS, "not the right number")] {
        alice.wait_after(&room, &asked, |m| m.body().contains(hint)).await;
        alice.say(&room, digits).await;
    }
    phone.confirm().await.unwrap();
    let portal = alice.wait_new_room(&rooms).await;
    let ghost = alice.ghost_in(world, &portal).await;

    for fault in [Fault::Status(500), Fault::Garbage, Fault::Cut] {
        simulator.fault("getupdates", fault.clone(), 1);
        simulator.fault("sendmessage", fault, 1);
        phone.says(FROM_PHONE).await;
        alice.say(&portal, FROM_ALICE).await;
        phone.wait_for(|shown| !shown.mine).await;
    }
    let media = json!({ "encrypt_query_param": CDN_PARAM, "aes_key": MEDIA_KEY });
    phone.sends_item(json!({ "type": 2, "image_item": { "media": media } })).await;
    let file = json!({ "file_name": FILE_NAME, "media": media });
    phone.sends_item(json!({ "type": 4, "file_item": file })).await;
    phone.sends_file(FILE_NAME, b"planted file").await;
    phone.sends_voice(b"no sound", 1_000, Some(FROM_PHONE)).await;
    let words = alice.wait_words(&portal, &ghost, 7).await;
    assert_eq!([words[5].as_str(), &words[6]], [FILE_NAME, FROM_PHONE]);
    phone.wait_shows(3).await;
    for endpoint in ["getuploadurl", "upload", "sendmessage"] {
        simulator.fault(endpoint, Fault::Status(502), 1);
    }
    let bytes = FROM_ALICE.as_bytes();
    let file = Sent { msgtype: "m.file", name: FILE_OF_ALICE, mime: "application/pdf", bytes };
    alice.send_file(&portal, &file).await;
    phone.wait_shows(4).await;
    let token = phone.bot_token().unwrap();
    simulator.expire_session(&phone);
    alice.wait_after(&room, &asked, |m| m.body().contains("relogin")).await;
    let lost = |m: &crate::support::Message| m.body().contains(" is logged out");
    alice.wait(&portal, lost).await;

    let qr = code.split_once("qrcode=").and_then(|(_, id)| id.split('&').next()).unwrap();
    BTreeMap::from([
        (token, "the bot token"),
        (qr.to_owned(), "the QR id"),
        (CONTACT.to_owned(), "the contact's name"),
        (FROM_ALICE.to_owned(), "a text of Alice"),
        (FROM_PHONE.to_owned(), "a text of the phone"),
        (DIGITS.to_owned(), "the digits"),
        (WRONG_DIGITS.to_owned(), "wrong digits"),
        (CDN_PARAM.to_owned(), "a CDN parameter"),
        (MEDIA_KEY.to_owned(), "a media key"),
        (FILE_NAME.to_owned(), "a file name"),
        (FILE_OF_ALICE.to_owned(), "the name of Alice's file"),
    ])
}

/// Returns the tokens of the registration; the context tokens, and what fetches and opens a file,
/// as they came to the simulator.
fn tokens(world: &World) -> Vec<(String, &'static str)> {
    let contexts = world.simulator.sent().into_iter().filter_map(|body| {
        let token = &body["msg"]["context_token"];
        token.as_str().map(|token| (token.to_owned(), "a context token"))
    });
    let mut tokens: Vec<_> = contexts.collect();
    for body in world.simulator.sent() {
        let media = &body["msg"]["item_list"][0]["file_item"]["media"];
        for (field, what) in [("encrypt_query_param", "an upload"), ("aes_key", "its key")] {
            tokens.extend(media[field].as_str().map(|text| (text.to_owned(), what)));
        }
    }
    let announced = world.simulator.requests().into_iter();
    let announced = announced.filter(|request| request.endpoint() == "getuploadurl");
    tokens.extend(announced.filter_map(|request| {
        Some((request.json()["aeskey"].as_str()?.to_owned(), "a file's key in hex"))
    }));
    tokens.push((world.slot.as_token.clone(), "the as_token"));
    tokens.push((world.slot.hs_token.clone(), "the hs_token"));
    assert!(!world.simulator.sent().iter().all(|body| body["msg"] == Value::Null));
    tokens
}

const KINDS: usize = 17;
