//! The real worker process with real voices, and with what strangers may send.
#![expect(clippy::unwrap_used, reason = "the helpers of a test may panic like the test itself")]

mod inputs;
mod priming;
#[path = "../worker/mod.rs"]
mod worker;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    time::{Duration, Instant},
};

use matrix_appservice_wechat::media::{
    Done, MediaJob, MediaReport, Sandbox, Unreadable, VoiceMime, VoiceReport, WorkError, Workers,
    decode::{self, AudioKind},
    silk,
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use worker::{Setup, bytes, fixture};

fn samples(kind: &str) -> Vec<serde_json::Value> {
    let manifest: serde_json::Value =
        serde_json::from_slice(&fixture(&format!("{kind}/manifest.json"))).unwrap();
    manifest["samples"].as_array().unwrap().clone()
}

fn voice(done: &Done) -> &VoiceReport {
    let MediaReport::Voice(voice) = &done.report else { panic!("{:?}", done.report) };
    assert!((30..=120).contains(&voice.waveform.len()));
    voice
}

/// Returns how alike two sounds of one rate are, 1 at most, at the best delay of the other: up to
/// 80 ms, or a few samples early, as a resampler may be.
fn likeness(one: &[f32], other: &[f32]) -> f64 {
    let at = |one: &[f32], other: &[f32]| {
        let (mut both, mut first, mut second) = (0.0, 0.0, 0.0);
        for (a, b) in one.iter().zip(other) {
            let (a, b) = (f64::from(*a), f64::from(*b));
            (both, first, second) = (both + a * b, first + a * a, second + b * b);
        }
        both / (first * second).sqrt()
    };
    let early = (0..4).map(|lead| at(&one[lead..], other));
    let late = (0..1_920.min(other.len())).map(|delay| at(one, &other[delay..]));
    early.chain(late).fold(-1.0, f64::max)
}

fn pcm(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(2).map(|two| f32::from(i16::from_le_bytes([two[0], two[1]]))).collect()
}

#[tokio::test]
async fn every_silk_becomes_an_ogg_of_the_same_length() {
    let setup = Setup::new();
    for sample in samples("silk") {
        let file = sample["file"].as_str().unwrap();
        let input = fixture(&format!("silk/{file}"));
        let done = setup.run(MediaJob::VoiceForMatrix, &input).await.unwrap();
        let wanted = Duration::from_millis(sample["decoded_24k_bytes"].as_u64().unwrap() / 48);
        assert_eq!(voice(&done).duration, wanted, "{file}");
        assert_eq!(voice(&done).mime, VoiceMime::Ogg);
        let silent = voice(&done).waveform.iter().all(|at| *at < 8);
        assert_eq!(silent, file.starts_with("silence"), "{file}: {:?}", voice(&done).waveform);
        let output = done.output.unwrap();
        assert!(output.md5().is_some() && done.thumbnail.is_none());
        let ogg = decode::audio(bytes(&output)).unwrap();
        assert_eq!((ogg.kind, ogg.pcm.duration()), (AudioKind::OggOpus, wanted), "{file}");
    }
}

#[tokio::test]
async fn every_ogg_becomes_silk_of_the_same_sound() {
    let setup = Setup::new();
    let all = samples("opus");
    assert!(all.len() >= 3);
    for sample in all {
        let file = sample["file"].as_str().unwrap();
        let input = fixture(&format!("opus/{file}"));
        let same = setup.run(MediaJob::VoiceForMatrix, &input).await.unwrap();
        assert!(same.output.is_none(), "{file} is what Matrix plays");
        let millis = sample["millis"].as_u64().unwrap();
        assert_eq!(voice(&same).duration, Duration::from_millis(millis), "{file}");

        let done = setup.run(MediaJob::VoiceForPhone, &input).await.unwrap();
        assert_eq!(voice(&done).mime, VoiceMime::Silk);
        let encoded = bytes(done.output.as_ref().unwrap());
        assert!(encoded.starts_with(b"\x02#!SILK_V3") && !encoded.ends_with(&[255, 255]));
        assert_eq!(silk::packets(&encoded).unwrap().len() as u64, millis / 20, "{file}");

        let decoded = silk::decode(&silk::packets(&encoded).unwrap()).unwrap();
        let reference = fixture(&format!("opus/{}", sample["decoded_24k"].as_str().unwrap()));
        assert_eq!(decoded.samples.len(), reference.len() / 2, "{file}");
        let likeness = likeness(&pcm(&reference), &decoded.samples);
        assert!(likeness > 0.98, "{file}: {likeness}");
    }
}

#[tokio::test]
async fn broken_silk_is_refused() {
    let setup = Setup::new();
    for (file, why) in [
        ("broken-empty", Unreadable::Empty),
        ("broken-header-only", Unreadable::Empty),
        ("broken-header", Unreadable::Kind),
        ("broken-not-silk", Unreadable::Kind),
        ("broken-truncated", Unreadable::Damaged),
    ] {
        let input = fixture(&format!("silk/{file}.silk"));
        let done = setup.run(MediaJob::VoiceForMatrix, &input).await;
        assert!(
            matches!(done, Err(WorkError::Unreadable(found)) if found == why),
            "{file} {done:?}"
        );
    }
}

#[tokio::test]
async fn hostile_silk_ends_at_worst_its_worker() {
    let setup = Setup::new();
    let mut random = StdRng::seed_from_u64(7);
    let narrow = fixture("silk/speech-en-8k-2s.tencent.silk");
    let wide = fixture("silk/speech-zh-24k-5s.tencent.silk");
    let switched = [&narrow[..], &wide[10..], &narrow[10..]].concat();
    let mut streams = vec![switched, [&narrow[..], &[0xff, 0xff], &wide[..]].concat()];
    for _ in 0..20 {
        let mut stream = b"\x02#!SILK_V3".to_vec();
        for _ in 0..20 {
            let packet: Vec<u8> =
                (0..random.random_range(1..300)).map(|_| random.random()).collect();
            stream.extend_from_slice(&(packet.len() as u16).to_le_bytes());
            stream.extend_from_slice(&packet);
        }
        streams.push(stream);
        let mut flipped = wide.clone();
        for _ in 0..40 {
            let at = random.random_range(10..flipped.len());
            flipped[at] ^= 1 << random.random_range(0..8);
        }
        streams.push(flipped);
    }
    for stream in streams {
        // Each of them may decode to noise; none may do more than end its worker.
        match setup.run(MediaJob::VoiceForMatrix, &stream).await {
            Ok(_) | Err(WorkError::Unreadable(_) | WorkError::Crashed) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    let after = setup.run(MediaJob::VoiceForMatrix, &wide).await.unwrap();
    assert_eq!(voice(&after).duration, Duration::from_secs(5));
}

#[tokio::test]
async fn what_plays_too_long_is_refused_before_it_fills_the_memory() {
    let setup = Setup::new();
    let narrow = fixture("silk/speech-en-8k-2s.tencent.silk");
    let endless = [b"#!SILK_V3", narrow[10..].repeat(301).as_slice()].concat();
    // Eleven minutes of silence in a few kilobytes.
    let bomb = silent_flac(11 * 60);
    assert!(bomb.len() < 20_000);
    for input in [endless, bomb] {
        let done = setup.run(MediaJob::VoiceForMatrix, &input).await;
        assert!(matches!(done, Err(WorkError::TooLarge)), "{done:?}");
    }
    let short = setup.run(MediaJob::VoiceForMatrix, &silent_flac(10)).await.unwrap();
    assert_eq!(voice(&short).duration.as_secs(), 10, "the bomb is a FLAC, only longer");
    let large = setup.spool(&vec![0; 64 * 1024 * 1024 + 1]);
    let done = setup.workers.run("mum", MediaJob::VoiceForMatrix, &large).await;
    assert!(matches!(done, Err(WorkError::TooLarge)), "{done:?}");
}

#[tokio::test]
async fn a_wave_that_claims_gigabytes_takes_none() {
    let setup = Setup::new();
    let ogg = fixture("opus/element-like-zh-1s.ogg");
    let done = setup.run(MediaJob::VoiceAsFile, &ogg).await.unwrap();
    let mut wave = bytes(&done.output.unwrap());
    let same = setup.run(MediaJob::VoiceAsFile, &wave).await.unwrap();
    assert!(same.output.is_none() && voice(&same).mime == VoiceMime::Wav);
    wave[40..44].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
    match setup.run(MediaJob::VoiceForMatrix, &wave).await {
        Ok(done) => assert!(voice(&done).duration <= Duration::from_millis(1_001)),
        Err(WorkError::Unreadable(_)) => {}
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_no_known_audio_is_refused() {
    let setup = Setup::new();
    let mut random = StdRng::seed_from_u64(11);
    let noise: Vec<u8> = (0..5_000).map(|_| random.random()).collect();
    for input in [&b""[..], b"#!AMR\n\x3c\x91", b"%PDF-1.7", &noise] {
        for job in [MediaJob::VoiceForMatrix, MediaJob::VoiceForPhone, MediaJob::VoiceAsFile] {
            let done = setup.run(job, input).await;
            assert!(matches!(done, Err(WorkError::Unreadable(_))), "{done:?}");
        }
    }
}

#[tokio::test]
async fn a_worker_that_opens_a_file_dies() {
    let setup = Setup::new();
    if Workers::sandbox() == Sandbox::Full {
        assert_eq!(setup.workers.check().await, Sandbox::Full);
        let done = setup.run(MediaJob::SelfTest, b"").await;
        assert!(matches!(done, Err(WorkError::Crashed)), "{done:?}");
    } else {
        assert_ne!(setup.workers.check().await, Sandbox::Full);
    }
}

#[tokio::test]
async fn a_worker_that_is_none_is_an_error() {
    let setup = Setup::new();
    let nothing = setup.workers.clone().with_program("/nowhere/at/all".into());
    let done = nothing.run("mum", MediaJob::VoiceForMatrix, &setup.spool(b"a")).await;
    assert!(matches!(done, Err(WorkError::CannotStart(_))), "{done:?}");
    assert!(matches!(nothing.check().await, Sandbox::Missing(_)));

    let script = |text: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("worker");
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        (setup.workers.clone().with_program(path), folder)
    };
    for text in ["exit 0", "exit 3", "kill -SEGV $$", "head -c 100000 /dev/zero", "echo hello"] {
        let (workers, _folder) = script(text);
        let done = workers.run("mum", MediaJob::VoiceForMatrix, &setup.spool(b"a")).await;
        assert!(matches!(done, Err(WorkError::Crashed)), "{text}: {done:?}");
    }
    // Ended for a call, but by another's filter, before it had its own.
    let (workers, _folder) = script("kill -SYS $$");
    assert!(matches!(workers.check().await, Sandbox::Missing(_)));
    let (workers, _folder) = script("exec tail -f /dev/null");
    let workers = workers.with_patience(Duration::from_millis(300));
    let begun = Instant::now();
    let done = workers.run("mum", MediaJob::VoiceForMatrix, &setup.spool(b"a")).await;
    assert!(matches!(done, Err(WorkError::TimedOut)), "{done:?}");
    assert!(begun.elapsed() < Duration::from_secs(20));
}

/// Returns a FLAC file of 48 kHz in which each frame says that 65,535 samples are zero.
fn silent_flac(seconds: u64) -> Vec<u8> {
    let mut file = b"fLaC\x80\x00\x00\x22".to_vec();
    let total = seconds * 48_000;
    file.extend_from_slice(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0]);
    // 20 bits of rate, 3 of channels less one, 5 of bits less one, 36 of samples.
    file.extend_from_slice(&((48_000 << 44) | (15 << 36) | total).to_be_bytes());
    file.extend_from_slice(&[0; 16]);
    for number in 0..total.div_ceil(65_535) {
        let left = (total - number * 65_535).min(65_535);
        let mut frame = vec![0xff, 0xf8, 0x7a, 0x08];
        let mut coded = [0; 4];
        frame.extend_from_slice(
            char::from_u32(number as u32).unwrap().encode_utf8(&mut coded).as_bytes(),
        );
        frame.extend_from_slice(&(left as u16 - 1).to_be_bytes());
        frame.push(crc(&frame, 8, 0x07) as u8);
        frame.extend_from_slice(&[0, 0, 0]);
        frame.extend_from_slice(&crc(&frame, 16, 0x8005).to_be_bytes());
        file.extend_from_slice(&frame);
    }
    file
}

fn crc(bytes: &[u8], width: u32, polynomial: u16) -> u16 {
    let top = 1 << (width - 1);
    bytes.iter().fold(0, |crc: u16, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << (width - 8)), |crc, _| {
            let shifted = crc << 1;
            (if crc & top != 0 { shifted ^ polynomial } else { shifted }) & (top | (top - 1))
        })
    })
}
