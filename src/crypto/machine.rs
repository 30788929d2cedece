//! One identity of the bridge: its device, its keys and its cross-signing.

use std::time::Duration;

use matrix_sdk_crypto::{
    CollectStrategy, DecryptionSettings, EncryptionSettings, OlmMachine, TrustRequirement,
    types::events::room::encrypted::EncryptedEvent,
};
use matrix_sdk_sqlite::{SqliteCryptoStore, SqliteStoreConfig};
use ruma::{
    DeviceId, OwnedUserId, RoomId, UserId,
    events::{AnyMessageLikeEventContent, room::history_visibility::HistoryVisibility},
    serde::Raw,
};
use serde_json::{
    Map, Value,
    value::{RawValue, to_raw_value},
};
use tokio::sync::{Mutex, MutexGuard};

use super::{CryptoError, DeviceState, KnownIdentity, Prepared, Seeds, Unread, folder::KeyFolder};
use crate::{
    crash::Point,
    matrix::{self, Intent, KeyDevice, content::Content, lacks},
};

/// How a room is encrypted, as its state says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RoomCipher {
    /// How long one key is used, in milliseconds.
    pub rotation_millis: Option<u64>,
    /// For how many messages one key is used.
    pub rotation_messages: Option<u64>,
}

impl RoomCipher {
    pub(super) fn settings(self, sharing_strategy: CollectStrategy) -> EncryptionSettings {
        let usual = EncryptionSettings::default();
        EncryptionSettings {
            rotation_period: self
                .rotation_millis
                .map_or(usual.rotation_period, Duration::from_millis)
                .min(LONGEST_ROTATION),
            rotation_period_msgs: self
                .rotation_messages
                .unwrap_or(usual.rotation_period_msgs)
                .clamp(1, MOST_MESSAGES),
            // Who comes later is not to have what was said before.
            history_visibility: HistoryVisibility::Joined,
            sharing_strategy,
            ..usual
        }
    }
}

/// What was lost of an identity that was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyLoss {
    /// Its folder is gone, or cannot be read.
    Folder,
    /// The homeserver has newer keys of the device: the folder is an older copy.
    OlderCopy,
}

/// One identity, opened.
pub(super) struct Machine {
    olm: OlmMachine,
    device: KeyDevice,
    /// Held while requests are carried: the crate wants one claim at a time, and a key shared
    /// before each message.
    carrying: Mutex<()>,
}

impl Machine {
    /// Opens an identity, or makes one, and completes it at the homeserver.
    pub(super) async fn prepare(
        folder: &KeyFolder,
        identity: &str,
        user: &Intent,
        known: &KnownIdentity,
    ) -> Result<(Self, Prepared), CryptoError> {
        let found = Self::find(folder, identity, user).await?;
        let mut lost = (found.is_none() && known.device.is_some()).then_some(KeyLoss::Folder);
        let mut machine = match found {
            Some(machine) => machine,
            None => Self::make(folder, identity, user).await?,
        };
        if let Err(error) = machine.complete(known).await {
            if !is_conflict(&error) {
                return Err(error);
            }
            lost = Some(KeyLoss::OlderCopy);
            machine.device.remove().await?;
            machine = Self::make(folder, identity, user).await?;
            machine.complete(known).await?;
        }
        if let Some(before) = known.device.as_deref().filter(|id| *id != machine.device.id()) {
            user.key_device(before).remove().await?;
        }
        let export = machine.olm.export_cross_signing_keys().await.map_err(CryptoError::store)?;
        let seeds = export.as_ref().and_then(Seeds::of);
        let device = machine.device.id().to_owned();
        Ok((machine, Prepared { device, seeds, lost }))
    }

    /// Opens what the folder holds; `None` where it holds nothing that can be opened.
    async fn find(
        folder: &KeyFolder,
        identity: &str,
        user: &Intent,
    ) -> Result<Option<Self>, CryptoError> {
        let Some(device) = folder.device(identity).map_err(CryptoError::Disk)? else {
            return Ok(None);
        };
        match Self::open(folder, identity, user, &device).await {
            Ok(machine) => Ok(Some(machine)),
            Err(error) if is_out_of_order(&error) => Err(error),
            Err(error) => {
                tracing::error!(%error, identity, "a store of keys is damaged; it is put aside");
                Ok(None)
            }
        }
    }

    async fn make(folder: &KeyFolder, identity: &str, user: &Intent) -> Result<Self, CryptoError> {
        let device = folder.begin(identity).map_err(CryptoError::Disk)?;
        let machine = Self::open(folder, identity, user, &device).await?;
        folder.settle(identity, &device).map_err(CryptoError::Disk)?;
        Ok(machine)
    }

    async fn open(
        folder: &KeyFolder,
        identity: &str,
        user: &Intent,
        device: &DeviceId,
    ) -> Result<Self, CryptoError> {
        let config = SqliteStoreConfig::with_low_memory_config(folder.of(identity));
        let config = config.key(Some(folder.key()));
        let store = SqliteCryptoStore::open_with_config(&config).await;
        let store = store.map_err(CryptoError::store)?;
        let olm = OlmMachine::with_store(user.user(), device, store, None).await;
        let (olm, device) = (olm.map_err(CryptoError::store)?, user.key_device(device));
        Ok(Self { olm, device, carrying: Mutex::new(()) })
    }

    /// Brings the device, its keys, the identity and its signatures to the homeserver.
    async fn complete(&self, known: &KnownIdentity) -> Result<(), CryptoError> {
        match self.device.ensure().await {
            Err(error) if lacks(&error) => return Err(CryptoError::NoDevices),
            made => made?,
        }
        self.carry_due().await?;
        let (state, has_identity) = self.look().await?;
        let is_complete = self.olm.cross_signing_status().await.is_complete();
        if is_complete && state == DeviceState::Well {
            return Ok(());
        }
        if has_identity && (is_complete || self.restore(known.seeds.as_ref()).await) {
            self.sign().await?;
            if self.look().await?.0 == DeviceState::Well {
                return Ok(());
            }
        }
        if has_identity {
            let user = self.device.user().user();
            tracing::warn!(%user, "an identity is replaced; who has verified it is warned");
        }
        let requests = self.olm.bootstrap_cross_signing(has_identity).await;
        self.carry_identity(requests.map_err(CryptoError::store)?).await?;
        // From here on the machine has seen its own signature.
        self.look_at(self.device.user().user()).await
    }

    /// Takes back the identity that the homeserver knows; `false` when these seeds are not its own.
    async fn restore(&self, seeds: Option<&Seeds>) -> bool {
        let Some(seeds) = seeds else { return false };
        match self.olm.import_cross_signing_keys(seeds.export()).await {
            Ok(status) => status.is_complete(),
            Err(error) => {
                tracing::warn!(%error, "an identity could not be restored");
                false
            }
        }
    }

    /// Has the identity sign the device.
    async fn sign(&self) -> Result<(), CryptoError> {
        let (user, id) = (self.device.user().user(), self.device.id());
        let device = self.olm.get_device(user, id, None).await.map_err(CryptoError::store)?;
        let Some(device) = device else { return Ok(()) };
        match device.verify().await {
            Ok(request) => self.device.ask(request).await.map(drop).map_err(Into::into),
            Err(error) => {
                tracing::warn!(%error, "a device could not be signed");
                Ok(())
            }
        }
    }

    /// Encrypts `content`, having given the key to all devices of `members`.
    pub(super) async fn encrypt(
        &self,
        room: &RoomId,
        members: &[OwnedUserId],
        settings: &EncryptionSettings,
        content: &Content,
    ) -> Result<Content, CryptoError> {
        let _one_at_a_time = self.carrying.lock().await;
        let users = || members.iter().map(AsRef::<UserId>::as_ref);
        self.olm.update_tracked_users(users()).await.map_err(CryptoError::store)?;
        self.carry_outgoing().await?;
        self.carry_claims(members).await?;
        let shares = self.olm.share_room_key(room, users(), settings.clone()).await;
        for share in shares.map_err(CryptoError::store)? {
            self.carry_to_devices(&share).await?;
        }
        let point = Point::new(|| "a message is encrypted".into());
        point.before();
        let raw = to_raw_value(&content.fields).map_err(CryptoError::store)?;
        let raw: Raw<AnyMessageLikeEventContent> = Raw::from_json(raw);
        let sealed = self.olm.encrypt_room_event_raw(room, &content.event_type, &raw).await;
        let sealed = sealed.map_err(CryptoError::store)?.content;
        point.after();
        let fields: Map<String, Value> =
            serde_json::from_str(sealed.json().get()).map_err(CryptoError::store)?;
        Ok(Content::new(ENCRYPTED, fields))
    }

    /// Reads an encrypted event of `room`.
    pub(super) async fn decrypt(
        &self,
        room: &RoomId,
        raw: &str,
    ) -> Result<Result<Box<RawValue>, Unread>, CryptoError> {
        let Ok(event) = RawValue::from_string(raw.to_owned()) else {
            return Ok(Err(Unread::Damaged));
        };
        let event: Raw<EncryptedEvent> = Raw::from_json(event);
        match self.olm.decrypt_room_event(&event, room, &self.trust()).await {
            Ok(read) => Ok(message_in(read.event.json())),
            Err(error) => Unread::read(error, matrix::event::session_of(raw)).map(Err),
        }
    }

    /// Asks anew for the keys of somebody.
    pub(super) async fn look_at(&self, user: &UserId) -> Result<(), CryptoError> {
        let (id, request) = self.olm.query_keys_for_users([user]);
        self.carry_query(&id, &request).await.map(drop)
    }

    /// Returns how the device stands at the homeserver, and whether the user has an identity there.
    pub(super) async fn look(&self) -> Result<(DeviceState, bool), CryptoError> {
        let (user, device) = (self.device.user().user(), self.device.id());
        let (id, request) = self.olm.query_keys_for_users([user]);
        let answer = self.carry_query(&id, &request).await?;
        let has_identity = answer.master_keys.contains_key(user);
        let theirs = answer.device_keys.get(user).and_then(|devices| devices.get(device));
        let Some(theirs) = theirs else { return Ok((DeviceState::Missing, has_identity)) };
        let ours = self.olm.identity_keys().ed25519.to_base64();
        let is_ours = theirs.deserialize().is_ok_and(|keys| keys.keys.values().any(|k| *k == ours));
        if !is_ours {
            return Ok((DeviceState::Differs, has_identity));
        }
        let known = self.olm.get_device(user, device, None).await.map_err(CryptoError::store)?;
        let is_signed = known.is_some_and(|device| device.is_cross_signed_by_owner());
        let state = if is_signed { DeviceState::Well } else { DeviceState::Unsigned };
        Ok((state, has_identity))
    }

    /// Returns the public master key, in groups of four letters.
    pub(super) async fn master_key(&self) -> Result<Option<String>, CryptoError> {
        let user = self.device.user().user();
        let identity = self.olm.get_identity(user, None).await.map_err(CryptoError::store)?;
        let own = identity.and_then(|identity| identity.own());
        let key = own.and_then(|own| own.master_key().get_first_key());
        let letters = key.map(|key| key.to_base64().chars().collect::<Vec<_>>());
        let grouped = letters.map(|letters| {
            let groups = letters.chunks(4).map(|group| group.iter().collect::<String>());
            groups.collect::<Vec<_>>().join(" ")
        });
        Ok(grouped)
    }

    /// Returns what is asked of who sends a message.
    pub(super) fn trust(&self) -> DecryptionSettings {
        DecryptionSettings { sender_device_trust_requirement: TrustRequirement::Untrusted }
    }

    pub(super) fn olm(&self) -> &OlmMachine {
        &self.olm
    }

    pub(super) fn device(&self) -> &KeyDevice {
        &self.device
    }

    /// Waits until no other requests are carried.
    pub(super) async fn carrying(&self) -> MutexGuard<'_, ()> {
        self.carrying.lock().await
    }
}

/// Returns the event inside, when it is a message. Everything but its envelope was written by the
/// sender: state in there would otherwise move a chat.
fn message_in(event: &RawValue) -> Result<Box<RawValue>, Unread> {
    let fields: Map<String, Value> =
        serde_json::from_str(event.get()).map_err(|_| Unread::Damaged)?;
    let event_type = fields.get("type").and_then(Value::as_str).unwrap_or_default();
    if !MESSAGES.contains(&event_type) {
        return Err(Unread::NoMessage);
    }
    let kept: Map<_, _> =
        fields.into_iter().filter(|(key, _)| FIELDS.contains(&key.as_str())).collect();
    to_raw_value(&kept).map_err(|_| Unread::Damaged)
}

/// Returns whether the homeserver has newer keys of this device than the folder.
fn is_conflict(error: &CryptoError) -> bool {
    matches!(error, CryptoError::Homeserver(matrix::Error::Rejected { status: 400, message, .. })
        if message.contains("already exists"))
}

/// Returns whether the file system, and not what is in the files, keeps a store from being opened.
fn is_out_of_order(error: &CryptoError) -> bool {
    let CryptoError::Store(error) = error else { return true };
    let layers = std::iter::successors(Some(&**error as &dyn std::error::Error), |e| e.source());
    let words: String = layers.map(|layer| format!("{layer}\n")).collect();
    OUT_OF_ORDER.iter().any(|word| words.contains(word))
}

const ENCRYPTED: &str = "m.room.encrypted";
/// What may come out of an envelope.
const MESSAGES: [&str; 9] = [
    "m.room.message",
    "m.sticker",
    "m.reaction",
    "m.poll.start",
    "m.poll.response",
    "m.poll.end",
    "org.matrix.msc3381.poll.start",
    "org.matrix.msc3381.poll.response",
    "org.matrix.msc3381.poll.end",
];
/// The fields of an event that count; `state_key` is none of them.
const FIELDS: [&str; 7] =
    ["type", "content", "sender", "event_id", "room_id", "origin_server_ts", "unsigned"];
/// What SQLite says when the disk, and not the file, is at fault.
const OUT_OF_ORDER: [&str; 6] = [
    "disk is full",
    "disk I/O error",
    "unable to open database file",
    "readonly database",
    "database is locked",
    "out of memory",
];
/// A week, as the specification says, whatever a room says.
const LONGEST_ROTATION: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const MOST_MESSAGES: u64 = 10_000;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn inside(event: Value) -> Result<Value, Unread> {
        let read = message_in(&to_raw_value(&event).unwrap())?;
        Ok(serde_json::from_str(read.get()).unwrap())
    }

    #[test]
    fn only_messages_come_out_of_an_envelope() {
        for state in ["m.room.tombstone", "m.room.member", "m.room.encryption", "m.room.redaction"]
        {
            let event = json!({ "type": state, "state_key": "", "content": {} });
            assert_eq!(inside(event), Err(Unread::NoMessage), "{state}");
        }
        assert_eq!(inside(json!({ "content": {} })), Err(Unread::NoMessage));
        assert_eq!(inside(json!([])), Err(Unread::Damaged));
    }

    #[test]
    fn a_message_loses_what_would_make_it_state() {
        let sent = json!({
            "type": "m.room.message", "state_key": "", "redacts": "$1", "content": { "body": "hi" },
            "sender": "@a:b.org", "event_id": "$2", "room_id": "!r", "origin_server_ts": 5,
        });
        let read = inside(sent.clone()).unwrap();
        assert_eq!(read["content"], sent["content"]);
        assert_eq!(read.get("state_key"), None);
        assert_eq!(read.get("redacts"), None);
    }

    #[test]
    fn a_rooms_rotation_counts_within_reason() {
        let settings = |rotation_millis, rotation_messages| {
            let cipher = RoomCipher { rotation_millis, rotation_messages };
            let settings = cipher.settings(CollectStrategy::AllDevices);
            (settings.rotation_period.as_secs(), settings.rotation_period_msgs)
        };
        assert_eq!(settings(None, None), (604_800, 100));
        assert_eq!(settings(Some(3_600_000), Some(5)), (3_600, 5));
        assert_eq!(settings(Some(u64::MAX), Some(0)), (604_800, 1));
    }
}
