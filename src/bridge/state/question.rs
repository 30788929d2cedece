//! A question that the bot has asked and not had answered.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};

use crate::id::{LoginId, PortalId, WechatUserId};

/// What the next message of a user in a room answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Question {
    /// Shall this login be forgotten?
    Logout(LoginId),
    /// Shall this portal's room be given up?
    DeletePortal(PortalId),
    /// The digits of a login that goes on here in the name of this user.
    Digits(OwnedUserId),
    /// Which of these contacts is meant, in a command with a gap where the contact stands?
    Which {
        /// The words before the contact.
        before: String,
        /// By their numbers, the first being 1.
        choices: Vec<WechatUserId>,
        /// The words behind.
        after: String,
    },
}

/// The open questions; a restart forgets them, which means no.
#[derive(Debug, Default)]
pub(crate) struct Questions(Mutex<HashMap<(OwnedUserId, OwnedRoomId), Question>>);

impl Questions {
    pub(crate) fn ask(&self, user: &UserId, room: &RoomId, question: Question) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.insert((user.to_owned(), room.to_owned()), question);
    }

    /// The open question of this user in this room; it is closed by this.
    pub(crate) fn take(&self, user: &UserId, room: &RoomId) -> Option<Question> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(&(user.to_owned(), room.to_owned()))
    }
}
