//! The download of a file from WeChat's CDN, under limits that are checked first.

use std::time::{Duration, Instant};

use super::{Failed, Lost};
use crate::{
    bridge::{
        core::{Core, attempt::Halt},
        text::Trouble,
    },
    ilink::{CdnError, MediaBody, RemoteMedia, Retry},
    matrix::Intent,
    spool::Spool,
};

/// Downloads and decrypts the file of an item. A CDN that does not answer is tried for a minute or
/// two; later messages of this contact wait meanwhile.
pub(crate) async fn fetch(core: &Core, ghost: &Intent, body: &MediaBody) -> Result<Spool, Failed> {
    let limit = limit(core, ghost).await?;
    if let Some(size) = declared(body).filter(|size| *size > limit) {
        return Err(Lost::because(Trouble::TooLarge { size: Some(size), limit }).into());
    }
    let media = body.remote().ok_or(Lost::because(Trouble::NoPlace))?;
    download(core, &media, limit).await
}

/// Downloads and decrypts the preview image of a video; without it, the video still arrives.
pub(super) async fn thumbnail(core: &Core, body: &MediaBody) -> Option<Spool> {
    let thumb = body.thumb()?;
    let fetching = core.ilink.download(&thumb, MOST_THUMBNAIL, &core.spools);
    let fetched = core.tasks.unless_stopped(fetching).await?;
    fetched.inspect_err(|error| tracing::debug!(%error, "a video comes without its thumbnail")).ok()
}

/// Returns the greatest size of a file in bytes, which both the configuration and the homeserver
/// set.
async fn limit(core: &Core, ghost: &Intent) -> Result<u64, Halt> {
    let theirs = core.insist(|| core.homeserver.upload_limit(ghost.user())).await?;
    let ours = core.config.media.max_download;
    Ok(theirs.map_or(ours, |theirs| theirs.min(ours)))
}

async fn download(core: &Core, media: &RemoteMedia, limit: u64) -> Result<Spool, Failed> {
    let begun = Instant::now();
    for wait in ROUNDS {
        // A download that is interrupted by a stop is repeated at the next start.
        let fetching = core.ilink.download(media, limit, &core.spools);
        let fetched = core.tasks.unless_stopped(fetching).await.ok_or(Halt::Stopping)?;
        let error = match fetched {
            Ok(file) => return Ok(file),
            Err(error) => error,
        };
        let useful = error.retry() != Retry::Never && begun.elapsed() < PATIENCE;
        let Some(wait) = wait.filter(|_| useful) else {
            tracing::info!(%error, "a file of WeChat's could not be fetched");
            return Err(lost(error, limit).into());
        };
        core.tasks.pause(wait).await;
        if core.tasks.stopping() {
            return Err(Halt::Stopping.into());
        }
    }
    Err(Lost::because(Trouble::Unreachable).into())
}

/// Returns the reason that people are told, and what is kept of the file.
fn lost(error: CdnError, limit: u64) -> Lost {
    let why = match error {
        CdnError::Undecryptable { kept } => {
            return Lost { why: Trouble::Undecryptable, ciphertext: Some(kept) };
        }
        CdnError::TooLarge { .. } => Trouble::TooLarge { size: None, limit },
        CdnError::HostNotAllowed { .. } => Trouble::BadServer,
        CdnError::Rejected { status, .. } => Trouble::Gone(status),
        CdnError::NoKey => Trouble::NoKey,
        CdnError::Disk(_) => Trouble::Disk,
        CdnError::Unreachable { .. } | CdnError::Ilink(_) => Trouble::Unreachable,
    };
    Lost::because(why)
}

/// Returns the size of the plain file in bytes, as the sender claims it. A size that may be that of
/// the encrypted file is taken as the least plain size.
fn declared(body: &MediaBody) -> Option<u64> {
    let encrypted = |size: u64| size.saturating_sub(CIPHER_BLOCK);
    match body {
        MediaBody::File(file) => file.len,
        MediaBody::Image(image) => image.mid_size.map(encrypted),
        MediaBody::Voice(voice) => voice.size.map(encrypted),
        MediaBody::Video(video) => video.size.map(encrypted),
    }
}

/// The pauses after the rounds of tries; each download makes several tries.
const ROUNDS: [Option<Duration>; 3] =
    [Some(Duration::from_secs(5)), Some(Duration::from_secs(20)), None];
/// The time after which no further round begins; a round takes up to a minute and a half without
/// any answer.
const PATIENCE: Duration = Duration::from_secs(60);
const CIPHER_BLOCK: u64 = 16;
const MOST_THUMBNAIL: u64 = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ilink::File;
    use crate::ilink::Image;
    use crate::ilink::Video;

    #[test]
    fn a_declared_size_is_never_taken_for_more_than_the_plain_file_can_have() {
        let file = MediaBody::File(File { len: Some(1_000), ..File::default() });
        assert_eq!(declared(&file), Some(1_000));
        // 1,000 plain bytes are 1,008 encrypted ones.
        let video = MediaBody::Video(Video { size: Some(1_008), ..Video::default() });
        assert!(declared(&video).is_some_and(|size| size <= 1_000));
        assert_eq!(declared(&MediaBody::Image(Image::default())), None);
    }
}
