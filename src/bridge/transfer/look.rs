//! What a file is, and what is shown of it: from its own bytes, not from what the sender says.
//!
//! What has to be decoded for that is decoded in a worker. A file that a worker cannot read is
//! still a file.

use std::time::Duration;

use ruma::OwnedMxcUri;

use crate::{
    bridge::core::Core,
    ilink::{Body, File, Voice},
    matrix::content::{self, MediaKind},
    media::{Job, Report, VoiceReport},
    spool::Spool,
};

/// A file that is ready to be uploaded.
pub(super) struct Looked {
    pub(super) file: Spool,
    pub(super) about: About,
    /// A smaller picture of it.
    pub(super) small: Option<Small>,
}

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct About {
    pub(super) kind: MediaKind,
    pub(super) filename: String,
    pub(super) mime_type: String,
    pub(super) caption: Option<String>,
    /// Width and height in pixels.
    pub(super) size: Option<(u32, u32)>,
    pub(super) duration: Option<Duration>,
    pub(super) blurhash: Option<String>,
    pub(super) voice: Option<content::Voice>,
}

/// A smaller picture of a file.
pub(super) struct Small {
    pub(super) file: Spool,
    pub(super) mime_type: String,
    pub(super) size: (u32, u32),
}

impl About {
    fn new(kind: MediaKind, filename: impl Into<String>, mime_type: impl Into<String>) -> Self {
        Self {
            kind,
            filename: filename.into(),
            mime_type: mime_type.into(),
            caption: None,
            size: None,
            duration: None,
            blurhash: None,
            voice: None,
        }
    }

    /// The content of the file's event, once the file lies somewhere.
    pub(super) fn into_media(
        self,
        url: OwnedMxcUri,
        len: u64,
        thumbnail: Option<content::Thumbnail>,
    ) -> content::Media {
        let Self { kind, filename, mime_type, caption, size, duration, blurhash, voice } = self;
        content::Media {
            caption,
            width: size.map(|(width, _)| width),
            height: size.map(|(_, height)| height),
            duration,
            thumbnail,
            blurhash,
            voice,
            ..content::Media::new(kind, url, filename, mime_type, len)
        }
    }
}

/// Looks at the file of an item.
pub(super) async fn look(core: &Core, body: &Body, file: Spool) -> Looked {
    match body {
        Body::Image(_) => picture(core, file).await,
        Body::Voice(voice) => self::voice(core, voice, file).await,
        Body::Video(_) => film(core, body, file).await,
        Body::File(File { name, .. }) => named(name.as_deref().unwrap_or("file"), file),
        // Items of these kinds have no file.
        Body::Text(_) | Body::Unsupported { .. } => named("file", file),
    }
}

/// A recording becomes Ogg/Opus, which every client plays; one that cannot be read, or only to
/// a part, stays what it is.
async fn voice(core: &Core, voice: &Voice, file: Spool) -> Looked {
    let done = core.workers.run(Job::VoiceForMatrix, &file).await;
    let read = done.ok().and_then(|done| match done.report {
        Report::Voice(report) => Some((report, done.output?)),
        Report::Unguarded => None,
    });
    let whole = |report: &VoiceReport| voice.playtime.is_none_or(|said| report.is_whole(said));
    let looked = match read {
        Some((report, sound)) if whole(&report) => {
            Looked { file: sound, about: of_voice(report), small: None }
        }
        Some(_) | None => unnamed("voice", file),
    };
    let caption = voice.transcript.clone();
    Looked { about: About { caption, ..looked.about }, ..looked }
}

fn of_voice(report: VoiceReport) -> About {
    let name = format!("voice.{}", report.mime.extension());
    About {
        duration: Some(report.duration),
        voice: Some(content::Voice { waveform: report.waveform }),
        ..About::new(MediaKind::Audio, name, report.mime.mime())
    }
}

/// A file under the sender's name for it, of the type that the name says, or else the content.
fn named(name: &str, file: Spool) -> Looked {
    let by_name = mime_guess::from_path(name).first_raw();
    let mime_type = by_name.or_else(|| sniffed(&file).map(|(mime, _)| mime)).unwrap_or(UNKNOWN);
    Looked { file, about: About::new(MediaKind::File, name, mime_type), small: None }
}

/// A file to which nobody gave a name, and which is shown as nothing but a file.
fn unnamed(stem: &str, file: Spool) -> Looked {
    let (mime_type, extension) = sniffed(&file).unwrap_or((UNKNOWN, "bin"));
    let name = format!("{stem}.{extension}");
    Looked { file, about: About::new(MediaKind::File, name, mime_type), small: None }
}

const UNKNOWN: &str = "application/octet-stream";

async fn picture(_core: &Core, file: Spool) -> Looked {
    let looked = unnamed("image", file);
    let kind = if looked.about.mime_type.starts_with("image/") {
        MediaKind::Image
    } else {
        MediaKind::File
    };
    Looked { about: About { kind, ..looked.about }, ..looked }
}

async fn film(_core: &Core, _body: &Body, file: Spool) -> Looked {
    let looked = unnamed("video", file);
    let kind = if looked.about.mime_type.starts_with("video/") {
        MediaKind::Video
    } else {
        MediaKind::File
    };
    Looked { about: About { kind, ..looked.about }, ..looked }
}

fn sniffed(file: &Spool) -> Option<(&'static str, &'static str)> {
    let mut head = [0; 512];
    let read = file.read_at(&mut head, 0).ok()?;
    infer::get(&head[..read]).map(|kind| (kind.mime_type(), kind.extension()))
}
