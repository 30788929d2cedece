//! The program in the place of a story's bridge: it dies, is started again, and comes to rest.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{interval, timeout};

use super::{daemon::Daemon, pushes::Pushes};
use crate::support::{World, synapse::free_address};

/// A world whose bridge is the program, under a guard.
pub(super) struct Mortal {
    pub(super) daemon: Daemon,
    pub(super) world: World,
    _pushes: Pushes,
    ready: String,
    /// How many logins it polls for.
    polls: usize,
    /// How many messages it keeps for `retry`.
    pub(super) aside: usize,
}

impl Mortal {
    /// Starts the program in place of the bridge of this world, and waits until it rests.
    pub(super) async fn take_over(mut world: World, polls: usize) -> Self {
        world.stop().await;
        let (at, bridge) = (world.slot.listen, free_address());
        let config = std::fs::read_to_string(world.config_path()).unwrap();
        let config =
            config.replace(&format!("listen = \"{at}\""), &format!("listen = \"{bridge}\""));
        std::fs::write(world.config_path(), config).unwrap();
        let pushes = Pushes::listen(at, bridge).await;
        let daemon = Daemon::start(&world);
        let ready = format!("http://{bridge}/ready");
        let mortal = Self { daemon, world, _pushes: pushes, ready, polls, aside: 0 };
        mortal.rest().await;
        mortal
    }

    /// Ends the program in order, and waits until a new one has nothing to do.
    pub(super) async fn start_afresh(&self) {
        self.daemon.stop().await;
        self.daemon.resume();
        self.rest().await;
    }

    /// Waits until the program has nothing to do.
    pub(super) async fn rest(&self) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        // The condition lies in another process: there is nothing else to hear.
        let mut look = interval(Duration::from_millis(40));
        let mut quiet = 0;
        let resting = timeout(PATIENCE, async {
            while quiet < 2 {
                look.tick().await;
                let answer = client.get(&self.ready).send().await.ok();
                let report = match answer {
                    Some(answer) => answer.text().await.unwrap_or_default(),
                    None => String::new(),
                };
                let report: Value = serde_json::from_str(&report).unwrap_or_default();
                let idle = report["unfinished"] == self.aside && report["polling"] == self.polls;
                quiet = if idle && self.daemon.rests() { quiet + 1 } else { 0 };
            }
        });
        resting.await.unwrap_or_else(|_| {
            let passed = self.daemon.passed();
            let last = passed.len().saturating_sub(30);
            panic!("the bridge does not rest: {:#?}\n{}", &passed[last..], self.daemon.log())
        });
    }

    /// Returns the end of the program's log.
    pub(super) fn last_words(&self) -> String {
        let log = self.daemon.log();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// Ends the program in order, after which nothing may have ended by itself before.
    pub(super) async fn end(&self) -> Result<(), String> {
        self.daemon.stop().await;
        let odd = self.daemon.odd_ends();
        match odd.is_empty() {
            true => Ok(()),
            false => Err(format!("the program ended by itself: {odd:?}\n{}", self.daemon.log())),
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(120);
