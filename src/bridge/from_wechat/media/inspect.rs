//! The inspection of a file: its kind and its preview, from its bytes and not from the sender's
//! claims.
//!
//! Whatever has to be decoded is decoded in a worker. A file that a worker cannot read is still
//! brought as a file.

use std::time::Duration;

use ruma::OwnedMxcUri;

use super::download;
use crate::{
    bridge::core::Core,
    ilink::{File, MediaBody, Voice},
    matrix::content::{self, MediaKind},
    media::{
        Done, ImageReport, MediaJob, MediaReport, ThumbnailReport, VideoReport, VoiceReport,
        WorkError,
        name::safe_name,
        sniff::{Class, FileKind, sniff_file},
    },
    spool::Spool,
};

/// A file that is ready to be uploaded.
pub(super) struct Looked {
    pub(super) file: Spool,
    pub(super) about: FileFacts,
    /// A thumbnail.
    pub(super) small: Option<Small>,
}

/// The description of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileFacts {
    pub(crate) kind: MediaKind,
    pub(super) filename: String,
    pub(super) mime_type: String,
    pub(super) caption: Option<String>,
    /// The width and height in pixels.
    pub(super) size: Option<(u32, u32)>,
    pub(super) duration: Option<Duration>,
    pub(super) blurhash: Option<String>,
    pub(super) voice: Option<content::VoiceMark>,
}

/// A thumbnail of a file.
pub(super) struct Small {
    pub(super) file: Spool,
    pub(super) mime_type: String,
    pub(super) size: (u32, u32),
}

impl FileFacts {
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

    /// Returns the content of the file's event, for the addresses of the uploads.
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

/// Inspects the file of an item from the ghost `whose`.
pub(super) async fn look(core: &Core, whose: &str, body: &MediaBody, file: Spool) -> Looked {
    let kind = sniff_file(&file).await;
    match body {
        MediaBody::Image(_) => picture(core, whose, kind, file).await,
        MediaBody::Voice(voice) => self::voice(core, whose, voice, kind, file).await,
        MediaBody::Video(_) => film(core, whose, (body, kind), file).await,
        MediaBody::File(File { name, .. }) => plain(named(name.as_deref(), kind), file),
    }
}

/// Inspects an image, with its size and colours. One that a worker finds damaged or hostile becomes
/// a file.
async fn picture(core: &Core, whose: &str, kind: FileKind, file: Spool) -> Looked {
    if kind.class != Class::Image {
        return plain(unnamed("image", kind), file);
    }
    let done = core.workers.run(whose, MediaJob::Image, &file).await.inspect_err(told);
    match done {
        Ok(Done { report: MediaReport::Image(report), thumbnail, .. }) => {
            Looked { file, about: of_picture(&report), small: small(&report, thumbnail) }
        }
        // No worker could inspect it, so it stays an image of unknown size.
        Err(WorkError::CannotStart(_)) => {
            plain(FileFacts { kind: MediaKind::Image, ..unnamed("image", kind) }, file)
        }
        Ok(_) | Err(_) => plain(unnamed("image", kind), file),
    }
}

fn of_picture(report: &ImageReport) -> FileFacts {
    let name = format!("image.{}", report.format.extension());
    FileFacts {
        size: Some((report.width, report.height)),
        blurhash: report.blurhash.clone(),
        ..FileFacts::new(MediaKind::Image, name, report.format.mime())
    }
}

fn small(report: &ImageReport, file: Option<Spool>) -> Option<Small> {
    let ThumbnailReport { format, width, height } = report.thumbnail.as_ref()?;
    Some(Small { file: file?, mime_type: format.mime().into(), size: (*width, *height) })
}

/// Converts a voice message to Ogg/Opus, which every client plays; one that cannot be read stays as
/// it is. The playing time is measured, since the sender's may be wrong.
async fn voice(core: &Core, whose: &str, voice: &Voice, kind: FileKind, file: Spool) -> Looked {
    let done = core.workers.run(whose, MediaJob::VoiceForMatrix, &file).await.inspect_err(told);
    let (file, about) = match done {
        Ok(Done { report: MediaReport::Voice(report), output: Some(sound), .. }) => {
            (sound, of_voice(report))
        }
        Ok(_) | Err(_) => (file, unnamed("voice", kind)),
    };
    plain(FileFacts { caption: voice.transcript.clone(), ..about }, file)
}

fn of_voice(report: VoiceReport) -> FileFacts {
    let name = format!("voice.{}", report.mime.extension());
    FileFacts {
        duration: Some(report.duration),
        voice: Some(content::VoiceMark { waveform: report.waveform }),
        ..FileFacts::new(MediaKind::Audio, name, report.mime.mime())
    }
}

/// Inspects a video: its size and duration, where its index can be read.
async fn film(
    core: &Core,
    whose: &str,
    (body, kind): (&MediaBody, FileKind),
    file: Spool,
) -> Looked {
    let done = core.workers.run(whose, MediaJob::Video, &file).await.inspect_err(told);
    let about = match done {
        Ok(Done { report: MediaReport::Video(report), .. }) => of_film(report, kind),
        Ok(_) | Err(_) if kind.class == Class::Video => {
            FileFacts { kind: MediaKind::Video, ..unnamed("video", kind) }
        }
        Ok(_) | Err(_) => return plain(unnamed("video", kind), file),
    };
    Looked { file, about, small: poster(core, whose, body).await }
}

/// Describes a video. One whose beginning is not recognised is a video when it has an index.
fn of_film(report: VideoReport, kind: FileKind) -> FileFacts {
    let about = match kind.class {
        Class::Video => unnamed("video", kind),
        Class::Image | Class::Audio | Class::Other => {
            FileFacts::new(MediaKind::Video, "video.mp4", "video/mp4")
        }
    };
    FileFacts {
        kind: MediaKind::Video,
        size: report.width.zip(report.height),
        duration: report.duration,
        ..about
    }
}

/// Returns the preview image that the sender provides with a video, if it is one.
async fn poster(core: &Core, whose: &str, body: &MediaBody) -> Option<Small> {
    let file = download::thumbnail(core, body).await?;
    let done = core.workers.run(whose, MediaJob::Image, &file).await.inspect_err(told).ok()?;
    let MediaReport::Image(report) = done.report else { return None };
    let itself = || {
        let mime_type = report.format.mime().into();
        Small { file, mime_type, size: (report.width, report.height) }
    };
    Some(small(&report, done.thumbnail).unwrap_or_else(itself))
}

/// Describes a file with the sender's name for it; its MIME type follows from the name, or else
/// from the content.
fn named(name: Option<&str>, kind: FileKind) -> FileFacts {
    let safe = safe_name(name, kind);
    let by_name = mime_guess::from_path(&safe).first_raw();
    FileFacts::new(MediaKind::File, safe, by_name.unwrap_or(kind.mime))
}

/// Describes a file without a name.
fn unnamed(stem: &str, kind: FileKind) -> FileFacts {
    FileFacts::new(MediaKind::File, format!("{stem}.{}", kind.extension), kind.mime)
}

/// Returns a file without a thumbnail.
fn plain(about: FileFacts, file: Spool) -> Looked {
    Looked { file, about, small: None }
}

/// Logs a worker's error; a codec that crashes may be a security problem.
fn told(error: &WorkError) {
    let cause = std::error::Error::source(error).map(tracing::field::display);
    match error {
        WorkError::Unreadable(_) | WorkError::TooLarge => {
            tracing::debug!(%error, "a medium stays a file");
        }
        WorkError::Crashed | WorkError::TimedOut | WorkError::CannotStart(_) => {
            tracing::warn!(%error, cause, "a medium stays a file");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::sniff::sniff;

    #[test]
    fn the_type_of_a_file_is_what_its_name_says_and_else_what_its_bytes_say() {
        let pdf = sniff(b"%PDF-1.7");
        for (name, shown, mime) in [
            (Some("plan.pdf"), "plan.pdf", "application/pdf"),
            (Some("notes.txt"), "notes.txt", "text/plain"),
            (Some("plan"), "plan.pdf", "application/pdf"),
            (Some("plan.x7q"), "plan.x7q", "application/pdf"),
            (None, "file.pdf", "application/pdf"),
        ] {
            let about = named(name, pdf);
            assert_eq!((about.filename.as_str(), about.mime_type.as_str()), (shown, mime));
            assert_eq!(about.kind, MediaKind::File);
        }
    }
}
