//! One bridge with its own simulator, its own store and its own place in Synapse.

use std::{
    io::ErrorKind, net::SocketAddr, os::unix::fs::PermissionsExt as _, path::PathBuf,
    time::Duration,
};

use ilink_simulator::Simulator;
use matrix_appservice_wechat::{bridge::Bridge, clock::Clock, config::Config};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::{
    logs,
    synapse::{Slot, Synapse},
};

/// Returns the path of the program, which looks at media for a bridge that runs within a test.
pub(crate) fn worker() -> PathBuf {
    env!("CARGO_BIN_EXE_matrix-appservice-wechat").into()
}

/// A bridge and everything around it.
pub(crate) struct World {
    pub(crate) slot: Slot,
    pub(crate) simulator: Simulator,
    pub(crate) clock: Clock,
    bridge: Option<Bridge>,
    folder: TempDir,
}

impl World {
    /// Starts a bridge on the shared Synapse.
    pub(crate) async fn start() -> Self {
        Self::start_on(Synapse::shared().await).await
    }

    /// Starts a bridge on this Synapse.
    pub(crate) async fn start_on(synapse: &Synapse) -> Self {
        let mut world = Self::idle_on(synapse).await;
        world.resume().await;
        world
    }

    /// Prepares a bridge on the shared Synapse that does not run yet: [`Self::link`] starts it.
    pub(crate) async fn idle() -> Self {
        Self::idle_on(Synapse::shared().await).await
    }

    /// Prepares a bridge on this Synapse that does not run yet.
    pub(crate) async fn idle_on(synapse: &Synapse) -> Self {
        logs::keep();
        let simulator = Simulator::start().await;
        let folder = TempDir::new().unwrap();
        let slot = synapse.slot();
        let world = Self { slot, simulator, clock: Clock::System, bridge: None, folder };
        world.write_config("");
        world
    }

    /// Stops the bridge in order; its store stays.
    pub(crate) async fn stop(&mut self) {
        let bridge = self.bridge.take().expect("the bridge runs");
        bridge.stop(Duration::from_secs(60)).await.unwrap();
        drop(listen(self.slot.listen).await);
    }

    /// Starts the bridge again on its store.
    pub(crate) async fn resume(&mut self) {
        let config = Config::load(&self.config_path(), []).unwrap();
        let listener = listen(self.slot.listen).await;
        let bridge =
            Bridge::start(config, self.clock.clone(), listener, Some(worker())).await.unwrap();
        self.bridge = Some(bridge);
    }

    /// Returns whether the bridge runs within the story.
    pub(super) fn runs(&self) -> bool {
        self.bridge.is_some()
    }

    /// Has the bridge look now at what it looks at every few minutes.
    pub(crate) async fn look_around(&self) {
        self.bridge.as_ref().expect("the bridge runs").look_around().await;
    }

    /// Returns the bot's user id.
    pub(crate) fn bot(&self) -> String {
        format!("@{}:{}", self.slot.bot_localpart, self.slot.server_name)
    }

    /// Returns whether a user id is one of this bridge's ghosts.
    pub(crate) fn is_ghost(&self, user: &str) -> bool {
        user.starts_with(&format!("@{}", self.slot.ghost_prefix))
    }

    pub(crate) fn config_path(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    pub(crate) fn store_path(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Writes the config, with `more` at its end.
    pub(crate) fn write_config(&self, more: &str) {
        let Slot { id, as_token, hs_token, sender_localpart, bot_localpart, ghost_prefix, .. } =
            &self.slot;
        let (server_name, base_url, listen) =
            (&self.slot.server_name, &self.slot.base_url, self.slot.listen);
        let (api, cdn) = (self.simulator.api_url(), self.simulator.cdn_url());
        let plain: Vec<_> = [api.clone(), format!("http://{}", self.simulator.redirect_host())]
            .iter()
            .map(|url| url.trim_start_matches("http://").to_owned())
            .collect();
        let config = format!(
            r#"
[homeserver]
url = "{base_url}"
server_name = "{server_name}"
[appservice]
id = "{id}"
listen = "{listen}"
url = "http://{listen}"
bot = "{bot_localpart}"
ghost_prefix = "{ghost_prefix}"
sender_localpart = "{sender_localpart}"
as_token = "{as_token}"
hs_token = "{hs_token}"
[bridge.permissions]
"{server_name}" = "user"
[ilink]
api_base = "{api}"
cdn_base = "{cdn}"
plain_http = {plain:?}
[delivery]
interval_ms = 0
merge = false
{more}
"#
        );
        std::fs::write(self.config_path(), config).unwrap();
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(self.config_path(), private).unwrap();
    }
}

impl Drop for World {
    /// Prints what the bridges and the homeserver have logged, where a story fails.
    #[expect(clippy::print_stderr, reason = "libtest prints it below the name of the story")]
    fn drop(&mut self) {
        let bridge = logs::take();
        if !std::thread::panicking() {
            return;
        }
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let program = read(self.config_path().with_file_name("program.log"));
        eprintln!("---- the bridge in the story ----\n{bridge}");
        eprintln!("---- the program ----\n{program}");
        let synapse = read(self.slot.log.clone());
        let lines: Vec<_> = synapse.lines().collect();
        let tail = &lines[lines.len().saturating_sub(SYNAPSE_LINES)..];
        eprintln!("---- Synapse, which other stories use as well ----\n{}", tail.join("\n"));
    }
}

/// Listens where the bridge did before. A program that another story starts at this moment has the
/// old listener as well, until it is that program.
pub(crate) async fn listen(address: SocketAddr) -> TcpListener {
    let bound = async {
        loop {
            match TcpListener::bind(address).await {
                Err(error) if error.kind() == ErrorKind::AddrInUse => {
                    tokio::task::yield_now().await;
                }
                bound => return bound.unwrap(),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), bound).await.expect("the port becomes free")
}

/// How much of the homeserver's log a failing story shows.
const SYNAPSE_LINES: usize = 100;
