//! The bot's questions that wait for an answer, and which message answers each.
//!
//! A question is stored before its words are sent, and so is which message has answered it: a
//! message to the bot is recognised as such after a crash, too, and is not sent to a contact.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};

use crate::{
    clock::Timestamp,
    id::InboxId,
    store::{self, AskedQuestion, Change, Question, Store},
};

/// The newest question to each user in each room, answered ones included.
#[derive(Debug, Default)]
pub(crate) struct Questions(Mutex<HashMap<(OwnedUserId, OwnedRoomId), AskedQuestion>>);

/// A message that may be an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'a> {
    pub(crate) user: &'a UserId,
    pub(crate) room: &'a RoomId,
    pub(crate) entry: InboxId,
    /// The time at which it was written.
    pub(crate) at: Timestamp,
}

/// A question that a message answers.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) question: Question,
    /// Whether the message comes too late to be the answer.
    pub(crate) late: bool,
}

/// The relation of a message to a question.
#[derive(Debug, PartialEq, Eq)]
enum AnswerTime {
    InTime,
    TooLate,
    /// The message was written before the question, or another one has answered it.
    Apart,
}

impl Questions {
    /// Reads all questions from the store.
    pub(crate) fn load(store: &Store) -> Result<Self, store::Error> {
        let questions = Self::default();
        for asked in store.questions()? {
            questions.all().insert((asked.user.clone(), asked.room.clone()), asked);
        }
        Ok(questions)
    }

    /// Notes a question. `keep` stores it, before the command that asks it ends.
    pub(crate) fn ask(&self, asked: AskedQuestion, keep: impl FnOnce(Change)) {
        let mut all = self.all();
        keep(Change::new().put_question(&asked));
        all.insert((asked.user.clone(), asked.room.clone()), asked);
    }

    /// Returns the question that this message answers. From now on no other message answers it;
    /// this one does, also when it is tried again. `keep` stores that.
    pub(crate) fn take(&self, said: Candidate<'_>, keep: impl FnOnce(Change)) -> Option<Taken> {
        let mut all = self.all();
        let asked = all.get_mut(&(said.user.to_owned(), said.room.to_owned()))?;
        let late = match stand(asked, said.entry, said.at) {
            AnswerTime::InTime => false,
            AnswerTime::TooLate => true,
            AnswerTime::Apart => return None,
        };
        asked.answered_by = Some(said.entry);
        keep(Change::new().put_question(asked));
        Some(Taken { question: asked.question.clone(), late })
    }

    /// Lets the question wait for another answer. `keep` stores that.
    pub(crate) fn keep_open(&self, user: &UserId, room: &RoomId, keep: impl FnOnce(Change)) {
        if let Some(asked) = self.all().get_mut(&(user.to_owned(), room.to_owned())) {
            asked.answered_by = None;
            keep(Change::new().put_question(asked));
        }
    }

    /// Removes the question; the message was no answer. `keep` stores that.
    pub(crate) fn forget(&self, user: &UserId, room: &RoomId, keep: impl FnOnce(Change)) {
        let mut all = self.all();
        if all.remove(&(user.to_owned(), room.to_owned())).is_some() {
            keep(Change::new().drop_question(user, room));
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<(OwnedUserId, OwnedRoomId), AskedQuestion>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the relation of a message to a question. The numbers of entries tell the order. The time
/// between question and answer is that of the homeserver, so it does not grow while the bridge is
/// down.
fn stand(asked: &AskedQuestion, entry: InboxId, at: Timestamp) -> AnswerTime {
    let other = asked.answered_by.is_some_and(|answer| answer != entry);
    if other || entry <= asked.by {
        return AnswerTime::Apart;
    }
    match at.since(asked.at) <= OPEN_FOR {
        true => AnswerTime::InTime,
        false => AnswerTime::TooLate,
    }
}

/// The time limit for an answer.
pub(crate) const OPEN_FOR: Duration = Duration::from_secs(10 * 60);

#[cfg(test)]
mod tests {
    use ruma::{owned_room_id, owned_user_id, room_id, user_id};
    use tempfile::TempDir;

    use super::*;
    use crate::id::{LoginId, WechatUserId};

    const ASKED: Timestamp = Timestamp(1_000_000);

    fn asked(by: u64) -> AskedQuestion {
        let question = Question::Logout(LoginId(7));
        let (user, room) = (owned_user_id!("@alice:b.org"), owned_room_id!("!r:b.org"));
        AskedQuestion { user, room, question, by: InboxId(by), at: ASKED, answered_by: None }
    }

    fn said(entry: u64) -> Candidate<'static> {
        let (user, room) = (user_id!("@alice:b.org"), room_id!("!r:b.org"));
        Candidate { user, room, entry: InboxId(entry), at: ASKED.plus(Duration::from_secs(9)) }
    }

    fn open(dir: &TempDir) -> (Store, Questions) {
        let store = Store::open(dir.path()).unwrap();
        let questions = Questions::load(&store).unwrap();
        (store, questions)
    }

    #[test]
    fn only_the_first_later_message_answers_and_only_for_ten_minutes() {
        let soon = ASKED.plus(OPEN_FOR);
        let late = soon.plus(Duration::from_millis(1));
        let day_before = Timestamp(ASKED.0 - 86_400_000);
        for (answered_by, entry, at, expected) in [
            (None, 6, soon, AnswerTime::InTime),
            (None, 6, late, AnswerTime::TooLate),
            // The homeserver's clock was set back meanwhile.
            (None, 6, day_before, AnswerTime::InTime),
            // The command itself, tried again; and a message from before it.
            (None, 5, ASKED, AnswerTime::Apart),
            (None, 4, soon, AnswerTime::Apart),
            // The answer itself, tried again; and a message behind it.
            (Some(6), 6, soon, AnswerTime::InTime),
            (Some(6), 6, late, AnswerTime::TooLate),
            (Some(6), 7, soon, AnswerTime::Apart),
        ] {
            let asked = AskedQuestion { answered_by: answered_by.map(InboxId), ..asked(5) };
            let found = stand(&asked, InboxId(entry), at);
            assert_eq!(found, expected, "{answered_by:?} {entry} {at:?}");
        }
    }

    #[tokio::test]
    async fn an_answer_is_the_answer_after_a_restart_at_any_moment() {
        let dir = TempDir::new().unwrap();
        let (store, questions) = open(&dir);
        questions.ask(asked(5), |change| store.submit(change));
        store.close().await.unwrap();

        // The question was asked and is not answered yet.
        let (store, questions) = open(&dir);
        assert_eq!(
            questions.take(said(4), |change| store.submit(change)),
            None,
            "it waited when this was asked"
        );
        let other = Candidate { room: room_id!("!other:b.org"), ..said(6) };
        assert_eq!(questions.take(other, |change| store.submit(change)), None);
        let taken = questions.take(said(6), |change| store.submit(change)).unwrap();
        assert_eq!(taken, Taken { question: Question::Logout(LoginId(7)), late: false });
        store.close().await.unwrap();

        // The question was answered, and the answer's end was not stored.
        let (store, questions) = open(&dir);
        assert_eq!(
            questions.take(said(7), |change| store.submit(change)),
            None,
            "another has answered"
        );
        assert!(questions.take(said(6), |change| store.submit(change)).is_some(), "tried again");
        questions.keep_open(said(6).user, said(6).room, |change| store.submit(change));
        store.close().await.unwrap();

        // The answer was not usable, so another one may follow.
        let (store, questions) = open(&dir);
        assert!(questions.take(said(7), |change| store.submit(change)).is_some());
        questions.forget(said(7).user, said(7).room, |change| store.submit(change));
        store.close().await.unwrap();
        let (store, questions) = open(&dir);
        assert_eq!(questions.take(said(8), |change| store.submit(change)), None);
        assert_eq!(store.questions().unwrap(), []);
    }

    #[tokio::test]
    async fn each_kind_of_question_is_read_as_it_was_written() {
        let dir = TempDir::new().unwrap();
        let (store, questions) = open(&dir);
        let contact = |id| WechatUserId::parse(id).unwrap();
        let kinds = [
            Question::Logout(LoginId(3)),
            Question::DeletePortal { portal: crate::id::PortalId(4), room: None },
            Question::DeletePortal {
                portal: crate::id::PortalId(4),
                room: Some(owned_room_id!("!p:b.org")),
            },
            Question::Which {
                before: "name ".into(),
                choices: vec![contact("a@im.wechat"), contact("b@im.wechat")],
                after: " = 妈妈".into(),
            },
        ];
        for question in kinds {
            let asked = AskedQuestion { question, ..asked(5) };
            questions.ask(asked.clone(), |change| store.submit(change));
            store.commit(Change::new()).await.unwrap();
            assert!(!format!("{asked:?}").contains("妈妈"));
            assert_eq!(store.questions().unwrap(), [asked]);
        }
        store.prune(ASKED).await.unwrap();
        assert_eq!(store.questions().unwrap().len(), 1);
        store.prune(ASKED.plus(OPEN_FOR)).await.unwrap();
        assert_eq!(store.questions().unwrap(), []);
    }
}
