//! Strangers who have been told that the bridge is not for them.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use ruma::{OwnedUserId, UserId};

use crate::clock::Timestamp;

/// When each of them was told. One notice a day, and silence beside it.
#[derive(Debug, Default)]
pub(crate) struct Hush(Mutex<HashMap<OwnedUserId, Timestamp>>);

impl Hush {
    /// Whether this user is to be told; true once a day. When too many were told today, others are
    /// not: they would be an attack.
    pub(crate) fn tell_once(&self, user: &UserId, now: Timestamp) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back must not keep anybody for longer.
        told.retain(|_, at| *at <= now && now.since(*at) < DAY);
        if told.contains_key(user) || told.len() >= MOST {
            return false;
        }
        told.insert(user.to_owned(), now);
        true
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// In people.
const MOST: usize = 1_000;

#[cfg(test)]
mod tests {
    use ruma::user_id;

    use super::*;

    #[test]
    fn each_stranger_is_told_once_a_day() {
        let (hush, eve, now) = (Hush::default(), user_id!("@eve:b.org"), Timestamp(1_000));
        assert!(hush.tell_once(eve, now));
        assert!((0..200).all(|n| !hush.tell_once(eve, Timestamp(now.0 + n))));
        assert!(hush.tell_once(user_id!("@mallory:b.org"), now));
        assert!(hush.tell_once(eve, now.plus(DAY)));
        assert!(hush.tell_once(eve, Timestamp(0)), "the clock was set back");
    }

    #[test]
    fn a_crowd_of_strangers_is_not_remembered_without_end() {
        let (hush, now) = (Hush::default(), Timestamp(0));
        let users = (0..2 * MOST).map(|n| UserId::parse(format!("@u{n}:b.org")).unwrap());
        assert_eq!(users.filter(|user| hush.tell_once(user, now)).count(), MOST);
    }
}
