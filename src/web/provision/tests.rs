use std::sync::Mutex;

use axum::body::{Body, to_bytes};
use futures_util::FutureExt as _;
use http::{Request, request::Builder};
use ruma::{owned_room_id, owned_server_name, owned_user_id};
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::*;
use crate::web::stage::{Code, Ending, Stage, View};

/// A bridge with one user, alice, with one login and one running login process.
struct Stub {
    matrix: bool,
    asked: Arc<Mutex<Vec<String>>>,
    process: Arc<FakeProcess>,
}

struct FakeProcess {
    stages: watch::Sender<Stage>,
    entered: Mutex<Vec<String>>,
    cancelled: Mutex<bool>,
}

impl FakeProcess {
    fn show(&self, view: View) {
        self.stages.send_modify(|stage| {
            *stage = Stage { number: stage.number + 1, view, words: "words".into() };
        });
    }
}

impl Watched for FakeProcess {
    fn stages(&self) -> watch::Receiver<Stage> {
        self.stages.subscribe()
    }

    fn enter(&self, digits: &str) -> bool {
        self.entered.lock().unwrap().push(digits.to_owned());
        true
    }
}

impl Process for FakeProcess {
    fn id(&self) -> &str {
        "P"
    }

    fn cancel(&self) {
        *self.cancelled.lock().unwrap() = true;
    }
}

impl Desk for Stub {
    fn is_shared_secret(&self, shown: &str) -> bool {
        shown == "the secret"
    }

    fn takes_matrix_tokens(&self) -> bool {
        self.matrix
    }

    fn owner_of(&self, token: Secret) -> BoxFuture<'_, Result<OwnedUserId, Unproven>> {
        self.asked.lock().unwrap().push(format!("{token:?}"));
        let known = if token.is("token-of-alice") {
            Ok(owned_user_id!("@alice:example.org"))
        } else if token.is("token-in-the-dark") {
            Err(Unproven::Away)
        } else {
            Err(Unproven::Unknown)
        };
        async move { known }.boxed()
    }

    fn may_link(&self, user: &UserId) -> bool {
        user == "@alice:example.org"
    }

    fn about(&self, _: &UserId) -> Whoami {
        let linked =
            |id, standing| LinkedContact { id, name: "Mum".into(), standing, seen: 1_800_000_000 };
        Whoami {
            homeserver: owned_server_name!("example.org"),
            bot: owned_user_id!("@wechatbot:example.org"),
            command_prefix: "!wechat".into(),
            management_room: Some(owned_room_id!("!room:example.org")),
            logins: vec![linked(3, Standing::Connected), linked(4, Standing::Ended)],
        }
    }

    fn begin(&self, _: &UserId, wish: Wish) -> Result<Arc<dyn Process>, NotBegun> {
        self.asked.lock().unwrap().push(format!("{wish:?}"));
        match wish.login {
            Some(99) => Err(NotBegun::NoSuchLogin),
            Some(100) => Err(NotBegun::TooMany),
            _ => Ok(Arc::clone(&self.process) as Arc<dyn Process>),
        }
    }

    fn process(&self, _: &UserId, id: &str) -> Option<Arc<dyn Process>> {
        (id == "P").then(|| Arc::clone(&self.process) as Arc<dyn Process>)
    }

    fn log_out(&self, _: &UserId, login: Option<u32>) -> BoxFuture<'_, Result<(), NotLoggedOut>> {
        self.asked.lock().unwrap().push(format!("log out {login:?}"));
        let answer = match login {
            Some(99) => Err(NotLoggedOut::NoSuchLogin),
            Some(100) => Err(NotLoggedOut::Stopping),
            _ => Ok(()),
        };
        async move { answer }.boxed()
    }
}

/// A router, and the calls that its desk received.
struct World {
    router: Router,
    asked: Arc<Mutex<Vec<String>>>,
    process: Arc<FakeProcess>,
}

fn world() -> World {
    world_with(true)
}

fn world_with(matrix: bool) -> World {
    let login = FakeProcess {
        stages: watch::Sender::default(),
        entered: Mutex::default(),
        cancelled: Mutex::default(),
    };
    let (asked, process) = (Arc::default(), Arc::new(login));
    let stub = Stub { matrix, asked: Arc::clone(&asked), process: Arc::clone(&process) };
    World { router: router(stub), asked, process }
}

impl World {
    async fn send(&self, request: Builder, body: &str) -> (u16, Value) {
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
        let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// Sends a request as alice, with her own token.
    async fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let bearer = "Bearer token-of-alice";
        self.send(request(method, path).header("authorization", bearer), body).await
    }
}

fn request(method: &str, path: &str) -> Builder {
    Request::builder().method(method).uri(format!("{BASE}{path}"))
}

fn code(url: &str) -> View {
    View::Code(Arc::new(Code { svg: String::new(), url: url.into() }))
}

#[tokio::test]
async fn only_who_may_is_let_in() {
    let world = world();
    for (token, query, status, errcode) in [
        ("", "", 401, "M_MISSING_TOKEN"),
        ("Basic dXNlcg==", "", 401, "M_MISSING_TOKEN"),
        ("Bearer ", "", 401, "M_MISSING_TOKEN"),
        ("Bearer nobody's", "", 401, "M_UNKNOWN_TOKEN"),
        ("Bearer token-in-the-dark", "", 503, "M_UNKNOWN"),
        ("Bearer the secret", "", 400, "M_MISSING_PARAM"),
        ("Bearer the secret", "?user_id=alice", 400, "M_INVALID_PARAM"),
        ("Bearer the secret", "?user_id=%40bob%3Aexample.org", 403, "M_FORBIDDEN"),
        ("Bearer token-of-alice", "?user_id=@bob:example.org", 403, "M_FORBIDDEN"),
        ("Bearer the secret", "?user_id=%40alice%3Aexample.org", 200, ""),
        ("bearer token-of-alice", "", 200, ""),
        ("Bearer token-of-alice", "?user_id=@alice:example.org", 200, ""),
    ] {
        let wanted = request("GET", &format!("/logins{query}"));
        let wanted = if token.is_empty() { wanted } else { wanted.header("authorization", token) };
        let (found, body) = world.send(wanted, "").await;
        assert_eq!(found, status, "{token} {query}: {body}");
        assert_eq!(body["errcode"].as_str().unwrap_or_default(), errcode, "{token} {query}");
    }
}

#[tokio::test]
async fn without_matrix_tokens_the_homeserver_is_not_asked() {
    let world = world_with(false);
    let (status, body) = world.ask("GET", "/logins", "").await;
    assert_eq!((status, &body["errcode"]), (401, &json!("M_UNKNOWN_TOKEN")));
    assert!(world.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_homeserver_is_asked_once_for_a_token_and_the_token_is_not_shown() {
    let world = world();
    for _ in 0..3 {
        assert_eq!(world.ask("GET", "/whoami", "").await.0, 200);
    }
    assert_eq!(*world.asked.lock().unwrap(), ["Secret(…)"]);
}

#[tokio::test]
async fn what_is_not_there_is_refused_in_the_form_of_matrix() {
    let world = world();
    world.process.show(code("https://x"));
    let long = "1".repeat(5_000);
    let digits = "/login/step/P/digits-1/user_input";
    for (method, path, body, status, errcode) in [
        ("POST", "/whoami", "", 405, "M_UNRECOGNIZED"),
        ("GET", "/login/start/qr", "", 405, "M_UNRECOGNIZED"),
        ("POST", "/login/start/password", "", 404, "M_NOT_FOUND"),
        ("POST", "/login/start/%ff", "", 404, "M_NOT_FOUND"),
        ("POST", "/login/start/qr?login_id=99", "", 404, "M_NOT_FOUND"),
        ("POST", "/login/start/qr?login_id=one", "", 404, "M_NOT_FOUND"),
        ("POST", "/login/start/qr?login_id=100", "", 429, "M_LIMIT_EXCEEDED"),
        ("POST", "/login/step/Q/qr-1/display_and_wait", "", 404, "M_NOT_FOUND"),
        ("POST", "/login/step/P/qr-2/display_and_wait", "", 400, "M_BAD_STATE"),
        ("POST", "/login/step/P/qr-01/display_and_wait", "", 400, "M_BAD_STATE"),
        ("POST", "/login/step/P/digits-1/display_and_wait", "", 400, "M_BAD_STATE"),
        ("POST", "/login/step/P/%ff/display_and_wait", "", 404, "M_NOT_FOUND"),
        ("POST", "/login/step/P/qr-1/display_and_wait?timeout=soon", "", 400, "M_INVALID_PARAM"),
        ("POST", "/login/step/P/qr-1/user_input", r#"{"digits":"1"}"#, 400, "M_BAD_STATE"),
        ("POST", digits, r#"{"digits":"1"}"#, 400, "M_BAD_STATE"),
        ("POST", digits, "1234", 400, "M_BAD_JSON"),
        ("POST", digits, "{", 400, "M_NOT_JSON"),
        ("POST", digits, r#"{"digits":1234}"#, 400, "M_BAD_JSON"),
        ("POST", digits, r#"{"digits":"12 34"}"#, 400, "M_INVALID_PARAM"),
        ("POST", digits, &long, 413, "M_TOO_LARGE"),
        ("POST", "/login/cancel/Q", "", 404, "M_NOT_FOUND"),
        ("POST", "/logout/99", "", 404, "M_NOT_FOUND"),
        ("POST", "/logout/every", "", 404, "M_NOT_FOUND"),
        ("POST", "/logout/100", "", 503, "M_UNKNOWN"),
    ] {
        let (found, answer) = world.ask(method, path, body).await;
        assert_eq!((found, &answer["errcode"]), (status, &json!(errcode)), "{path} {body}");
        assert!(answer["error"].as_str().is_some_and(|error| !error.is_empty()), "{path}");
    }
    let (status, _) = world.send(request("POST", "/login/start/qr"), "").await;
    assert_eq!(status, 401, "a stranger does not hear what there is");
}

#[tokio::test]
async fn the_bridge_tells_of_itself_and_of_the_logins() {
    let world = world();
    let (_, whoami) = world.ask("GET", "/whoami", "").await;
    assert_eq!(whoami["network"]["network_id"], "wechat");
    assert_eq!(whoami["management_room"], "!room:example.org");
    assert_eq!(whoami["login_flows"][0]["id"], "qr");
    let [first, second] = [&whoami["logins"][0], &whoami["logins"][1]];
    assert_eq!((&first["id"], &first["state"]["state_event"]), (&json!("3"), &json!("CONNECTED")));
    assert_eq!(second["state"]["error"], "wechat-session-expired");
    assert_eq!(world.ask("GET", "/logins", "").await.1, json!({ "login_ids": ["3", "4"] }));
    assert_eq!(world.ask("GET", "/login/flows", "").await.1["flows"], whoami["login_flows"]);
    for (path, told) in [("/logout/3", "log out Some(3)"), ("/logout/all", "log out None")] {
        assert_eq!(world.ask("POST", path, "").await, (200, json!({})));
        assert_eq!(world.asked.lock().unwrap().pop().unwrap(), told);
    }
}

#[tokio::test]
async fn a_login_goes_step_by_step() {
    let world = world();
    let started = world.ask("POST", "/login/start/qr?name=M%C3%BCm", "");
    let (first, ()) = tokio::join!(started, async {
        world.process.show(code("https://first"));
    });
    assert!(
        world
            .asked
            .lock()
            .unwrap()
            .contains(&r#"Wish { name: Some("Müm"), login: None }"#.to_owned())
    );
    assert_eq!(first.1["step_id"], "qr-1");
    assert_eq!(first.1["display_and_wait"], json!({ "type": "qr", "data": "https://first" }));

    // While a code is shown, fetching the next one is no step.
    let waited = world.ask("POST", "/login/step/P/qr-1/display_and_wait", "");
    let (second, ()) = tokio::join!(waited, async {
        world.process.show(View::Wait);
        world.process.show(code("https://second"));
    });
    assert_eq!(second.1["step_id"], "qr-3");
    // A lost answer is sent again.
    let again = world.ask("POST", "/login/step/P/qr-1/display_and_wait", "").await;
    assert_eq!(again, second);

    world.process.show(View::Digits { wrong: false });
    let asked = world.ask("POST", "/login/step/P/qr-3/display_and_wait", "").await.1;
    assert_eq!((&asked["type"], &asked["step_id"]), (&json!("user_input"), &json!("digits-4")));
    assert_eq!(asked["user_input"]["fields"][0]["id"], "digits");
    let entered = world.ask("POST", "/login/step/P/digits-4/user_input", r#"{"digits":" 4711 "}"#);
    let (scanned, ()) = tokio::join!(entered, async {
        world.process.show(View::Scanned);
    });
    assert_eq!(*world.process.entered.lock().unwrap(), ["4711"]);
    assert_eq!(scanned.1["display_and_wait"], json!({ "type": "nothing" }));
    // Late digits are not entered into another stage.
    world.ask("POST", "/login/step/P/digits-4/user_input", r#"{"digits":"1"}"#).await;
    assert_eq!(world.process.entered.lock().unwrap().len(), 1);

    world.process.show(View::Done { login: 7 });
    let end = world.ask("POST", "/login/step/P/scanned-5/display_and_wait", "").await.1;
    assert_eq!(
        (&end["type"], &end["complete"]["user_login_id"]),
        (&json!("complete"), &json!("7"))
    );
    let late = world.ask("POST", "/login/step/P/qr-3/display_and_wait", "").await.1;
    assert_eq!(late, end);
}

#[tokio::test]
async fn a_wait_has_an_end_and_gives_what_is_there() {
    let world = world();
    let first = step::first(&*world.process, Duration::ZERO).await.unwrap();
    assert_eq!((&first["type"], &first["step_id"]), (&json!("display_and_wait"), &json!("wait-0")));
    world.process.show(code("https://x"));
    for held in [0, 30] {
        let began = std::time::Instant::now();
        let path = format!("/login/step/P/qr-1/display_and_wait?timeout={held}");
        let (status, step) = world.ask("POST", &path, "").await;
        assert_eq!((status, &step["step_id"]), (200, &json!("qr-1")));
        assert!(began.elapsed() >= Duration::from_millis(held));
    }
    let asked = |query: &str| patience(&format!("/x?{query}").parse().unwrap());
    assert_eq!(asked("timeout=1500"), Ok(Duration::from_millis(1_500)));
    assert_eq!(asked("timeout=99999999999"), Ok(LONGEST_HOLD));
    assert_eq!(asked("timeout="), Ok(LONGEST_HOLD));
    assert_eq!(asked("timeout=-1"), Err(ProvisioningRefusal::BadTimeout));
}

#[tokio::test]
async fn an_end_is_told_with_its_reason() {
    for (why, status, errcode) in [
        (Ending::Cancelled, 410, "WECHAT.LOGIN_CANCELLED"),
        (Ending::TimedOut, 410, "WECHAT.LOGIN_TIMED_OUT"),
        (Ending::CodesUsedUp, 410, "WECHAT.QR_EXPIRED"),
        (Ending::Stopped, 410, "WECHAT.LOGIN_INTERRUPTED"),
        (Ending::AlreadyLinked, 409, "WECHAT.ALREADY_LINKED"),
        (Ending::Unreachable, 502, "WECHAT.UNREACHABLE"),
        (Ending::Incomplete, 502, "WECHAT.INCOMPLETE"),
        (Ending::BoundElsewhere, 409, "WECHAT.BOUND_ELSEWHERE"),
        (Ending::NoCode, 502, "WECHAT.NO_CODE"),
        (Ending::BadServer, 502, "WECHAT.BAD_SERVER"),
        (Ending::Unusable, 502, "WECHAT.UNUSABLE"),
    ] {
        let world = world();
        assert_eq!(world.ask("POST", "/login/cancel/P", "").await, (200, json!({})));
        assert!(*world.process.cancelled.lock().unwrap());
        world.process.show(View::Over(why));
        let (found, body) = world.ask("POST", "/login/step/P/wait-0/display_and_wait", "").await;
        assert_eq!((found, body), (status, json!({ "errcode": errcode, "error": "words" })));
    }
}

#[tokio::test]
async fn the_description_and_the_question_of_a_browser_need_no_token() {
    let world = world();
    let request = request("OPTIONS", "/login/start/qr").body(Body::empty()).unwrap();
    let response = world.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 204);
    let allowed = response.headers()["access-control-allow-headers"].to_str().unwrap();
    assert!(allowed.contains("Authorization"));

    let request = Request::get(format!("{BASE}/openapi.yaml")).body(Body::empty()).unwrap();
    let response = world.router.clone().oneshot(request).await.unwrap();
    let text = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let described: yaml_serde::Value = yaml_serde::from_slice(&text).unwrap();
    let paths = described["paths"].as_mapping().unwrap();
    for (path, methods) in paths {
        let path = path.as_str().unwrap().trim_start_matches("/v3");
        let method = if methods["get"].is_null() { "POST" } else { "GET" };
        let (status, _) = world.ask(method, &path.replace(['{', '}'], ""), "").await;
        assert_ne!(status, 405, "{method} {path}");
    }
    assert_eq!(paths.len(), 9);
}
