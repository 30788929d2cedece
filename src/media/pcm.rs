//! Sound as samples of one channel.

use std::time::Duration;

use rubato::{
    Async, FixedAsync, Resampler, SincInterpolationParameters, SincInterpolationType,
    WindowFunction, audioadapter_buffers::direct::InterleavedSlice,
};

use super::refusal::Unreadable;

/// A sound of one channel; samples range from −1 to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Pcm {
    /// Samples per second.
    pub rate: u32,
    /// The samples in order of time.
    pub samples: Vec<f32>,
}

/// The greatest duration of a sound, in seconds.
pub(super) const LONGEST: u64 = 600;
/// The sampling rate of sound that is decoded from SILK, or encoded to Opus or SILK.
pub(super) const VOICE_RATE: u32 = 24_000;

impl Pcm {
    /// Returns the playing time.
    pub fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.samples.len() as f64 / f64::from(self.rate.max(1)))
    }

    /// Resamples a sound to another rate; both rates lie between 4 and 192 kHz.
    ///
    /// # Errors
    /// When the sound is empty or a rate is out of range.
    pub fn resampled(self, rate: u32) -> Result<Self, Unreadable> {
        if rate == self.rate {
            return Ok(self);
        }
        let quality = SincInterpolationParameters {
            sinc_len: 64,
            f_cutoff: None,
            oversampling_factor: 128,
            interpolation: SincInterpolationType::Linear,
            window: WindowFunction::BlackmanHarris2,
        };
        let ratio = f64::from(rate) / f64::from(self.rate);
        let mut resampler = Async::new_sinc(ratio, 1.0, &quality, 1024, 1, FixedAsync::Input)
            .map_err(|_| Unreadable::Damaged)?;
        let len = self.samples.len();
        let input =
            InterleavedSlice::new(&self.samples, 1, len).map_err(|_| Unreadable::Damaged)?;
        let output = resampler.process_all(&input, len, None).map_err(|_| Unreadable::Damaged)?;
        Ok(Self { rate, samples: output.take_data() })
    }

    /// Returns the samples as 16-bit numbers, little-endian.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let number = |sample: &f32| (sample * 32768.0).clamp(-32768.0, 32767.0) as i16;
        self.samples.iter().flat_map(|sample| number(sample).to_le_bytes()).collect()
    }

    /// Reads samples of 16-bit numbers, little-endian; an odd last byte is left out.
    pub(super) fn from_bytes(bytes: &[u8], rate: u32) -> Self {
        let (pairs, _) = bytes.as_chunks();
        let sample = |pair: &[u8; 2]| f32::from(i16::from_le_bytes(*pair)) / 32768.0;
        Self { rate, samples: pairs.iter().map(sample).collect() }
    }

    /// Returns the loudness over time: the loudest sample of each tenth of a second, 0 to 1024; at
    /// least 30 and at most 120 values.
    pub(super) fn waveform(&self) -> Vec<u16> {
        let stretches = (self.duration().as_millis() / 100).clamp(30, 120) as usize;
        let len = self.samples.len();
        let loudest = |at: usize| {
            let begins = at * len / stretches;
            let ends = ((at + 1) * len / stretches).max(begins + 1).min(len);
            let stretch = self.samples.get(begins..ends).unwrap_or_default();
            stretch.iter().fold(0.0_f32, |loudest, sample| loudest.max(sample.abs()))
        };
        (0..stretches).map(|at| (loudest(at).min(1.0) * 1024.0) as u16).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Makes a tone of 440 Hz.
    pub(in crate::media) fn tone(rate: u32, seconds: f64) -> Pcm {
        let count = (f64::from(rate) * seconds) as usize;
        let at = |at: usize| at as f64 * 440.0 * std::f64::consts::TAU / f64::from(rate);
        Pcm { rate, samples: (0..count).map(|n| (at(n).sin() * 0.5) as f32).collect() }
    }

    /// Returns the greatest correlation of two sounds over all delays; 1 at most.
    pub(in crate::media) fn likeness(one: &[f32], other: &[f32]) -> f64 {
        let at = |delay: usize| {
            let pairs = one.iter().zip(&other[delay.min(other.len())..]);
            let (mut both, mut first, mut second) = (0.0, 0.0, 0.0);
            for (a, b) in pairs.map(|(a, b)| (f64::from(*a), f64::from(*b))) {
                both += a * b;
                first += a * a;
                second += b * b;
            }
            both / (first * second).sqrt().max(f64::MIN_POSITIVE)
        };
        (0..400).map(at).fold(-1.0, f64::max)
    }

    #[test]
    fn a_tone_is_the_same_tone_at_every_rate() {
        for from in [8_000, 16_000, 44_100, 48_000] {
            let resampled = tone(from, 0.5).resampled(VOICE_RATE).unwrap();
            let wanted = tone(VOICE_RATE, 0.5);
            assert!(resampled.samples.len().abs_diff(wanted.samples.len()) <= 1, "{from}");
            let likeness = likeness(&wanted.samples, &resampled.samples);
            assert!(likeness > 0.99, "{from}: {likeness}");
        }
    }

    #[test]
    fn a_waveform_has_its_size_and_its_peaks() {
        for (seconds, stretches) in [(0.001, 30), (1.0, 30), (5.0, 50), (60.0, 120)] {
            let mut pcm = tone(8_000, seconds);
            assert_eq!(pcm.waveform().len(), stretches, "{seconds}");
            pcm.samples[0] = -7.0;
            assert_eq!(pcm.waveform()[0], 1024);
        }
        let silent = Pcm { rate: 8_000, samples: vec![0.0; 8_000] };
        assert_eq!(silent.waveform(), [0; 30]);
    }

    #[test]
    fn bytes_are_samples_and_back() {
        let bytes = [0, 0, 255, 127, 0, 128, 1, 0];
        let pcm = Pcm::from_bytes(&bytes, 8_000);
        assert_eq!(pcm.samples.len(), 4);
        assert_eq!(pcm.to_bytes(), bytes);
        assert_eq!(Pcm { rate: 1, samples: vec![9.0] }.to_bytes(), [255, 127]);
    }
}
