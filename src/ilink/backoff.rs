//! What to do after a poll: a pure function of how the last ones ended (docs/protocol.md §9).

use std::time::Duration;

use super::{error::Error, updates::Updates};

/// The next step of a poll loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Poll again.
    Now,
    /// Poll again after this long.
    Wait(Duration),
    /// The bot token is dead; polling ends.
    LoggedOut,
}

/// Counts how the polls of one login end. A login that hears nothing for weeks is kept.
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    failures: u32,
    hurried: bool,
}

impl Backoff {
    /// What to do after a poll that ended with `result`.
    pub fn after(&mut self, result: &Result<Updates, Error>) -> Next {
        match result {
            Ok(updates) => self.after_answer(updates),
            Err(Error::SessionExpired) => Next::LoggedOut,
            Err(_) => self.after_failure(),
        }
    }

    fn after_answer(&mut self, updates: &Updates) -> Next {
        self.failures = 0;
        if updates.gateway.is_some() {
            return Next::Wait(SHORT);
        }
        // A server that answers "nothing" without holding the poll would be asked without end.
        let hurried = updates.messages.is_empty() && !updates.timed_out && updates.took < SHORT;
        let again = std::mem::replace(&mut self.hurried, hurried);
        if hurried && again { Next::Wait(SHORT) } else { Next::Now }
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
const AFTER_FAILURE: Duration = Duration::from_secs(2);
const AFTER_MANY: Duration = Duration::from_secs(30);
const MANY: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    const HELD: Duration = Duration::from_secs(35);

    fn failed(backoff: &mut Backoff) -> Next {
        backoff.after(&Err(Error::Http { status: 500 }))
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
            assert_eq!(backoff.after(&Ok(quiet())), Next::Now);
        }
    }

    #[test]
    fn every_kind_of_failure_waits() {
        let refused = Error::Refused { code: -1, message: String::new() };
        let unreachable = Error::Unreachable { reason: String::new() };
        for error in [Error::Timeout, Error::Garbled, refused, unreachable] {
            assert_eq!(Backoff::default().after(&Err(error)), Next::Wait(AFTER_FAILURE));
        }
    }

    #[test]
    fn a_quiet_login_is_polled_for_ever() {
        let mut backoff = Backoff::default();
        for _ in 0..100_000 {
            assert_eq!(backoff.after(&Ok(quiet())), Next::Now);
            let timed_out = Updates { timed_out: true, ..quiet() };
            assert_eq!(backoff.after(&Ok(timed_out)), Next::Now);
        }
    }

    #[test]
    fn a_gateway_that_gave_up_is_polled_again_after_a_moment() {
        let gateway = Updates { timed_out: true, gateway: Some(524), ..Updates::default() };
        assert_eq!(Backoff::default().after(&Ok(gateway)), Next::Wait(SHORT));
    }

    #[test]
    fn a_dead_token_ends_the_polling() {
        assert_eq!(Backoff::default().after(&Err(Error::SessionExpired)), Next::LoggedOut);
    }

    #[test]
    fn a_server_that_does_not_hold_the_poll_is_not_asked_without_end() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.after(&Ok(Updates::default())), Next::Now);
        assert_eq!(backoff.after(&Ok(Updates::default())), Next::Wait(SHORT));
        assert_eq!(backoff.after(&Ok(Updates::default())), Next::Wait(SHORT));
        assert_eq!(backoff.after(&Ok(quiet())), Next::Now);
        assert_eq!(backoff.after(&Ok(Updates::default())), Next::Now);
    }
}
