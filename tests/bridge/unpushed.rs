//! The homeserver does not push everything: what it kept is found in the rooms.

use std::{
    fs,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use reqwest::Client;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time::timeout};

use crate::support::{
    Person, Proxy, Trouble, World, group_texts as texts, listen,
    synapse::{Synapse, free_address},
};

#[tokio::test(flavor = "multi_thread")]
async fn what_the_homeserver_does_not_push_is_found_and_comes_once() {
    let mut world = World::idle().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    phone.says("hello").await;
    alice.wait_said(&portal, "hello").await;
    let drawer = Drawer::before(&mut world).await;
    alice.say(&portal, "kept one").await;
    alice.say(&portal, "pushed").await;
    phone.wait_text("pushed").await;
    drawer.wait_kept(1).await;
    world.stop().await;
    alice.say(&portal, "kept while nobody is there").await;
    world.resume().await;
    phone.wait_shows(3).await;
    drawer.empty().await;
    let last = alice.say(&portal, "last").await;
    alice.wait_receipt(&portal, &last).await;
    // A look may come between the two of the beginning.
    let mut shown = texts(&phone);
    shown.sort();
    assert_eq!(shown, ["kept one", "kept while nobody is there", "last", "pushed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_homeserver_forgets_at_its_end_is_found() {
    let synapse = Synapse::own().await;
    let mut world = World::idle_on(&synapse).await;
    let alice = Person::new(&synapse, "alice").await;
    let (phone, portal) = world.link(&alice, "Mum").await;
    phone.says("hello").await;
    alice.wait_said(&portal, "hello").await;
    world.stop().await;
    for text in ["one", "two", "three"] {
        alice.say(&portal, text).await;
    }
    synapse.stop().await;
    synapse.start().await;
    world.resume().await;
    phone.wait_shows(3).await;
    assert_eq!(texts(&phone), ["one", "two", "three"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_before_the_bridge_was_there_is_not_brought() {
    let mut world = World::idle().await;
    let synapse = Synapse::shared().await;
    let (alice, bob) = tokio::join!(Person::new(synapse, "alice"), Person::new(synapse, "bob"));
    let (phone, portal) = world.link(&alice, "Mum").await;
    phone.says("hello").await;
    alice.wait_said(&portal, "hello").await;
    let rooms = bob.rooms();
    let room = alice.make_room(&[&bob.user_id], &[]).await;
    assert_eq!(bob.wait_new_room(&rooms).await, room);
    bob.say(&room, "among us").await;
    alice.invite(&room, &world.bot()).await;
    alice.wait_said(&room, "I am the WeChat bridge").await;
    let answer = alice.ask(&world, &room, "!wechat bridge Mum").await;
    assert!(answer.contains("Mum is now in this room"), "{answer}");
    let drawer = Drawer::before(&mut world).await;
    bob.say(&room, "kept for all").await;
    drawer.wait_kept(1).await;
    phone.wait_for(|shown| shown.text.ends_with(": kept for all")).await;
    assert_eq!(texts(&phone).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_before_a_store_began_comes_before_what_is_found_later() {
    let mut world = World::idle().await;
    let proxy = Proxy::to(&world.slot.base_url).await;
    // Synapse would answer the first sync of the next start with this one's answer.
    proxy.trouble("/v3/sync", Trouble::Refusal(404, "M_UNRECOGNIZED"));
    world.slot.base_url = proxy.url();
    world.write_config("");
    world.resume().await;
    let alice = Person::new(Synapse::shared().await, "alice").await;
    let room = alice.management_room(&world).await;
    world.stop().await;
    fs::remove_dir_all(world.store_path()).unwrap();
    proxy.heal();
    proxy.trouble("/v3/sync", Trouble::Slow);
    let looks = proxy.met();
    let drawer = Drawer::shut(&mut world).await;
    alice.say(&room, "!wechat older").await;
    world.resume().await;
    // The first look is over, which only takes a place.
    proxy.wait_met(looks + 2).await;
    alice.say(&room, "!wechat younger").await;
    proxy.wait_met(looks + 4).await;
    drawer.way.is_shut.store(false, Ordering::Relaxed);
    let mut times = Vec::new();
    for command in ["older", "younger"] {
        let answer = format!("I do not know the command `{command}`.");
        times.push(alice.wait_said(&room, &answer).await.at());
    }
    assert!(times.is_sorted(), "{times:?}");
    world.end().await;
}

/// Stands between the homeserver and the bridge, and keeps what says so.
struct Drawer {
    way: Way,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Way {
    bridge: SocketAddr,
    client: Client,
    is_open: Arc<AtomicBool>,
    is_shut: Arc<AtomicBool>,
    kept: Arc<watch::Sender<Vec<(Parts, Bytes)>>>,
}

impl Drawer {
    /// Puts itself between the two; the bridge is started again.
    async fn before(world: &mut World) -> Self {
        world.stop().await;
        let drawer = Self::shut(world).await;
        drawer.way.is_shut.store(false, Ordering::Relaxed);
        world.resume().await;
        drawer
    }

    /// Puts itself between the two, before the bridge starts, and lets nothing through.
    #[expect(clippy::disallowed_methods, reason = "the bridge's tasks are not the drawer's")]
    async fn shut(world: &mut World) -> Self {
        let listener: TcpListener = listen(world.slot.listen).await;
        world.slot.listen = free_address();
        world.write_config("");
        let client = Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
        let way = Way {
            bridge: world.slot.listen,
            client,
            is_open: Arc::default(),
            is_shut: Arc::new(AtomicBool::new(true)),
            kept: Arc::new(watch::Sender::new(Vec::new())),
        };
        let router = Router::new().fallback(pass).with_state(way.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { way, task }
    }

    async fn wait_kept(&self, count: usize) {
        let mut kept = self.way.kept.subscribe();
        let enough = kept.wait_for(|kept| kept.len() >= count);
        timeout(PATIENCE, enough).await.expect("it is pushed").unwrap();
    }

    /// Brings what was kept, and keeps nothing any more.
    async fn empty(&self) {
        self.way.is_open.store(true, Ordering::Relaxed);
        let kept = self.way.kept.send_replace(Vec::new());
        for (head, body) in kept {
            assert_eq!(self.way.bring(&head, body).await.status(), StatusCode::OK);
        }
    }
}

impl Drop for Drawer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Way {
    async fn bring(&self, head: &Parts, body: Bytes) -> Response {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let url = format!("http://{}{path}", self.bridge);
        let mut passed = self.client.request(head.method.clone(), url).body(body);
        for name in [header::AUTHORIZATION, header::CONTENT_TYPE] {
            if let Some(value) = head.headers.get(&name) {
                passed = passed.header(name, value);
            }
        }
        match passed.send().await {
            Ok(answer) => {
                (answer.status(), Body::from(answer.bytes().await.unwrap())).into_response()
            }
            Err(_) => StatusCode::BAD_GATEWAY.into_response(),
        }
    }
}

async fn pass(State(way): State<Way>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    if way.is_shut.load(Ordering::Relaxed) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let is_kept = String::from_utf8_lossy(&body).contains(r#""body":"kept "#);
    if is_kept && !way.is_open.load(Ordering::Relaxed) {
        way.kept.send_modify(|kept| kept.push((head, body)));
        return (StatusCode::OK, "{}").into_response();
    }
    way.bring(&head, body).await
}

const PATIENCE: Duration = Duration::from_secs(120);
