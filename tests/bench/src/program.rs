//! The bridge as a process of its own, so that its time and memory are its alone.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context as _, bail};
use ilink_simulator::Simulator;

use crate::cdn::Cdn;
use crate::homeserver::{HS_TOKEN, Homeserver, SERVER};

/// The folder of a bridge, with its configuration, its store and its log.
#[derive(Debug)]
pub(crate) struct Place {
    program: PathBuf,
    dir: PathBuf,
    pub(crate) listen: SocketAddr,
}

impl Place {
    /// Makes a new, empty folder with a configuration in it.
    pub(crate) fn new(
        program: &Path,
        dir: PathBuf,
        (homeserver, simulator, cdn): (&Homeserver, &Simulator, &Cdn),
    ) -> anyhow::Result<Self> {
        fs::create_dir_all(&dir)?;
        // A port that was free a moment ago; no other program asks for this one.
        let listen = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let (api, cdn_url) = (simulator.api_url(), cdn.url());
        let plain = [
            api.trim_start_matches("http://").to_owned(),
            simulator.redirect_host(),
            cdn.address.to_string(),
        ];
        let config = format!(
            r#"
[homeserver]
url = "http://{}"
server_name = "{SERVER}"
[appservice]
listen = "{listen}"
url = "http://{listen}"
as_token = "bench-as-token"
hs_token = "{HS_TOKEN}"
[bridge.permissions]
"{SERVER}" = "user"
[ilink]
api_base = "{api}"
cdn_base = "{cdn_url}"
plain_http = {plain:?}
[delivery]
interval_ms = 0
merge = false
warn = false
[media]
max_download_mib = 65536
max_upload_mib = 65536
[store]
path = "data"
"#,
            homeserver.address
        );
        let place = Self { program: program.to_owned(), dir, listen };
        place.write_private("config.toml", &config)?;
        Ok(place)
    }

    /// Imports logins into the store; the bridge must not run.
    pub(crate) fn import(&self, lines: &str) -> anyhow::Result<()> {
        self.write_private("logins.jsonl", lines)?;
        let mut command = self.command();
        command.arg("import").arg(self.dir.join("logins.jsonl"));
        let done = command.output().context("the bridge's program cannot be started")?;
        if !done.status.success() {
            bail!("the import failed: {}", String::from_utf8_lossy(&done.stderr));
        }
        Ok(())
    }

    /// Starts the bridge.
    pub(crate) fn start(&self) -> anyhow::Result<Program> {
        let log = OpenOptions::new().create(true).append(true).open(self.dir.join("log"))?;
        let mut command = self.command();
        let child = command.arg("run").stdout(Stdio::null()).stderr(log).spawn();
        Ok(Program(child.context("the bridge's program cannot be started")?))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(self.dir.join("config.toml"));
        command
    }

    fn write_private(&self, name: &str, text: &str) -> anyhow::Result<()> {
        let path = self.dir.join(name);
        let mut file: File =
            OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&path)?;
        file.write_all(text.as_bytes())?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(())
    }
}

/// A running bridge, which is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Program(Child);

impl Program {
    /// Returns the processor time so far, in user mode and in the kernel.
    pub(crate) fn cpu(&self) -> anyhow::Result<(Duration, Duration)> {
        let stat = self.proc("stat")?;
        let (_, fields) = stat.rsplit_once(')').context("/proc/PID/stat")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = |at: usize| -> anyhow::Result<Duration> {
            let ticks: u64 = fields.get(at).context("/proc/PID/stat")?.parse()?;
            Ok(Duration::from_millis(ticks * MILLIS_PER_TICK))
        };
        Ok((ticks(11)?, ticks(12)?))
    }

    /// Returns the resident memory in KiB.
    pub(crate) fn resident(&self) -> anyhow::Result<u64> {
        Ok(self.memory()?.resident)
    }

    /// Returns the memory as the kernel counts it now.
    pub(crate) fn memory(&self) -> anyhow::Result<Memory> {
        Memory::of(self.pid())
    }

    /// Asks the bridge to stop and waits until it has.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.0.id().to_string();
        Command::new("kill").arg(&pid).status().context("kill")?;
        let status = self.0.wait()?;
        anyhow::ensure!(status.success(), "the bridge ended with {status}");
        Ok(())
    }

    /// Returns whether it has ended by itself.
    pub(crate) fn is_gone(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    fn proc(&self, name: &str) -> anyhow::Result<String> {
        let path = format!("/proc/{}/{name}", self.0.id());
        fs::read_to_string(&path).context(path)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // The program may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The memory of a process, in KiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// The resident memory: what the process allocated, and the parts of its files that it has
    /// mapped. The kernel's own cache of files does not count.
    pub(crate) resident: u64,
    /// The memory that belongs to no file.
    pub(crate) anonymous: u64,
    /// The greatest resident memory since [`Peak::watch`].
    pub(crate) peak: u64,
}

impl Memory {
    fn of(pid: u32) -> anyhow::Result<Self> {
        let status =
            fs::read_to_string(format!("/proc/{pid}/status")).context("/proc/PID/status")?;
        let field = |name: &str| -> anyhow::Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            Ok(number.context("/proc/PID/status")?.parse()?)
        };
        Ok(Self {
            resident: field("VmRSS:")?,
            anonymous: field("RssAnon:")?,
            peak: field("VmHWM:")?,
        })
    }
}

/// A watch over the memory of a process until it is stopped.
#[derive(Debug)]
pub(crate) struct Peak {
    ends: Arc<AtomicBool>,
    watching: JoinHandle<u64>,
}

impl Peak {
    /// Starts to watch, and resets the kernel's own peak.
    pub(crate) fn watch(pid: u32) -> anyhow::Result<Self> {
        fs::write(format!("/proc/{pid}/clear_refs"), "5").context("/proc/PID/clear_refs")?;
        let ends = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ends);
        let watching = thread::spawn(move || {
            let mut most = 0;
            while !told.load(Ordering::Relaxed) {
                most = Memory::of(pid).map_or(most, |memory| most.max(memory.anonymous));
                thread::park_timeout(LOOK);
            }
            most
        });
        Ok(Self { ends, watching })
    }

    /// Returns the greatest anonymous memory that was seen, in KiB.
    pub(crate) fn stop(self) -> u64 {
        self.ends.store(true, Ordering::Relaxed);
        self.watching.join().unwrap_or_default()
    }
}

const LOOK: Duration = Duration::from_millis(2);
/// The kernel counts 100 ticks per second on every system that Rust supports.
const MILLIS_PER_TICK: u64 = 10;
