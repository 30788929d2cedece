//! What the stub homeserver has seen: rooms, texts in them and their order, what WeChat has accepted.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Shared between the connections and whoever measures.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Seen>);

/// Everything so far.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The number of a room is its place here.
    pub(crate) rooms: Vec<Room>,
    /// The first room of each owner, by the owner's number.
    pub(crate) first_room: HashMap<usize, usize>,
    pub(crate) requests: u64,
    /// Texts of the load, which begin with a number.
    pub(crate) texts: u64,
    pub(crate) first_text: Option<Instant>,
    pub(crate) last_text: Option<Instant>,
    pub(crate) accepted: u64,
    pub(crate) last_accepted: Option<Instant>,
    /// Texts that came behind a later one of the same room, or twice.
    pub(crate) misplaced: u64,
    /// Messages with a file.
    pub(crate) files: u64,
    /// Texts that carry no number: greetings and notices.
    pub(crate) others: u64,
}

/// One room.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Room {
    pub(crate) texts: u64,
    pub(crate) accepted: u64,
    /// When the newest text came.
    pub(crate) newest_at: Option<Instant>,
    newest: u64,
}

impl Ledger {
    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets when the first and the last text came.
    pub(crate) fn forget_times(&self) {
        let mut seen = self.seen();
        (seen.first_text, seen.last_text, seen.last_accepted) = (None, None, None);
    }
}

impl Seen {
    pub(crate) fn make_room(&mut self) -> usize {
        self.rooms.push(Room::default());
        self.rooms.len() - 1
    }

    pub(crate) fn invite(&mut self, owner: usize, room: usize) {
        self.first_room.entry(owner).or_insert(room);
    }

    pub(crate) fn on_text(&mut self, room: usize, number: Option<u64>) {
        let (Some(number), Some(room)) = (number, self.rooms.get_mut(room)) else {
            self.others += 1;
            return;
        };
        let now = Instant::now();
        room.texts += 1;
        if number <= room.newest {
            self.misplaced += 1;
        }
        room.newest = number;
        room.newest_at = Some(now);
        self.texts += 1;
        self.first_text.get_or_insert(now);
        self.last_text = Some(now);
    }

    pub(crate) fn on_accepted(&mut self, room: usize) {
        if let Some(room) = self.rooms.get_mut(room) {
            room.accepted += 1;
        }
        self.accepted += 1;
        self.last_accepted = Some(Instant::now());
    }

    /// The first room of each of these owners.
    pub(crate) fn first_rooms(&self, owners: usize) -> Option<Vec<usize>> {
        (0..owners).map(|owner| self.first_room.get(&owner).copied()).collect()
    }
}
