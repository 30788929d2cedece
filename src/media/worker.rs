//! The process in which media are taken apart.

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
    job::Job,
    refusal::Refusal,
    report::Report,
    sandbox, video, voice,
};

/// The program's first argument when it is to be a worker; the job follows as JSON.
pub const WORKER: &str = "media-worker";
/// The end of a worker that could not be held and therefore has read nothing.
pub(super) const NOT_HELD: u8 = 70;
/// The end of a worker that was called with other arguments than the bridge's.
const NOT_CALLED: u8 = 64;
/// What a worker writes that was told to test itself, once it is held.
pub(super) const HELD: &[u8] = b"held";

/// Does the job in the program's second argument: standard input, a file, to standard output.
///
/// Called before anything else, while the process has one thread.
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

/// Opens what is needed and returns up the rest.
fn held() -> io::Result<(Input, io::StdoutLock<'static>)> {
    let input = Input::from_stdin()?;
    sandbox::enter()?;
    Ok((input, io::stdout().lock()))
}

fn work(job: Job, input: Input, output: &mut impl Write) -> Result<Made, Refusal> {
    match job {
        Job::VoiceForMatrix => voice::for_matrix(input),
        Job::VoiceForPhone => voice::for_phone(input),
        Job::VoiceAsFile => voice::as_file(input),
        Job::Image => image::inspect(input),
        Job::ImageForPhone => image::for_phone(input),
        Job::Video => video::inspect(input),
        Job::SelfTest => {
            // What is missing at the other end tells that this failed.
            let _ = output.write_all(HELD).and_then(|()| output.flush());
            let _ = File::open("/etc/passwd");
            Ok(Made { report: Report::Unguarded, output: None, thumbnail: None })
        }
    }
}
