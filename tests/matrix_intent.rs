//! What the bridge asks of the homeserver, seen from the wire.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::{sync::Arc, time::Duration};

use matrix_appservice_wechat::{
    clock::Timestamp,
    matrix::{
        AsToken, Error, Homeserver, HomeserverOptions, Intent, Puppets, content,
        room::{NewRoom, State},
    },
    tasks::Tasks,
};
use ruma::{RoomVersionId, event_id, owned_device_id, room_alias_id, room_id, user_id};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use wiremock::{
    Mock, MockServer, Request, Respond, ResponseTemplate,
    matchers::{method, path, path_regex},
};

const GHOST: &str = "@wechat_x:b.org";

fn homeserver(url: &str) -> Homeserver {
    Homeserver::new(HomeserverOptions {
        url: url.parse().unwrap(),
        as_token: AsToken::new("as-secret"),
        device_id: owned_device_id!("WX"),
        proxy: None,
    })
    .unwrap()
}

fn ghost(server: &MockServer) -> Intent {
    homeserver(&server.uri()).intent(user_id!("@wechat_x:b.org"))
}

/// Starts a homeserver that answers each request with what its caller needs to go on.
async fn willing() -> MockServer {
    let server = MockServer::start().await;
    let answer = json!({
        "user_id": GHOST,
        "room_id": "!new",
        "event_id": "$sent",
        "content_uri": "mxc://b.org/up",
        "servers": [],
        "joined_rooms": ["!new"],
        "joined": { "@alice:b.org": {}, GHOST: { "display_name": "X" } },
        "duration_ms": 12,
        "versions": ["v1.11"],
        "capabilities": { "m.room_versions": { "default": "11", "available": {} } },
    });
    Mock::given(path_regex(".*"))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer))
        .mount(&server)
        .await;
    server
}

async fn answering(status: u16, body: Value) -> MockServer {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(status).set_body_json(body);
    Mock::given(path_regex(".*")).respond_with(answer).mount(&server).await;
    server
}

async fn requests(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

fn query(request: &Request, key: &str) -> Option<String> {
    request.url.query_pairs().find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.body).unwrap()
}

#[tokio::test]
async fn every_request_in_a_room_names_the_user_and_the_device() {
    let server = willing().await;
    let ghost = ghost(&server);
    let (room, event) = (room_id!("!new"), event_id!("$e"));
    ghost.set_display_name("小明").await.unwrap();
    ghost.set_avatar(&"mxc://b.org/face".into()).await.unwrap();
    ghost
        .create_room(NewRoom { room_version: Some(RoomVersionId::V12), ..NewRoom::default() })
        .await
        .unwrap();
    ghost.resolve_alias(room_alias_id!("#a:b.org")).await.unwrap();
    ghost.join(room).await.unwrap();
    ghost.leave(room, Some("done")).await.unwrap();
    ghost.invite(room, user_id!("@alice:b.org")).await.unwrap();
    assert_eq!(ghost.joined_members(room).await.unwrap(), ["@alice:b.org", GHOST]);
    assert_eq!(ghost.joined_rooms().await.unwrap(), [room]);
    assert_eq!(ghost.send(room, &content::text("hi"), "t", None).await.unwrap(), "$sent");
    ghost.send_state(room, &State::new("m.room.topic", "", json!({}))).await.unwrap();
    assert!(ghost.state(room, "m.room.topic", "").await.unwrap().is_some());
    ghost.redact(room, event, "t2", Some("gone")).await.unwrap();
    ghost.read_receipt(room, event).await.unwrap();
    ghost.typing(room, Some(Duration::from_secs(5))).await.unwrap();
    ghost.typing(room, None).await.unwrap();
    let uri = ghost.upload(b"png".to_vec(), "image/png", Some("qr.png")).await.unwrap();
    assert_eq!(uri, "mxc://b.org/up");

    let requests = requests(&server).await;
    assert_eq!(requests.len(), 17);
    for request in requests {
        let what = format!("{} {}", request.method, request.url);
        assert_eq!(query(&request, "user_id").as_deref(), Some(GHOST), "{what}");
        assert_eq!(query(&request, "device_id").as_deref(), Some("WX"), "{what}");
        assert_eq!(request.headers["authorization"], "Bearer as-secret", "{what}");
    }
}

#[tokio::test]
async fn what_is_done_for_a_person_names_them_and_shows_another_token() {
    let server = willing().await;
    let puppets = Puppets::new(homeserver(&server.uri()), AsToken::new("puppet-secret"));
    let (alice, mum, room) = (user_id!("@alice:b.org"), user_id!("@mum:b.org"), room_id!("!new"));
    puppets.join(alice, room).await.unwrap();
    puppets.mark_direct(alice, mum, room).await.unwrap();
    assert_eq!(puppets.whoami(alice).await.unwrap(), GHOST, "whom the homeserver names");

    let requests = requests(&server).await;
    assert_eq!(requests.len(), 4);
    for (request, method) in requests[1..3].iter().zip(["GET", "PUT"]) {
        assert_eq!(request.method.as_str(), method);
        assert!(request.url.path().ends_with("/account_data/m.direct"), "{}", request.url);
    }
    // What the homeserver has told there goes back with one thing more.
    let marked = body(&requests[2]);
    assert_eq!(marked["@mum:b.org"], json!(["!new"]));
    assert_eq!(marked["joined"]["@alice:b.org"], json!({}));
    for request in requests {
        let what = format!("{} {}", request.method, request.url);
        assert_eq!(query(&request, "user_id").as_deref(), Some("@alice:b.org"), "{what}");
        assert_eq!(query(&request, "device_id"), None, "{what}");
        assert_eq!(request.headers["authorization"], "Bearer puppet-secret", "{what}");
    }
}

#[tokio::test]
async fn a_message_carries_its_transaction_id_and_its_time() {
    let server = willing().await;
    let at = Some(Timestamp(1_700_000_000_123));
    let ghost = ghost(&server);
    ghost.send(room_id!("!r"), &content::text("hi"), "wx/1 ü", at).await.unwrap();
    let before_1970 = Some(Timestamp(-1));
    ghost.send(room_id!("!r"), &content::text("hi"), "2", before_1970).await.unwrap();
    let requests = requests(&server).await;
    assert_eq!(
        requests[0].url.path(),
        "/_matrix/client/v3/rooms/!r/send/m.room.message/wx%2F1%20%C3%BC.wechat_x"
    );
    assert_eq!(query(&requests[0], "ts").as_deref(), Some("1700000000123"));
    assert_eq!(body(&requests[0]), json!({ "msgtype": "m.text", "body": "hi", "m.mentions": {} }));
    assert_eq!(query(&requests[1], "ts"), None);
}

#[tokio::test]
async fn the_same_transaction_id_of_two_users_is_not_the_same() {
    let server = willing().await;
    let homeserver = homeserver(&server.uri());
    for user in [user_id!("@wechat_x:b.org"), user_id!("@wechat_y:b.org")] {
        homeserver.intent(user).send(room_id!("!r"), &content::text("x"), "1", None).await.unwrap();
    }
    let requests = requests(&server).await;
    assert_ne!(requests[0].url.path(), requests[1].url.path());
}

#[tokio::test]
async fn small_requests_say_what_they_should() {
    let server = willing().await;
    let ghost = ghost(&server);
    let room = room_id!("!r");
    ghost.leave(room, Some("done")).await.unwrap();
    ghost.redact(room, event_id!("$e"), "t", Some("gone")).await.unwrap();
    ghost.typing(room, Some(Duration::from_secs(5))).await.unwrap();
    ghost.upload(b"png".to_vec(), "image/png", Some("qr.png")).await.unwrap();
    ghost.set_display_name("小明").await.unwrap();
    let requests = requests(&server).await;
    assert_eq!(body(&requests[0]), json!({ "reason": "done" }));
    assert_eq!(requests[1].url.path(), "/_matrix/client/v3/rooms/!r/redact/$e/t.wechat_x");
    assert_eq!(body(&requests[1]), json!({ "reason": "gone" }));
    assert_eq!(body(&requests[2]), json!({ "typing": true, "timeout": 5000 }));
    assert_eq!(requests[3].headers["content-length"], "3");
    assert_eq!(requests[3].headers["content-type"], "image/png");
    assert_eq!(query(&requests[3], "filename").as_deref(), Some("qr.png"));
    assert_eq!(requests[4].url.path(), "/_matrix/client/v3/profile/@wechat_x:b.org/displayname");
    assert_eq!(body(&requests[4]), json!({ "displayname": "小明" }));
}

#[tokio::test]
async fn registering_makes_the_user_and_then_its_device() {
    let server = willing().await;
    ghost(&server).ensure_registered().await.unwrap();
    let requests = requests(&server).await;
    assert_eq!(requests[0].url.path(), "/_matrix/client/v3/register");
    assert_eq!(requests[0].headers["authorization"], "Bearer as-secret");
    assert_eq!(requests[0].url.query(), None);
    let expected = json!({
        "type": "m.login.application_service", "username": "wechat_x", "inhibit_login": true,
    });
    assert_eq!(body(&requests[0]), expected);
    assert_eq!(requests[1].method, "PUT");
    assert_eq!(requests[1].url.path(), "/_matrix/client/v3/devices/WX");
    assert_eq!(query(&requests[1], "user_id").as_deref(), Some(GHOST));
    assert_eq!(query(&requests[1], "device_id"), None);
}

#[tokio::test]
async fn registering_again_is_fine() {
    let server = MockServer::start().await;
    let taken = ResponseTemplate::new(400)
        .set_body_json(json!({ "errcode": "M_USER_IN_USE", "error": "User ID already taken." }));
    Mock::given(path("/_matrix/client/v3/register")).respond_with(taken).mount(&server).await;
    let device = ResponseTemplate::new(200).set_body_json(json!({}));
    Mock::given(method("PUT")).respond_with(device).expect(2).mount(&server).await;
    let ghost = ghost(&server);
    ghost.ensure_registered().await.unwrap();
    ghost.ensure_registered().await.unwrap();
}

#[tokio::test]
async fn a_homeserver_that_makes_no_devices_is_told_from_one_that_refuses_the_user() {
    for (status, errcode, means_it) in [
        (404, "M_UNRECOGNIZED", true),
        (405, "M_UNRECOGNIZED", true),
        (404, "M_NOT_FOUND", true),
        (401, "M_UNKNOWN_TOKEN", true),
        (403, "M_FORBIDDEN", true),
        (502, "M_UNKNOWN", false),
    ] {
        let server = MockServer::start().await;
        let made = ResponseTemplate::new(200).set_body_json(json!({ "user_id": GHOST }));
        Mock::given(path("/_matrix/client/v3/register")).respond_with(made).mount(&server).await;
        let no = json!({ "errcode": errcode, "error": "no" });
        let no = ResponseTemplate::new(status).set_body_json(no);
        Mock::given(method("PUT")).respond_with(no).mount(&server).await;
        let error = ghost(&server).ensure_registered().await.unwrap_err();
        assert_eq!(
            matches!(error, Error::UnknownDevice),
            means_it,
            "{status} {errcode}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_user_outside_the_namespace_is_not_registered() {
    let server = answering(400, json!({ "errcode": "M_EXCLUSIVE", "error": "not yours" })).await;
    let error = ghost(&server).ensure_registered().await.unwrap_err();
    assert!(matches!(error, Error::Rejected { errcode, .. } if errcode == "M_EXCLUSIVE"));
    assert_eq!(requests(&server).await.len(), 1);
}

#[tokio::test]
async fn a_room_has_the_homeservers_default_version_which_is_asked_once() {
    let server = willing().await;
    let ghost = ghost(&server);
    let room = NewRoom {
        additional_creators: vec![user_id!("@bot:b.org").to_owned()],
        ..NewRoom::default()
    };
    assert_eq!(ghost.create_room(room.clone()).await.unwrap(), "!new");
    ghost.create_room(room).await.unwrap();
    let requests = requests(&server).await;
    let paths: Vec<_> = requests.iter().map(|request| request.url.path()).collect();
    let (ask, create) = ("/_matrix/client/v3/capabilities", "/_matrix/client/v3/createRoom");
    assert_eq!(paths, [ask, create, create]);
    assert_eq!(body(&requests[1])["room_version"], "11");
    let users = &body(&requests[1])["power_level_content_override"]["users"];
    assert_eq!(*users, json!({ "@bot:b.org": 100, GHOST: 100 }));
}

#[tokio::test]
async fn the_homeserver_itself_is_asked_without_a_device() {
    let server = willing().await;
    let homeserver = homeserver(&server.uri());
    assert_eq!(homeserver.versions().await.unwrap(), ["v1.11"]);
    assert_eq!(homeserver.whoami(user_id!("@wechat_x:b.org")).await.unwrap(), GHOST);
    assert_eq!(homeserver.ping("wechat", "p1").await.unwrap(), Duration::from_millis(12));
    let requests = requests(&server).await;
    assert_eq!(requests[2].url.path(), "/_matrix/client/v1/appservice/wechat/ping");
    assert_eq!(body(&requests[2]), json!({ "transaction_id": "p1" }));
    assert!(requests.iter().all(|request| query(request, "device_id").is_none()));
}

#[tokio::test]
async fn an_alias_and_a_state_that_are_not_there_are_none() {
    let server = answering(404, json!({ "errcode": "M_NOT_FOUND", "error": "no" })).await;
    let ghost = ghost(&server);
    assert_eq!(ghost.resolve_alias(room_alias_id!("#a:b.org")).await.unwrap(), None);
    assert!(ghost.state(room_id!("!r"), "m.bridge", "x").await.unwrap().is_none());
}

#[tokio::test]
async fn a_proxys_page_does_not_say_that_an_alias_is_free() {
    let server = MockServer::start().await;
    let page = ResponseTemplate::new(404).set_body_string("404 page not found");
    Mock::given(path_regex(".*")).respond_with(page).mount(&server).await;
    let error = ghost(&server).resolve_alias(room_alias_id!("#a:b.org")).await.unwrap_err();
    assert!(matches!(error, Error::Garbled { status: 404 }));
}

#[tokio::test]
async fn a_taken_alias_is_said_so() {
    let server = answering(400, json!({ "errcode": "M_ROOM_IN_USE", "error": "taken" })).await;
    let room = NewRoom { room_version: Some(RoomVersionId::V12), ..NewRoom::default() };
    let error = ghost(&server).create_room(room).await.unwrap_err();
    assert!(matches!(error, Error::RoomInUse));
}

#[tokio::test]
async fn an_answer_that_is_none_is_garbled() {
    for answer in [json!({ "event_id": 5 }), json!({}), json!([])] {
        let server = answering(200, answer).await;
        let error = ghost(&server).send(room_id!("!r"), &content::text("x"), "t", None).await;
        assert!(matches!(error.unwrap_err(), Error::Garbled { status: 200 }));
    }
    let server = answering(200, json!({ "event_id": "$".repeat(17 << 20) })).await;
    let error = ghost(&server).send(room_id!("!r"), &content::text("x"), "t", None).await;
    assert!(matches!(error.unwrap_err(), Error::Garbled { status: 200 }));
}

#[tokio::test]
async fn nobody_there_is_unreachable_and_the_error_shows_no_address() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = homeserver(&format!("http://{free}")).intent(user_id!("@wechat_x:b.org"));
    let error = nobody.join(room_id!("!r")).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable(_)));
    assert!(error.to_string().contains("onnection refused"), "{error}");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("_matrix") && !shown.contains("as-secret"), "{shown}");
    assert!(!format!("{nobody:?}").contains("as-secret"));
}

/// Fails as often as it has failures, then answers.
struct Flaky(Arc<Semaphore>);

impl Respond for Flaky {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        match self.0.try_acquire() {
            Ok(failure) => {
                failure.forget();
                ResponseTemplate::new(502)
            }
            Err(_) => ResponseTemplate::new(200).set_body_json(json!({ "event_id": "$sent" })),
        }
    }
}

#[tokio::test]
async fn a_call_is_repeated_with_the_same_transaction_id_until_it_works() {
    let server = MockServer::start().await;
    let failures = Arc::new(Semaphore::new(2));
    Mock::given(path_regex(".*")).respond_with(Flaky(failures)).mount(&server).await;
    let (homeserver, tasks) = (homeserver(&server.uri()), Tasks::default());
    let ghost = homeserver.intent(user_id!("@wechat_x:b.org"));
    let hi = content::text("hi");
    let send = || ghost.send(room_id!("!r"), &hi, "t", None);
    assert_eq!(homeserver.with_retry(&tasks, send).await.unwrap(), "$sent");
    let requests = requests(&server).await;
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.url == requests[0].url));
}

#[tokio::test]
async fn a_final_error_is_not_repeated() {
    let server = answering(403, json!({ "errcode": "M_FORBIDDEN", "error": "no" })).await;
    let (homeserver, tasks) = (homeserver(&server.uri()), Tasks::default());
    let ghost = homeserver.intent(user_id!("@wechat_x:b.org"));
    let result = homeserver.with_retry(&tasks, || ghost.join(room_id!("!r"))).await;
    assert!(matches!(result.unwrap_err(), Error::Forbidden { message } if message == "no"));
    assert_eq!(requests(&server).await.len(), 1);
}

#[tokio::test]
async fn the_soft_stop_ends_the_waiting() {
    let server =
        answering(429, json!({ "errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 250_000 })).await;
    let (homeserver, tasks) = (homeserver(&server.uri()), Tasks::default());
    let ghost = homeserver.intent(user_id!("@wechat_x:b.org"));
    let stop = async {
        while requests(&server).await.is_empty() {
            tokio::task::yield_now().await;
        }
        tasks.soft_stop();
    };
    let call = homeserver.with_retry(&tasks, || ghost.join(room_id!("!r")));
    let (result, ()) = tokio::join!(call, stop);
    assert!(matches!(result.unwrap_err(), Error::Stopping));
}
