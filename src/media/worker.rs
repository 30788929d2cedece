//! The worker process, in which media are decoded.

use std::{
    env,
    fs::File,
    io::{self, Write},
    process::ExitCode,
};

use super::{
    answer::{self, Made},
    image,
    input::Input,
    job::MediaJob,
    refusal::MediaRefusal,
    report::MediaReport,
    sandbox, video, voice,
};

/// The first argument of a worker; the job follows as JSON.
pub const WORKER: &str = "media-worker";
/// The exit code of a worker that could not enter its sandbox, and therefore has read nothing.
pub(super) const NOT_HELD: u8 = 70;
/// The exit code of a worker that was called with invalid arguments.
const NOT_CALLED: u8 = 64;
/// The output of a self-test once the sandbox is entered.
pub(super) const HELD: &[u8] = b"held";

/// Runs the job in the program's second argument, from standard input, a file, to standard output.
///
/// Must be called first, while the process has one thread.
pub fn run_worker() -> ExitCode {
    let job = env::args().nth(2).and_then(|job| serde_json::from_str(&job).ok());
    let Some(job) = job else { return NOT_CALLED.into() };
    let Ok((input, mut output)) = held() else { return NOT_HELD.into() };
    let made = work(job, input, &mut output);
    match answer::write(&made, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Opens the input and enters the sandbox.
fn held() -> io::Result<(Input, io::StdoutLock<'static>)> {
    let input = Input::from_stdin()?;
    sandbox::enter()?;
    Ok((input, io::stdout().lock()))
}

fn work(job: MediaJob, input: Input, output: &mut impl Write) -> Result<Made, MediaRefusal> {
    match job {
        MediaJob::VoiceForMatrix => voice::for_matrix(input),
        MediaJob::VoiceForPhone => voice::for_phone(input),
        MediaJob::VoiceAsFile => voice::as_file(input),
        MediaJob::Image => image::inspect(input),
        MediaJob::ImageForPhone => image::for_phone(input),
        MediaJob::Video => video::inspect(input),
        MediaJob::SelfTest => {
            // A missing output tells the bridge that this failed.
            let _ = output.write_all(HELD).and_then(|()| output.flush());
            let _ = File::open("/etc/passwd");
            Ok(Made { report: MediaReport::Unguarded, output: None, thumbnail: None })
        }
    }
}
