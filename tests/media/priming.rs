//! What encoders put before the sound is not part of it, and no time of it is told.

use std::io::Cursor;

use ogg::PacketReader;

use super::*;

/// Returns an element of EBML, which is what Matroska and WebM are made of.
fn element(id: &[u8], data: &[u8]) -> Vec<u8> {
    let len = (data.len() as u64 | 1 << 56).to_be_bytes();
    [id, &len, data].concat()
}

/// Returns a WebM file of one track with blocks of 20 ms.
fn webm(codec: &str, private: &[u8], rate: f64, delay: Duration, blocks: &[&[u8]]) -> Vec<u8> {
    let header = element(&[0x42, 0x82], b"webm");
    let info = [
        element(&[0x2a, 0xd7, 0xb1], &1_000_000_u32.to_be_bytes()),
        element(&[0x4d, 0x80], b"test"),
        element(&[0x57, 0x41], b"test"),
    ];
    let audio = [
        element(&[0xb5], &rate.to_be_bytes()),
        element(&[0x9f], &[1]),
        element(&[0x62, 0x64], &[16]),
    ];
    let track = [
        element(&[0xd7], &[1]),
        element(&[0x73, 0xc5], &[1]),
        element(&[0x83], &[2]),
        element(&[0x86], codec.as_bytes()),
        element(&[0x63, 0xa2], private),
        element(&[0x56, 0xaa], &(delay.as_nanos() as u64).to_be_bytes()),
        element(&[0xe1], &audio.concat()),
    ];
    let mut cluster = element(&[0xe7], &[0]);
    for (number, block) in blocks.iter().enumerate() {
        let time = (number as i16 * 20).to_be_bytes();
        cluster.extend(element(&[0xa3], &[&[0x81], &time[..], &[0x80], block].concat()));
    }
    let segment = [
        element(&[0x15, 0x49, 0xa9, 0x66], &info.concat()),
        element(&[0x16, 0x54, 0xae, 0x6b], &element(&[0xae], &track.concat())),
        element(&[0x1f, 0x43, 0xb6, 0x75], &cluster),
    ];
    let segment = element(&[0x18, 0x53, 0x80, 0x67], &segment.concat());
    [element(&[0x1a, 0x45, 0xdf, 0xa3], &header), segment].concat()
}

#[test]
fn opus_in_webm_begins_behind_its_priming_however_long_that_is() {
    let ogg = fixture("opus/element-like-zh-1s.ogg");
    let whole = decode::audio(ogg.clone()).unwrap().pcm.samples;
    let mut reader = PacketReader::new(Cursor::new(ogg));
    let packets: Vec<_> =
        std::iter::from_fn(|| reader.read_packet().unwrap()).map(|packet| packet.data).collect();
    let blocks: Vec<&[u8]> = packets[2..].iter().map(Vec::as_slice).collect();
    for more in [0, 2 * 960] {
        let skip = 312 + more;
        let mut head = packets[0].clone();
        head[10..12].copy_from_slice(&(skip as u16).to_le_bytes());
        let delay = Duration::from_micros(skip * 1_000 / 48);
        let file = webm("A_OPUS", &head, 48_000.0, delay, &blocks);
        let pcm = decode::audio(file).unwrap().pcm;
        assert_eq!(pcm.samples.len(), blocks.len() * 960 - skip as usize, "{skip}");
        assert_eq!(pcm.samples[..20_000], whole[more as usize..][..20_000], "{skip}");
    }
}

#[test]
fn any_coding_in_matroska_begins_where_its_times_do() {
    let block: Vec<u8> = (0..160_i16).flat_map(|at| (at * 100).to_le_bytes()).collect();
    let delay = Duration::from_millis(30);
    let file = webm("A_PCM/INT/LIT", b"", 8_000.0, delay, &[block.as_slice(); 10]);
    let pcm = decode::audio(file).unwrap().pcm;
    assert_eq!(pcm.samples.len(), 1_600 - 240);
    assert_eq!((pcm.samples[0] * 32_768.0).round() as i16, 80 * 100);
}

#[tokio::test]
async fn aac_in_mp4_plays_as_long_as_its_edit_list_or_its_comment_says() {
    let setup = Setup::new();
    let edits = fixture("audio/speech.m4a");
    let at = edits.windows(4).position(|four| four == b"edts").unwrap();
    let mut comment = edits.clone();
    comment[at..at + 4].copy_from_slice(b"free");
    // A second at 44.1 kHz, behind 1,024 samples and before 980.
    let text = " 00000000 00000400 000003D4 000000000000AC44 00000000";
    let boxed = [&b"iTunSMPB\0\0\0\x44data\0\0\0\x01\0\0\0\0"[..], text.as_bytes()].concat();
    comment.extend_from_slice(&(boxed.len() as u32 + 8).to_be_bytes());
    comment.extend_from_slice(b"free");
    comment.extend_from_slice(&boxed);
    for (file, name) in [(edits, "edit list"), (comment, "comment")] {
        let done = setup.run(MediaJob::VoiceAsFile, &file).await.unwrap();
        assert_eq!(voice(&done).duration, Duration::from_secs(1), "{name}");
        let done = setup.run(MediaJob::VoiceForPhone, &file).await.unwrap();
        assert_eq!(voice(&done).duration.as_millis(), 1_000, "{name}");
    }
}
