//! The record of the stub homeserver: rooms, their texts and the order of these, and what WeChat
//! has accepted.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The record, shared between the connections and the measurement.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Seen>);

/// Everything that the homeserver has seen so far.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The rooms, by number.
    pub(crate) rooms: Vec<Room>,
    /// The first room of each owner, by the owner's number.
    pub(crate) first_room: HashMap<usize, usize>,
    pub(crate) requests: u64,
    /// The texts of the load, which begin with a number.
    pub(crate) texts: u64,
    pub(crate) first_text: Option<Instant>,
    pub(crate) last_text: Option<Instant>,
    pub(crate) accepted: u64,
    pub(crate) last_accepted: Option<Instant>,
    /// The texts that came behind a later one of their room, or twice.
    pub(crate) misplaced: u64,
    /// The messages with a file.
    pub(crate) files: u64,
    /// The texts without a number: greetings and notices.
    pub(crate) others: u64,
}

/// A room.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Room {
    pub(crate) texts: u64,
    pub(crate) accepted: u64,
    /// The time at which the newest text came.
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

    /// Returns the first room of each of these owners.
    pub(crate) fn first_rooms(&self, owners: usize) -> Option<Vec<usize>> {
        (0..owners).map(|owner| self.first_room.get(&owner).copied()).collect()
    }
}
