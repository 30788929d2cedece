//! The strangers who were told that they may not use the bridge.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use ruma::{OwnedUserId, UserId};

use crate::clock::Timestamp;

/// The time at which each stranger was told; one notice a day.
#[derive(Debug, Default)]
pub(crate) struct Hush(Mutex<HashMap<OwnedUserId, Timestamp>>);

impl Hush {
    /// Returns whether this user is to be told, which is true once a day. When 1,000 strangers were
    /// told within a day, no further one is: they would be an attack.
    pub(crate) fn tell_once(&self, user: &UserId, now: Timestamp) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // After a clock was set back, a stranger may be told again.
        told.retain(|_, at| *at <= now && now.since(*at) < DAY);
        if told.contains_key(user) || told.len() >= MOST {
            return false;
        }
        told.insert(user.to_owned(), now);
        true
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The greatest number of strangers who are told within a day.
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
