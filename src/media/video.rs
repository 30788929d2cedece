//! The job on videos: size and duration, from the file's index. No frame is decoded.

use std::{
    io::{self, BufReader, Read, Seek, SeekFrom},
    time::Duration,
};

use re_mp4::{Mp4, Track, TrackKind};
use symphonia::core::{
    formats::{FormatOptions, probe::Hint},
    io::{MediaSource, MediaSourceStream},
    meta::MetadataOptions,
};

use super::{
    answer::Made,
    input::Input,
    refusal::{MediaRefusal, Unreadable},
    report::{MediaReport, video::VideoReport},
};

/// Reads the index of MP4 and QuickTime, or of Matroska and WebM.
pub(super) fn inspect(mut input: Input) -> Result<Made, MediaRefusal> {
    let len = input.seek(SeekFrom::End(0)).map_err(|_| MediaRefusal::TooLarge)?;
    if len == 0 {
        return Err(Unreadable::Empty.into());
    }
    input.seek(SeekFrom::Start(0)).map_err(|_| MediaRefusal::TooLarge)?;
    let mut input = BufReader::new(input);
    let report = match mp4(&mut input, len) {
        Some(report) => report,
        None => matroska(Whole { input: input.into_inner(), len })?,
    };
    Ok(Made { report: MediaReport::Video(report), output: None, thumbnail: None })
}

fn mp4(input: &mut BufReader<Input>, len: u64) -> Option<VideoReport> {
    let mp4 = Mp4::read(input, len).ok()?;
    let duration = mp4.tracks().values().filter_map(lasts).max();
    let video = mp4.tracks().values().find(|track| track.kind == Some(TrackKind::Video))?;
    let (width, height) = (u32::from(video.width), u32::from(video.height));
    let matrix = &video.trak(&mp4).tkhd.matrix;
    // Phones record in landscape and say how to turn the video.
    let lies = matrix.a == 0 && matrix.d == 0;
    let pixels = if lies { (height, width) } else { (width, height) };
    Some(VideoReport::new(Some(pixels), duration))
}

/// Returns the duration of a track. A fragmented file says zero at its beginning; then the
/// durations of its pieces are added.
fn lasts(track: &Track) -> Option<Duration> {
    let pieces =
        || track.samples.iter().fold(0, |sum: u64, piece| sum.saturating_add(piece.duration));
    let ticks = if track.duration > 0 { track.duration } else { pieces() };
    seconds(ticks as f64 / track.timescale as f64)
}

fn seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}

fn matroska(input: Whole) -> Result<VideoReport, MediaRefusal> {
    let stream = MediaSourceStream::new(Box::new(input), Default::default());
    let (format, meta) = (FormatOptions::default(), MetadataOptions::default());
    let reader = symphonia::default::get_probe().probe(&Hint::new(), stream, format, meta);
    let reader = reader.map_err(|_| Unreadable::Kind)?;
    let mut videos = reader
        .tracks()
        .iter()
        .filter_map(|track| Some((track, track.codec_params.as_ref()?.video()?)));
    let (track, video) = videos.next().ok_or(Unreadable::Kind)?;
    let pixels = video.width.zip(video.height).map(|(w, h)| (u32::from(w), u32::from(h)));
    let info = reader.media_info();
    let of_all = info.time_base.zip(info.duration);
    let duration =
        of_all.or_else(|| track.time_base.zip(track.duration)).and_then(|(base, ticks)| {
            seconds(ticks.get() as f64 * f64::from(base.numer.get()) / f64::from(base.denom.get()))
        });
    Ok(VideoReport::new(pixels, duration))
}

/// A file in the form that symphonia reads.
struct Whole {
    input: Input,
    len: u64,
}

impl Read for Whole {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.input.read(into)
    }
}

impl Seek for Whole {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.input.seek(to)
    }
}

impl MediaSource for Whole {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len)
    }
}
