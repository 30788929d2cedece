//! The bridge program as a system would run it: started again whenever it dies; and the folder by
//! which it is told where to die.

use std::{
    fs::{self, File},
    os::unix::process::ExitStatusExt as _,
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use tempfile::TempDir;
use tokio::{process::Command, sync::watch, task::JoinHandle, time::timeout};

use crate::support::{World, program};

/// The program and its guard; both end with this handle.
pub(super) struct Daemon {
    folder: TempDir,
    log: PathBuf,
    wanted: watch::Sender<bool>,
    life: watch::Sender<Life>,
    running: JoinHandle<()>,
    orders: usize,
}

/// What is known of the program.
#[derive(Clone, Default)]
struct Life {
    pid: Option<u32>,
    /// How often it died where it was told to.
    deaths: usize,
    /// Ends that the story did not ask for.
    odd: Vec<String>,
    /// How many places had been passed when it was started.
    places_before: usize,
}

impl Daemon {
    /// Starts the program on the world's config.
    #[expect(clippy::disallowed_methods, reason = "the bridge's tasks are not the daemon's")]
    pub(super) fn start(world: &World) -> Self {
        let folder = TempDir::new().unwrap();
        let (wanted, life) = (watch::Sender::new(true), watch::Sender::new(Life::default()));
        let log = program::log_path(world);
        let run = Run {
            config: world.config_path(),
            log: log.clone(),
            folder: folder.path().to_owned(),
            wanted: wanted.subscribe(),
            life: life.clone(),
        };
        let running = tokio::spawn(run.again_and_again());
        Self { folder, log, wanted, life, running, orders: 0 }
    }

    /// Ends the program in order and keeps it down. It may die on the way, where it was told to.
    pub(super) async fn stop(&self) {
        self.wanted.send_replace(false);
        let pid = self.life.borrow().pid;
        if let Some(pid) = pid {
            let kill = Command::new("kill").args(["-s", "TERM", &pid.to_string()]).status().await;
            kill.unwrap();
        }
        let mut life = self.life.subscribe();
        let down = timeout(PATIENCE, life.wait_for(|life| life.pid.is_none())).await;
        down.expect("the program ends").unwrap();
    }

    /// Lets the program run again.
    pub(super) fn resume(&self) {
        self.wanted.send_replace(true);
    }

    /// Has the program die when it passes this place for the so-manieth time from now.
    pub(super) fn arm(&mut self, place: &str, time: usize) {
        self.orders += 1;
        let written = self.folder.path().join("being-written");
        fs::write(&written, format!("{} {time}\n{place}", self.orders)).unwrap();
        fs::rename(written, self.armed()).unwrap();
    }

    /// Takes the last order back; true when it was carried out.
    pub(super) fn disarm(&self) -> bool {
        fs::remove_file(self.armed()).is_err()
    }

    /// Counts how often the program died where it was told to.
    pub(super) fn deaths(&self) -> usize {
        self.life.borrow().deaths
    }

    /// Waits until the program has died so often where it was told to.
    pub(super) async fn wait_deaths(&self, deaths: usize) {
        let mut life = self.life.subscribe();
        let died = timeout(PATIENCE, life.wait_for(|life| life.deaths >= deaths)).await;
        died.expect("the program dies").unwrap();
    }

    /// Returns every place that the program has passed, in order.
    pub(super) fn passed(&self) -> Vec<String> {
        passed(self.folder.path())
    }

    /// Returns the ends of the program that the story did not ask for.
    pub(super) fn odd_ends(&self) -> Vec<String> {
        self.life.borrow().odd.clone()
    }

    /// Returns whether no request and no commit of the present run is under way, polls aside.
    pub(super) fn rests(&self) -> bool {
        let places = self.passed();
        let ours = places.get(self.life.borrow().places_before..).unwrap_or_default();
        let of =
            |moment: &str| ours.iter().filter(|p| p.starts_with(moment) && !is_poll(p)).count();
        self.life.borrow().pid.is_some() && of("before ") == of("after ")
    }

    pub(super) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn armed(&self) -> PathBuf {
        self.folder.path().join("armed")
    }
}

/// Returns whether a place belongs to a request that waits for news: of WeChat, or of keys.
fn is_poll(place: &str) -> bool {
    place.ends_with("getupdates") || place.ends_with("client/unstable/*/sync")
}

fn passed(folder: &std::path::Path) -> Vec<String> {
    let places = fs::read_to_string(folder.join("passed")).unwrap_or_default();
    places.lines().map(str::to_owned).collect()
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // The program goes with its task.
        self.running.abort();
    }
}

struct Run {
    config: PathBuf,
    log: PathBuf,
    folder: PathBuf,
    wanted: watch::Receiver<bool>,
    life: watch::Sender<Life>,
}

impl Run {
    async fn again_and_again(mut self) {
        while self.wanted.wait_for(|wanted| *wanted).await.is_ok() {
            let lines = File::options().create(true).append(true).open(&self.log).unwrap();
            let before = passed(&self.folder).len();
            let mut child = Command::new("sh")
                .args(["-c", "ulimit -c 0; exec \"$0\" run --config \"$1\""])
                .arg(env!("CARGO_BIN_EXE_matrix-appservice-wechat"))
                .arg(&self.config)
                .env("WECHAT_CRASH_POINTS", &self.folder)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(lines)
                .kill_on_drop(true)
                .spawn()
                .unwrap();
            self.life.send_modify(|life| (life.pid, life.places_before) = (child.id(), before));
            let end = child.wait().await.unwrap();
            let asked = !*self.wanted.borrow() && end.code() == Some(0);
            self.life.send_modify(|life| {
                life.pid = None;
                match end.signal() {
                    Some(SIGABRT) => life.deaths += 1,
                    Some(_) | None if asked => {}
                    Some(_) | None => life.odd.push(end.to_string()),
                }
            });
        }
    }
}

const SIGABRT: i32 = 6;
const PATIENCE: Duration = Duration::from_secs(120);
