//! A real Synapse for the stories, started by `scripts/synapse` on a memory file system.
//!
//! Synapse reads registrations only when it starts, so each one starts with a row of them and a
//! story takes a free [`Slot`]. Which story is on which server is for `shared.rs`. Nothing here
//! knows the bridge.
#![expect(clippy::expect_used, reason = "a story without its homeserver has to stop")]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

/// A homeserver with free appservice registrations; it ends with the test process, however
/// that ends.
pub(crate) struct Synapse {
    /// `http://127.0.0.1:PORT`, which a restart keeps.
    pub(crate) base_url: String,
    port: u16,
    slots: Vec<Slot>,
    slots_taken: AtomicUsize,
    users_made: AtomicUsize,
    process: Mutex<Option<Process>>,
    // After `process`: fields drop in this order.
    folder: TempDir,
}

/// One appservice registration that Synapse knows and no other story uses.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    /// The registration's id, `wechat07`.
    pub(crate) id: String,
    pub(crate) as_token: String,
    pub(crate) hs_token: String,
    /// A user that is never registered: Synapse refuses `/sync` for it, so the bot is another.
    pub(crate) sender_localpart: String,
    /// `wx07bot`.
    pub(crate) bot_localpart: String,
    /// `wx07_`: what the localparts of the ghosts begin with.
    pub(crate) ghost_prefix: String,
    /// Where Synapse sends transactions; free until the bridge binds it.
    pub(crate) listen: SocketAddr,
    pub(crate) server_name: String,
    /// The homeserver's address.
    pub(crate) base_url: String,
    /// What the homeserver logs.
    pub(crate) log: PathBuf,
}

/// A Matrix user of this story alone.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) user_id: String,
    pub(crate) access_token: String,
    pub(crate) device_id: String,
}

impl Synapse {
    /// Starts a server of the story's own, which it may stop and start. A story with thousands of
    /// events in one room wants one, too: Synapse keeps a list for each registration that grows
    /// with them and searches it for each.
    pub(crate) async fn own() -> Self {
        Self::with_slots(OWN_SLOTS).await
    }

    /// Takes a registration that no other bridge has.
    pub(crate) fn slot(&self) -> Slot {
        let taken = self.slots_taken.fetch_add(1, Ordering::Relaxed);
        self.slots
            .get(taken)
            .cloned()
            .expect("more slots asked for than there are: raise SLOTS_OF_STORY or OWN_SLOTS")
    }

    /// Makes a user whose localpart begins with `name` and is used once.
    pub(crate) async fn user(&self, name: &str) -> User {
        let number = self.users_made.fetch_add(1, Ordering::Relaxed);
        let body = json!({
            "username": format!("{name}-{number}"),
            "password": "only its client uses it",
            "auth": { "type": "m.login.dummy" },
        });
        let client = reqwest::Client::builder().no_proxy().build().expect("a client can be made");
        let request = client.post(format!("{}/_matrix/client/v3/register", self.base_url));
        let answer = request.body(body.to_string()).send().await.expect("Synapse answers");
        let answer = answer.text().await.expect("Synapse answers with text");
        let fields: Value = serde_json::from_str(&answer).expect("Synapse answers with JSON");
        let field = |key: &str| {
            let text = fields[key].as_str();
            text.unwrap_or_else(|| panic!("no user was made: {answer}")).to_owned()
        };
        User {
            user_id: field("user_id"),
            access_token: field("access_token"),
            device_id: field("device_id"),
        }
    }

    /// Kills the server, which no story needs any more.
    pub(super) fn kill(&self) {
        drop(self.process.lock().expect("no holder of the lock panics").take());
    }

    /// Returns how many registrations were taken.
    pub(super) fn slots_taken(&self) -> usize {
        self.slots_taken.load(Ordering::Relaxed)
    }

    /// Stops the server as an administrator would; rooms, users and tokens stay.
    pub(crate) async fn stop(&self) {
        let process = self.process.lock().expect("no holder of the lock panics").take();
        let process = process.expect("the server runs before it is stopped");
        blocking(move || process.stop()).await;
    }

    /// Has the server read this registration as well, beside those of the slots.
    pub(crate) async fn install(&self, registration: &str) {
        self.stop().await;
        std::fs::write(self.installed(), registration)
            .expect("the temporary folder can be written");
        self.start().await;
    }

    fn installed(&self) -> PathBuf {
        self.folder.path().join("installed.yaml")
    }

    /// Starts the server again on its port, and returns when it answers.
    pub(crate) async fn start(&self) {
        let mut command = script();
        command.args(["run", "--scratch"]).arg(self.folder.path()).arg(self.port.to_string());
        command.args((0..self.slots.len()).map(|slot| registration_path(self.folder.path(), slot)));
        command.args(Some(self.installed()).filter(|file| file.exists()));
        let process = blocking(move || Process::start(command)).await;
        *self.process.lock().expect("no holder of the lock panics") = Some(process);
    }

    pub(super) async fn with_slots(count: usize) -> Self {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = tempfile::Builder::new().prefix("wechat-synapse-").tempdir_in(parent);
        let folder = folder.expect("a temporary folder can be made");
        let port = free_port();
        let base_url = format!("http://127.0.0.1:{port}");
        let slots: Vec<Slot> =
            (0..count).map(|number| Slot::new(number, &base_url, folder.path())).collect();
        for (number, slot) in slots.iter().enumerate() {
            // JSON is YAML.
            std::fs::write(
                registration_path(folder.path(), number),
                slot.registration().to_string(),
            )
            .expect("the temporary folder can be written");
        }
        let synapse = Self {
            base_url,
            port,
            slots,
            slots_taken: AtomicUsize::new(0),
            users_made: AtomicUsize::new(0),
            process: Mutex::new(None),
            folder,
        };
        synapse.start().await;
        synapse
    }
}

impl Slot {
    fn new(number: usize, base_url: &str, folder: &Path) -> Self {
        Self {
            id: format!("wechat{number:02}"),
            as_token: format!("as-token-of-slot-{number:02}"),
            hs_token: format!("hs-token-of-slot-{number:02}"),
            sender_localpart: format!("wx{number:02}-sender"),
            bot_localpart: format!("wx{number:02}bot"),
            ghost_prefix: format!("wx{number:02}_"),
            listen: free_address(),
            server_name: SERVER_NAME.to_owned(),
            base_url: base_url.to_owned(),
            log: folder.join("homeserver.log"),
        }
    }

    fn registration(&self) -> Value {
        let Self { bot_localpart, ghost_prefix, server_name, .. } = self;
        json!({
            "id": self.id,
            "url": format!("http://{}", self.listen),
            "as_token": self.as_token,
            "hs_token": self.hs_token,
            "sender_localpart": self.sender_localpart,
            "rate_limited": false,
            "receive_ephemeral": true,
            "de.sorunome.msc2409.push_ephemeral": true,
            "org.matrix.msc3202": true,
            "io.element.msc4190": true,
            "namespaces": {
                "users": [
                    { "exclusive": true, "regex": format!("@{ghost_prefix}.*:{server_name}") },
                    { "exclusive": true, "regex": format!("@{bot_localpart}:{server_name}") },
                ],
                "aliases": [{ "exclusive": true, "regex": format!("#{ghost_prefix}.*:{server_name}") }],
                "rooms": [],
            },
        })
    }
}

/// The running server. The launcher watches its stdin: a closed one, which is also what a
/// killed test process leaves, kills the server and removes its folder.
struct Process(Child);

impl Process {
    fn start(mut command: Command) -> Self {
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("scripts/synapse runs");
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let mut said = String::new();
        BufReader::new(stdout).read_line(&mut said).expect("the launcher writes text");
        assert_eq!(said.trim(), "ready", "Synapse did not start");
        Self(child)
    }

    fn stop(mut self) {
        let stdin = self.0.stdin.as_mut().expect("stdin is a pipe");
        stdin.write_all(b"stop\n").expect("the launcher listens as long as the server runs");
        self.0.wait().expect("the server can be waited for");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // The folder goes only after the server. One that was stopped is waited for already.
        self.0.wait().ok();
    }
}

/// Returns the command of the script, or ends the test with the sentence that helps.
fn script() -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let installed = root.join(".local/venv/bin/python").exists();
    assert!(installed, "Synapse is not installed: run ./test (or scripts/prepare) first");
    let mut command = Command::new("python3");
    command.arg(root.join("scripts/synapse"));
    command
}

fn registration_path(folder: &Path, slot: usize) -> PathBuf {
    folder.join(format!("registration-{slot:02}.yaml"))
}

/// Returns an address on this machine at which nothing listens yet.
pub(crate) fn free_address() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()))
}

async fn blocking<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
    spawn_blocking(call).await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// Finds a free port below the range that systems hand to outgoing connections, so that it is still
/// free when a bridge binds it later. Test processes begin at different places.
fn free_port() -> u16 {
    static TRIED: AtomicUsize = AtomicUsize::new(0);
    let first = std::process::id() as usize * PORTS_PER_PROCESS;
    loop {
        let tried = TRIED.fetch_add(1, Ordering::Relaxed);
        let port =
            FIRST_PORT + u16::try_from((first + tried) % usize::from(PORTS)).expect("below PORTS");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

const SERVER_NAME: &str = "localhost";
const OWN_SLOTS: usize = 2;
const FIRST_PORT: u16 = 10_000;
const PORTS: u16 = 22_000;
const PORTS_PER_PROCESS: usize = 640;
