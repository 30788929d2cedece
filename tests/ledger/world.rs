//! One bridge with one linked contact, and what its store says in the end.

use std::{
    collections::BTreeMap, fs::Permissions, net::SocketAddr, os::unix::fs::PermissionsExt as _,
    time::Duration,
};

use ilink_simulator::{Phone, Simulator};
use matrix_appservice_wechat::{
    bridge::Bridge,
    clock::{Clock, Timestamp},
    config::Config,
    store::{Direction, Outcome, Source, SourceState, Store, transfer},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::homeserver::{Homeserver, SERVER};

/// Who owns the contact.
pub(crate) const OWNER: &str = "@owner:test.example";
pub(crate) const BOT: &str = "@wechatbot:test.example";

/// A running bridge and both its sides.
pub(crate) struct World {
    pub(crate) homeserver: Homeserver,
    _simulator: Simulator,
    pub(crate) phone: Phone,
    pub(crate) room: String,
    pub(crate) ghost: String,
    address: SocketAddr,
    bridge: Bridge,
    folder: TempDir,
    pushed: u64,
}

/// The store of a bridge that has ended.
pub(crate) struct Ledger {
    store: Store,
    _folder: TempDir,
}

impl World {
    /// Starts a bridge whose contact's room is made and empty.
    pub(crate) async fn start() -> Self {
        Self::start_after(|_| Vec::new()).await
    }

    /// Starts a bridge after the contact has sent these messages.
    pub(crate) async fn start_after(written: impl FnOnce(&Phone) -> Vec<Value>) -> Self {
        let (homeserver, simulator) = (Homeserver::start().await, Simulator::start().await);
        simulator.unlimited();
        let (phone, folder) = (simulator.phone("Mum"), TempDir::new().unwrap());
        link(&folder, &phone).await;
        for message in written(&phone) {
            phone.sends_raw(message).await;
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let config = folder.path().join("config.toml");
        std::fs::write(&config, config_of(&homeserver, &simulator, address)).unwrap();
        std::fs::set_permissions(&config, Permissions::from_mode(0o600)).unwrap();
        let config = Config::load(&config, []).unwrap();
        let bridge = Bridge::start(
            config,
            Clock::System,
            listener,
            Some(env!("CARGO_BIN_EXE_matrix-appservice-wechat").into()),
        )
        .await
        .unwrap();
        let greeted = |call: &crate::homeserver::Call| {
            (call.user == BOT).then(|| call.sends("m.room.message").map(str::to_owned)).flatten()
        };
        let room = homeserver.wait(greeted).await;
        let made = |call: &crate::homeserver::Call| {
            (call.path == ["createRoom"]).then(|| call.user.clone())
        };
        let ghost = homeserver.wait(made).await;
        simulator.wait_held_polls(1).await;
        Self {
            homeserver,
            _simulator: simulator,
            phone,
            room,
            ghost,
            address,
            bridge,
            folder,
            pushed: 0,
        }
    }

    /// Writes as the contact, so that the bridge may answer.
    pub(crate) async fn open_window(&self) {
        self.phone.says("hello").await;
        self.settle().await;
    }

    /// Pushes one transaction as the homeserver.
    pub(crate) async fn push(&mut self, body: &Value) {
        self.pushed += 1;
        let txn = self.pushed;
        for event in body["events"].as_array().into_iter().flatten() {
            self.homeserver.put_event(event);
        }
        let url = format!("http://{}/_matrix/app/v1/transactions/{txn}", self.address);
        let request = client().put(url).bearer_auth("ledger-hs-token").body(body.to_string());
        assert_eq!(request.send().await.unwrap().status(), 200);
    }

    /// Pushes one event in a transaction of its own.
    pub(crate) async fn push_event(&mut self, event: &Value) {
        self.push(&json!({ "events": [event] })).await;
    }

    /// Waits until all that came in so far has its end, or waits for the contact.
    pub(crate) async fn settle_to(&self, unfinished: u64) {
        self.phone.wait_acknowledged().await;
        let settled = async {
            while self.get("/ready").await.1["unfinished"] != unfinished {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(120), settled).await.unwrap();
    }

    /// Waits until all that came in so far has its end.
    pub(crate) async fn settle(&self) {
        self.settle_to(0).await;
    }

    /// Returns what the listener says at this path, as it is and as JSON.
    pub(crate) async fn get(&self, path: &str) -> (String, Value) {
        let url = format!("http://{}{path}", self.address);
        let text = client().get(url).send().await.unwrap().text().await.unwrap();
        let json = serde_json::from_str(&text).unwrap_or_default();
        (text, json)
    }

    /// Ends the bridge; both sides are kept for their last words.
    pub(crate) async fn end(self) -> (Homeserver, Ledger) {
        self.bridge.stop(Duration::from_secs(120)).await.unwrap();
        let store = Store::open(&self.folder.path().join("data")).unwrap();
        (self.homeserver, Ledger { store, _folder: self.folder })
    }
}

impl Ledger {
    /// Returns the end of an event.
    pub(crate) fn end_of(&self, event: &str) -> Option<SourceState> {
        self.store.source_seen(&Source::Event(event.try_into().unwrap())).unwrap()
    }

    /// Returns how often each end came about in one direction, by its name.
    pub(crate) fn counts(&self, direction: Direction) -> BTreeMap<String, u64> {
        let all = self.store.outcome_counts().unwrap().into_iter();
        let here = all.filter(|count| count.direction == direction);
        here.map(|count| (name_of(&count.outcome), count.count)).collect()
    }

    /// Counts the work that is not finished.
    pub(crate) fn pending(&self) -> usize {
        self.store.inbox(None, usize::MAX).unwrap().len()
    }
}

/// Returns the name of an end: `refused sticker`, `delivered`, …
pub(crate) fn name_of(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Delivered => "delivered".to_owned(),
        Outcome::Unconfirmed => "unconfirmed".to_owned(),
        Outcome::Refused(why) => format!("refused {why}"),
        Outcome::Ignored(why) => format!("ignored {why}"),
        Outcome::Cancelled => "cancelled".to_owned(),
    }
}

/// Counts how often each name is there.
pub(crate) fn tally<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for name in names {
        *counts.entry(name.to_owned()).or_default() += 1;
    }
    counts
}

async fn link(folder: &TempDir, phone: &Phone) {
    let token = phone.bind();
    let line = json!({
        "owner": OWNER, "bot_id": phone.bot_id(), "token": token,
        "contact_id": phone.user_id(), "name": phone.name(),
    });
    let store = Store::open(&folder.path().join("data")).unwrap();
    let report =
        transfer::import_lines(&store, line.to_string().as_bytes(), &|_, _| Ok(()), Timestamp(1))
            .await;
    assert_eq!(report.unwrap().added, 1);
    store.close().await.unwrap();
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

fn config_of(homeserver: &Homeserver, simulator: &Simulator, listen: SocketAddr) -> String {
    let (api, cdn) = (simulator.api_url(), simulator.cdn_url());
    let plain = [api.trim_start_matches("http://").to_owned(), simulator.redirect_host()];
    let homeserver = homeserver.address;
    format!(
        r#"
[homeserver]
url = "http://{homeserver}"
server_name = "{SERVER}"
[appservice]
listen = "{listen}"
url = "http://{listen}"
bot = "wechatbot"
as_token = "ledger-as-token"
hs_token = "ledger-hs-token"
[bridge.permissions]
"{OWNER}" = "user"
[ilink]
api_base = "{api}"
cdn_base = "{cdn}"
plain_http = {plain:?}
[delivery]
interval_ms = 0
merge = false
warn = false
[store]
path = "data"
"#
    )
}
