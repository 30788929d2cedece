//! Our requests beside the recorded ones of Tencent's client 2.4.9, field by field, and the
//! client's manners towards servers that misbehave.
#![expect(clippy::unwrap_used, reason = "the helpers of a test may panic like the test itself")]

mod media;
mod recording;

use std::{net::TcpListener, sync::Arc};

use matrix_appservice_wechat::{
    clock::{Clock, Timestamp},
    id::{BotToken, ContextToken, Cursor, WechatUserId},
    ilink::{
        ApiSession, Client, Error, HostRules, LoginEvent, LoginFailure, LoginPatience,
        LoginProcess, Options, OutboundItem, OutboundMessage, QrId, TypingTicket, VerifyCode,
        agent::DEFAULT_BOT_AGENT,
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::mpsc,
};
use tokio_rustls::{TlsAcceptor, rustls};
use url::Url;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{any, body_string_contains, method, path, query_param},
};

use crate::recording::Recording;

fn options(base: &str) -> Options {
    Options {
        api_base: Url::parse(base).unwrap(),
        cdn_base: Url::parse("https://novac2c.cdn.weixin.qq.com/c2c").unwrap(),
        hosts: HostRules::new(&[], &["127.0.0.1".to_owned()]),
        extra_ca_pem: None,
        proxy: None,
        bot_agent: DEFAULT_BOT_AGENT.to_owned(),
    }
}

fn client(base: &str) -> Client {
    Client::new(options(base)).unwrap()
}

fn user(id: &str) -> WechatUserId {
    WechatUserId::parse(id).unwrap()
}

#[tokio::test]
async fn asking_for_a_code_is_asked_as_recorded() {
    for name in ["qrcode-first", "qrcode-held"] {
        let recording = Recording::load(name);
        let held = recording.body()["local_token_list"].clone();
        let held: Vec<BotToken> =
            held.as_array().unwrap().iter().map(|t| BotToken::new(t.as_str().unwrap())).collect();
        recording
            .compare(async |client: Client| {
                let code = client.get_bot_qrcode(&held).await.unwrap();
                assert!(code.url.contains(code.id.expose()));
            })
            .await;
    }
}

#[tokio::test]
async fn polling_a_code_is_asked_as_recorded() {
    let recording = Recording::load("qrcode-status");
    let qr = QrId::new(recording.query("qrcode"));
    let call = async |client: Client| {
        client.get_qrcode_status(client.fixed_base(), &qr, None).await.unwrap();
    };
    recording.compare(call).await;

    let recording = Recording::load("qrcode-status-digits");
    let qr = QrId::new(recording.query("qrcode"));
    let digits = VerifyCode::new(recording.query("verify_code"));
    let call = async |client: Client| {
        client.get_qrcode_status(client.fixed_base(), &qr, Some(&digits)).await.unwrap();
    };
    recording.compare(call).await;
}

#[tokio::test]
async fn coming_and_going_are_told_as_recorded() {
    let recording = Recording::load("notifystart");
    let call = async |client: Client| {
        client.notify_start(&recording.session(&client)).await.unwrap();
    };
    recording.compare(call).await;
    let recording = Recording::load("notifystop");
    let call = async |client: Client| {
        client.notify_stop(&recording.session(&client)).await.unwrap();
    };
    recording.compare(call).await;
}

#[tokio::test]
async fn updates_are_asked_for_as_recorded() {
    for name in ["getupdates-first", "getupdates-cursor"] {
        let recording = Recording::load(name);
        let cursor = Some(recording.said("/get_updates_buf")).filter(|buf| !buf.is_empty());
        let cursor = cursor.map(Cursor::new);
        recording
            .compare(async |client: Client| {
                let session = recording.session(&client);
                let updates = client.get_updates(&session, cursor.as_ref(), None).await.unwrap();
                assert_eq!(updates.messages.len(), 1);
                assert!(updates.cursor.is_some() && !updates.timed_out);
            })
            .await;
    }
}

#[tokio::test]
async fn a_text_is_sent_as_recorded() {
    for name in ["sendmessage", "sendmessage-reply"] {
        let recording = Recording::load(name);
        let message = OutboundMessage {
            to: user(&recording.said("/msg/to_user_id")),
            context: Some(ContextToken::new(recording.said("/msg/context_token"))),
            client_id: recording.said("/msg/client_id"),
            item: OutboundItem::Text(recording.said("/msg/item_list/0/text_item/text")),
        };
        recording
            .compare(async |client: Client| {
                let session = recording.session(&client);
                let accepted = client.send_message(&session, &message).await.unwrap();
                assert!(accepted.message_id.is_some());
            })
            .await;
    }
}

#[tokio::test]
async fn typing_is_prepared_and_shown_as_recorded() {
    let recording = Recording::load("getconfig");
    let contact = user(&recording.said("/ilink_user_id"));
    let context = ContextToken::new(recording.said("/context_token"));
    let call = async |client: Client| {
        let session = recording.session(&client);
        client.get_config(&session, &contact, Some(&context)).await.unwrap();
    };
    recording.compare(call).await;

    for (name, on) in [("sendtyping-on", true), ("sendtyping-off", false)] {
        let recording = Recording::load(name);
        let ticket = TypingTicket::new(recording.said("/typing_ticket"));
        let call = async |client: Client| {
            let session = recording.session(&client);
            client.send_typing(&session, &contact, &ticket, on).await.unwrap();
        };
        recording.compare(call).await;
    }
}

async fn server_with(answer: ResponseTemplate) -> (MockServer, Client, ApiSession) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let client = client(&server.uri());
    let session = client.session(BotToken::new("tok"), Some("")).unwrap();
    (server, client, session)
}

#[tokio::test]
async fn a_gateway_that_gives_up_is_a_poll_that_brought_nothing() {
    for status in [502, 504, 524] {
        let (_server, client, session) = server_with(ResponseTemplate::new(status)).await;
        let updates = client.get_updates(&session, None, None).await.unwrap();
        assert_eq!((updates.timed_out, updates.gateway), (true, Some(status)));
        assert!(updates.messages.is_empty() && updates.cursor.is_none());
        assert_eq!(client.notify_start(&session).await, Err(Error::Http { status }));
    }
}

#[tokio::test]
async fn a_dead_session_is_told_by_every_call() {
    let answer = ResponseTemplate::new(200).set_body_string(r#"{"errcode":-14,"errmsg":"x"}"#);
    let (_server, client, session) = server_with(answer).await;
    let contact = user("o9@im.wechat");
    let message = OutboundMessage {
        to: contact.clone(),
        context: None,
        client_id: "c".to_owned(),
        item: OutboundItem::Text("hi".to_owned()),
    };
    let ticket = TypingTicket::new("t");
    for error in [
        client.notify_start(&session).await.unwrap_err(),
        client.notify_stop(&session).await.unwrap_err(),
        client.get_updates(&session, None, None).await.unwrap_err(),
        client.send_message(&session, &message).await.unwrap_err(),
        client.get_config(&session, &contact, None).await.unwrap_err(),
        client.send_typing(&session, &contact, &ticket, true).await.unwrap_err(),
    ] {
        assert_eq!(error, Error::SessionExpired);
    }
}

#[tokio::test]
async fn an_empty_answer_is_a_yes_where_only_the_code_matters() {
    let (_server, client, session) = server_with(ResponseTemplate::new(200)).await;
    client.notify_start(&session).await.unwrap();
    client.send_typing(&session, &user("o9"), &TypingTicket::new("t"), true).await.unwrap();
    assert_eq!(client.get_updates(&session, None, None).await.unwrap_err(), Error::Garbled);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = MockServer::start().await;
    let answer = ResponseTemplate::new(307).insert_header("location", elsewhere.uri());
    let (_server, client, session) = server_with(answer).await;
    assert_eq!(client.notify_start(&session).await, Err(Error::Http { status: 307 }));
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_endless_answer_is_cut() {
    let answer = ResponseTemplate::new(200).set_body_bytes(vec![b' '; 300 * 1024]);
    let (_server, client, session) = server_with(answer).await;
    assert_eq!(client.notify_start(&session).await, Err(Error::TooLarge { limit: 256 * 1024 }));
    assert_eq!(client.get_updates(&session, None, None).await.unwrap_err(), Error::Garbled);
}

#[tokio::test]
async fn a_refused_connection_is_named_without_secrets() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = client(&format!("http://{free}"));
    let error = client
        .get_qrcode_status(client.fixed_base(), &QrId::new("QQQ"), Some(&VerifyCode::new("4321")))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    let shown = format!("{error} {error:?}");
    assert!(
        shown.contains("refused") && !shown.contains("QQQ") && !shown.contains("4321"),
        "{shown}"
    );
}

#[tokio::test]
async fn wrong_options_are_named() {
    let base = "https://ilinkai.weixin.qq.com";
    let fails = |options: Options| Client::new(options).unwrap_err().to_string();
    assert!(
        fails(Options { bot_agent: "no version".to_owned(), ..options(base) })
            .contains("bot_agent")
    );
    assert!(
        fails(Options { extra_ca_pem: Some(b"x".to_vec()), ..options(base) }).contains("CA file")
    );
    assert!(fails(options("https://evil.example")).contains("evil.example"));
    let cdn = Url::parse("http://novac2c.cdn.weixin.qq.com").unwrap();
    assert!(fails(Options { cdn_base: cdn, ..options(base) }).contains("novac2c"));
    let client = client(base);
    let strange = client.session(BotToken::new("tok"), Some("https://evil.example/"));
    assert_eq!(strange.unwrap_err(), Error::HostNotAllowed { host: "evil.example".to_owned() });
}

#[tokio::test]
async fn a_server_whose_certificate_an_extra_ca_signed_is_talked_to_and_no_other() {
    let (extra_ca_pem, tls) = certified_for("localhost");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let asked = async |extra_ca_pem| {
        let hosts = HostRules::new(&["localhost".to_owned()], &[]);
        let client = Client::new(Options { extra_ca_pem, hosts, ..options(&base) }).unwrap();
        let session = client.session(BotToken::new("tok"), Some("")).unwrap();
        client.notify_start(&session).await
    };
    let serving = async {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // Who does not trust the certificate says so and hangs up.
            let Ok(mut stream) = tls.accept(stream).await else { continue };
            stream.read_buf(&mut Vec::with_capacity(4096)).await.unwrap();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{\"ret\":0}";
            stream.write_all(answer).await.unwrap();
        }
    };
    let asking = async {
        let (other, _) = certified_for("localhost");
        for stranger in [None, Some(other)] {
            let refused = asked(stranger).await;
            assert!(matches!(refused, Err(Error::Unreachable { .. })), "{refused:?}");
        }
        assert_eq!(asked(Some(extra_ca_pem)).await, Ok(()));
    };
    tokio::select! {
        () = asking => {}
        () = serving => {}
    }
}

/// Makes a new authority's certificate in PEM, and a server with one of it for `host`.
fn certified_for(host: &str) -> (Vec<u8>, TlsAcceptor) {
    let mut authority = rcgen::CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().unwrap();
    let pem = authority.self_signed(&key).unwrap().pem();
    let issuer = rcgen::Issuer::new(authority, key);
    let key = rcgen::KeyPair::generate().unwrap();
    let server = rcgen::CertificateParams::new([host.to_owned()]).unwrap();
    let chain = vec![server.signed_by(&key, &issuer).unwrap().into()];
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            chain,
            rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    (pem.into_bytes(), TlsAcceptor::from(Arc::new(config)))
}

#[tokio::test]
async fn the_password_of_a_proxy_does_not_print() {
    let proxy = Url::parse("http://me:PPP@127.0.0.1:3128").unwrap();
    let options = Options { proxy: Some(proxy), ..options("https://ilinkai.weixin.qq.com") };
    let shown = format!("{options:?}");
    let client = Client::new(options).unwrap();
    assert!(!format!("{shown} {client:?}").contains("PPP"));
}

/// Mounts one answer to the status of a code, given once.
async fn status_once(server: &MockServer, answer: &str) {
    Mock::given(method("GET"))
        .and(path("/ilink/bot/get_qrcode_status"))
        .respond_with(ResponseTemplate::new(200).set_body_string(answer))
        .up_to_n_times(1)
        .mount(server)
        .await;
}

async fn codes(server: &MockServer) {
    let answer = r#"{"ret":0,"qrcode":"QQQ","qrcode_img_content":"https://x/?qrcode=QQQ"}"#;
    Mock::given(path("/ilink/bot/get_bot_qrcode"))
        .respond_with(ResponseTemplate::new(200).set_body_string(answer))
        .mount(server)
        .await;
}

const CONFIRMED: &str = r#"{"status":"confirmed","bot_token":"TTT","ilink_bot_id":"b@im.bot","ilink_user_id":"o9@im.wechat","baseurl":"https://ilinkai.weixin.qq.com"}"#;

fn process(server: &MockServer, held: Vec<BotToken>) -> LoginProcess {
    LoginProcess::new(
        client(&server.uri()),
        held,
        Clock::manual(Timestamp(0)),
        LoginPatience::PICTURE,
    )
}

#[tokio::test]
async fn a_login_asks_for_digits_until_they_are_right() {
    let server = MockServer::start().await;
    codes(&server).await;
    status_once(&server, r#"{"status":"need_verifycode"}"#).await;
    status_once(&server, r#"{"status":"need_verifycode"}"#).await;
    status_once(&server, CONFIRMED).await;
    let mut login = process(&server, Vec::new());
    let (enter, mut digits) = mpsc::channel(1);

    assert!(matches!(login.next(&mut digits).await, LoginEvent::Code { number: 1, of: 3, .. }));
    assert!(matches!(login.next(&mut digits).await, LoginEvent::DigitsWanted { wrong: false }));
    enter.send(VerifyCode::new("1111")).await.unwrap();
    assert!(matches!(login.next(&mut digits).await, LoginEvent::DigitsWanted { wrong: true }));
    enter.send(VerifyCode::new("4321")).await.unwrap();
    let LoginEvent::Confirmed(credentials) = login.next(&mut digits).await else {
        panic!("no login")
    };
    assert_eq!(credentials.user, Some(user("o9@im.wechat")));
    assert_eq!(credentials.base_url.as_deref(), Some("https://ilinkai.weixin.qq.com"));
    assert!(matches!(login.next(&mut digits).await, LoginEvent::Failed(LoginFailure::Over)));

    let asked = server.received_requests().await.unwrap();
    let queries: Vec<&str> = asked.iter().filter_map(|request| request.url.query()).collect();
    assert_eq!(
        queries,
        ["bot_type=3", "qrcode=QQQ", "qrcode=QQQ&verify_code=1111", "qrcode=QQQ&verify_code=4321"]
    );
}

#[tokio::test]
async fn a_redirected_login_goes_on_there_and_a_new_code_comes_back() {
    let (server, there) = (MockServer::start().await, MockServer::start().await);
    codes(&server).await;
    let host = there.address();
    status_once(
        &server,
        &format!(r#"{{"status":"scaned_but_redirect","redirect_host":"{host}"}}"#),
    )
    .await;
    status_once(&there, r#"{"status":"expired"}"#).await;
    status_once(&server, r#"{"status":"binded_redirect"}"#).await;
    let mut login = process(&server, Vec::new());
    let (_enter, mut digits) = mpsc::channel(1);
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(format!("{:?}", login.next(&mut digits).await));
    }
    assert_eq!(seen, ["Code(1 of 3)", "Redirected", "Expired", "Code(2 of 3)", "AlreadyBound"]);
    assert_eq!(there.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_stale_token_does_not_keep_anybody_from_a_new_login() {
    let server = MockServer::start().await;
    Mock::given(path("/ilink/bot/get_bot_qrcode"))
        .and(body_string_contains("stale"))
        .and(query_param("bot_type", "3"))
        .respond_with(
            ResponseTemplate::new(200).set_body_string(r#"{"ret":-3,"errmsg":"invalid argument"}"#),
        )
        .mount(&server)
        .await;
    codes(&server).await;
    let mut login = process(&server, vec![BotToken::new("stale")]);
    let (_enter, mut digits) = mpsc::channel(1);
    assert!(matches!(login.next(&mut digits).await, LoginEvent::Code { number: 1, .. }));
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_login_without_a_server_says_so() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut login = LoginProcess::new(
        client(&format!("http://{free}")),
        Vec::new(),
        Clock::manual(Timestamp(0)),
        LoginPatience::PICTURE,
    );
    let (_enter, mut digits) = mpsc::channel(1);
    let event = login.next(&mut digits).await;
    assert!(matches!(event, LoginEvent::Failed(LoginFailure::Unreachable(_))), "{event:?}");
}

#[tokio::test]
async fn a_login_ends_when_nobody_can_enter_the_digits_or_the_time_is_up() {
    let server = MockServer::start().await;
    codes(&server).await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_string(r#"{"status":"need_verifycode"}"#))
        .mount(&server)
        .await;
    let clock = Clock::manual(Timestamp(0));
    let mut login =
        LoginProcess::new(client(&server.uri()), Vec::new(), clock.clone(), LoginPatience::PICTURE);
    let (_enter, mut digits) = mpsc::channel(1);
    login.next(&mut digits).await;
    assert!(matches!(login.next(&mut digits).await, LoginEvent::DigitsWanted { .. }));
    clock.advance(480_000);
    assert!(matches!(login.next(&mut digits).await, LoginEvent::Failed(LoginFailure::TimedOut)));

    let mut login = process(&server, Vec::new());
    let (enter, mut digits) = mpsc::channel(1);
    drop(enter);
    login.next(&mut digits).await;
    login.next(&mut digits).await;
    assert!(matches!(login.next(&mut digits).await, LoginEvent::Failed(LoginFailure::NoDigits)));
}
