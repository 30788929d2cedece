//! A login in a room: one message, which is edited in each state and redacted at the end.

use std::sync::Arc;

use ruma::{OwnedEventId, OwnedMxcUri, OwnedRoomId};

use super::qr_login::page_of;
use crate::{
    bridge::{
        core::{Core, attempt::Halt, txn::Txn},
        notice,
        state::Flow,
        text::LoginText,
    },
    config::Language,
    convert,
    crypto::{self, FileKey},
    ilink::{LoginEvent, LoginPatience},
    matrix::{
        content::{self, Content, Media, MediaKind},
        event::Event,
    },
    store::Entry,
};

/// The message of a login, in the room of the command.
pub(super) struct InRoom {
    core: Arc<Core>,
    language: Language,
    flow: Arc<Flow>,
    pub(crate) entry: Entry,
    room: OwnedRoomId,
    event: OwnedEventId,
    message: Option<OwnedEventId>,
    picture: Option<Picture>,
    edits: u32,
    /// Whether the outcome of the command is stored already.
    pub(super) recorded: bool,
}

#[derive(Clone)]
struct Picture {
    mxc: OwnedMxcUri,
    /// Where the room is encrypted.
    key: Option<FileKey>,
    side: u32,
    bytes: u64,
}

impl InRoom {
    pub(super) fn new(core: &Arc<Core>, flow: &Arc<Flow>, entry: &Entry, event: &Event) -> Self {
        Self {
            core: Arc::clone(core),
            language: core.language_of(&event.sender),
            flow: Arc::clone(flow),
            entry: entry.clone(),
            room: event.room.clone(),
            event: event.id.clone(),
            message: None,
            picture: None,
            edits: 0,
            recorded: false,
        }
    }

    /// Shows a state of the login; its end is shown by [`InRoom::say`].
    pub(super) async fn follow(&mut self, event: &LoginEvent) -> Result<(), Halt> {
        let text = match event {
            LoginEvent::Code { url, number, of } => return self.code(url, *number, *of).await,
            LoginEvent::Scanned => LoginText::Scanned,
            LoginEvent::Redirected => LoginText::Redirected,
            LoginEvent::DigitsWanted { wrong: false } => LoginText::DigitsWanted,
            LoginEvent::DigitsWanted { wrong: true } => LoginText::DigitsWrong,
            LoginEvent::Blocked => LoginText::Blocked,
            LoginEvent::Expired => LoginText::Expired,
            LoginEvent::AlreadyBound | LoginEvent::Confirmed(_) | LoginEvent::Failed(_) => {
                return Ok(());
            }
        };
        self.state(&text).await
    }

    /// Shows a QR code: the message is sent with the first and edited with each later one. When a
    /// page shows the codes, too, the room gets only the number of a login without a page.
    async fn code(&mut self, url: &str, number: u8, of: u8) -> Result<(), Halt> {
        let page = page_of(&self.core, &self.flow);
        let page = page.as_deref();
        let of = of.min(LoginPatience::PICTURE.codes);
        if number > of {
            if number == of + 1 {
                self.picture = None;
                self.state(&LoginText::PageOnly { page: page.unwrap_or_default() }).await?;
            }
            return Ok(());
        }
        let Ok(qr) = convert::qr_png(url) else {
            tracing::warn!("iLink's QR text is too long for a QR code");
            return self.state(&LoginText::Code { url, number, of, page }).await;
        };
        let (bytes, side) = (qr.png.len() as u64, qr.side);
        let (mxc, key) = self.upload(qr.png).await?;
        self.picture = Some(Picture { mxc, key, side, bytes });
        self.state(&LoginText::Code { url, number, of, page }).await
    }

    /// Stores the image of a code, encrypted where the room is.
    async fn upload(&self, png: Vec<u8>) -> Result<(OwnedMxcUri, Option<FileKey>), Halt> {
        let (core, bot) = (&self.core, self.core.bot());
        let seals = core.is_encrypted(&self.room).await? && core.crypto().await?.is_some();
        let (bytes, key) = match seals.then(|| crypto::seal(&png)) {
            Some(Ok((sealed, key))) => (sealed, Some(key)),
            Some(Err(_)) | None => (png, None),
        };
        let (kind, name) = match key {
            Some(_) => ("application/octet-stream", None),
            None => ("image/png", Some("qr.png")),
        };
        let stored = core.insist(|| bot.upload(bytes.clone(), kind, name)).await?;
        Ok((stored, key))
    }

    /// Sends the message in this state, or edits it.
    async fn state(&mut self, text: &LoginText<'_>) -> Result<(), Halt> {
        let content = self.content(&text.text(self.language));
        let room = &self.room;
        let Some(message) = &self.message else {
            let txn = Txn::Login(&self.event);
            let sent = notice::in_room(&self.core, room, &content, txn).await?;
            self.message = Some(sent);
            // After a restart the homeserver knows the message already, with an old QR code.
            if self.entry.at < self.core.started {
                Box::pin(self.state(text)).await?;
            }
            return Ok(());
        };
        self.edits += 1;
        let edit = content::edit(message, content);
        let (started, edit_number) = (self.core.started, self.edits);
        let txn = Txn::LoginEdit { event: &self.event, started, edit: edit_number };
        notice::in_room(&self.core, room, &edit, txn).await?;
        Ok(())
    }

    fn content(&self, caption: &str) -> Content {
        match &self.picture {
            None => content::notice(caption),
            Some(Picture { mxc, key, side, bytes }) => {
                let picture = Media {
                    caption: Some(caption.to_owned()),
                    width: Some(*side),
                    height: Some(*side),
                    ..Media::new(MediaKind::Image, mxc.clone(), "qr.png", "image/png", *bytes)
                };
                let content = content::media(picture);
                match key {
                    Some(key) => content.with_encrypted_file(key.of_file(mxc)),
                    None => content,
                }
            }
        }
    }

    /// Sends a notice about the end of the login.
    pub(super) async fn say(&self, text: &LoginText<'_>) -> Result<(), Halt> {
        let notice = content::notice(text.text(self.language));
        let txn = Txn::LoginEnd(&self.event);
        notice::in_room(&self.core, &self.room, &notice, txn).await.map(drop)
    }

    /// Redacts the message, since a QR code that has ended must not look valid.
    pub(super) async fn remove(&self) {
        let Some(message) = &self.message else { return };
        let (bot, txn) = (self.core.bot(), Txn::LoginGone(&self.event).to_string());
        let removed = self.core.insist(|| bot.redact(&self.room, message, &txn, None)).await;
        if let Err(Halt::Refused(error)) = removed {
            tracing::warn!(%error, "a QR code could not be removed from the room");
        }
    }
}
