//! Which rooms are encrypted, and which ciphertexts were seen.

use ruma::{EventId, OwnedEventId, OwnedRoomId, RoomId};
use serde::{Deserialize, Serialize};

use super::{
    Change, Error, Store,
    record::{Table, bounded, decode, encode},
};
use crate::clock::Timestamp;

/// A room that is encrypted, which it stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CipherRoom {
    /// The room.
    pub room: OwnedRoomId,
    /// After how many milliseconds a key is changed, when the room says so.
    #[serde(default)]
    pub rotation_millis: Option<u64>,
    /// After how many messages a key is changed, when the room says so.
    #[serde(default)]
    pub rotation_messages: Option<u64>,
}

impl Change {
    /// Notes that a room is encrypted, and how.
    pub fn put_cipher_room(self, room: &CipherRoom) -> Self {
        self.put(room_key(&room.room), encode(room))
    }

    /// Notes a ciphertext by its digest, and with which event it came.
    pub fn put_ciphertext(self, digest: &[u8], event: &EventId, at: Timestamp) -> Self {
        let record = CiphertextRecord { event: event.to_owned(), at: at.0 };
        self.put(Table::Ciphertext.key(&[digest]), encode(&record))
    }
}

impl Store {
    /// Returns all rooms that are known to be encrypted.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn cipher_rooms(&self) -> Result<Vec<CipherRoom>, Error> {
        let pairs = self.all(Table::CipherRoom)?;
        pairs.iter().map(|(_, value)| self.sound(decode(value))).collect()
    }

    /// Returns with which event a ciphertext came; `None` for a new one.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn ciphertext_seen(&self, digest: &[u8]) -> Result<Option<OwnedEventId>, Error> {
        let record: Option<CiphertextRecord> = self.find(&Table::Ciphertext.key(&[digest]))?;
        Ok(record.map(|record| record.event))
    }

    /// Returns whether a ciphertext's record is old enough to be forgotten.
    pub(super) fn ciphertext_is_over(
        &self,
        value: &[u8],
        before: Timestamp,
    ) -> Result<bool, Error> {
        Ok(self.sound(decode::<CiphertextRecord>(value))?.at < before.0)
    }
}

#[derive(Serialize, Deserialize)]
struct CiphertextRecord {
    event: OwnedEventId,
    at: i64,
}

fn room_key(room: &RoomId) -> Vec<u8> {
    Table::CipherRoom.key(&[&bounded(room.as_str())])
}

#[cfg(test)]
mod tests {
    use ruma::{event_id, owned_room_id};

    use super::*;

    #[tokio::test]
    async fn rooms_stay_and_ciphertexts_go_after_a_while() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let room = owned_room_id!("!r:b.org");
        let room = CipherRoom { room, rotation_millis: Some(5), rotation_messages: None };
        let change = Change::new()
            .put_cipher_room(&room)
            .put_ciphertext(b"old", event_id!("$1"), Timestamp(1))
            .put_ciphertext(b"new", event_id!("$2"), Timestamp(9));
        store.commit(change).await.unwrap();
        assert_eq!(store.ciphertext_seen(b"old").unwrap().as_deref(), Some(event_id!("$1")));
        store.prune(Timestamp(5)).await.unwrap();
        assert_eq!(store.ciphertext_seen(b"old").unwrap(), None);
        assert_eq!(store.ciphertext_seen(b"new").unwrap().as_deref(), Some(event_id!("$2")));
        assert_eq!(store.cipher_rooms().unwrap(), [room]);
    }
}
