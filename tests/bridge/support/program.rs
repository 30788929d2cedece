//! The bridge program as a child process.

use std::{
    fs::File,
    os::unix::process::ExitStatusExt as _,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
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
        let log = log_path(world);
        let lines = File::options().create(true).append(true).open(&log).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_matrix-appservice-wechat"))
            .args(["run", "--config"])
            .arg(world.config_path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(lines)
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

    /// SIGKILL, now.
    pub(crate) async fn kill(mut self) {
        self.child.kill().unwrap();
        let status = self.wait().await;
        let killed = status.signal() == Some(SIGKILL);
        assert!(killed, "the program had ended by itself: {status}; {}", self.says());
    }

    /// Ends the program in order, and gives its exit code.
    pub(crate) async fn stop(mut self) -> Option<i32> {
        let kill = Command::new("kill").args(["-s", "TERM", &self.child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        self.wait().await.code()
    }

    async fn wait(&mut self) -> ExitStatus {
        tokio::task::block_in_place(|| self.child.wait()).unwrap()
    }

    fn says(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Whoever was waited for is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where all runs of a world's program log.
pub(crate) fn log_path(world: &World) -> PathBuf {
    world.config_path().with_file_name("program.log")
}

const SIGKILL: i32 = 9;
