//! Linking contacts through the provisioning API, as a program does it for a person.

use std::time::Duration;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use url::Url;

use crate::support::{Person, Program as Bridge, World, program::log_path, synapse::Synapse};

const SECRET: &str = "a-secret-of-the-provisioning-api";

/// A program that asks for one person.
struct Program {
    client: Client,
    base: String,
    token: String,
    user: Option<String>,
}

impl Program {
    /// Comes with the shared secret.
    fn with_secret(world: &World, person: &Person) -> Self {
        Self { user: Some(person.user_id.clone()), ..Self::with_token(world, SECRET) }
    }

    /// Comes with this token, and says nothing of a user.
    fn with_token(world: &World, token: &str) -> Self {
        let client = Client::builder().no_proxy().build().unwrap();
        let base = format!("http://{}/_matrix/provision/v3", world.slot.listen);
        Self { client, base, token: token.to_owned(), user: None }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut url = Url::parse(&format!("{}{path}", self.base)).unwrap();
        if let Some(user) = &self.user {
            url.query_pairs_mut().append_pair("user_id", user);
        }
        let mut request = self.client.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn post(&self, path: &str) -> (u16, Value) {
        self.ask(Method::POST, path, None).await
    }

    /// Starts a login; returns its first step, which is a QR code.
    async fn start(&self, query: &str) -> Value {
        let (status, step) = self.post(&format!("/login/start/qr{query}")).await;
        assert_eq!((status, &step["display_and_wait"]["type"]), (200, &json!("qr")), "{step}");
        step
    }

    /// Waits for what comes after this step.
    async fn after(&self, step: &Value) -> (u16, Value) {
        self.post(&format!("/login/step/{}/display_and_wait", of(step))).await
    }

    /// Waits for the step of this type.
    async fn wait(&self, step: &Value, kind: &str) -> Value {
        let mut step = step.clone();
        loop {
            let (status, next) = self.after(&step).await;
            assert_eq!(status, 200, "{next}");
            if next["type"] == kind {
                return next;
            }
            step = next;
        }
    }

    /// Enters digits; returns the next step.
    async fn enter(&self, step: &Value, digits: &str) -> (u16, Value) {
        let path = format!("/login/step/{}/user_input", of(step));
        self.ask(Method::POST, &path, Some(json!({ "digits": digits }))).await
    }
}

/// Returns a login and its step as they stand in a path.
fn of(step: &Value) -> String {
    format!("{}/{}", step["login_id"].as_str().unwrap(), step["step_id"].as_str().unwrap())
}

fn url(step: &Value) -> &str {
    step["display_and_wait"]["data"].as_str().unwrap()
}

async fn world() -> World {
    world_with(&format!("shared_secret = \"{SECRET}\"\nmatrix_auth = true")).await
}

async fn world_with(keys: &str) -> World {
    let mut world = World::start().await;
    world.reconfigure(|config| format!("{config}\n[provisioning]\n{keys}\n")).await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_goes_from_the_first_code_to_the_room_with_digits_on_the_way() {
    let world = world().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let program = Program::with_secret(&world, &alice);
    let flows = program.get("/login/flows").await;
    let flow = flows["flows"][0]["id"].as_str().unwrap();
    assert_eq!(flow, "qr");
    assert_eq!(program.get("/logins").await, json!({ "login_ids": [] }));
    let rooms = alice.rooms();
    let first = program.start("?name=Mum").await;
    assert_eq!(Some(url(&first)), world.simulator.pending_qr().as_deref());

    world.simulator.expire_qr();
    let (_, second) = program.after(&first).await;
    assert_eq!(second["display_and_wait"]["type"], "qr", "{second}");
    assert_ne!(url(&first), url(&second));
    assert_eq!(program.after(&first).await.1, second, "a lost answer is given again");

    let phone = world.simulator.phone("Mum");
    phone.require_digits("4711");
    phone.scan(url(&second)).await.unwrap();
    let asked = program.wait(&second, "user_input").await;
    assert_eq!(asked["user_input"]["fields"][0]["type"], "2fa_code");
    let (_, again) = program.enter(&asked, "1234").await;
    assert_eq!(
        again["instructions"],
        "That was not the right number. Type the number that the phone shows."
    );
    let (_, scanned) = program.enter(&again, "4711").await;
    assert_eq!(scanned["display_and_wait"]["type"], "nothing", "{scanned}");
    phone.confirm().await.unwrap();
    let end = program.wait(&scanned, "complete").await;
    assert!(end["instructions"].as_str().unwrap().contains("Mum is linked"), "{end}");
    assert_eq!(program.after(&first).await.1, end, "the end can still be asked for");

    let portal = alice.wait_new_room(&rooms).await;
    let ghost = alice.ghost_in(&world, &portal).await;
    phone.says("hello").await;
    assert_eq!(alice.wait_words(&portal, &ghost, 1).await, ["hello"]);
    let whoami = program.get("/whoami").await;
    assert_eq!(whoami["bridge_bot"], world.bot().as_str());
    assert_eq!(whoami["logins"][0]["name"], "Mum");
    assert_eq!(whoami["logins"][0]["state"]["state_event"], "CONNECTED");
    let ids = json!({ "login_ids": [end["complete"]["user_login_id"]] });
    assert_eq!(program.get("/logins").await, ids);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_cancelled_from_either_side_and_whoever_waits_hears_it() {
    let world = world().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let program = Program::with_secret(&world, &alice);
    let room = alice.management_room(&world).await;
    let first = program.start("").await;
    let cancelling = format!("/login/cancel/{}", first["login_id"].as_str().unwrap());
    let (waited, cancelled) = tokio::join!(program.after(&first), program.post(&cancelling));
    assert_eq!(cancelled, (200, json!({})));
    assert_eq!((waited.0, &waited.1["errcode"]), (410, &json!("WECHAT.LOGIN_CANCELLED")));
    assert_eq!(program.post(&cancelling).await, (200, json!({})), "it stays cancelled");

    let second = program.start("").await;
    let (waited, said) = tokio::join!(program.after(&second), alice.ask(&world, &room, "cancel"));
    assert_eq!(said, "The login was cancelled.");
    assert_eq!((waited.0, &waited.1["errcode"]), (410, &json!("WECHAT.LOGIN_CANCELLED")));
    assert_eq!(alice.ask(&world, &room, "cancel").await, "There is nothing to cancel.");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_are_logged_out_one_by_one_and_all_together() {
    let mut world = world().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let phones = world.link_all(&alice, ["Mum", "Dad", "Aunt"]).await.map(|linked| linked.0);
    let management = alice.management_room(&world).await;
    let program = Program::with_secret(&world, &alice);
    let ids = program.get("/logins").await["login_ids"].clone();
    let [mum, dad] = [0, 1].map(|at| ids[at].as_str().unwrap().to_owned());
    assert_eq!(program.post(&format!("/logout/{mum}")).await, (200, json!({})));
    let (status, body) = program.post(&format!("/logout/{mum}")).await;
    assert_eq!((status, &body["errcode"]), (404, &json!("M_NOT_FOUND")));

    // What WeChat has ended is still to be seen, until its owner puts it away.
    world.simulator.expire_session(&phones[1]);
    alice.wait_said(&management, "Dad").await;
    alice.wait(&management, |m| m.body().contains("relogin")).await;
    let whoami = program.get("/whoami").await;
    assert_eq!(whoami["logins"][0]["id"], dad.as_str());
    assert_eq!(whoami["logins"][0]["state"]["error"], "wechat-session-expired");
    assert_eq!(whoami["logins"][1]["state"]["state_event"], "CONNECTED");
    assert_eq!(program.post("/logout/all").await, (200, json!({})));
    assert_eq!(program.get("/logins").await, json!({ "login_ids": [] }));
    phones[2].wait_offline().await;
    world.simulator.forget_dropped();
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_at_what_is_anothers() {
    let mut world = world().await;
    let synapse = Synapse::shared().await;
    let (alice, bob) = (Person::new(synapse, "alice").await, Person::new(synapse, "bob").await);
    let (_, _) = world.link(&alice, "Mum").await;
    let (mut by_alice, by_bob) =
        (Program::with_secret(&world, &alice), Program::with_secret(&world, &bob));
    let ids = by_alice.get("/logins").await["login_ids"].clone();
    let mum = ids[0].as_str().unwrap();
    let first = by_alice.start("").await;
    let process = first["login_id"].as_str().unwrap();
    for path in [
        format!("/login/step/{}/display_and_wait", of(&first)),
        format!("/login/cancel/{process}"),
        format!("/logout/{mum}"),
        format!("/login/start/qr?login_id={mum}"),
    ] {
        let (status, body) = by_bob.post(&path).await;
        assert_eq!((status, &body["errcode"]), (404, &json!("M_NOT_FOUND")), "{path}");
    }
    assert_eq!(by_bob.get("/logins").await, json!({ "login_ids": [] }));

    by_alice.token = "not-the-shared-secret".into();
    let (status, body) = by_alice.post("/login/start/qr").await;
    assert_eq!((status, &body["errcode"]), (401, &json!("M_UNKNOWN_TOKEN")));
    by_alice.token = world.slot.as_token.clone();
    by_alice.user = None;
    assert_eq!(by_alice.post("/login/start/qr").await.0, 403, "the bridge itself links nobody");

    let may = format!("\"{}\" = \"user\"", world.slot.server_name);
    let no_more = format!("{may}\n\"{}\" = \"relay\"", bob.user_id);
    world.reconfigure(|config| config.replace(&may, &no_more)).await;
    let (status, body) = by_bob.post("/login/start/qr").await;
    assert_eq!((status, &body["errcode"]), (403, &json!("M_FORBIDDEN")));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_can_come_with_the_token_of_their_own_account() {
    let world = world_with("matrix_auth = true").await;
    let synapse = Synapse::shared().await;
    let (alice, bob) = (Person::new(synapse, "alice").await, Person::new(synapse, "bob").await);
    let mut program = Program::with_token(&world, &alice.client.access_token().unwrap());
    let rooms = alice.rooms();
    let first = program.start("?name=Mum").await;
    let phone = world.simulator.phone("Mum");
    phone.scan(url(&first)).await.unwrap();
    phone.confirm().await.unwrap();
    program.wait(&first, "complete").await;
    alice.wait_new_room(&rooms).await;
    program.user = Some(alice.user_id.clone());
    assert_eq!(program.get("/whoami").await["logins"][0]["name"], "Mum");
    program.user = Some(bob.user_id.clone());
    let (status, body) = program.post("/login/start/qr").await;
    assert_eq!((status, &body["errcode"]), (403, &json!("M_FORBIDDEN")));
    let (status, body) = Program::with_secret(&world, &alice).post("/login/start/qr").await;
    assert_eq!((status, &body["errcode"]), (401, &json!("M_UNKNOWN_TOKEN")), "no secret is set");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_ends_with_the_bridge_and_another_can_be_started() {
    let mut world = world().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let program = Program::with_secret(&world, &alice);
    let first = program.start("").await;
    let (waited, ()) = tokio::join!(program.after(&first), world.stop());
    assert_eq!((waited.0, &waited.1["errcode"]), (410, &json!("WECHAT.LOGIN_INTERRUPTED")));
    world.resume().await;
    let (status, body) = program.after(&first).await;
    assert_eq!((status, &body["errcode"]), (404, &json!("M_NOT_FOUND")));
    let rooms = alice.rooms();
    let second = program.start("?name=Mum").await;
    let phone = world.simulator.phone("Mum");
    phone.scan(url(&second)).await.unwrap();
    phone.confirm().await.unwrap();
    program.wait(&second, "complete").await;
    alice.wait_new_room(&rooms).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_linked_again_in_the_same_room() {
    let mut world = world().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let program = Program::with_secret(&world, &alice);
    let (phone, portal) = world.link(&alice, "Mum").await;
    let ids = program.get("/logins").await["login_ids"].clone();
    let mum = ids[0].as_str().unwrap();

    // Without saying so, WeChat tells that it is linked already.
    let first = program.start("").await;
    phone.scan(url(&first)).await.unwrap();
    let mut end = program.after(&first).await;
    while end.0 == 200 {
        end = program.after(&end.1).await;
    }
    assert_eq!((end.0, &end.1["errcode"]), (409, &json!("WECHAT.ALREADY_LINKED")));

    let rooms = alice.rooms();
    let again = program.start(&format!("?login_id={mum}")).await;
    phone.scan(url(&again)).await.unwrap();
    phone.confirm().await.unwrap();
    let end = program.wait(&again, "complete").await;
    assert_eq!(end["complete"]["user_login_id"], mum);
    assert!(end["instructions"].as_str().unwrap().contains("linked again"), "{end}");
    let ghost = alice.ghost_in(&world, &portal).await;
    phone.says("as before").await;
    assert_eq!(alice.wait_words(&portal, &ghost, 1).await, ["as before"]);
    assert_eq!(alice.rooms(), rooms);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_cannot_start_logins_without_end() {
    let world = world().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let program = Program::with_secret(&world, &alice);
    let mut going = Vec::new();
    let refused = loop {
        let (status, body) = program.post("/login/start/qr").await;
        if status != 200 {
            break (status, body["errcode"].clone());
        }
        going.push(body);
    };
    assert_eq!((going.len(), refused), (5, (429, json!("M_LIMIT_EXCEEDED"))));
    let one = going[2]["login_id"].as_str().unwrap();
    program.post(&format!("/login/cancel/{one}")).await;
    assert_eq!(program.after(&going[2]).await.0, 410);
    program.start("").await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_off_unless_it_is_asked_for_and_tells_when_the_homeserver_is_away() {
    let synapse = Synapse::own().await;
    let mut world = World::start_on(&synapse).await;
    let alice = Person::new(&synapse, "alice").await;
    let token = alice.client.access_token().unwrap();
    let program = Program::with_token(&world, &token);
    let (status, body) = program.ask(Method::GET, "/whoami", None).await;
    assert_eq!((status, &body["errcode"]), (404, &json!("M_UNRECOGNIZED")));

    let keys = format!("shared_secret = \"{SECRET}\"\nmatrix_auth = true");
    world.reconfigure(|config| format!("{config}\n[provisioning]\n{keys}\n")).await;
    program.get("/whoami").await;
    synapse.stop().await;
    program.get("/whoami").await; // Known from before.
    let stranger = Program::with_token(&world, "some-other-token");
    let asked = stranger.ask(Method::GET, "/whoami", None);
    let (status, body) = tokio::time::timeout(Duration::from_secs(120), asked).await.unwrap();
    assert_eq!((status, &body["errcode"]), (503, &json!("M_UNKNOWN")));
    Program::with_secret(&world, &alice).get("/whoami").await;
    synapse.start().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_no_token_and_no_code_is_in_the_log() {
    const NAME: &str = "PlantedName";
    const DIGITS: &str = "73519482";
    let synapse = Synapse::shared().await;
    let mut world = World::start_on(synapse).await;
    world.stop().await;
    let keys = format!("shared_secret = \"{SECRET}\"\nmatrix_auth = true");
    let log = "[log]\nfilter = \"trace,hyper=trace,reqwest=trace,axum=trace\"";
    world.write_config(&format!("{log}\n[provisioning]\n{keys}\n"));
    let alice = Person::new(synapse, "alice").await;
    let bridge = Bridge::start(&world);
    alice.management_room(&world).await; // It runs.

    let token = alice.client.access_token().unwrap();
    let program = Program::with_token(&world, &token);
    let first = program.start(&format!("?name={NAME}")).await;
    let phone = world.simulator.phone("Mum");
    phone.require_digits(DIGITS);
    phone.scan(url(&first)).await.unwrap();
    let asked = program.wait(&first, "user_input").await;
    assert_eq!(program.enter(&asked, DIGITS).await.0, 200);
    phone.confirm().await.unwrap();
    program.wait(&first, "complete").await;
    Program::with_secret(&world, &alice).get("/whoami").await;
    Program::with_token(&world, "planted-wrong-token").ask(Method::GET, "/whoami", None).await;
    assert_eq!(bridge.stop().await, Some(0));

    let log = std::fs::read_to_string(log_path(&world)).unwrap();
    assert!(log.contains("a login was started through the provisioning API"));
    assert!(log.contains("a request to the provisioning API was refused"));
    let qr = url(&first).split_once("qrcode=").unwrap().1.split('&').next().unwrap();
    for secret in [SECRET, &token, "planted-wrong-token", DIGITS, NAME, qr] {
        let found = log.lines().find(|line| line.contains(secret));
        assert!(found.is_none(), "{found:?}");
    }
}
