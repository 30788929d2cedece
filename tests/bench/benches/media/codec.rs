//! The speed of voice conversion, through the worker process that the bridge starts for each.
//!
//! The voice is three seconds of speech from the tests, repeated.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use matrix_appservice_wechat::{
    media::{Done, MediaJob, Workers, silk},
    spool::{Spool, Spools},
};

use crate::line;

pub(crate) async fn measure() {
    let spools = Spools::new(std::env::temp_dir());
    // The worker is this program.
    let workers = Workers::new(spools.clone(), 1);
    let nothing = spool(&spools, b"");
    let none =
        best(|| async { assert!(workers.run("mum", MediaJob::Video, &nothing).await.is_err()) })
            .await;
    line(&format!("{:<46} {:>8.1} ms", "a worker that refuses an empty file", millis(none)));
    for seconds in [2, 60] {
        let wave = spool(&spools, &wave(seconds));
        let recorded =
            convert(&workers, MediaJob::VoiceForPhone, &wave, "WAVE to SILK", seconds).await;
        convert(&workers, MediaJob::VoiceForMatrix, &recorded, "SILK to Ogg/Opus", seconds).await;
        let spoken =
            convert(&workers, MediaJob::VoiceForMatrix, &wave, "WAVE to Ogg/Opus", seconds);
        let spoken = spoken.await;
        convert(&workers, MediaJob::VoiceForPhone, &spoken, "Ogg/Opus to SILK", seconds).await;
        convert(&workers, MediaJob::VoiceAsFile, &spoken, "Ogg/Opus to WAVE", seconds).await;
        let mut bytes = vec![0; usize::try_from(recorded.len()).unwrap()];
        recorded.read_at(&mut bytes, 0).unwrap();
        let packets = silk::packets(&bytes).unwrap();
        let took = best(|| async { assert!(silk::decode(&packets).is_ok()) }).await;
        told("SILK decoded, without a process", seconds, took);
    }
}

/// Converts one voice several times, prints the best time, and returns the result.
async fn convert(
    workers: &Workers,
    job: MediaJob,
    from: &Spool,
    what: &str,
    seconds: u32,
) -> Spool {
    let took = best(|| async { drop(workers.run("mum", job, from).await.unwrap()) }).await;
    told(what, seconds, took);
    let Done { output, .. } = workers.run("mum", job, from).await.unwrap();
    output.unwrap()
}

fn told(what: &str, seconds: u32, took: Duration) {
    let times = f64::from(seconds) / took.as_secs_f64();
    let what = format!("{what}, {seconds} s");
    line(&format!("{what:<46} {:>8.1} ms: {times:.0} × realtime", millis(took)));
}

async fn best<F: Future<Output = ()>>(run: impl Fn() -> F) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..RUNS {
        let began = Instant::now();
        run().await;
        best = best.min(began.elapsed());
    }
    best
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn spool(spools: &Spools, bytes: &[u8]) -> Spool {
    let mut writer = spools.create(false).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish()
}

/// Returns so much speech as WAVE of 24 kHz, mono, 16 bit.
fn wave(seconds: u32) -> Vec<u8> {
    let len = seconds * RATE * 2;
    let mut file = Vec::new();
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + len).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend_from_slice(&RATE.to_le_bytes());
    file.extend_from_slice(&(RATE * 2).to_le_bytes());
    file.extend_from_slice(b"\x02\0\x10\0data");
    file.extend_from_slice(&len.to_le_bytes());
    file.extend(SPEECH.iter().cycle().take(usize::try_from(len).unwrap()));
    file
}

const SPEECH: &[u8] = include_bytes!("../../../fixtures/opus/element-like-en-3s.dec24k.s16le");
const RATE: u32 = 24_000;
const RUNS: usize = 5;
