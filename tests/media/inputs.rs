//! Each kind of sound that people send from Matrix, through each job.

use std::f32::consts::TAU;

use super::*;

/// Returns a WAVE file of half a second of a tone, and the tone at 24 kHz.
fn wave(rate: u32, channels: u16, bits: u16) -> (Vec<u8>, Vec<f32>) {
    let tone = |at: u32, rate: u32| (at as f32 * 440.0 * TAU / rate as f32).sin() * 0.5;
    let mut data = Vec::new();
    for at in 0..rate / 2 {
        // The second channel is silent: what is mixed is half as loud.
        for sound in [tone(at, rate), 0.0].into_iter().take(channels.into()) {
            match bits {
                8 => data.push((sound * 127.0 + 128.0) as u8),
                16 => data.extend_from_slice(&((sound * 32_767.0) as i16).to_le_bytes()),
                _ => data.extend_from_slice(&((sound * 8_388_607.0) as i32).to_le_bytes()[..3]),
            }
        }
    }
    let width = channels * bits / 8;
    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&(data.len() as u32 + 36).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0");
    file.extend_from_slice(&channels.to_le_bytes());
    file.extend_from_slice(&rate.to_le_bytes());
    file.extend_from_slice(&(rate * u32::from(width)).to_le_bytes());
    file.extend_from_slice(&width.to_le_bytes());
    file.extend_from_slice(&bits.to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&(data.len() as u32).to_le_bytes());
    file.extend_from_slice(&data);
    (file, (0..12_000).map(|at| tone(at, 24_000)).collect())
}

/// Returns what a job makes, at 24 kHz; the report is checked against the sound.
fn heard(done: &Done, mime: VoiceMime) -> Vec<f32> {
    let report = voice(done);
    assert_eq!(report.mime, mime);
    let made = bytes(done.output.as_ref().unwrap());
    let pcm = match mime {
        VoiceMime::Silk => silk::decode(&silk::packets(&made).unwrap()).unwrap(),
        VoiceMime::Ogg | VoiceMime::Wav | VoiceMime::Mp3 | VoiceMime::M4a | VoiceMime::Aac => {
            decode::audio(made).unwrap().pcm.resampled(24_000).unwrap()
        }
    };
    assert!(report.duration.abs_diff(pcm.duration()) < Duration::from_millis(21), "{report:?}");
    pcm.samples
}

/// Checks that the sound stays itself through every job. `as_file` is what a phone gets as a file,
/// if that is not made new.
async fn through_every_job(
    setup: &Setup,
    name: &str,
    input: &[u8],
    sound: &[f32],
    as_file: Option<VoiceMime>,
) {
    // A frame and the delay of MPEG's encoders, which ADTS and MP3 do not tell.
    let spare = 24_000 / 16;
    let alike = |found: &[f32], wanted: &[f32], job: &str| {
        assert!((wanted.len()..wanted.len() + spare).contains(&found.len()), "{name} {job}");
        let likeness = likeness(wanted, found);
        // Delays are whole samples here; half a sample between them costs more than the coding.
        assert!(likeness > 0.8, "{name} {job}: {likeness}");
    };
    let done = setup.run(MediaJob::VoiceForMatrix, input).await.unwrap();
    alike(&heard(&done, VoiceMime::Ogg), sound, "for Matrix");
    let done = setup.run(MediaJob::VoiceForPhone, input).await.unwrap();
    alike(&heard(&done, VoiceMime::Silk), sound, "for a phone");
    let done = setup.run(MediaJob::VoiceAsFile, input).await.unwrap();
    match as_file {
        None => alike(&heard(&done, VoiceMime::Wav), sound, "as a file"),
        Some(mime) => {
            assert_eq!((voice(&done).mime, done.output.is_none()), (mime, true), "{name}")
        }
    }
}

#[tokio::test]
async fn speech_in_each_coding_is_the_same_speech_behind_each_job() {
    let setup = Setup::new();
    let speech = pcm(&fixture("opus/element-like-zh-1s.dec24k.s16le"));
    let all = samples("audio");
    assert_eq!(all.len(), 5);
    for sample in all {
        let file = sample["file"].as_str().unwrap();
        let as_file = serde_json::from_value(sample["as_file"].clone()).unwrap();
        let input = fixture(&format!("audio/{file}"));
        through_every_job(&setup, file, &input, &speech, as_file).await;
    }
}

#[tokio::test]
async fn a_wave_of_any_width_is_the_same_tone_behind_each_job() {
    let setup = Setup::new();
    for (rate, channels, bits) in [(8_000, 1, 8), (44_100, 2, 16), (48_000, 1, 24)] {
        let (input, tone) = wave(rate, channels, bits);
        let name = format!("{rate} Hz {channels} x {bits} bit");
        let as_file = (bits == 16).then_some(VoiceMime::Wav);
        through_every_job(&setup, &name, &input, &tone, as_file).await;
    }
}
