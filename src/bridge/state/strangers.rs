//! The number of unknown people that a login has met within a day.

use std::{collections::HashMap, time::Duration};

use crate::{clock::Timestamp, id::LoginId};

/// The number of rooms a day that are made for people whom a login does not know. A bot of WeChat
/// has one contact, so others are rare.
pub(crate) const MOST_STRANGERS: u32 = 50;

/// The unknown people of this run, by login.
#[derive(Debug, Default)]
pub(crate) struct Strangers(HashMap<LoginId, Day>);

#[derive(Debug)]
struct Day {
    began: Timestamp,
    met: u32,
    told: bool,
}

impl Strangers {
    /// Counts one more; returns false when there are too many.
    pub(crate) fn meet(&mut self, login: LoginId, now: Timestamp) -> bool {
        let day = self.day(login, now);
        let may = day.met < MOST_STRANGERS;
        day.met += u32::from(may);
        may
    }

    /// Returns whether the owner is to be told today, which is true once.
    pub(crate) fn tell_once(&mut self, login: LoginId, now: Timestamp) -> bool {
        !std::mem::replace(&mut self.day(login, now).told, true)
    }

    fn day(&mut self, login: LoginId, now: Timestamp) -> &mut Day {
        let fresh = || Day { began: now, met: 0, told: false };
        let day = self.0.entry(login).or_insert_with(fresh);
        if now < day.began || now.since(day.began) >= DAY {
            *day = fresh();
        }
        day
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_its_strangers_and_each_login_has_its_own() {
        let (mut strangers, one) = (Strangers::default(), LoginId(1));
        let met = |strangers: &mut Strangers, login, now| {
            (0..300).filter(|_| strangers.meet(login, now)).count()
        };
        let most = MOST_STRANGERS as usize;
        assert_eq!(met(&mut strangers, one, Timestamp(0)), most);
        assert_eq!(met(&mut strangers, one, Timestamp(1_000)), 0);
        assert_eq!(met(&mut strangers, LoginId(2), Timestamp(1_000)), most);
        assert!(strangers.tell_once(one, Timestamp(1_000)));
        assert!(!strangers.tell_once(one, Timestamp(2_000)));
        let tomorrow = Timestamp(0).plus(DAY);
        assert!(strangers.tell_once(one, tomorrow));
        assert_eq!(met(&mut strangers, one, tomorrow), most);
    }
}
