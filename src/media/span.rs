//! The audible part of a file's sound. Encoders put samples before the sound, and fill up their
//! last packet behind it; the file says how many.

use re_mp4::{Mp4, TrackKind};

use super::pcm::Pcm;

/// The audible part of decoded sound, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct AudibleSpan {
    begins: f64,
    lasts: Option<f64>,
}

impl AudibleSpan {
    /// Makes a span that leaves out the beginning.
    pub(super) fn after(seconds: f64) -> Self {
        Self { begins: seconds, lasts: None }
    }

    /// Reads the span of an MP4 file: from its edit list, which most encoders write, or from the
    /// comment that Apple's write.
    pub(super) fn of_mp4(bytes: &[u8]) -> Option<Self> {
        if bytes.get(4..8) != Some(b"ftyp") {
            return None;
        }
        let mp4 = Mp4::read_bytes(bytes).ok()?;
        let track = mp4.tracks().values().find(|track| track.kind == Some(TrackKind::Audio))?;
        let list = track.trak(&mp4).edts.as_ref().and_then(|edits| edits.elst.as_ref());
        // An entry without a time in the medium is a pause before it.
        let pause = if list.is_some_and(|list| list.version == 1) { u64::MAX } else { PAUSE };
        let mut parts =
            list.iter().flat_map(|list| &list.entries).filter(|part| part.media_time != pause);
        let (first, second) = (parts.next(), parts.next());
        let span = first.map(|part| Self {
            begins: seconds(part.media_time, track.timescale),
            lasts: Some(part.segment_duration)
                .filter(|lasts| *lasts > 0 && second.is_none())
                .map(|lasts| seconds(lasts, mp4.moov.mvhd.timescale.into())),
        });
        span.filter(|span| span.begins > 0.0).or_else(|| Self::of_comment(bytes, track.timescale))
    }

    /// Reads the comment `iTunSMPB`: numbers in hex, of which the second counts the samples before
    /// the sound, and the fourth those of the sound.
    fn of_comment(bytes: &[u8], rate: u64) -> Option<Self> {
        let behind = |bytes: &[u8], what: &[u8]| {
            bytes.windows(what.len()).position(|at| at == what).map(|at| at + what.len())
        };
        let comment = &bytes[behind(bytes, b"iTunSMPB")?..];
        let comment = &comment[..comment.len().min(COMMENT)];
        // The type of the text and its language stand before it.
        let text = comment.get(behind(comment, b"data")? + 8..)?;
        let text = String::from_utf8_lossy(text);
        let mut numbers = text.split_ascii_whitespace().skip(1);
        let mut number = || u64::from_str_radix(numbers.next()?, 16).ok();
        let (before, _behind, sound) = (number()?, number()?, number()?);
        let lasts = (sound > 0).then(|| seconds(sound, rate));
        Some(Self { begins: seconds(before, rate), lasts })
    }

    /// Leaves out everything else, unless nothing would be left.
    pub(super) fn cut(self, pcm: &mut Pcm) {
        let count = |seconds: f64| (seconds * f64::from(pcm.rate)).round() as usize;
        let begins = count(self.begins);
        if begins >= pcm.samples.len() {
            return;
        }
        let lasts = self.lasts.map(count).filter(|count| *count > 0);
        pcm.samples.drain(..begins);
        pcm.samples.truncate(lasts.unwrap_or(usize::MAX));
    }
}

fn seconds(ticks: u64, per_second: u64) -> f64 {
    ticks as f64 / per_second.max(1) as f64
}

/// The time of a pause in an edit list of version 0.
const PAUSE: u64 = 0xffff_ffff;
/// The number of bytes in which the text of a comment is searched.
const COMMENT: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::pcm::tests::tone;

    #[test]
    fn a_span_is_cut_out_and_never_everything() {
        let left = |begins, lasts| {
            let mut pcm = tone(8_000, 1.0);
            AudibleSpan { begins, lasts }.cut(&mut pcm);
            pcm.samples.len()
        };
        assert_eq!(left(0.25, None), 6_000);
        assert_eq!(left(0.25, Some(0.5)), 4_000);
        assert_eq!(left(0.25, Some(9.0)), 6_000);
        assert_eq!(left(2.0, Some(1.0)), 8_000, "an edit that leaves nothing is none");
        assert_eq!(left(0.0, Some(0.0)), 8_000);
    }

    #[test]
    fn what_is_not_said_is_not_found() {
        for bytes in [&b""[..], b"\0\0\0\x08ftyp", b"iTunSMPBdata 0 1", &[0; 100]] {
            assert_eq!(AudibleSpan::of_mp4(bytes), None);
            assert_eq!(AudibleSpan::of_comment(bytes, 1), None);
        }
    }
}
