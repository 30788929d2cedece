//! The item that shows a file on the phone, and its format: the message's claim is checked against
//! the content, and formats that phones do not show are converted.
//!
//! When that fails, the file is sent as it is, so that the contact can save it.

use ruma::UserId;

use crate::{
    bridge::{
        core::Core,
        state::{MediaPart, PartKind},
    },
    config::VoiceOut,
    media::{
        Done, MediaJob, MediaReport, WorkError,
        name::safe_name,
        sniff::{Class, FileKind, sniff_file},
    },
    spool::Spool,
    store::{Portal, SentAs},
};

/// Returns the file to upload, which `whose` has sent, and the kind of item that shows it.
pub(super) async fn shape(
    core: &Core,
    portal: &Portal,
    (whose, media): (&UserId, &MediaPart),
    file: Spool,
) -> (Spool, SentAs) {
    let kind = sniff_file(&file).await;
    let shaped = match media.kind {
        PartKind::Picture => picture(core, whose, &file, kind).await,
        PartKind::Video if kind.is_video_for_phones() => Some((file.clone(), SentAs::Video)),
        PartKind::Voice => voice(core, whose, portal, &file).await,
        PartKind::Video | PartKind::File => None,
    };
    shaped.unwrap_or_else(|| {
        let name = safe_name(media.name.as_deref(), kind);
        (file, SentAs::File { name })
    })
}

/// Returns whether the file may be sent unchanged; then the digest for WeChat can be computed
/// during the download.
pub(super) fn may_stay(media: &MediaPart) -> bool {
    match media.kind {
        PartKind::Picture | PartKind::Video | PartKind::File => true,
        // Phones do not play the formats that clients record.
        PartKind::Voice => false,
    }
}

/// Returns an image in a format that phones show; `None` when the file is no image.
async fn picture(
    core: &Core,
    whose: &UserId,
    file: &Spool,
    kind: FileKind,
) -> Option<(Spool, SentAs)> {
    if SHOWN.contains(&kind.mime) {
        return Some((file.clone(), SentAs::Image));
    }
    if kind.class != Class::Image {
        return None;
    }
    let done = work(core, whose, MediaJob::ImageForPhone, file).await?;
    Some((done.output?, SentAs::Image))
}

/// Returns a voice message in the form that the owner or the administrator has chosen; `None` when
/// it cannot be read.
async fn voice(
    core: &Core,
    whose: &UserId,
    portal: &Portal,
    file: &Spool,
) -> Option<(Spool, SentAs)> {
    let configured = core.config.media.voice_out == VoiceOut::Silk;
    let as_item = portal.voice_items.unwrap_or(configured);
    let job = if as_item { MediaJob::VoiceForPhone } else { MediaJob::VoiceAsFile };
    let done = work(core, whose, job, file).await?;
    let MediaReport::Voice(report) = done.report else { return None };
    let millis = report.duration.as_millis();
    let sent_as = if as_item {
        SentAs::Voice { playtime_ms: u64::try_from(millis).unwrap_or(u64::MAX) }
    } else {
        let seconds = millis.div_ceil(1_000).max(1);
        SentAs::File { name: format!("voice-{seconds}s.{}", report.mime.extension()) }
    };
    Some((done.output.unwrap_or_else(|| file.clone()), sent_as))
}

/// Returns a worker's result; `None` when it failed.
async fn work(core: &Core, whose: &UserId, job: MediaJob, file: &Spool) -> Option<Done> {
    match core.workers.run(whose.as_str(), job, file).await {
        Ok(done) => Some(done),
        Err(error @ WorkError::CannotStart(_)) => {
            tracing::warn!(?job, %error, "a file goes as it is");
            None
        }
        Err(
            error @ (WorkError::Unreadable(_)
            | WorkError::TooLarge
            | WorkError::Crashed
            | WorkError::TimedOut),
        ) => {
            tracing::debug!(?job, %error, "a file goes as it is");
            None
        }
    }
}

/// The image formats that phones show unchanged.
const SHOWN: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/bmp"];
