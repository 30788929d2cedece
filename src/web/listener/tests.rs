use axum::routing::{get, post};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::oneshot;

use super::*;

const LONG: Duration = Duration::from_secs(600);

struct Served {
    address: std::net::SocketAddr,
    ends: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

#[expect(clippy::disallowed_methods, reason = "a test's server ends with the test")]
async fn served(router: Router, bounds: Bounds) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (ends, ended) = oneshot::channel();
    let ended = async { drop(ended.await) };
    Served { address, ends, task: tokio::spawn(serve(listener, router, bounds, ended)) }
}

fn router() -> Router {
    Router::new().route("/", get(|| async { "here" })).route("/deaf", post(|| async { "no" }))
}

impl Served {
    async fn say(&self, words: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(words.as_bytes()).await.unwrap();
        stream
    }
}

async fn heard(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

const ASKING: &str = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn slow_connections_never_keep_another_one_out() {
    let here = served(router(), Bounds { connections: 4, head: LONG, idle: LONG }).await;
    let mut slow = Vec::new();
    for _ in 0..200 {
        slow.push(here.say("GET / HTTP/1.1\r\nx: ").await);
        if slow.len() % 50 == 0 {
            assert!(heard(here.say(ASKING).await).await.ends_with("here"));
        }
    }
    // All but those within the limit are closed.
    for stream in slow.drain(..190) {
        assert_eq!(heard(stream).await, "");
    }
}

#[tokio::test]
async fn a_request_in_hand_is_never_given_up_for_another() {
    let (go, gone) = tokio::sync::watch::channel(false);
    let (told, mut asked) = tokio::sync::mpsc::channel(1);
    let slow = get(move || {
        let (mut gone, told) = (gone.clone(), told.clone());
        async move {
            told.send(()).await.unwrap();
            gone.wait_for(|gone| *gone).await.unwrap();
            "late"
        }
    });
    let router = router().route("/slow", slow);
    let here = served(router, Bounds { connections: 2, head: LONG, idle: LONG }).await;
    let waiting = here.say("GET /slow HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    asked.recv().await.unwrap();
    for _ in 0..20 {
        assert!(heard(here.say(ASKING).await).await.ends_with("here"));
    }
    go.send(true).unwrap();
    assert!(heard(waiting).await.ends_with("late"));
}

#[tokio::test]
async fn a_silent_connection_is_closed_before_its_first_request_and_after_it() {
    let short = Duration::from_millis(50);
    let here = served(router(), Bounds { connections: 9, head: short, idle: LONG }).await;
    assert_eq!(heard(here.say("GET / HT").await).await, "");
    let here = served(router(), Bounds { connections: 9, head: LONG, idle: short }).await;
    assert!(heard(here.say("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await).await.ends_with("here"));
}

#[tokio::test]
async fn http_2_is_not_spoken() {
    let here = served(router(), Bounds { connections: 9, head: LONG, idle: LONG }).await;
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0";
    let answer = heard(here.say(preface).await).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer:?}");
}

#[tokio::test]
async fn the_end_waits_for_no_idle_connection() {
    let here = served(router(), Bounds { connections: 9, head: LONG, idle: LONG }).await;
    let idle = here.say("GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let silent = here.say("").await;
    here.ends.send(()).unwrap();
    here.task.await.unwrap();
    drop((idle, silent));
}
