//! The polling sessions, and the time of each one's last answer.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;

use super::{
    outage::{OutageTurn, Outages, cause},
    strangers::Strangers,
};
use crate::{clock::Timestamp, id::LoginId, ilink::Error};

/// The poll loop of each login.
#[derive(Debug)]
pub(crate) struct Sessions {
    places: Semaphore,
    outages: Mutex<Outages>,
    strangers: Mutex<Strangers>,
    polling: Mutex<HashMap<LoginId, PollSession>>,
    answers: AtomicU64,
    cut: AtomicU64,
    failed: AtomicU64,
}

#[derive(Debug)]
struct PollSession {
    ends: CancellationToken,
    answered: Timestamp,
}

/// The state of all poll loops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Freshness {
    pub(crate) polling: usize,
    pub(crate) stale: usize,
    pub(crate) oldest: Option<Duration>,
    pub(crate) answered: u64,
    pub(crate) cut: u64,
    pub(crate) failed: u64,
}

impl Sessions {
    /// Allows at most `most` polls at once.
    pub(crate) fn polling_at_most(most: usize) -> Self {
        let polling = Mutex::default();
        let (answers, cut, failed) = Default::default();
        Self {
            places: Semaphore::new(most),
            outages: Mutex::default(),
            strangers: Mutex::default(),
            polling,
            answers,
            cut,
            failed,
        }
    }

    /// Waits until another poll may begin; waiting sessions continue in order.
    pub(crate) async fn place(&self) -> Option<SemaphorePermit<'_>> {
        self.places.acquire().await.ok()
    }

    /// Begins a session of this login, and ends an earlier one.
    pub(crate) fn begin(&self, login: LoginId, now: Timestamp) -> CancellationToken {
        let ends = CancellationToken::new();
        let session = PollSession { ends: ends.clone(), answered: now };
        if let Some(older) = self.polling().insert(login, session) {
            older.ends.cancel();
        }
        ends
    }

    /// Ends this login's session, if it has one.
    pub(crate) fn end(&self, login: LoginId) {
        self.outages().forget(login);
        if let Some(session) = self.polling().remove(&login) {
            session.ends.cancel();
        }
    }

    /// Notes that the server answered a poll, also by holding it to its end.
    pub(crate) fn answered(&self, login: LoginId, now: Timestamp) {
        if let Some(session) = self.polling().get_mut(&login) {
            session.answered = now;
        }
        let over = self.outages().answered(login, now);
        over.iter().for_each(OutageTurn::tell);
        self.answers.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a poll that hung beyond its time, or that a machine on the way cut.
    pub(crate) fn count_cut(&self, login: LoginId, hung: bool, now: Timestamp) {
        self.cut.fetch_add(1, Ordering::Relaxed);
        if hung {
            self.note(login, &Error::Timeout, now);
        }
    }

    /// Counts a poll that broke off, or was answered with an error.
    pub(crate) fn count_failed(&self, login: LoginId, error: &Error, now: Timestamp) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.note(login, error, now);
    }

    fn note(&self, login: LoginId, error: &Error, now: Timestamp) {
        if *error == Error::SessionExpired {
            return;
        }
        let begun = self.outages().met(login, cause(error), now);
        begun.iter().for_each(OutageTurn::tell);
    }

    /// Returns the time of this login's last answer, and whether it is too long ago; `None` when
    /// the login does not poll.
    pub(crate) fn last_answer(&self, login: LoginId, now: Timestamp) -> Option<(Timestamp, bool)> {
        let at = self.polling().get(&login)?.answered;
        Some((at, now.since(at) > STALE))
    }

    /// Returns the ages of the last good answers.
    pub(crate) fn freshness(&self, now: Timestamp) -> Freshness {
        let polling = self.polling();
        let ages = || polling.values().map(|session| now.since(session.answered));
        Freshness {
            polling: polling.len(),
            stale: ages().filter(|age| *age > STALE).count(),
            oldest: ages().max(),
            answered: self.answers.load(Ordering::Relaxed),
            cut: self.cut.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }

    /// Counts a message of an unknown person to this login; returns false when there are too many.
    pub(crate) fn may_meet_stranger(&self, login: LoginId, now: Timestamp) -> bool {
        self.strangers().meet(login, now)
    }

    /// Returns whether the owner is to be told of too many unknown people, which is true once a
    /// day.
    pub(crate) fn tell_of_strangers(&self, login: LoginId, now: Timestamp) -> bool {
        self.strangers().tell_once(login, now)
    }

    fn strangers(&self) -> MutexGuard<'_, Strangers> {
        self.strangers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn outages(&self) -> MutexGuard<'_, Outages> {
        self.outages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn polling(&self) -> MutexGuard<'_, HashMap<LoginId, PollSession>> {
        self.polling.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The age of a last answer that counts as stale: twice the longest held poll, and a little more.
const STALE: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_stale_when_its_last_answer_is_old() {
        let sessions = Sessions::polling_at_most(2);
        let at = |seconds| Timestamp(0).plus(Duration::from_secs(seconds));
        let _first = sessions.begin(LoginId(1), at(0));
        let _second = sessions.begin(LoginId(2), at(0));
        sessions.answered(LoginId(1), at(100));
        let fresh = sessions.freshness(at(130));
        assert_eq!((fresh.polling, fresh.stale), (2, 1));
        assert_eq!(fresh.oldest, Some(Duration::from_secs(130)));
        assert_eq!(sessions.last_answer(LoginId(1), at(130)), Some((at(100), false)));
        assert_eq!(sessions.last_answer(LoginId(2), at(130)), Some((at(0), true)));
        assert_eq!(sessions.last_answer(LoginId(3), at(130)), None);
        sessions.end(LoginId(2));
        assert_eq!(sessions.freshness(at(130)).stale, 0);
    }

    #[test]
    fn a_newer_session_of_a_login_ends_the_older() {
        let sessions = Sessions::polling_at_most(2);
        let older = sessions.begin(LoginId(1), Timestamp(0));
        let newer = sessions.begin(LoginId(1), Timestamp(0));
        assert!(older.is_cancelled() && !newer.is_cancelled());
    }
}
