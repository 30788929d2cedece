//! The report on a voice message.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The report on a voice message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceReport {
    /// The playing time.
    pub duration: Duration,
    /// The loudness over time, in 30 to 120 steps of 0 to 1024.
    pub waveform: Vec<u16>,
    /// The MIME type of the output, or of the input where there is no output.
    pub mime: VoiceMime,
}

impl VoiceReport {
    /// Returns whether all numbers are within their ranges, since a worker may answer anything.
    pub(super) fn is_sound(&self) -> bool {
        (30..=120).contains(&self.waveform.len()) && self.waveform.iter().all(|at| *at <= 1024)
    }
}

/// The kinds of audio that a worker writes or leaves unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum VoiceMime {
    /// Opus in Ogg.
    Ogg,
    /// SILK in WeChat's form.
    Silk,
    /// 16-bit PCM.
    Wav,
    /// MPEG layer 3.
    Mp3,
    /// AAC in MP4, `.m4a`.
    M4a,
    /// AAC in ADTS.
    Aac,
}

impl VoiceMime {
    /// Returns the MIME type.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Ogg => "audio/ogg",
            Self::Silk => "audio/silk",
            Self::Wav => "audio/wav",
            Self::Mp3 => "audio/mpeg",
            Self::M4a => "audio/mp4",
            Self::Aac => "audio/aac",
        }
    }

    /// Returns the extension of a file name, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Ogg => "ogg",
            Self::Silk => "silk",
            Self::Wav => "wav",
            Self::Mp3 => "mp3",
            Self::M4a => "m4a",
            Self::Aac => "aac",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(millis: u64, waveform: Vec<u16>) -> VoiceReport {
        VoiceReport { duration: Duration::from_millis(millis), waveform, mime: VoiceMime::Ogg }
    }

    #[test]
    fn a_waveform_outside_the_promised_range_is_not_sound() {
        assert!(voice(1, vec![1024; 120]).is_sound());
        assert!(!voice(1, vec![1025; 120]).is_sound());
        assert!(!voice(1, vec![0; 121]).is_sound());
        assert!(!voice(1, vec![0; 29]).is_sound());
    }
}
