//! What follows a poll: a pure function of how the last polls ended (docs/protocol.md §9).

use std::time::Duration;

use super::{error::Error, updates::Updates};

/// The next step of a poll loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Poll again at once.
    Now,
    /// Poll again after this pause.
    Wait(Duration),
    /// The bot token is dead; polling ends.
    LoggedOut,
}

/// The history of one login's polls, from which the next pause is computed. A login that receives
/// nothing for weeks is kept.
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    failures: u32,
    /// How many answers in a row came at once and brought nothing new.
    hurried: u32,
}

impl Backoff {
    /// Decides what follows a poll that ended with `result`; `new` tells whether it brought a
    /// message that had not come before.
    pub fn after(&mut self, result: &Result<Updates, Error>, new: bool) -> Next {
        match result {
            Ok(updates) => self.after_answer(updates, new),
            Err(Error::SessionExpired) => Next::LoggedOut,
            Err(_) => self.after_failure(),
        }
    }

    fn after_answer(&mut self, updates: &Updates, new: bool) -> Next {
        self.failures = 0;
        if updates.gateway.is_some() {
            return Next::Wait(SHORT);
        }
        // A server that answers at once without anything new would otherwise be polled in a tight
        // loop.
        if new || updates.timed_out || updates.took >= SHORT {
            self.hurried = 0;
            return Next::Now;
        }
        self.hurried = self.hurried.saturating_add(1);
        match self.hurried {
            1 => Next::Now,
            again => Next::Wait((SHORT * (1 << (again - 2).min(3))).min(LONGEST)),
        }
    }

    fn after_failure(&mut self) -> Next {
        self.failures += 1;
        if self.failures < MANY {
            return Next::Wait(AFTER_FAILURE);
        }
        self.failures = 0;
        Next::Wait(AFTER_MANY)
    }
}

const SHORT: Duration = Duration::from_secs(1);
/// The longest pause after answers that came at once; a message that arrives meanwhile is at most
/// this much late.
const LONGEST: Duration = Duration::from_secs(8);
const AFTER_FAILURE: Duration = Duration::from_secs(2);
const AFTER_MANY: Duration = Duration::from_secs(30);
const MANY: u32 = 3;

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    const HELD: Duration = Duration::from_secs(35);

    fn failed(backoff: &mut Backoff) -> Next {
        backoff.after(&Err(Error::Http { status: 500 }), false)
    }

    fn quiet() -> Updates {
        Updates { took: HELD, ..Updates::default() }
    }

    #[test]
    fn every_third_failure_in_a_row_waits_long() {
        let mut backoff = Backoff::default();
        for _ in 0..3 {
            assert_eq!(failed(&mut backoff), Next::Wait(AFTER_FAILURE));
            assert_eq!(failed(&mut backoff), Next::Wait(AFTER_FAILURE));
            assert_eq!(failed(&mut backoff), Next::Wait(AFTER_MANY));
        }
    }

    #[test]
    fn a_success_between_failures_starts_the_count_again() {
        let mut backoff = Backoff::default();
        for _ in 0..5 {
            assert_eq!(failed(&mut backoff), Next::Wait(AFTER_FAILURE));
            assert_eq!(failed(&mut backoff), Next::Wait(AFTER_FAILURE));
            assert_eq!(backoff.after(&Ok(quiet()), false), Next::Now);
        }
    }

    #[test]
    fn every_kind_of_failure_waits() {
        let refused = Error::Refused { code: -1, message: String::new() };
        let unreachable = Error::Unreachable { reason: String::new() };
        for error in [Error::Timeout, Error::Garbled, refused, unreachable] {
            assert_eq!(Backoff::default().after(&Err(error), false), Next::Wait(AFTER_FAILURE));
        }
    }

    #[test]
    fn a_quiet_login_is_polled_for_ever() {
        let mut backoff = Backoff::default();
        for _ in 0..100_000 {
            assert_eq!(backoff.after(&Ok(quiet()), false), Next::Now);
            let timed_out = Updates { timed_out: true, ..quiet() };
            assert_eq!(backoff.after(&Ok(timed_out), false), Next::Now);
        }
    }

    #[test]
    fn a_gateway_that_gave_up_is_polled_again_after_a_moment() {
        let gateway = Updates { timed_out: true, gateway: Some(524), ..Updates::default() };
        assert_eq!(Backoff::default().after(&Ok(gateway), false), Next::Wait(SHORT));
    }

    #[test]
    fn a_dead_token_ends_the_polling() {
        assert_eq!(Backoff::default().after(&Err(Error::SessionExpired), false), Next::LoggedOut);
    }

    #[test]
    fn a_server_that_says_nothing_new_at_once_is_asked_less_and_less() {
        let again = || Updates { messages: vec![RawValue::NULL.to_owned()], ..Updates::default() };
        for nothing_new in [Updates::default, again] {
            let mut backoff = Backoff::default();
            let mut pauses = || match backoff.after(&Ok(nothing_new()), false) {
                Next::Now => 0,
                Next::Wait(pause) => pause.as_secs(),
                Next::LoggedOut => panic!("the token is sound"),
            };
            assert_eq!([(); 8].map(|()| pauses()), [0, 1, 2, 4, 8, 8, 8, 8]);
            assert_eq!(backoff.after(&Ok(again()), true), Next::Now, "news");
            assert_eq!(backoff.after(&Ok(nothing_new()), false), Next::Now);
            assert_eq!(backoff.after(&Ok(nothing_new()), false), Next::Wait(SHORT));
            assert_eq!(backoff.after(&Ok(quiet()), false), Next::Now, "it was held");
        }
    }
}
