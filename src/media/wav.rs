//! The encoder of WAVE: 16-bit PCM of one channel.

use super::{pcm::Pcm, refusal::Unreadable};

/// The sampling rate in Hz, which is enough for a voice, at 32 kB a second.
pub(super) const RATE: u32 = 16_000;
/// The bytes of a sample.
const WIDTH: u16 = 2;

/// Encodes a sound at its own rate.
pub(super) fn encode(pcm: &Pcm) -> Result<Vec<u8>, Unreadable> {
    let samples = pcm.to_bytes();
    let len = u32::try_from(samples.len()).ok().filter(|len| *len < u32::MAX - 36);
    let len = len.ok_or(Unreadable::Damaged)?;
    let mut file = Vec::with_capacity(samples.len() + 44);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(len + 36).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16_u32.to_le_bytes());
    // Format PCM, one channel.
    file.extend_from_slice(&1_u16.to_le_bytes());
    file.extend_from_slice(&1_u16.to_le_bytes());
    file.extend_from_slice(&pcm.rate.to_le_bytes());
    file.extend_from_slice(&(pcm.rate * u32::from(WIDTH)).to_le_bytes());
    file.extend_from_slice(&WIDTH.to_le_bytes());
    file.extend_from_slice(&(WIDTH * 8).to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&len.to_le_bytes());
    file.extend_from_slice(&samples);
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{
        decode::{AudioKind, audio},
        pcm::tests::tone,
    };

    #[test]
    fn what_is_written_is_read() {
        let sound = tone(RATE, 0.5);
        let read = audio(encode(&sound).unwrap()).unwrap();
        assert_eq!((read.kind, read.pcm.rate), (AudioKind::Wav, RATE));
        assert_eq!(read.pcm.to_bytes(), sound.to_bytes());
    }
}
