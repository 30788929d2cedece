//! The decoder of SILK.

use std::iter::repeat_n;

use super::{FRAME, HEADER};
use crate::media::{
    pcm::{LONGEST, Pcm, VOICE_RATE},
    refusal::{MediaRefusal, Unreadable},
};

/// The greatest number of frames of 20 ms in a packet.
const MOST_FRAMES: usize = 5;
/// The number of frames in a second.
const FRAMES_PER_SECOND: usize = 50;
/// The largest packet in bytes that the decoder accepts at [`VOICE_RATE`]; at twice that rate it
/// accepts any.
const LARGEST_AT_VOICE_RATE: usize = 960;
/// The number of zero bytes behind the input, since the decoder reads past the end.
const SPARE: usize = 16;
/// A packet that the decoder refuses in any state, unless it is still busy with the packet before:
/// no sampling rate has this code.
const ILLEGAL: &[u8] = &[0xff; 4];
/// The factor by which each frame of a pause is quieter than the one before.
const FADING: f32 = 0.97;

/// Decodes packets at 24 kHz, whatever rate the sender claims, or at 48 kHz where a packet is too
/// large for that. A packet without bytes is a pause. Only for a worker.
///
/// # Errors
/// When the decoder refuses a packet, all are empty, or they play too long.
pub fn decode(packets: &[&[u8]]) -> Result<Pcm, MediaRefusal> {
    let frames = frames(packets)?;
    let coded = packets.iter().zip(&frames).filter(|(packet, _)| !packet.is_empty());
    let stream = stream(coded.clone().flat_map(|(packet, frames)| repeat_n(*packet, *frames)));
    let is_large = packets.iter().any(|packet| packet.len() > LARGEST_AT_VOICE_RATE);
    let double = if is_large { 2 } else { 1 };
    let rate = VOICE_RATE * double;
    let decoded = silk_rs::decode_silk(&stream[..stream.len() - SPARE], rate as i32);
    let decoded = decoded.map_err(|_| Unreadable::Damaged)?;
    let frame = FRAME * double as usize;
    if decoded.len() != coded.map(|(_, frames)| frames).sum::<usize>() * frame * 2 {
        return Err(Unreadable::Damaged.into());
    }
    let pcm = Pcm::from_bytes(&decoded, rate);
    if packets.iter().all(|packet| !packet.is_empty()) {
        return Ok(pcm);
    }
    Ok(Pcm { rate, samples: with_pauses(packets, &frames, &pcm.samples, frame) })
}

/// Returns the number of frames of each packet. A pause is as long as the packet before it, or else
/// as the first one behind it.
fn frames(packets: &[&[u8]]) -> Result<Vec<usize>, MediaRefusal> {
    let most = LONGEST as usize * FRAMES_PER_SECOND;
    if packets.len() >= most {
        return Err(MediaRefusal::TooLarge);
    }
    let first = packets.iter().find(|packet| !packet.is_empty()).ok_or(Unreadable::Empty)?;
    let mut last = frames_of(first);
    let mut left = most;
    let mut frames = Vec::with_capacity(packets.len());
    for packet in packets {
        if !packet.is_empty() {
            last = frames_of(packet);
        }
        left = left.checked_sub(last).filter(|left| *left > 0).ok_or(MediaRefusal::TooLarge)?;
        frames.push(last);
    }
    Ok(frames)
}

/// Returns the number of frames in a packet. The decoder takes one frame at each call, and looks at
/// its input only when it is done with the packet before.
fn frames_of(packet: &[u8]) -> usize {
    let is_done_after = |count: &usize| {
        let stream = stream(repeat_n(packet, *count).chain([ILLEGAL]));
        // At this rate it accepts packets of any size.
        silk_rs::decode_silk(&stream[..stream.len() - SPARE], 2 * VOICE_RATE as i32).is_err()
    };
    (1..MOST_FRAMES).find(is_done_after).unwrap_or(MOST_FRAMES)
}

/// Returns a file of these packets, with spare bytes behind it.
fn stream<'a>(packets: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut stream = HEADER.to_vec();
    for packet in packets {
        // `packets` accepts no larger one; the decoder would refuse a cut one.
        let len = u16::try_from(packet.len()).unwrap_or_default();
        stream.extend_from_slice(&len.to_le_bytes());
        stream.extend_from_slice(packet);
    }
    stream.extend_from_slice(&[0; SPARE]);
    stream
}

/// Returns the sound with its pauses. In a pause the last frame, which is the noise of the room,
/// goes on backwards and forwards by turns, and fades.
fn with_pauses(packets: &[&[u8]], frames: &[usize], coded: &[f32], frame: usize) -> Vec<f32> {
    let mut samples: Vec<f32> = Vec::with_capacity(frames.iter().sum::<usize>() * frame);
    let mut rest = coded;
    for (packet, frames) in packets.iter().zip(frames) {
        let len = frames * frame;
        if packet.is_empty() {
            for _ in 0..*frames {
                let last = samples.len().saturating_sub(frame);
                let mut pause: Vec<f32> = samples[last..].iter().map(|at| at * FADING).collect();
                pause.reverse();
                pause.resize(frame, 0.0);
                samples.extend(pause);
            }
        } else {
            let (sound, behind) = rest.split_at(len.min(rest.len()));
            samples.extend_from_slice(sound);
            rest = behind;
        }
    }
    samples
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::media::silk::packets;

    fn read(name: &str) -> Vec<u8> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/silk/");
        std::fs::read(format!("{folder}{name}")).unwrap()
    }

    fn sound(name: &str) -> Pcm {
        decode(&packets(&read(name)).unwrap()).unwrap()
    }

    #[test]
    fn files_of_other_encoders_decode_as_other_decoders_decode_them() {
        let manifest: serde_json::Value = serde_json::from_slice(&read("manifest.json")).unwrap();
        let samples = manifest["samples"].as_array().unwrap();
        assert!(samples.len() >= 8);
        for sample in samples {
            let file = sample["file"].as_str().unwrap();
            let bytes = read(file);
            let packets = packets(&bytes).unwrap();
            assert_eq!(packets.len() as u64, sample["packets"], "{file}");
            let decoded = decode(&packets).unwrap().to_bytes();
            assert_eq!(decoded.len() as u64, sample["decoded_24k_bytes"], "{file}");
            let digest = hex::encode(Sha256::digest(&decoded));
            assert_eq!(digest, sample["decoded_24k_sha256"], "{file}");
        }
    }

    #[test]
    fn a_packet_of_up_to_100_ms_plays_whole() {
        for (file, frames) in [("40ms", 2), ("60ms", 3), ("80ms", 4), ("100ms", 5)] {
            let bytes = read(&format!("speech-en-24k-3s.{file}.silk"));
            let packets = packets(&bytes).unwrap();
            assert!(packets.iter().all(|packet| frames_of(packet) == frames), "{file}");
        }
        let large = sound("noise-24k-1s.80ms-large.silk");
        assert_eq!((large.rate, large.samples.len()), (48_000, 46_080));
    }

    #[test]
    fn a_packet_without_bytes_is_a_pause() {
        for (file, seconds) in [("20ms", 5.0), ("60ms", 4.98)] {
            let pcm = sound(&format!("speech-pause-24k-5s.dtx-{file}.silk"));
            assert_eq!(pcm.samples.len(), (seconds * 24_000.0) as usize, "{file}");
            let loudest = |part: &[f32]| part.iter().fold(0.0_f32, |most, at| most.max(at.abs()));
            assert!(loudest(&pcm.samples[..24_000]) > 0.1 && loudest(&pcm.samples[97_000..]) > 0.1);
            let pause = loudest(&pcm.samples[48_000..72_000]);
            assert!(pause < 0.01, "{file}: {pause}");
        }
    }

    #[test]
    fn pauses_alone_are_nothing_and_many_long_packets_are_too_much() {
        assert_eq!(decode(&[b"", b""]), Err(Unreadable::Empty.into()));
        let bytes = read("speech-en-24k-3s.100ms.silk");
        let packets = packets(&bytes).unwrap();
        assert_eq!(decode(&packets.repeat(200)), Err(MediaRefusal::TooLarge));
        let led = [&[&b""[..]], &packets[..2]].concat();
        assert_eq!(decode(&led).unwrap().duration().as_millis(), 300);
    }
}
