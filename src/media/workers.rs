//! The bridge's side of the workers: starts a worker, waits for it, and checks its answer.

use std::{
    io::{self, Write as _},
    os::unix::process::ExitStatusExt as _,
    path::PathBuf,
    pin::pin,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use rustix::process::Signal;
use tokio::{
    process::{Child, Command},
    sync::{Semaphore, SemaphorePermit},
    task, time,
};

use super::{
    answer::{self, Head},
    job::{MediaJob, Sandbox, WorkError},
    report::MediaReport,
    turns::Turns,
    worker::{HELD, NOT_HELD, WORKER},
};
use crate::spool::{CHUNK, Spool, Spools};

/// The result of a job.
#[derive(Debug, Clone)]
pub struct Done {
    /// The report on the medium.
    pub report: MediaReport,
    /// The converted medium, with its MD5; `None` when the input can be used as it is.
    pub output: Option<Spool>,
    /// A thumbnail, with its MD5.
    pub thumbnail: Option<Spool>,
}

/// Starts workers, a limited number at once; cheap to clone.
#[derive(Debug, Clone)]
pub struct Workers {
    spools: Spools,
    program: Arc<PathBuf>,
    quick: Arc<Semaphore>,
    /// The places of workers that take long, so that one medium does not hold up all others.
    slow: Arc<Semaphore>,
    turns: Turns,
    long: Duration,
    patience: Duration,
}

/// The time limit of a worker, however little it computes.
const PATIENCE: Duration = Duration::from_secs(30);
/// The time after which a worker counts as slow; most images and sounds are done earlier.
const LONG: Duration = Duration::from_secs(2);

impl Workers {
    /// Allows at most `at_once` workers at a time, and as many more that take long; their output is
    /// stored in `spools`. Workers are started from the running program.
    pub fn new(spools: Spools, at_once: usize) -> Self {
        let places = || Arc::new(Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS)));
        Self {
            spools,
            program: Arc::new(own_program()),
            quick: places(),
            slow: places(),
            turns: Turns::default(),
            long: LONG,
            patience: PATIENCE,
        }
    }

    /// Uses another program for workers, for a caller that is not the program itself.
    #[must_use]
    pub fn with_program(self, program: PathBuf) -> Self {
        Self { program: Arc::new(program), ..self }
    }

    /// Sets the time after which a worker is ended; 30 seconds by default.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Runs `job` on `input`, in a process that ends with this future. Of the media of one person,
    /// `whose`, one is worked on at a time, so that no person takes all workers.
    ///
    /// # Errors
    /// See [`WorkError`]; `input` is unchanged and may be used as it is.
    pub async fn run(&self, whose: &str, job: MediaJob, input: &Spool) -> Result<Done, WorkError> {
        if input.len() > job.most_input() {
            return Err(WorkError::TooLarge);
        }
        let _turn = self.turns.take(whose).await;
        let (status, answer) = self.start(job, input).await?;
        ended(status)?;
        let spools = self.spools.clone();
        let done = task::spawn_blocking(move || take(&spools, &answer)).await;
        done.unwrap_or_else(|panic| Err(WorkError::CannotStart(io::Error::other(panic))))
    }

    /// Returns whether this system can confine a worker at all.
    pub fn sandbox() -> Sandbox {
        if cfg!(target_os = "linux") {
            Sandbox::Full
        } else {
            Sandbox::Missing("only Linux can filter what a process asks of the system")
        }
    }

    /// Runs a self-test: a worker that tries to open a file must be ended by the system.
    pub async fn check(&self) -> Sandbox {
        let Ok(nothing) = self.spools.create(false) else {
            return Sandbox::Missing("the folder for media cannot be written");
        };
        match self.start(MediaJob::SelfTest, &nothing.finish()).await {
            Ok((status, answer)) if status.signal() == Some(Signal::SYS.as_raw()) => {
                // A service manager's filter may have ended it before it entered the sandbox.
                if was_held(&answer) {
                    Sandbox::Full
                } else {
                    Sandbox::Missing("the system ends a worker that sets its limits and its filter")
                }
            }
            Ok((status, _)) if status.success() => match Self::sandbox() {
                Sandbox::Full => Sandbox::Missing("a worker could open a file"),
                missing @ Sandbox::Missing(_) => missing,
            },
            Ok((status, _)) if status.code() == Some(i32::from(NOT_HELD)) => {
                Sandbox::Missing("the system refuses the limits or the filter of a worker")
            }
            Ok(_) | Err(_) => Sandbox::Missing("a worker cannot be started"),
        }
    }

    /// Waits for a worker. One that takes long moves to the places for slow ones.
    async fn end_of(
        &self,
        worker: &mut Child,
        quick: SemaphorePermit<'_>,
    ) -> io::Result<ExitStatus> {
        let mut ended = pin!(worker.wait());
        if let Ok(ended) = time::timeout(self.long, &mut ended).await {
            return ended;
        }
        let slow = tokio::select! {
            ended = &mut ended => return ended,
            slow = self.slow.acquire() => slow,
        };
        drop(quick);
        let ended = ended.await;
        drop(slow);
        ended
    }

    /// Runs a worker to its end; returns how it ended and what it wrote.
    async fn start(&self, job: MediaJob, input: &Spool) -> Result<(ExitStatus, Spool), WorkError> {
        let quick = self.quick.acquire().await.map_err(no_worker)?;
        let answer = self.spools.create(false).map_err(WorkError::CannotStart)?.finish();
        let mut command = Command::new(&*self.program);
        command
            .arg(WORKER)
            .arg(serde_json::to_string(&job).map_err(no_worker)?)
            .env_clear()
            .current_dir("/")
            .stdin(input.handle().map_err(WorkError::CannotStart)?)
            .stdout(answer.handle().map_err(WorkError::CannotStart)?)
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut worker = command.spawn().map_err(WorkError::CannotStart)?;
        match time::timeout(self.patience, self.end_of(&mut worker, quick)).await {
            Ok(ended) => Ok((ended.map_err(WorkError::CannotStart)?, answer)),
            Err(_) => {
                // The worker ends in any case.
                let _ = worker.kill().await;
                Err(WorkError::TimedOut)
            }
        }
    }
}

/// Returns the path of the running program, which stays valid when the file is replaced.
fn own_program() -> PathBuf {
    if cfg!(target_os = "linux") {
        return "/proc/self/exe".into();
    }
    std::env::current_exe().unwrap_or_default()
}

/// Returns whether a self-test has entered the sandbox.
fn was_held(answer: &Spool) -> bool {
    let mut told = [0; HELD.len()];
    answer.read_at(&mut told, 0).is_ok_and(|read| read == HELD.len()) && told == HELD
}

fn no_worker(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> WorkError {
    WorkError::CannotStart(io::Error::other(why))
}

/// Translates the way in which a worker ended.
fn ended(status: ExitStatus) -> Result<(), WorkError> {
    let signal = |signal: Signal| status.signal() == Some(signal.as_raw());
    if status.success() {
        Ok(())
    } else if status.code() == Some(i32::from(NOT_HELD)) {
        Err(no_worker("a worker could not be held"))
    } else if signal(Signal::XCPU) {
        Err(WorkError::TimedOut)
    } else if signal(Signal::XFSZ) {
        Err(WorkError::TooLarge)
    } else {
        Err(WorkError::Crashed)
    }
}

/// Checks an answer and splits it into its parts. The process that wrote it is not trusted.
fn take(spools: &Spools, answer: &Spool) -> Result<Done, WorkError> {
    let total = answer.handle().and_then(|file| file.metadata()).map_err(WorkError::CannotStart)?;
    let mut prefix = [0; answer::PREFIX];
    read(answer, &mut prefix, 0)?;
    let mut json = vec![0; answer::head_len(prefix).ok_or(WorkError::Crashed)?];
    read(answer, &mut json, answer::PREFIX as u64)?;
    let head = answer::head(&json, total.len()).ok_or(WorkError::Crashed)?;
    let Head { report, output, thumbnail } = head?;
    let output_at = (answer::PREFIX + json.len()) as u64;
    let thumbnail_at = output_at + output.unwrap_or(0);
    let part = |len: Option<u64>, at| len.map(|len| copy(spools, answer, at, len)).transpose();
    Ok(Done { report, output: part(output, output_at)?, thumbnail: part(thumbnail, thumbnail_at)? })
}

fn read(answer: &Spool, into: &mut [u8], at: u64) -> Result<(), WorkError> {
    let read = answer.read_at(into, at).map_err(WorkError::CannotStart)?;
    if read == into.len() { Ok(()) } else { Err(WorkError::Crashed) }
}

/// Copies a part of an answer to a file of its own.
fn copy(spools: &Spools, answer: &Spool, from: u64, len: u64) -> Result<Spool, WorkError> {
    let mut part = spools.create(true).map_err(WorkError::CannotStart)?;
    let mut buffer = vec![0; CHUNK];
    while part.len() < len {
        let left = usize::try_from(len - part.len()).unwrap_or(CHUNK).min(CHUNK);
        read(answer, &mut buffer[..left], from + part.len())?;
        part.write_all(&buffer[..left]).map_err(WorkError::CannotStart)?;
    }
    Ok(part.finish())
}

#[cfg(test)]
mod tests {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

    use super::*;

    /// A worker that never ends with an input, and ends at once without one.
    const SPINS: &str = "#!/bin/sh\nif [ -s /dev/stdin ]; then sleep 600; fi\n";

    #[tokio::test(flavor = "multi_thread")]
    #[expect(clippy::disallowed_methods, reason = "the test's task, which it ends itself")]
    async fn a_medium_that_makes_its_worker_spin_does_not_hold_up_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("spins");
        std::fs::write(&program, SPINS).unwrap();
        std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
        let spools = Spools::new(folder.path().to_owned());
        let mut input = spools.create(false).unwrap();
        input.write_all(b"film").unwrap();
        let (film, photo) = (input.finish(), spools.create(false).unwrap().finish());
        let workers = Workers::new(spools, 1).with_program(program);
        let workers = Workers { long: Duration::from_millis(50), ..workers };
        let spinning = workers.clone();
        let spinning =
            tokio::spawn(async move { spinning.run("mum", MediaJob::Video, &film).await });
        while workers.quick.available_permits() > 0 {
            task::yield_now().await;
        }
        let looking = workers.run("dad", MediaJob::Image, &photo);
        assert!(time::timeout(PATIENCE / 2, looking).await.is_ok(), "the photo waits for the film");
        assert!(!spinning.is_finished());
        spinning.abort();
    }
}
