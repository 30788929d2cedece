//! The encoder of Opus in Ogg, the form of voice messages in Matrix clients (RFC 7845).

use ogg::{PacketWriteEndInfo as Ends, PacketWriter};
use opus::{Application, Bitrate, Channels, Encoder};

use super::{
    pcm::{Pcm, VOICE_RATE},
    refusal::Unreadable,
};

/// The samples of a packet of 20 ms.
const FRAME: usize = VOICE_RATE as usize / 50;
/// The ticks of a sample: times are counted in 48,000ths of a second, whatever the rate is.
const TICKS_PER_SAMPLE: u64 = 48_000 / VOICE_RATE as u64;
const TICKS_PER_FRAME: u64 = FRAME as u64 * TICKS_PER_SAMPLE;
/// The delay of the encoder in ticks, which players skip.
const PRE_SKIP: u16 = 312;
/// The bit rate, which Element uses and which is enough for speech at full bandwidth.
const BITS_PER_SECOND: i32 = 24_000;
/// The packets of a page, which make one second; a page can hold 255.
const PACKETS_PER_PAGE: usize = 50;
/// The greatest size of a packet in bytes.
const LARGEST: usize = 1275;
/// The number of the stream within its file.
const SERIAL: u32 = 1;

/// Encodes sound of 24 kHz.
pub(super) fn encode(pcm: &Pcm) -> Result<Vec<u8>, Unreadable> {
    write(pcm).map_err(|_| Unreadable::Damaged)
}

fn write(pcm: &Pcm) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut encoder = Encoder::new(VOICE_RATE, Channels::Mono, Application::Audio)?;
    encoder.set_bitrate(Bitrate::Bits(BITS_PER_SECOND))?;
    let end = pcm.samples.len() as u64 * TICKS_PER_SAMPLE + u64::from(PRE_SKIP);
    let count = end.div_ceil(TICKS_PER_FRAME) as usize;
    let mut frames = pcm.samples.chunks(FRAME);
    let mut writer = PacketWriter::new(Vec::new());
    writer.write_packet(head(), SERIAL, Ends::EndPage, 0)?;
    writer.write_packet(tags(), SERIAL, Ends::EndPage, 0)?;
    for number in 1..=count {
        let mut frame = frames.next().unwrap_or_default().to_vec();
        frame.resize(FRAME, 0.0);
        let packet = encoder.encode_vec_float(&frame, LARGEST)?;
        let (ends, time) = if number == count {
            (Ends::EndStream, end)
        } else if number % PACKETS_PER_PAGE == 0 {
            (Ends::EndPage, number as u64 * TICKS_PER_FRAME)
        } else {
            (Ends::NormalPacket, number as u64 * TICKS_PER_FRAME)
        };
        writer.write_packet(packet, SERIAL, ends, time)?;
    }
    Ok(writer.into_inner())
}

/// Returns the header: version 1, one channel, the delay, the rate of the source, no gain, no
/// mapping.
fn head() -> Vec<u8> {
    let mut head = b"OpusHead\x01\x01".to_vec();
    head.extend_from_slice(&PRE_SKIP.to_le_bytes());
    head.extend_from_slice(&VOICE_RATE.to_le_bytes());
    head.extend_from_slice(&[0, 0, 0]);
    head
}

/// Returns the block of comments, with the encoder's name only.
fn tags() -> Vec<u8> {
    let maker = env!("CARGO_PKG_NAME");
    let mut tags = b"OpusTags".to_vec();
    tags.extend_from_slice(&(maker.len() as u32).to_le_bytes());
    tags.extend_from_slice(maker.as_bytes());
    tags.extend_from_slice(&0_u32.to_le_bytes());
    tags
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{
        decode::{AudioKind, audio},
        pcm::tests::{likeness, tone},
    };

    #[test]
    fn what_is_encoded_decodes_to_the_same_sound_of_the_same_length() {
        for seconds in [0.001, 0.02, 1.0, 2.345] {
            let sound = tone(VOICE_RATE, seconds);
            let encoded = encode(&sound).unwrap();
            let decoded = audio(encoded).unwrap();
            assert_eq!(decoded.kind, AudioKind::OggOpus);
            assert_eq!(decoded.pcm.samples.len(), sound.samples.len() * 2, "{seconds}");
            if seconds >= 1.0 {
                let back = decoded.pcm.resampled(VOICE_RATE).unwrap();
                let likeness = likeness(&sound.samples, &back.samples);
                assert!(likeness > 0.95, "{seconds}: {likeness}");
            }
        }
    }

    #[test]
    fn speech_is_close_to_what_was_said() {
        for file in ["element-like-en-3s", "element-like-zh-1s"] {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/opus/");
            let speech = std::fs::read(format!("{folder}{file}.dec24k.s16le")).unwrap();
            let speech = Pcm::from_bytes(&speech, VOICE_RATE);
            let decoded = audio(encode(&speech).unwrap()).unwrap();
            // At this rate, unlike half of it, every delay is a whole number of samples.
            let speech = speech.resampled(decoded.pcm.rate).unwrap();
            let likeness = likeness(&speech.samples, &decoded.pcm.samples);
            assert!(likeness > 0.96, "{file}: {likeness}");
        }
    }

    #[test]
    fn pages_say_when_they_end() {
        let sound = tone(VOICE_RATE, 2.5);
        let mut file = ogg::PacketReader::new(std::io::Cursor::new(encode(&sound).unwrap()));
        let packets: Vec<_> = std::iter::from_fn(|| file.read_packet().unwrap()).collect();
        let pages: std::collections::BTreeSet<_> =
            packets.iter().map(ogg::Packet::absgp_page).collect();
        assert_eq!(pages.into_iter().collect::<Vec<_>>(), [0, 48_000, 96_000, 120_312]);
        assert_eq!(packets.len(), 2 + 126);
        assert!(packets[127].last_in_stream() && packets[0].data.starts_with(b"OpusHead"));
    }
}
