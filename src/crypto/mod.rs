//! End-to-bridge encryption: the identities of the bridge, their keys, and what is encrypted with
//! them.
//!
//! [`Crypto`] reads and writes for encrypted rooms, and takes in the stream that brings it its keys.
//! The futures of the crate are large, so each is boxed here: they would take the stack of a lane.
//!
//! It knows no portal and no record: which room is encrypted, where the stream goes on and what
//! becomes of a message that cannot be read is told by, and to, who uses it.

mod carry;
mod error;
mod file;
mod folder;
mod machine;
mod members;
mod seeds;
mod stream;
mod unread;

use std::{path::Path, sync::Arc};

use matrix_sdk_crypto::CollectStrategy;
use ruma::{OwnedDeviceId, RoomId, UserId};
use serde_json::value::RawValue;

pub use self::{
    error::CryptoError,
    file::{FileKey, seal},
    machine::{KeyLoss, RoomCipher},
    seeds::Seeds,
    stream::{Heard, KeyTurn},
    unread::{Unread, WithheldReason},
};
use self::{folder::KeyFolder, machine::Machine, members::KeyMembers};
use crate::matrix::{Intent, StreamPosition, content::Content};

/// The bridge's identities; cheap to clone.
#[derive(Clone)]
pub struct Crypto(Arc<Inner>);

struct Inner {
    bot: Machine,
    members: KeyMembers,
}

/// What is known of an identity from before.
#[derive(Debug, Clone, Default)]
pub struct KnownIdentity {
    /// The device that it had.
    pub device: Option<OwnedDeviceId>,
    /// What restores it under a new device.
    pub seeds: Option<Seeds>,
}

/// An identity that is complete at the homeserver.
#[derive(Debug)]
pub struct Prepared {
    /// The device that holds its keys.
    pub device: OwnedDeviceId,
    /// What restores it under a new device.
    pub seeds: Option<Seeds>,
    /// What was lost, if anything was.
    pub lost: Option<KeyLoss>,
}

impl Crypto {
    /// Opens the identity of `bot` in `folder`, or makes one, and completes it at the homeserver:
    /// the device, its keys, the identity and its signatures. May be called again after an error.
    ///
    /// # Errors
    /// [`CryptoError::NoDevices`] when the homeserver makes no devices for application services;
    /// [`CryptoError::Disk`] and [`CryptoError::Store`] when the folder cannot be used.
    pub async fn prepare(
        folder: &Path,
        bot: &Intent,
        known: &KnownIdentity,
    ) -> Result<(Self, Prepared), CryptoError> {
        let folder = KeyFolder::open(folder).map_err(CryptoError::Disk)?;
        let prepared = Box::pin(Machine::prepare(&folder, "bot", bot, known));
        let (bot, prepared) = prepared.await?;
        Ok((Self(Arc::new(Inner { bot, members: KeyMembers::default() })), prepared))
    }

    /// Encrypts what the bot is to send, having given the key to everybody in the room.
    ///
    /// # Errors
    /// As the homeserver's requests; they may be made again.
    pub async fn encrypt(
        &self,
        room: &RoomId,
        cipher: &RoomCipher,
        content: &Content,
    ) -> Result<Content, CryptoError> {
        let machine = &self.0.bot;
        let members = self.0.members.of(machine.device().user(), room).await?;
        Box::pin(machine.encrypt(
            room,
            &members,
            &cipher.settings(CollectStrategy::AllDevices),
            content,
        ))
        .await
    }

    /// Reads an encrypted event of a room.
    ///
    /// # Errors
    /// [`CryptoError::Store`] alone; what cannot be read is an [`Unread`].
    pub async fn decrypt(
        &self,
        room: &RoomId,
        raw: &str,
    ) -> Result<Result<Box<RawValue>, Unread>, CryptoError> {
        Box::pin(self.0.bot.decrypt(room, raw)).await
    }

    /// Asks the homeserver anew for the keys of somebody whose device is not trusted.
    ///
    /// # Errors
    /// As the homeserver's requests.
    pub async fn look_at(&self, user: &UserId) -> Result<(), CryptoError> {
        self.0.bot.look_at(user).await
    }

    /// Asks for what has come for the bot's device since `position`; harmless to drop.
    ///
    /// # Errors
    /// As the homeserver's requests.
    pub async fn hear(
        &self,
        position: &StreamPosition,
        pace: StreamPace,
    ) -> Result<Heard, CryptoError> {
        stream::hear(&self.0.bot, position, pace).await
    }

    /// Takes in what was heard. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`CryptoError::Store`] alone.
    pub async fn take_in(&self, heard: Heard) -> Result<KeyTurn, CryptoError> {
        Box::pin(stream::take_in(&self.0.bot, heard)).await
    }

    /// Makes the requests that have become due: keys to be uploaded, devices to be looked at,
    /// sessions to be mended.
    ///
    /// # Errors
    /// As the homeserver's requests; they may be made again.
    pub async fn carry(&self) -> Result<(), CryptoError> {
        Box::pin(self.0.bot.carry_due()).await
    }

    /// Has the members of a room asked for anew, since one of them has changed.
    pub fn forget_members(&self, room: &RoomId) {
        self.0.members.forget(room);
    }

    /// Returns the device that reads and writes.
    pub fn device(&self) -> &ruma::DeviceId {
        self.0.bot.device().id()
    }

    /// Returns how the bot's device stands at the homeserver, as others see it.
    ///
    /// # Errors
    /// As the homeserver's requests.
    pub async fn examine(&self) -> Result<DeviceState, CryptoError> {
        Box::pin(self.0.bot.look()).await.map(|(state, _)| state)
    }

    /// Returns the bot's public master key, which people may compare, in groups of four letters.
    ///
    /// # Errors
    /// [`CryptoError::Store`] alone.
    pub async fn master_key(&self) -> Result<Option<String>, CryptoError> {
        self.0.bot.master_key().await
    }
}

impl std::fmt::Debug for Crypto {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Crypto").field("device", &self.device()).finish_non_exhaustive()
    }
}

/// How the stream of keys is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamPace {
    /// By the older `/sync`, where the homeserver has no sliding sync.
    pub is_slow: bool,
    /// How long the homeserver may wait for something.
    pub wait: std::time::Duration,
}

/// What others see of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceState {
    /// It has our keys, and our identity has signed it.
    Well,
    /// The homeserver does not have it.
    Missing,
    /// It has other keys than ours.
    Differs,
    /// Our identity has not signed it.
    Unsigned,
}
