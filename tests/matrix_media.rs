//! Files on their way to the homeserver and from it, seen from the wire.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::io::Write as _;

use matrix_appservice_wechat::{
    matrix::{AsToken, Error, Homeserver, HomeserverOptions, Intent},
    spool::{CHUNK, Spool, Spools},
};
use ruma::{mxc_uri, owned_device_id, user_id};
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

const NEW: &str = "/_matrix/client/v1/media/download/b.org/abc";
const OLD: &str = "/_matrix/media/v3/download/b.org/abc";
const CONFIG: &str = "/_matrix/client/v1/media/config";
const UPLOAD: &str = "/_matrix/media/v3/upload";

fn homeserver(url: &str) -> Homeserver {
    let options = HomeserverOptions {
        url: url.parse().unwrap(),
        as_token: AsToken::new("as-secret"),
        device_id: owned_device_id!("WX"),
        proxy: None,
    };
    Homeserver::new(options).unwrap()
}

fn ghost(url: &str) -> Intent {
    homeserver(url).intent(user_id!("@wechat_x:b.org"))
}

fn folder() -> (TempDir, Spools) {
    let folder = tempfile::tempdir().unwrap();
    let spools = Spools::new(folder.path().to_owned());
    (folder, spools)
}

fn file(spools: &Spools, content: &[u8]) -> Spool {
    let mut writer = spools.create(false).unwrap();
    writer.write_all(content).unwrap();
    writer.finish()
}

fn content() -> Vec<u8> {
    (0..CHUNK * 3 + 5).map(|at| (at % 251) as u8).collect()
}

async fn on(server: &MockServer, at: &str, answer: ResponseTemplate) {
    Mock::given(path(at)).respond_with(answer).mount(server).await;
}

fn unrecognized() -> ResponseTemplate {
    ResponseTemplate::new(404).set_body_json(json!({ "errcode": "M_UNRECOGNIZED", "error": "?" }))
}

async fn get(server: &MockServer, limit: u64) -> Result<Vec<u8>, Error> {
    let (_folder, spools) = folder();
    let spool =
        ghost(&server.uri()).download(mxc_uri!("mxc://b.org/abc"), limit, true, &spools).await?;
    assert!(spool.md5().is_some());
    let mut bytes = vec![0; usize::try_from(spool.len()).unwrap()];
    spool.read_at(&mut bytes, 0).unwrap();
    Ok(bytes)
}

#[tokio::test]
async fn an_upload_carries_its_length_its_type_and_its_name() {
    let server = MockServer::start().await;
    on(
        &server,
        CONFIG,
        ResponseTemplate::new(200).set_body_json(json!({ "m.upload.size": 1 << 20 })),
    )
    .await;
    let stored =
        ResponseTemplate::new(200).set_body_json(json!({ "content_uri": "mxc://b.org/1" }));
    Mock::given(method("POST")).and(path(UPLOAD)).respond_with(stored).mount(&server).await;
    let (_folder, spools) = folder();
    let (ghost, spool) = (ghost(&server.uri()), file(&spools, &content()));
    for _ in 0..2 {
        let uri = ghost.upload_spool(&spool, "image/png", Some("小猫.png")).await.unwrap();
        assert_eq!(uri, "mxc://b.org/1");
    }
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 3, "the limit is asked for once");
    let upload = &requests[1];
    assert_eq!(upload.body, content());
    assert_eq!(upload.headers["content-length"], content().len().to_string().as_str());
    assert!(!upload.headers.contains_key("transfer-encoding"));
    assert_eq!(upload.headers["content-type"], "image/png");
    assert_eq!(upload.headers["authorization"], "Bearer as-secret");
    let query: Vec<_> = upload.url.query_pairs().map(|(_, value)| value.into_owned()).collect();
    for value in ["小猫.png", "@wechat_x:b.org", "WX"] {
        assert!(query.iter().any(|it| it == value), "{query:?}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_not_begun() {
    let server = MockServer::start().await;
    on(&server, CONFIG, ResponseTemplate::new(200).set_body_json(json!({ "m.upload.size": 9 })))
        .await;
    let (_folder, spools) = folder();
    let spool = file(&spools, b"0123456789");
    let refused = ghost(&server.uri()).upload_spool(&spool, "text/plain", None).await;
    assert!(matches!(refused, Err(Error::TooLarge)));
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_homeserver_that_names_no_limit_has_none_and_may_still_refuse() {
    for silent in [unrecognized(), ResponseTemplate::new(200).set_body_json(json!({}))] {
        let server = MockServer::start().await;
        on(&server, CONFIG, silent).await;
        on(&server, UPLOAD, ResponseTemplate::new(413)).await;
        let (_folder, spools) = folder();
        let spool = file(&spools, b"0123456789");
        let refused = ghost(&server.uri()).upload_spool(&spool, "text/plain", None).await;
        assert!(matches!(refused, Err(Error::TooLarge)), "{refused:?}");
    }
}

#[tokio::test]
async fn a_download_is_what_the_homeserver_has() {
    let server = MockServer::start().await;
    on(&server, NEW, ResponseTemplate::new(200).set_body_bytes(content())).await;
    assert_eq!(get(&server, content().len() as u64).await.unwrap(), content());
    let request = &server.received_requests().await.unwrap()[0];
    assert_eq!(request.headers["authorization"], "Bearer as-secret");
    assert!(request.url.query().unwrap_or_default().contains("wechat_x"));
}

#[tokio::test]
async fn an_older_homeserver_is_asked_where_it_has_them() {
    let server = MockServer::start().await;
    on(&server, NEW, unrecognized()).await;
    on(&server, OLD, ResponseTemplate::new(200).set_body_bytes("old")).await;
    assert_eq!(get(&server, 3).await.unwrap(), b"old");
    let server = MockServer::start().await;
    on(&server, NEW, unrecognized()).await;
    on(&server, OLD, unrecognized()).await;
    assert!(matches!(get(&server, 3).await, Err(Error::Rejected { .. })));
}

#[tokio::test]
async fn what_is_not_there_or_too_long_is_refused() {
    let server = MockServer::start().await;
    let gone = ResponseTemplate::new(404).set_body_json(json!({ "errcode": "M_NOT_FOUND" }));
    on(&server, NEW, gone).await;
    assert!(matches!(get(&server, 9).await, Err(Error::NotFound)));
    let server = MockServer::start().await;
    on(&server, NEW, ResponseTemplate::new(200).set_body_bytes("0123456789")).await;
    assert!(matches!(get(&server, 9).await, Err(Error::TooLarge)));
    let (_folder, spools) = folder();
    let nowhere =
        ghost(&server.uri()).download("https://b.org/abc".into(), 9, false, &spools).await;
    assert!(matches!(nowhere, Err(Error::NotFound)));
}

#[tokio::test]
async fn files_on_their_way_count_as_requests() {
    let server = MockServer::start().await;
    on(&server, CONFIG, ResponseTemplate::new(200).set_body_json(json!({}))).await;
    on(&server, UPLOAD, ResponseTemplate::new(413)).await;
    on(&server, NEW, ResponseTemplate::new(200).set_body_bytes("0123456789")).await;
    let (_folder, spools) = folder();
    let homeserver = homeserver(&server.uri());
    let ghost = homeserver.intent(user_id!("@wechat_x:b.org"));
    let refused = ghost.upload_spool(&file(&spools, b"0123456789"), "text/plain", None).await;
    assert!(matches!(refused, Err(Error::TooLarge)));
    for limit in [3, 10] {
        // The homeserver has done its part, whatever is taken of it.
        let fetched = ghost.download(mxc_uri!("mxc://b.org/abc"), limit, false, &spools).await;
        assert_eq!(fetched.is_ok(), limit == 10, "{fetched:?}");
    }
    let counted: Vec<_> = homeserver.requests().filter(|(_, count)| *count > 0).collect();
    assert_eq!(counted, [("ok", 3), ("refused", 1)]);
}

/// Answers one request with these bytes and hangs up.
async fn saying(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    #[expect(clippy::disallowed_methods, reason = "a test's server ends with the test")]
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        let _ = socket.read(&mut request).await.unwrap();
        socket.write_all(answer).await.unwrap();
        socket.shutdown().await.unwrap();
    });
    url
}

#[tokio::test]
async fn half_a_file_is_no_file() {
    for (answer, is_cut) in [
        (&b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n01234"[..], true),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n01234\r\n", true),
        // A length that is not said is counted.
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n01234\r\n0\r\n\r\n", false),
    ] {
        let (_folder, spools) = folder();
        let ghost = ghost(&saying(answer).await);
        let limit = if is_cut { 10 } else { 4 };
        let got = ghost.download(mxc_uri!("mxc://b.org/abc"), limit, false, &spools).await;
        match got {
            Err(Error::Unreachable(_)) => assert!(is_cut),
            Err(Error::TooLarge) => assert!(!is_cut),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_disk_that_fails_is_not_the_homeservers_fault() {
    let server = MockServer::start().await;
    on(&server, NEW, ResponseTemplate::new(200).set_body_bytes(content())).await;
    let nowhere = Spools::new("/nowhere/at/all".into());
    let ghost = ghost(&server.uri());
    let failed = ghost.download(mxc_uri!("mxc://b.org/abc"), 1 << 30, false, &nowhere).await;
    assert!(matches!(failed, Err(Error::Disk(_))), "{failed:?}");
}
