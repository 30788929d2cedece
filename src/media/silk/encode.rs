//! The encoder of SILK.

use super::FRAME;
use crate::media::{
    pcm::{Pcm, VOICE_RATE},
    refusal::Unreadable,
};

/// The bit rate.
const BITS_PER_SECOND: i32 = 32_000;

/// Encodes sound of 24 kHz in WeChat's form: its byte, the header, packets of 20 ms, no end mark.
pub(in crate::media) fn encode(pcm: &Pcm) -> Result<Vec<u8>, Unreadable> {
    let mut bytes = led_back(pcm).to_bytes();
    // The encoder drops samples that do not fill a packet.
    bytes.resize(bytes.len().next_multiple_of(FRAME * 2), 0);
    let encoded = silk_rs::encode_silk(&bytes, VOICE_RATE as i32, BITS_PER_SECOND, true);
    encoded.map_err(|_| Unreadable::Damaged)
}

/// Turns the phases of low tones back by as much as the encoder is going to turn them: it applies a
/// high-pass filter of 80 to 150 Hz to a voice, which shifts those tones against the others.
///
/// The filter is an all-pass of the first order, which changes phases only, applied from the end of
/// the sound to its beginning.
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

/// The frequency in Hz at which phases are turned by a quarter. It lies between the edges of the
/// encoder's filter, which follows the voice; at this one, voices of every pitch come out best.
const TURNED_AT: f64 = 80.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{
        pcm::tests::{likeness, tone},
        silk::{decode, packets},
    };

    #[test]
    fn what_is_encoded_decodes_to_the_same_sound() {
        let sound = tone(VOICE_RATE, 1.005);
        let encoded = encode(&sound).unwrap();
        assert!(encoded.starts_with(b"\x02#!SILK_V3") && !encoded.ends_with(&[255, 255]));
        let packets = packets(&encoded).unwrap();
        assert_eq!(packets.len(), 51);
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
