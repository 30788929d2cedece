//! The jobs on audio.

use super::{
    answer::Made,
    decode::{self, AudioKind, Decoded},
    input::Input,
    opus,
    pcm::{Pcm, VOICE_RATE},
    refusal::{MediaRefusal, Unreadable},
    report::{
        MediaReport,
        voice::{VoiceMime, VoiceReport},
    },
    silk, wav,
};

/// Makes Ogg/Opus; an Ogg/Opus file of one channel stays as it is.
pub(super) fn for_matrix(mut input: Input) -> Result<Made, MediaRefusal> {
    let sound = read(&mut input)?;
    if sound.kind == AudioKind::OggOpus {
        return Ok(made(&sound.pcm, VoiceMime::Ogg, None));
    }
    let pcm = sound.pcm.resampled(VOICE_RATE)?;
    Ok(made(&pcm, VoiceMime::Ogg, Some(opus::encode(&pcm)?)))
}

/// Makes SILK in the form of WeChat's own voice messages.
pub(super) fn for_phone(mut input: Input) -> Result<Made, MediaRefusal> {
    let pcm = read(&mut input)?.pcm.resampled(VOICE_RATE)?;
    Ok(made(&pcm, VoiceMime::Silk, Some(silk::encode(&pcm)?)))
}

/// Makes WAVE, which every phone plays; other files that phones play stay as they are.
pub(super) fn as_file(mut input: Input) -> Result<Made, MediaRefusal> {
    let sound = read(&mut input)?;
    let plays = match sound.kind {
        AudioKind::Mp3 => Some(VoiceMime::Mp3),
        AudioKind::M4a => Some(VoiceMime::M4a),
        AudioKind::Aac => Some(VoiceMime::Aac),
        AudioKind::Wav => Some(VoiceMime::Wav),
        AudioKind::OggOpus | AudioKind::Other => None,
    };
    if let Some(mime) = plays {
        return Ok(made(&sound.pcm, mime, None));
    }
    let pcm = sound.pcm.resampled(wav::RATE)?;
    Ok(made(&pcm, VoiceMime::Wav, Some(wav::encode(&pcm)?)))
}

/// Decodes audio of any kind; SILK is recognised by its first bytes, whatever the sender says.
fn read(input: &mut Input) -> Result<Decoded, MediaRefusal> {
    let bytes = input.all()?;
    if bytes.is_empty() {
        return Err(Unreadable::Empty.into());
    }
    if !silk::is_silk(&bytes) {
        return decode::audio(bytes);
    }
    Ok(Decoded { pcm: silk::decode(&silk::packets(&bytes)?)?, kind: AudioKind::Other })
}

fn made(pcm: &Pcm, mime: VoiceMime, output: Option<Vec<u8>>) -> Made {
    let report = VoiceReport { duration: pcm.duration(), waveform: pcm.waveform(), mime };
    Made { report: MediaReport::Voice(report), output, thumbnail: None }
}
