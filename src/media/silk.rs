//! SILK as WeChat records it (docs/protocol.md §6).
//!
//! The decoder below is C that trusts its input: below the stream's own rate it writes behind its
//! buffer, at an end mark it stops with nothing, and it reads up to four bytes past the end. So it
//! is called only in a worker, and only behind what stands here.

use super::{
    pcm::{Pcm, VOICE_RATE},
    refusal::Unreadable,
};

const HEADER: &[u8] = b"#!SILK_V3";
/// The byte that WeChat puts before the header.
const TENCENT: u8 = 2;
/// The largest packet that the decoder takes, in bytes.
const LARGEST: usize = 960;
/// Bytes of PCM that a packet of 20 ms decodes to.
const FRAME: usize = VOICE_RATE as usize / 50 * 2;
/// Zero bytes behind the input, for the decoder that reads past the end.
const SPARE: usize = 16;
/// What is spent on a second of speech.
const BITS_PER_SECOND: i32 = 32_000;

/// Whether `bytes` begin as SILK does, with or without WeChat's byte.
pub fn is_silk(bytes: &[u8]) -> bool {
    bytes.strip_prefix(&[TENCENT]).unwrap_or(bytes).starts_with(HEADER)
}

/// The packets of a SILK file, without the mark at its end and what follows it.
///
/// # Errors
/// When it is not SILK, is cut off within a packet, or holds none.
pub fn packets(bytes: &[u8]) -> Result<Vec<&[u8]>, Unreadable> {
    let bytes = bytes.strip_prefix(&[TENCENT]).unwrap_or(bytes);
    let mut rest = bytes.strip_prefix(HEADER).ok_or(Unreadable::Kind)?;
    let mut packets = Vec::new();
    while let Some((len, behind)) = rest.split_first_chunk() {
        let len = match i16::from_le_bytes(*len) {
            -1 => break,
            len => usize::try_from(len).map_err(|_| Unreadable::Damaged)?,
        };
        if !(1..=LARGEST).contains(&len) {
            return Err(Unreadable::Damaged);
        }
        let (packet, behind) = behind.split_at_checked(len).ok_or(Unreadable::Damaged)?;
        packets.push(packet);
        rest = behind;
    }
    if packets.is_empty() { Err(Unreadable::Empty) } else { Ok(packets) }
}

/// How much packets play that hold 20 ms each, as all do that WeChat writes, in seconds.
pub(super) fn seconds(packets: &[&[u8]]) -> u64 {
    packets.len() as u64 / 50
}

/// Decodes packets at 24 kHz, whatever the sender says the rate is. Only for a worker.
///
/// # Errors
/// When the decoder refuses a packet.
pub fn decode(packets: &[&[u8]]) -> Result<Pcm, Unreadable> {
    let len = HEADER.len() + packets.iter().map(|packet| 2 + packet.len()).sum::<usize>();
    let mut stream = Vec::with_capacity(len + SPARE);
    stream.extend_from_slice(HEADER);
    for packet in packets {
        let len = u16::try_from(packet.len()).map_err(|_| Unreadable::Damaged)?;
        stream.extend_from_slice(&len.to_le_bytes());
        stream.extend_from_slice(packet);
    }
    stream.extend_from_slice(&[0; SPARE]);
    let decoded = silk_rs::decode_silk(&stream[..len], VOICE_RATE as i32);
    let decoded = decoded.map_err(|_| Unreadable::Damaged)?;
    if decoded.len() != packets.len() * FRAME {
        return Err(Unreadable::Damaged);
    }
    Ok(Pcm::from_bytes(&decoded, VOICE_RATE))
}

/// Encodes sound of 24 kHz as WeChat does: its byte, the header, packets of 20 ms, no end mark.
pub(super) fn encode(pcm: &Pcm) -> Result<Vec<u8>, Unreadable> {
    let mut bytes = led_back(pcm).to_bytes();
    // The encoder leaves out what fills no packet.
    bytes.resize(bytes.len().next_multiple_of(FRAME), 0);
    let encoded = silk_rs::encode_silk(&bytes, VOICE_RATE as i32, BITS_PER_SECOND, true);
    encoded.map_err(|_| Unreadable::Damaged)
}

/// The sound with the phases of its low tones turned back by as much as the encoder is about to
/// turn them: before it encodes, it puts a high-pass filter of 80 to 150 Hz over a voice, which
/// moves those tones against the others.
///
/// An all-pass of the first order, which changes phases alone, over the sound from its end to its
/// beginning.
fn led_back(pcm: &Pcm) -> Pcm {
    let t = (std::f64::consts::PI * TURNED_AT / f64::from(VOICE_RATE)).tan();
    let pole = (1.0 - t) / (1.0 + t);
    let (mut later, mut turned) = (0.0, 0.0);
    let turn = |sample: &f32| {
        let sample = f64::from(*sample);
        turned = pole * (sample + turned) - later;
        later = sample;
        turned as f32
    };
    let mut samples: Vec<_> = pcm.samples.iter().rev().map(turn).collect();
    samples.reverse();
    Pcm { rate: pcm.rate, samples }
}

/// Where phases are turned by a quarter, in Hz: between the edges of the encoder's filter, which
/// follows the voice. Voices of every height come out best here.
const TURNED_AT: f64 = 80.0;

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::media::pcm::tests::{likeness, tone};

    fn file(parts: &[&[u8]]) -> Vec<u8> {
        [b"\x02#!SILK_V3", parts.concat().as_slice()].concat()
    }

    #[test]
    fn packets_are_found_up_to_the_end_mark() {
        let whole = file(&[b"\x01\0a", b"\x02\0bc"]);
        assert_eq!(packets(&whole), Ok(vec![&b"a"[..], b"bc"]));
        assert_eq!(packets(&whole[1..]), Ok(vec![&b"a"[..], b"bc"]), "without WeChat's byte");
        let marked = file(&[b"\x01\0a", b"\xff\xff", b"\x09\0more"]);
        assert_eq!(packets(&marked), Ok(vec![&b"a"[..]]));
        assert_eq!(packets(&file(&[b"\x01\0a", b"\x07"])), Ok(vec![&b"a"[..]]));
    }

    #[test]
    fn what_is_broken_is_refused() {
        let damaged: &[&[u8]] = &[b"\x03\0ab", b"\x00\0", b"\xfe\xff", b"\xc1\x03"];
        for part in damaged {
            assert_eq!(packets(&file(&[part])), Err(Unreadable::Damaged), "{part:?}");
        }
        assert_eq!(packets(&file(&[&961_u16.to_le_bytes(), &[0; 961]])), Err(Unreadable::Damaged));
        assert_eq!(packets(&file(&[])), Err(Unreadable::Empty));
        assert_eq!(packets(&file(&[b"\xff\xff"])), Err(Unreadable::Empty));
        for other in [&b""[..], b"\x02", b"#!SILK_V2", b"\x02\x02#!SILK_V3\x01\0a"] {
            assert_eq!(packets(other), Err(Unreadable::Kind));
            assert!(!is_silk(other));
        }
    }

    #[test]
    fn files_of_other_encoders_decode_as_other_decoders_decode_them() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/silk/");
        let read = |name: &str| std::fs::read(format!("{folder}{name}")).unwrap();
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
    fn what_is_encoded_decodes_to_the_same_sound() {
        let sound = tone(VOICE_RATE, 1.005);
        let encoded = encode(&sound).unwrap();
        assert!(encoded.starts_with(b"\x02#!SILK_V3") && !encoded.ends_with(&[255, 255]));
        let packets = packets(&encoded).unwrap();
        assert_eq!((packets.len(), seconds(&packets)), (51, 1));
        let decoded = decode(&packets).unwrap();
        assert_eq!(decoded.samples.len(), 51 * 480);
        let likeness = likeness(&sound.samples, &decoded.samples);
        assert!(likeness > 0.95, "{likeness}");
    }

    #[test]
    fn phases_are_turned_and_nothing_gets_louder() {
        for hertz in [20.0, 80.0, 1_000.0] {
            let at = |at: usize| (at as f64 * hertz * std::f64::consts::TAU / 24_000.0).sin();
            let sound =
                Pcm { rate: VOICE_RATE, samples: (0..48_000).map(|n| at(n) as f32).collect() };
            let turned = led_back(&sound);
            let loudness = |pcm: &Pcm| pcm.samples[..24_000].iter().map(|s| s * s).sum::<f32>();
            let change = loudness(&turned) / loudness(&sound);
            assert!((0.98..1.02).contains(&change), "{hertz} Hz: {change}");
        }
    }
}
