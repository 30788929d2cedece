//! The bot's questions that wait for an answer, by user and room.

use ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};
use serde::{Deserialize, Serialize};

use super::{
    Change, Error, Store,
    record::{Table, bounded, decode, encode},
};
use crate::{
    clock::Timestamp,
    id::{InboxId, LoginId, PortalId, WechatUserId},
};

/// A question of the bot.
#[derive(Clone, PartialEq, Eq)]
pub enum Question {
    /// Whether this login shall be logged out.
    Logout(LoginId),
    /// Whether this portal's room shall be closed.
    DeletePortal {
        /// The portal.
        portal: PortalId,
        /// The room that the portal had at the time of the question.
        room: Option<OwnedRoomId>,
    },
    /// Which of these contacts a command means.
    Which {
        /// The words of the command before the contact.
        before: String,
        /// The choices; an answer names them by number, from 1.
        choices: Vec<WechatUserId>,
        /// The words of the command behind the contact.
        after: String,
    },
}

/// Leaves the words out, which are a user's.
impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Logout(login) => write!(f, "Logout({login})"),
            Self::DeletePortal { portal, .. } => write!(f, "DeletePortal({portal})"),
            Self::Which { choices, .. } => write!(f, "Which({} choices)", choices.len()),
        }
    }
}

/// A question, and what decides which message answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedQuestion {
    /// The user who is asked.
    pub user: OwnedUserId,
    /// The room in which they are asked.
    pub room: OwnedRoomId,
    /// The question.
    pub question: Question,
    /// The entry of the command that led to the question.
    pub by: InboxId,
    /// The time at which that command was written.
    pub at: Timestamp,
    /// The entry of the message that has answered it.
    pub answered_by: Option<InboxId>,
}

impl Change {
    /// Stores a question, replacing an earlier one in this room to this user.
    pub fn put_question(self, asked: &AskedQuestion) -> Self {
        let AskedQuestion { user, room, question, by, at, answered_by } = asked;
        let record = QuestionRecord {
            user: user.clone(),
            room: room.clone(),
            question: question.into(),
            by: by.0,
            at: at.0,
            answered_by: answered_by.map(|entry| entry.0),
        };
        self.put(question_key(user, room), encode(&record))
    }

    /// Removes the question in this room to this user.
    pub fn drop_question(self, user: &UserId, room: &RoomId) -> Self {
        self.del(question_key(user, room))
    }
}

impl Store {
    /// Returns all questions, answered ones included.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn questions(&self) -> Result<Vec<AskedQuestion>, Error> {
        let pairs = self.all(Table::Question)?;
        let read = |value: &[u8]| decode(value).and_then(QuestionRecord::into_asked);
        pairs.iter().map(|(_, value)| self.sound(read(value))).collect()
    }

    /// Returns whether a question is old enough to be forgotten.
    pub(super) fn question_is_over(&self, value: &[u8], before: Timestamp) -> Result<bool, Error> {
        Ok(self.sound(decode::<QuestionRecord>(value))?.at < before.0)
    }
}

#[derive(Serialize, Deserialize)]
struct QuestionRecord {
    user: OwnedUserId,
    room: OwnedRoomId,
    question: StoredQuestion,
    by: u64,
    at: i64,
    answered_by: Option<u64>,
}

/// The stored form of a question.
#[derive(Serialize, Deserialize)]
enum StoredQuestion {
    Logout(u32),
    DeletePortal(u32, Option<OwnedRoomId>),
    Which { before: String, choices: Vec<String>, after: String },
}

impl From<&Question> for StoredQuestion {
    fn from(question: &Question) -> Self {
        match question {
            Question::Logout(login) => Self::Logout(login.0),
            Question::DeletePortal { portal, room } => Self::DeletePortal(portal.0, room.clone()),
            Question::Which { before, choices, after } => Self::Which {
                before: before.clone(),
                choices: choices.iter().map(|contact| contact.as_str().to_owned()).collect(),
                after: after.clone(),
            },
        }
    }
}

impl QuestionRecord {
    fn into_asked(self) -> Result<AskedQuestion, String> {
        let question = match self.question {
            StoredQuestion::Logout(login) => Question::Logout(LoginId(login)),
            StoredQuestion::DeletePortal(portal, room) => {
                Question::DeletePortal { portal: PortalId(portal), room }
            }
            StoredQuestion::Which { before, choices, after } => {
                let choices = choices.iter().map(|contact| WechatUserId::parse(contact));
                let choices = choices.collect::<Option<_>>();
                let choices = choices.ok_or("a question has an impossible id")?;
                Question::Which { before, choices, after }
            }
        };
        Ok(AskedQuestion {
            user: self.user,
            room: self.room,
            question,
            by: InboxId(self.by),
            at: Timestamp(self.at),
            answered_by: self.answered_by.map(InboxId),
        })
    }
}

/// Returns the key of a question; no user id contains the byte between its parts.
fn question_key(user: &UserId, room: &RoomId) -> Vec<u8> {
    Table::Question.key(&[&bounded(user.as_str()), &[0], &bounded(room.as_str())])
}
