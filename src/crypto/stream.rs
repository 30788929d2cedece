//! The stream that brings a device its keys: one answer of it, and how it is taken in.

use matrix_sdk_crypto::EncryptionSyncChanges;
use ruma::OwnedRoomId;

use super::{CryptoError, StreamPace, machine::Machine};
use crate::{
    crash::Point,
    matrix::{Received, StreamPosition, forgets_position},
};

/// An answer of the stream that is not taken in yet.
#[derive(Debug)]
pub struct Heard {
    received: Received,
    /// Whether changes of other devices may have been missed before it.
    begins_anew: bool,
}

/// What an answer of the stream has brought, once it is safe.
#[derive(Debug)]
pub struct KeyTurn {
    /// Where the stream goes on. Asking from there acknowledges what came.
    pub next: StreamPosition,
    /// Whether there may be more at once.
    pub is_full: bool,
    /// Whether anything came at all.
    pub is_news: bool,
    /// The sessions whose keys have come, each with its room.
    pub keys: Vec<(OwnedRoomId, String)>,
}

/// Asks for what has come since `position`. Nothing is lost when this is dropped.
pub(super) async fn hear(
    machine: &Machine,
    position: &StreamPosition,
    pace: StreamPace,
) -> Result<Heard, CryptoError> {
    let device = machine.device();
    let (place, asked) = match pace.is_slow {
        false => (&position.pos, device.receive(position, pace.wait).await),
        true => (&position.slow, device.receive_slowly(position, pace.wait).await),
    };
    match asked {
        Ok(received) => Ok(Heard { received, begins_anew: place.is_none() }),
        Err(error) if forgets_position(&error, position) => {
            tracing::debug!(%error, "the stream of keys begins anew");
            let next = StreamPosition { pos: None, slow: None, ..position.clone() };
            Ok(Heard { received: Received { next, ..Received::default() }, begins_anew: false })
        }
        Err(error) => Err(error.into()),
    }
}

/// Keeps what was heard. What comes a second time is known by the crate and changes nothing.
pub(super) async fn take_in(machine: &Machine, heard: Heard) -> Result<KeyTurn, CryptoError> {
    let Heard { received, begins_anew } = heard;
    if begins_anew {
        let all_anew = machine.olm().mark_all_tracked_users_as_dirty().await;
        all_anew.map_err(CryptoError::store)?;
    }
    let point = Point::new(|| "keys are taken in".into());
    point.before();
    let is_full = received.is_full();
    let is_news = !received.to_device.is_empty() || !received.device_lists.is_empty();
    let changes = EncryptionSyncChanges {
        to_device_events: received.to_device,
        changed_devices: &received.device_lists,
        one_time_keys_counts: &received.one_time_keys,
        unused_fallback_keys: received.fallback_keys.as_deref(),
        next_batch_token: None,
    };
    let taken = machine.olm().receive_sync_changes(changes, &machine.trust()).await;
    let (_, keys) = taken.map_err(CryptoError::store)?;
    point.after();
    let keys = keys.into_iter().map(|key| (key.room_id, key.session_id)).collect();
    Ok(KeyTurn { next: received.next, is_full, is_news: is_news || begins_anew, keys })
}
