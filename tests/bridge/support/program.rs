//! The bridge program as a child process.

use std::{
    fs::File,
    os::unix::process::ExitStatusExt as _,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    process::{Child, Command},
    time::timeout,
};

use super::bridge::World;

/// One run of the program; a test that ends early takes it along.
pub(crate) struct Program {
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts the program on the world's config; does not wait until it runs.
    pub(crate) fn start(world: &World) -> Self {
        Self::spawn(world, Command::new(PROGRAM))
    }

    /// Starts the program so that no file of it may become longer than `bytes`: the file system
    /// answers a longer one as if it were full.
    pub(crate) fn start_short_of_room(world: &World, bytes: u64) -> Self {
        let mut shell = Command::new("sh");
        // In blocks of 512 bytes. The signal would end the program before it is told.
        let limit = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", bytes / 512);
        shell.args(["-c", &limit, PROGRAM]);
        Self::spawn(world, shell)
    }

    fn spawn(world: &World, mut program: Command) -> Self {
        let log = log_path(world);
        let lines = File::options().create(true).append(true).open(&log).unwrap();
        let child = program
            .args(["run", "--config"])
            .arg(world.config_path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(lines)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { child, log }
    }

    /// SIGKILL, so long from now.
    #[expect(
        clippy::disallowed_methods,
        reason = "the random moment of the kill is the point; nothing waits for the time to do its work"
    )]
    pub(crate) async fn kill_after(self, moment: Duration) {
        tokio::time::sleep(moment).await;
        self.kill().await;
    }

    /// Sends SIGKILL and waits for the end.
    pub(crate) async fn kill(mut self) {
        self.child.start_kill().unwrap();
        let status = self.wait().await;
        let killed = status.signal() == Some(SIGKILL);
        assert!(killed, "the program had ended by itself: {status}; {}", self.says());
    }

    /// Ends the program in order, and returns its exit code.
    pub(crate) async fn stop(mut self) -> Option<i32> {
        let id = self.child.id().expect("the program runs").to_string();
        let kill = Command::new("kill").args(["-s", "TERM", &id]).status();
        assert!(kill.await.unwrap().success());
        self.wait().await.code()
    }

    /// Waits until the program ends by itself; returns its exit code and what it said.
    pub(crate) async fn end(mut self) -> (Option<i32>, String) {
        (self.wait().await.code(), self.says())
    }

    /// Returns whether the program has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    async fn wait(&mut self) -> ExitStatus {
        let ended = timeout(PATIENCE, self.child.wait()).await;
        ended.unwrap_or_else(|_| panic!("the program does not end: {}", self.says())).unwrap()
    }

    fn says(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

/// Returns the path of the log that all runs of a world's program share.
pub(crate) fn log_path(world: &World) -> PathBuf {
    world.config_path().with_file_name("program.log")
}

/// The bridge's program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_matrix-appservice-wechat");
const SIGKILL: i32 = 9;
/// How long a program may take to end.
const PATIENCE: Duration = Duration::from_secs(120);
