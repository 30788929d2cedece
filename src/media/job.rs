//! What can be asked of a worker, and what can be said about it.

use std::{io, time::Duration};

use serde::{Deserialize, Serialize};

use super::{picture::PictureReport, video::VideoReport};

/// What is to be made of a medium.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Job {
    /// SILK or any other audio that can be read, to Ogg/Opus, 48 kHz, mono.
    VoiceForMatrix,
    /// Any audio that can be read, to SILK, 24 kHz, mono, with the one byte 0x02 before it.
    VoiceForPhone,
    /// Any audio that can be read, to a file that a phone plays.
    VoiceAsFile,
    /// Any picture that can be decoded: its size and colours, and a thumbnail of a large one.
    Picture,
    /// Any picture that can be decoded: as it is when phones show it, else as PNG or GIF.
    PictureForPhone,
    /// A video: its size and how long it plays.
    Video,
    /// Tries to open a file, which ends a worker that is held as it should be.
    SelfTest,
}

impl Job {
    /// The largest input in bytes. A job that loads its input whole needs that much memory.
    pub(super) fn most_input(self) -> u64 {
        match self {
            Self::VoiceForMatrix | Self::VoiceForPhone | Self::VoiceAsFile => 64 * 1024 * 1024,
            Self::Picture | Self::PictureForPhone => 64 * 1024 * 1024,
            // Only its index is read.
            Self::Video | Self::SelfTest => u64::MAX,
        }
    }
}

/// What a worker found out about a medium.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// The medium is audio.
    Voice(VoiceReport),
    /// The medium is a picture.
    Picture(PictureReport),
    /// The medium is a video.
    Video(VideoReport),
    /// Only from [`Job::SelfTest`]: the worker is still there after it has opened a file.
    Unguarded,
}

/// What a player shows of a voice message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceReport {
    /// How long it plays.
    pub duration: Duration,
    /// The loudest moment of each stretch of time, 0 to 1024; 30 to 120 stretches.
    pub waveform: Vec<u16>,
    /// MIME type of the output, or of the input where there is no output.
    pub mime: VoiceMime,
}

impl VoiceReport {
    /// Whether about as much was decoded as the sender says there is. A SILK stream that packs
    /// more than 20 ms into a packet decodes to half of its length or less.
    pub fn is_whole(&self, playtime: Duration) -> bool {
        self.duration + Duration::from_millis(500) >= playtime.mul_f64(0.75)
    }

    /// Within the ranges that are promised, whatever a worker has answered.
    pub(super) fn is_sound(&self) -> bool {
        (30..=120).contains(&self.waveform.len()) && self.waveform.iter().all(|at| *at <= 1024)
    }
}

/// The kinds of audio that leave a worker, or pass it unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum VoiceMime {
    /// Opus in Ogg.
    Ogg,
    /// SILK as WeChat writes it.
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
    /// The MIME type.
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

    /// The end of a file's name, without the dot.
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

/// Why nothing was made of a medium. Holds nothing of the medium.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// The medium is not what it should be.
    #[error("unreadable: {0}")]
    Unreadable(Unreadable),
    /// The medium, or what would be made of it, is above a limit.
    #[error("too large")]
    TooLarge,
    /// The worker ended without an answer, or with one that is none: the medium is hostile.
    #[error("the worker died of it")]
    Crashed,
    /// The worker used up its time.
    #[error("took too long")]
    TimedOut,
    /// No worker could be started, or held; the medium was not looked at.
    #[error("no worker")]
    CannotStart(#[source] io::Error),
}

/// What is wrong with a medium.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Unreadable {
    /// Nothing that is known here.
    #[error("unknown kind")]
    Kind,
    /// A known kind, broken or cut off.
    #[error("damaged")]
    Damaged,
    /// There is nothing in it.
    #[error("empty")]
    Empty,
}

/// What a worker answers when it has no report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// The medium is not what it should be.
    Unreadable(Unreadable),
    /// The medium, or what would be made of it, is above a limit.
    TooLarge,
}

impl From<Unreadable> for Refusal {
    fn from(why: Unreadable) -> Self {
        Self::Unreadable(why)
    }
}

impl From<Refusal> for WorkError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unreadable(why) => Self::Unreadable(why),
            Refusal::TooLarge => Self::TooLarge,
        }
    }
}

/// Whether workers are held by the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sandbox {
    /// Calls to the system are filtered, memory and time are limited.
    Full,
    /// Memory and time are limited, but a codec that is taken over can do what the bridge can;
    /// or no worker starts at all. One English clause for the log.
    Missing(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(millis: u64, waveform: Vec<u16>) -> VoiceReport {
        VoiceReport { duration: Duration::from_millis(millis), waveform, mime: VoiceMime::Ogg }
    }

    #[test]
    fn half_a_voice_is_not_whole() {
        let said = Duration::from_secs(10);
        assert!(voice(9_900, vec![0; 30]).is_whole(said));
        assert!(voice(10_500, vec![0; 30]).is_whole(said));
        assert!(!voice(5_000, vec![0; 30]).is_whole(said));
        assert!(voice(900, vec![0; 30]).is_whole(Duration::ZERO));
    }

    #[test]
    fn a_waveform_outside_the_promised_range_is_not_sound() {
        assert!(voice(1, vec![1024; 120]).is_sound());
        assert!(!voice(1, vec![1025; 120]).is_sound());
        assert!(!voice(1, vec![0; 121]).is_sound());
        assert!(!voice(1, vec![0; 29]).is_sound());
    }
}
