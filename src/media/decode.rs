//! The decoder of audio to samples of one channel, with Symphonia and libopus; only for a worker.

use std::io::Cursor;

use symphonia::core::{
    codecs::{
        audio::{
            AudioCodecParameters, AudioDecoder, AudioDecoderOptions,
            well_known::{CODEC_ID_AAC, CODEC_ID_MP3, CODEC_ID_OPUS, CODEC_ID_PCM_S16LE},
        },
        registry::CodecRegistry,
    },
    errors::Error,
    formats::{
        FormatOptions, FormatReader, TrackType,
        probe::Hint,
        well_known::{
            FORMAT_ID_ADTS, FORMAT_ID_ISOMP4, FORMAT_ID_MKV, FORMAT_ID_MP3, FORMAT_ID_OGG,
            FORMAT_ID_WAVE,
        },
    },
    io::MediaSourceStream,
    meta::MetadataOptions,
};
use symphonia_adapter_libopus::OpusDecoder;

use super::{
    pcm::{LONGEST, Pcm},
    refusal::{MediaRefusal, Unreadable},
    span::AudibleSpan,
};

/// Decoded sound, and the kind of its file.
#[derive(Debug)]
pub struct Decoded {
    /// The sound.
    pub pcm: Pcm,
    /// The kind of its file.
    pub kind: AudioKind,
}

/// The kinds of audio files that need no conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AudioKind {
    /// One mono track of Opus in Ogg.
    OggOpus,
    /// MPEG layer 3.
    Mp3,
    /// One track of AAC in MP4.
    M4a,
    /// AAC in ADTS.
    Aac,
    /// 16-bit PCM in WAVE.
    Wav,
    /// Any other kind that could be decoded.
    Other,
}

/// The greatest number of samples: the longest sound at 48 kHz.
const MOST: usize = LONGEST as usize * 48_000;
/// The valid sampling rates; nothing is recorded at others.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=192_000;
/// One of so many packets may be broken: the first ones of a cut MP3 refer to missing data.
const BROKEN_ONE_OF: usize = 20;

/// Decodes a whole file.
///
/// # Errors
/// When nothing in it can be decoded, too much of it is broken, or it plays too long.
pub fn audio(bytes: Vec<u8>) -> Result<Decoded, MediaRefusal> {
    let edits = AudibleSpan::of_mp4(&bytes);
    let stream = MediaSourceStream::new(Box::new(Cursor::new(bytes)), Default::default());
    let (format, meta) = (FormatOptions::default(), MetadataOptions::default());
    let mut reader = symphonia::default::get_probe()
        .probe(&Hint::new(), stream, format, meta)
        .map_err(|_| Unreadable::Kind)?;
    let tracks = reader.tracks().len();
    let track = reader.default_track(TrackType::Audio).ok_or(Unreadable::Kind)?;
    let parameters = track.codec_params.as_ref().and_then(|all| all.audio());
    let parameters = parameters.ok_or(Unreadable::Kind)?;
    let kind = kind(&*reader, tracks, parameters);
    let (parameters, skipped) = without_skip(parameters);
    let mut codecs = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut codecs);
    codecs.register_audio_decoder::<OpusDecoder>();
    let mut decoder = codecs
        .make_audio_decoder(&parameters, &AudioDecoderOptions::default())
        .map_err(|_| Unreadable::Kind)?;
    let (track, base) = (track.id, track.time_base);
    let (mut pcm, begins) = samples(&mut *reader, track, &mut *decoder)?;
    let delay = || {
        // In Matroska, samples before the sound have negative times.
        let is_matroska = reader.format_info().format == FORMAT_ID_MKV;
        let ticks = begins.filter(|ticks| is_matroska && *ticks < 0)?;
        let base = base?;
        let second = f64::from(base.denom.get()) / f64::from(base.numer.get());
        Some(AudibleSpan::after(ticks.unsigned_abs() as f64 / second))
    };
    edits.or(skipped).or_else(delay).unwrap_or_default().cut(&mut pcm);
    Ok(Decoded { pcm, kind })
}

/// Returns the parameters of a decoder that skips nothing at the beginning, and the part to skip:
/// libopus's reader skips no more than the first packet.
fn without_skip(given: &AudioCodecParameters) -> (AudioCodecParameters, Option<AudibleSpan>) {
    let mut parameters = given.clone();
    let head = parameters.extra_data.as_mut().filter(|_| given.codec == CODEC_ID_OPUS);
    let skip = head.filter(|head| head.starts_with(b"OpusHead")).and_then(|head| {
        let skip = head.get_mut(10..12)?;
        let ticks = u16::from_le_bytes([skip[0], skip[1]]);
        skip.fill(0);
        (ticks > 0).then(|| AudibleSpan::after(f64::from(ticks) / 48_000.0))
    });
    (parameters, skip)
}

fn kind(reader: &dyn FormatReader, tracks: usize, codec: &AudioCodecParameters) -> AudioKind {
    let mono = codec.channels.as_ref().is_some_and(|channels| channels.count() == 1);
    match (reader.format_info().format, codec.codec) {
        (FORMAT_ID_OGG, CODEC_ID_OPUS) if mono && tracks == 1 => AudioKind::OggOpus,
        (FORMAT_ID_MP3, CODEC_ID_MP3) => AudioKind::Mp3,
        (FORMAT_ID_ISOMP4, CODEC_ID_AAC) if tracks == 1 => AudioKind::M4a,
        (FORMAT_ID_ADTS, CODEC_ID_AAC) => AudioKind::Aac,
        (FORMAT_ID_WAVE, CODEC_ID_PCM_S16LE) => AudioKind::Wav,
        _ => AudioKind::Other,
    }
}

/// Decodes a track; returns the sound, and the time of its first packet in the track's ticks.
fn samples(
    reader: &mut dyn FormatReader,
    track: u32,
    decoder: &mut dyn AudioDecoder,
) -> Result<(Pcm, Option<i64>), MediaRefusal> {
    let mut begins = None;
    let mut pcm = Pcm { rate: 0, samples: Vec::new() };
    let (mut packets, mut broken) = (0, 0);
    let mut buffer: Vec<f32> = Vec::new();
    // A file that ends too early plays as far as it goes.
    while let Ok(Some(packet)) = reader.next_packet() {
        if packet.track_id != track {
            continue;
        }
        packets += 1;
        begins.get_or_insert(packet.pts.get());
        match decoder.decode(&packet) {
            Ok(sound) => {
                let (rate, channels) = (sound.spec().rate(), sound.spec().channels().count());
                if channels == 0 || !RATES.contains(&rate) || ![0, rate].contains(&pcm.rate) {
                    return Err(Unreadable::Damaged.into());
                }
                pcm.rate = rate;
                sound.copy_to_vec_interleaved(&mut buffer);
                let mixed = |frame: &[f32]| frame.iter().sum::<f32>() / channels as f32;
                pcm.samples.extend(buffer.chunks_exact(channels).map(mixed));
                if pcm.samples.len() > MOST || pcm.duration().as_secs() >= LONGEST {
                    return Err(MediaRefusal::TooLarge);
                }
            }
            Err(Error::DecodeError(_)) => broken += 1,
            Err(_) => return Err(Unreadable::Damaged.into()),
        }
    }
    if broken > packets / BROKEN_ONE_OF + 2 {
        return Err(Unreadable::Damaged.into());
    }
    if pcm.samples.is_empty() {
        return Err(Unreadable::Empty.into());
    }
    Ok((pcm, begins))
}
