use ruma::{owned_device_id, user_id};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::matrix::{AsToken, HomeserverOptions};

/// A short time limit for waits that must end; [`LONG`] is for limits that must not matter.
const SHORT: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_secs(3600);

/// How the test's homeserver treats its one connection.
#[derive(Clone, Copy)]
enum Manner {
    /// The homeserver reads nothing.
    Deaf,
    /// The homeserver reads everything and does not answer.
    Mute,
    /// The homeserver sends half of its answer.
    Halting,
}

async fn homeserver(manner: Manner) -> Intent {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test's server ends with the test")]
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        behave(socket, manner).await;
    });
    let as_token = AsToken::new("as-secret");
    let options =
        HomeserverOptions { url, as_token, device_id: owned_device_id!("WX"), proxy: None };
    Homeserver::new(options).unwrap().intent(user_id!("@wechat_x:b.org"))
}

async fn behave(mut socket: TcpStream, manner: Manner) {
    let mut buffer = vec![0; 65_536];
    if let Manner::Halting = manner {
        let _ = socket.read(&mut buffer).await.unwrap();
        let half = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n01234";
        socket.write_all(half).await.unwrap();
    }
    while let (Manner::Mute, Ok(1..)) = (manner, socket.read(&mut buffer).await) {}
    // The connection stays open.
    std::future::pending().await
}

fn file(len: usize) -> (TempDir, Spool) {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Spools::new(folder.path().to_owned()).create(false).unwrap();
    writer.write_all(&vec![7; len]).unwrap();
    (folder, writer.finish())
}

fn upload() -> create_content::v3::Request {
    create_content::v3::Request::new(Vec::new())
}

#[tokio::test]
async fn an_upload_that_nobody_takes_has_stalled() {
    let ghost = homeserver(Manner::Deaf).await;
    // More than the system buffers for a connection.
    let (_folder, spool) = file(64 << 20);
    let sent = ghost
        .bring(
            upload(),
            &spool,
            TransferPatience { idle: SHORT, answer: LONG, speed: Speed::USUAL },
        )
        .await;
    assert!(matches!(sent, Err(Error::Stalled)), "{sent:?}");
}

#[tokio::test]
async fn an_upload_without_an_answer_has_stalled() {
    let ghost = homeserver(Manner::Mute).await;
    let (_folder, spool) = file(CHUNKS_AND_A_BIT);
    let sent = ghost
        .bring(
            upload(),
            &spool,
            TransferPatience { idle: LONG, answer: SHORT, speed: Speed::USUAL },
        )
        .await;
    assert!(matches!(sent, Err(Error::Stalled)), "{sent:?}");
}

#[tokio::test]
async fn a_download_that_stops_has_stalled() {
    let ghost = homeserver(Manner::Halting).await;
    let folder = tempfile::tempdir().unwrap();
    let spools = Spools::new(folder.path().to_owned());
    let request = get_content::v1::Request::new("abc".into(), ruma::owned_server_name!("b.org"));
    let request = ghost.homeserver().prepared(request, ghost.identity()).unwrap();
    let patience = TransferPatience { idle: SHORT, answer: LONG, speed: Speed::USUAL };
    let got = ghost.fetch(request, 10, || Intake::open(&spools, false), patience).await;
    assert!(matches!(got, Err(Error::Stalled)), "{got:?}");
}

#[tokio::test]
async fn a_file_that_the_disk_loses_is_not_the_homeservers_fault() {
    let ghost = homeserver(Manner::Mute).await;
    let (_folder, spool) = file(CHUNKS_AND_A_BIT);
    spool.handle().unwrap().set_len(1000).unwrap();
    let sent = ghost
        .bring(upload(), &spool, TransferPatience { idle: LONG, answer: LONG, speed: Speed::USUAL })
        .await;
    let Err(Error::Disk(why)) = sent else { panic!("{sent:?}") };
    assert_eq!(why.kind(), io::ErrorKind::UnexpectedEof);
}

const CHUNKS_AND_A_BIT: usize = crate::spool::CHUNK * 3 + 5;
