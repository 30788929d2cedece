//! The upload of a message's file to WeChat, before the message is sent.
//!
//! The file goes from the homeserver into a spool, through a worker where phones need another
//! format, and to the CDN. The upload is stored before anything is sent, so that every try names
//! one file.

use std::time::Duration;

use super::{
    format,
    sending::Sending,
    verdict::{self, After},
};
use crate::{
    bridge::{
        core::Core,
        state::{MediaPart, Outgoing},
    },
    id::InboxId,
    ilink::{CdnError, OutboundItem, UploadKind, Uploaded},
    spool::Spool,
    store::{Change, Direction, Login, SentAs, Upload},
};

/// A downloaded file that is ready to be uploaded.
pub(super) struct Ready {
    entry: InboxId,
    media: MediaPart,
    file: Spool,
    sent_as: SentAs,
}

/// Returns the file that has to be uploaded before the message can be sent.
pub(super) fn missing(core: &Core, head: &Outgoing) -> Option<MediaPart> {
    let media = head.next_media()?;
    let fresh = |upload: &&Upload| core.clock.now().since(upload.at) < KEPT;
    // A damaged record leads to a new upload.
    let there = head.upload_of(media).filter(fresh).and_then(item);
    there.is_none().then(|| media.clone())
}

/// Returns the item that names an uploaded file; `None` when the record is damaged.
pub(super) fn item(upload: &Upload) -> Option<OutboundItem> {
    let uploaded = Uploaded::from_parts(&upload.param, &upload.key, upload.len)?;
    Some(match &upload.sent_as {
        SentAs::Image => OutboundItem::Image(uploaded),
        SentAs::Video => OutboundItem::Video(uploaded),
        SentAs::File { name } => OutboundItem::File { upload: uploaded, name: name.clone() },
        SentAs::Voice { playtime_ms } => {
            let playtime = Duration::from_millis(*playtime_ms);
            OutboundItem::Voice { upload: uploaded, playtime }
        }
    })
}

impl Sending<'_> {
    /// Uploads the file; `ready` keeps it while only WeChat's side fails.
    ///
    /// Ends early when the bridge stops or the message is redacted or gets another file.
    pub(super) async fn bring(
        &self,
        head: &Outgoing,
        media: &MediaPart,
        ready: &mut Option<Ready>,
    ) {
        let Self { core, portal } = *self;
        let Some(login) = self.active_login() else { return };
        let bringing = self.fetch_and_upload(&login, (head, media), ready);
        let brought = tokio::select! {
            brought = core.leaving.hold(bringing) => brought,
            () = self.given_up(head, media) => return,
            () = core.tasks.stopped() => return,
        };
        match brought {
            Ok(upload) => {
                core.tallies.count_media(Direction::ToWechat, upload.len);
                *ready = None;
                if let Some(head) = core.outbox.put_upload(portal.id, head.entry.id, upload) {
                    let change = Change::new().put_progress(head.entry.id, &head.progress);
                    // When the store fails, the bridge ends.
                    let _ = core.commit(change).await;
                }
            }
            Err(after @ (After::Retry(_) | After::Refused(_))) => {
                core.outbox.count_failed_upload(portal.id, head.entry.id);
                // A message that is redacted during the pause must not hold up later ones.
                tokio::select! {
                    () = self.go_on(&login, head, after) => {}
                    () = self.given_up(head, media) => {}
                }
            }
            Err(after @ (After::Throttled | After::LoggedOut | After::Failed(_))) => {
                self.go_on(&login, head, after).await;
            }
        }
    }

    /// Waits until the queue no longer waits for the file.
    async fn given_up(&self, head: &Outgoing, media: &MediaPart) {
        let Self { core, portal } = *self;
        let changed = core.outbox.changed(portal.id);
        while core.outbox.waits_for(portal.id, head.entry.id, media) {
            changed.notified().await;
        }
    }

    async fn fetch_and_upload(
        &self,
        login: &Login,
        (head, media): (&Outgoing, &MediaPart),
        ready: &mut Option<Ready>,
    ) -> Result<Upload, After> {
        let Self { core, portal } = *self;
        let kept = ready.take().filter(|r| r.entry == head.entry.id && r.media == *media);
        let ready = match kept {
            Some(kept) => ready.insert(kept),
            None => ready.insert(self.fetch(head, media).await?),
        };
        let tries = head.failed_uploads + 1;
        let again = |error: CdnError| {
            tracing::info!(portal = %portal.id, tries, %error, "a file was not brought to WeChat");
            verdict::after_upload(error, tries, head.refused)
        };
        let session = core.ilink.session(login.token.clone(), login.base_url.as_deref());
        let session = session.map_err(|error| again(error.into()))?;
        let kind = match ready.sent_as {
            SentAs::Image => UploadKind::Image,
            SentAs::Video => UploadKind::Video,
            SentAs::File { .. } => UploadKind::File,
            SentAs::Voice { .. } => UploadKind::Voice,
        };
        let to = &portal.key.contact;
        let uploaded = core.ilink.upload(&session, to, kind, &ready.file).await.map_err(again)?;
        let (param, key, len) = uploaded.to_parts();
        let (of, at) = (media.uri.to_string(), core.clock.now());
        Ok(Upload { of, at, sent_as: ready.sent_as.clone(), param, key, len })
    }

    /// Downloads the file from the homeserver, in a format that phones show.
    async fn fetch(&self, head: &Outgoing, media: &MediaPart) -> Result<Ready, After> {
        let Self { core, portal } = *self;
        let limit = core.config.media.max_upload;
        let with_md5 = format::may_stay(media);
        let mut tries = 0;
        let file = loop {
            tries += 1;
            match core.bot().download(&media.uri, limit, with_md5, &core.spools).await {
                Ok(file) => break file,
                Err(error) => match verdict::after_download(error, tries, limit) {
                    After::Retry(pause) | After::Refused(pause) => core.tasks.pause(pause).await,
                    after @ (After::Throttled | After::LoggedOut | After::Failed(_)) => {
                        return Err(after);
                    }
                },
            }
        };
        let (file, sent_as) = format::shape(core, portal, (&head.sender, media), file).await;
        Ok(Ready { entry: head.entry.id, media: media.clone(), file, sent_as })
    }
}

/// How long an upload is used; it is not known how long WeChat keeps a file that no message names.
const KEPT: Duration = Duration::from_secs(60 * 60);
