//! The way of a WeChat file into a room: downloaded, inspected, uploaded, described.

mod download;
mod inspect;

use std::sync::atomic::{AtomicU32, Ordering};

use ruma::OwnedMxcUri;

use self::inspect::{Looked, Small};
use crate::{
    bridge::{
        core::{Core, attempt::Halt},
        text::Trouble,
    },
    ilink::{MediaBody, Mismatch},
    matrix::{
        self, Intent,
        content::{self, Content},
    },
    spool::Spool,
    store::Direction,
};

pub(crate) use self::download::fetch;

/// The reason why an item does not arrive as itself.
pub(crate) enum Failed {
    /// The item cannot be brought, and people are told so.
    Lost(Lost),
    /// The job was halted before that is known.
    Halt(Halt),
}

/// The facts about an item that cannot be brought.
pub(crate) struct Lost {
    pub(crate) why: Trouble,
    /// The file as the CDN sent it, where no key fits.
    pub(super) ciphertext: Option<Spool>,
}

impl Lost {
    fn because(why: Trouble) -> Self {
        Self { why, ciphertext: None }
    }
}

impl From<Lost> for Failed {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

impl From<Halt> for Failed {
    fn from(halt: Halt) -> Self {
        Self::Halt(halt)
    }
}

/// The event of an item with a file.
pub(super) struct Brought {
    pub(super) content: Content,
    /// The difference between the file and what was announced.
    pub(super) mismatch: Option<Mismatch>,
}

/// Brings a file to the homeserver and returns the content of its event.
pub(super) async fn bring(
    core: &Core,
    ghost: &Intent,
    body: &MediaBody,
) -> Result<Brought, Failed> {
    let bringing = async {
        let file = fetch(core, ghost, body).await?;
        show(core, ghost, body, file).await
    };
    core.arriving.hold(bringing).await
}

/// Inspects a file, uploads it as the contact, and describes it.
pub(super) async fn show(
    core: &Core,
    ghost: &Intent,
    body: &MediaBody,
    file: Spool,
) -> Result<Brought, Failed> {
    let mismatch = body.mismatch(&file);
    if let Some(mismatch) = mismatch {
        tracing::warn!(?mismatch, "a file of WeChat's is not what was announced");
    }
    let Looked { file, about, small } =
        inspect::look(core, ghost.user().as_str(), body, file).await;
    let url = upload(core, ghost, &file, &about.mime_type, Some(&about.filename)).await?;
    let thumbnail = match small {
        Some(small) => thumbnail(core, ghost, small).await?,
        None => None,
    };
    let size = file.len();
    Ok(Brought { content: content::media(about.into_media(url, size, thumbnail)), mismatch })
}

/// Uploads a thumbnail; when the homeserver refuses it, the event has none.
async fn thumbnail(
    core: &Core,
    ghost: &Intent,
    small: Small,
) -> Result<Option<content::Thumbnail>, Failed> {
    let Small { file, mime_type, size: (width, height) } = small;
    match upload(core, ghost, &file, &mime_type, None).await {
        Ok(url) => {
            let size = file.len();
            Ok(Some(content::Thumbnail { url, mime_type, size, width, height }))
        }
        Err(Failed::Lost(_)) => Ok(None),
        Err(Failed::Halt(halt)) => Err(halt.into()),
    }
}

/// Uploads a file. An unreachable homeserver is waited for; when it refuses this file, or fails for
/// this file only, the upload fails with that reason.
async fn upload(
    core: &Core,
    ghost: &Intent,
    file: &Spool,
    mime_type: &str,
    filename: Option<&str>,
) -> Result<OwnedMxcUri, Failed> {
    let failures = AtomicU32::new(0);
    let uploading = || async {
        match ghost.upload_spool(file, mime_type, filename).await {
            Err(error) if fails_alone(core, &error, &failures).await => Ok(Err(error)),
            answer => answer.map(Ok),
        }
    };
    let (why, error) = match core.insist(uploading).await {
        Ok(Ok(url)) => {
            core.tallies.count_media(Direction::ToMatrix, file.len());
            return Ok(url);
        }
        Ok(Err(error)) => (Trouble::HomeserverFails, error),
        Err(Halt::Refused(error)) => match refusal(&error) {
            Some(why) => (why, error),
            None => return Err(Halt::Refused(error).into()),
        },
        Err(Halt::Stopping) => return Err(Halt::Stopping.into()),
    };
    tracing::warn!(%error, "the homeserver does not take a file");
    Err(Lost::because(why).into())
}

/// Returns whether an upload has failed so often that another request is tried, and that one works:
/// the homeserver may have no room for files, or a proxy may reject this one.
async fn fails_alone(core: &Core, error: &matrix::Error, failures: &AtomicU32) -> bool {
    let may_be_away = matches!(
        error,
        matrix::Error::Unreachable(_)
            | matrix::Error::Stalled
            | matrix::Error::Server { .. }
            | matrix::Error::Garbled { .. }
    );
    may_be_away
        && failures.fetch_add(1, Ordering::Relaxed) + 1 >= UPLOAD_TRIES
        && core.homeserver.versions().await.is_ok()
}

/// Returns the reason of a refusal of this file; `None` when the error is not about the file.
fn refusal(error: &matrix::Error) -> Option<Trouble> {
    match error {
        matrix::Error::TooLarge => Some(Trouble::HomeserverLimit),
        matrix::Error::Forbidden { .. } | matrix::Error::Rejected { .. } => {
            Some(Trouble::HomeserverRefuses)
        }
        matrix::Error::Disk(_) => Some(Trouble::Disk),
        matrix::Error::Unreachable(_)
        | matrix::Error::Stalled
        | matrix::Error::RateLimited { .. }
        | matrix::Error::Server { .. }
        | matrix::Error::Garbled { .. }
        | matrix::Error::TokenRejected
        | matrix::Error::NotFound
        | matrix::Error::RoomInUse
        | matrix::Error::UserInUse
        | matrix::Error::UnknownDevice
        | matrix::Error::Unsendable(_)
        | matrix::Error::Stopping => None,
    }
}

/// The number of tries, which take up to half a minute when each fails at once. Later messages wait
/// meanwhile.
const UPLOAD_TRIES: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_homeserver_that_takes_no_file_is_not_one_that_is_gone() {
        let quota = matrix::Error::Rejected {
            errcode: "M_RESOURCE_LIMIT_EXCEEDED".into(),
            status: 403,
            message: String::new(),
        };
        assert_eq!(refusal(&quota), Some(Trouble::HomeserverRefuses));
        let forbidden = matrix::Error::Forbidden { message: "quota".into() };
        assert_eq!(refusal(&forbidden), Some(Trouble::HomeserverRefuses));
        assert_eq!(refusal(&matrix::Error::TooLarge), Some(Trouble::HomeserverLimit));
        assert_eq!(refusal(&matrix::Error::TokenRejected), None);
        assert_eq!(refusal(&matrix::Error::Stopping), None);
    }
}
