//! Encryption as it stands in this run: whether the bridge can encrypt, which rooms are encrypted,
//! and which keys are missing.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use ruma::{OwnedRoomId, RoomId};
use tokio::sync::watch;

use crate::{
    crypto::{Crypto, RoomCipher},
    store::{self, CipherRoom, Store},
};

/// Whether the bridge can read and write in encrypted rooms.
#[derive(Debug, Clone)]
pub(in crate::bridge) enum Ability {
    /// It is not known yet: the bot's device is being made.
    Starting,
    /// It can.
    Ready(Crypto),
    /// The administrator has switched it off.
    Off,
    /// It cannot; `here` says that the fault is on this machine, and not the homeserver's.
    Unable { here: bool },
}

/// What is known of encryption.
#[derive(Debug)]
pub(in crate::bridge) struct Ciphers {
    ability: watch::Sender<Ability>,
    rooms: Mutex<HashMap<OwnedRoomId, RoomCipher>>,
    stream: watch::Sender<KeyStreamState>,
    /// The sessions whose keys were waited for in vain.
    missing: Mutex<HashSet<(OwnedRoomId, String)>>,
}

/// How far the stream of keys is.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::bridge) struct KeyStreamState {
    /// When it answered last.
    pub(in crate::bridge) answered: Option<Instant>,
    /// Whether it has brought everything that waited for the bridge at its start.
    pub(in crate::bridge) has_caught_up: bool,
    /// Whether it is the older, slower one.
    pub(in crate::bridge) is_slow: bool,
    /// How often keys have come.
    pub(in crate::bridge) arrivals: u64,
}

impl Ciphers {
    /// Reads from the store which rooms are encrypted.
    pub(in crate::bridge) fn load(store: &Store, is_allowed: bool) -> Result<Self, store::Error> {
        let ability = if is_allowed { Ability::Starting } else { Ability::Off };
        let ciphers = Self {
            ability: watch::Sender::new(ability),
            rooms: Mutex::default(),
            stream: watch::Sender::default(),
            missing: Mutex::default(),
        };
        for room in store.cipher_rooms()? {
            ciphers.put_room(&room);
        }
        Ok(ciphers)
    }

    /// Notes whether the bridge can.
    pub(in crate::bridge) fn set_ability(&self, ability: Ability) {
        self.ability.send_replace(ability);
    }

    /// Returns whether the bridge can, as far as it is known now.
    pub(in crate::bridge) fn ability(&self) -> Ability {
        self.ability.borrow().clone()
    }

    /// Waits until it is known whether the bridge can, and returns what can, if anything.
    pub(in crate::bridge) async fn ready(&self) -> Option<Crypto> {
        let mut ability = self.ability.subscribe();
        let known = ability.wait_for(|ability| !matches!(ability, Ability::Starting)).await;
        match known.ok().as_deref() {
            Some(Ability::Ready(crypto)) => Some(crypto.clone()),
            Some(Ability::Starting | Ability::Off | Ability::Unable { .. }) | None => None,
        }
    }

    /// Returns how a room is encrypted; `None` for one that is not, as far as is known.
    pub(in crate::bridge) fn of_room(&self, room: &RoomId) -> Option<RoomCipher> {
        self.rooms().get(room).copied()
    }

    /// Notes that a room is encrypted. It stays so.
    pub(in crate::bridge) fn put_room(&self, room: &CipherRoom) {
        let CipherRoom { room, rotation_millis, rotation_messages } = room;
        let cipher =
            RoomCipher { rotation_millis: *rotation_millis, rotation_messages: *rotation_messages };
        self.rooms().insert(room.clone(), cipher);
    }

    /// Has the members of a room asked for anew before something is encrypted for them.
    pub(in crate::bridge) fn forget_members(&self, room: &RoomId) {
        if let Ability::Ready(crypto) = &*self.ability.borrow() {
            crypto.forget_members(room);
        }
    }

    /// Notes an answer of the stream, and the keys that it has brought.
    pub(in crate::bridge) fn note_answer(
        &self,
        keys: &[(OwnedRoomId, String)],
        is_full: bool,
        is_slow: bool,
    ) {
        if !keys.is_empty() {
            let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
            missing.retain(|key| !keys.contains(key));
        }
        self.stream.send_modify(|stream| {
            stream.answered = Some(Instant::now());
            stream.has_caught_up |= !is_full;
            stream.is_slow = is_slow;
            stream.arrivals += u64::from(!keys.is_empty());
        });
    }

    /// Returns how far the stream is.
    pub(in crate::bridge) fn stream(&self) -> KeyStreamState {
        *self.stream.borrow()
    }

    /// Waits until keys have come since `arrivals` were counted; `false` when the time is over. It
    /// runs from the moment at which the stream has brought what waited for the bridge.
    pub(in crate::bridge) async fn keys_come(
        &self,
        arrivals: u64,
        until: &mut Option<Instant>,
    ) -> bool {
        let mut stream = self.stream.subscribe();
        loop {
            let now = *stream.borrow_and_update();
            if now.arrivals != arrivals {
                return true;
            }
            let patience = if now.has_caught_up { PATIENCE } else { START_PATIENCE };
            if now.has_caught_up && until.is_none() {
                *until = Some(Instant::now() + PATIENCE);
            }
            let left = until.map_or(patience, |end| end.saturating_duration_since(Instant::now()));
            match tokio::time::timeout(left, stream.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return false,
            }
        }
    }

    /// Returns whether this key was waited for before, in vain.
    pub(in crate::bridge) fn is_missing(&self, room: &RoomId, session: &str) -> bool {
        let missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        missing.contains(&(room.to_owned(), session.to_owned()))
    }

    /// Notes that this key was waited for in vain.
    pub(in crate::bridge) fn note_missing(&self, room: &RoomId, session: &str) {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        if missing.len() >= MOST_MISSING {
            missing.clear();
        }
        missing.insert((room.to_owned(), session.to_owned()));
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<OwnedRoomId, RoomCipher>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a message waits for its key, which is mostly on its way already.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it waits for the stream to bring what came while the bridge was down.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// Of more sessions than this, the next message waits once more.
const MOST_MISSING: usize = 10_000;

#[cfg(test)]
mod tests {
    use ruma::room_id;

    use super::*;

    fn ciphers() -> (tempfile::TempDir, Ciphers) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        (dir, Ciphers::load(&store, true).unwrap())
    }

    #[tokio::test]
    async fn a_key_is_waited_for_from_the_moment_at_which_the_stream_has_caught_up() {
        let (_dir, ciphers) = ciphers();
        let mut until = None;
        ciphers.note_answer(&[], true, false);
        assert!(!ciphers.stream().has_caught_up, "there is more at once");
        let key = (room_id!("!r").to_owned(), "s".to_owned());
        ciphers.note_missing(&key.0, &key.1);
        assert!(ciphers.is_missing(&key.0, &key.1));
        ciphers.note_answer(std::slice::from_ref(&key), false, false);
        assert!(ciphers.keys_come(0, &mut until).await);
        assert!(!ciphers.is_missing(&key.0, &key.1), "it has come");
        until = Some(Instant::now());
        assert!(!ciphers.keys_come(1, &mut until).await, "the time is over");
    }

    #[tokio::test]
    async fn who_asks_waits_until_it_is_known_whether_the_bridge_can() {
        let (_dir, ciphers) = ciphers();
        let (can, ()) = tokio::join!(ciphers.ready(), async {
            ciphers.set_ability(Ability::Unable { here: false });
        });
        assert!(can.is_none());
    }
}
