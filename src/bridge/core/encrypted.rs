//! Events to and from rooms that may be encrypted.
//!
//! What is said in a room goes through [`Core::send`], and what is read of a room through
//! [`Core::event`]: they encrypt and decrypt where the room is encrypted.

use ruma::{EventId, OwnedEventId, RoomId};
use serde_json::value::RawValue;

use super::{Core, Death, attempt::Halt};
use crate::{
    clock::Timestamp,
    crypto::{Crypto, CryptoError, Unread},
    matrix::{
        self, Intent,
        content::{self, Content},
        event::{ENCRYPTION, Rotation},
    },
    store::{Change, CipherRoom},
};

impl Core {
    /// Sends an event, encrypted where the room is; one `txn` of a user makes one event, however
    /// often it is sent.
    pub(in crate::bridge) async fn send(
        &self,
        who: &Intent,
        room: &RoomId,
        content: &Content,
        (txn, at): (&str, Option<Timestamp>),
    ) -> Result<OwnedEventId, Halt> {
        let cipher = self.ciphers.of_room(room).filter(|_| content.is_for_people());
        let crypto = match cipher {
            Some(_) if *who.user() == self.bot => self.crypto().await?,
            Some(_) | None => None,
        };
        let (Some(crypto), Some(cipher)) = (crypto, cipher) else {
            return self.insist(|| who.send(room, content, txn, at)).await;
        };
        let content = content::within_encrypted(content.clone());
        let sealing = self.insist_on_keys(|| crypto.encrypt(room, &cipher, &content));
        // Boxed, so that a room in the clear does not pay for it with its stack.
        let sealed = Box::pin(sealing).await?;
        self.insist(|| who.send(room, &sealed, txn, at)).await
    }

    /// Returns an event of a room, as `who` sees it; an encrypted one that cannot be read stays as
    /// it is.
    pub(in crate::bridge) async fn event(
        &self,
        who: &Intent,
        room: &RoomId,
        event: &EventId,
    ) -> Result<Box<RawValue>, Halt> {
        let raw = self.insist(|| who.event(room, event)).await?;
        Ok(Box::pin(self.opened(room, raw.get())).await?.unwrap_or(raw))
    }

    /// Reads what is encrypted; `None` for anything else, and for what cannot be read.
    pub(in crate::bridge) async fn opened(
        &self,
        room: &RoomId,
        raw: &str,
    ) -> Result<Option<Box<RawValue>>, Halt> {
        if matrix::event::session_of(raw).is_none() {
            return Ok(None);
        }
        let Some(crypto) = self.crypto().await? else { return Ok(None) };
        Ok(self.decrypt(&crypto, room, raw).await?.ok())
    }

    /// Returns an event as it would be had it not been encrypted, or as it is.
    pub(in crate::bridge) async fn clear(
        &self,
        room: &RoomId,
        raw: &str,
    ) -> Result<Box<str>, Halt> {
        let opened = Box::pin(self.opened(room, raw)).await?;
        Ok(opened.map_or_else(|| raw.into(), |opened| opened.get().into()))
    }

    /// Reads an encrypted event.
    pub(in crate::bridge) async fn decrypt(
        &self,
        crypto: &Crypto,
        room: &RoomId,
        raw: &str,
    ) -> Result<Result<Box<RawValue>, Unread>, Halt> {
        crypto.decrypt(room, raw).await.map_err(|error| self.without_keys(error))
    }

    /// Waits until it is known whether the bridge can encrypt, and returns what can, if anything.
    pub(in crate::bridge) async fn crypto(&self) -> Result<Option<Crypto>, Halt> {
        self.tasks.unless_stopped(self.ciphers.ready()).await.ok_or(Halt::Stopping)
    }

    /// Returns whether a room is encrypted; looks at its state where that is not known.
    pub(in crate::bridge) async fn is_encrypted(&self, room: &RoomId) -> Result<bool, Halt> {
        if self.ciphers.of_room(room).is_some() {
            return Ok(true);
        }
        let bot = self.bot();
        let Some(state) = self.insist(|| bot.state(room, ENCRYPTION, "")).await? else {
            return Ok(false);
        };
        self.note_encrypted(room, Rotation::of_content(state.get())).await?;
        Ok(true)
    }

    /// Notes that a room is encrypted, which it stays.
    pub(in crate::bridge) async fn note_encrypted(
        &self,
        room: &RoomId,
        rotation: Rotation,
    ) -> Result<(), Halt> {
        let record = cipher_room(room, rotation);
        self.commit(Change::new().put_cipher_room(&record)).await?;
        self.ciphers.put_room(&record);
        Ok(())
    }

    /// Carries `work` through as [`Core::insist`] does a request; a store of keys that fails is the
    /// end of the bridge.
    pub(in crate::bridge) async fn insist_on_keys<T, F>(
        &self,
        mut work: impl FnMut() -> F,
    ) -> Result<T, Halt>
    where
        F: Future<Output = Result<T, CryptoError>>,
    {
        let done = self.insist(|| {
            let done = work();
            async move {
                match done.await {
                    Err(CryptoError::Homeserver(error)) => Err(error),
                    done => Ok(done),
                }
            }
        });
        done.await?.map_err(|error| self.without_keys(error))
    }

    fn without_keys(&self, error: CryptoError) -> Halt {
        match error {
            CryptoError::Homeserver(error) => Halt::Refused(error),
            error @ (CryptoError::NoDevices | CryptoError::Disk(_) | CryptoError::Store(_)) => {
                self.die(Death::Keys(error));
                Halt::Stopping
            }
        }
    }
}

/// Returns the record of an encrypted room.
pub(in crate::bridge) fn cipher_room(room: &RoomId, rotation: Rotation) -> CipherRoom {
    let Rotation { millis, messages } = rotation;
    CipherRoom { room: room.to_owned(), rotation_millis: millis, rotation_messages: messages }
}
