//! Outages of WeChat, logged once when they begin and once when they end.
//!
//! An outage is one cause for all logins together, so the log of a bridge with a thousand logins
//! names it once.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use crate::{clock::Timestamp, id::LoginId, ilink::Error};

/// The logins that cannot be polled, by cause.
#[derive(Debug, Default)]
pub(super) struct Outages(HashMap<&'static str, Outage>);

#[derive(Debug, Default)]
struct Outage {
    logins: HashSet<LoginId>,
    since: Timestamp,
    /// The number of affected logins so far.
    met: usize,
    told: Option<Timestamp>,
    quiet: bool,
}

/// A line for the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum OutageTurn {
    /// The first login is affected.
    Begun {
        /// The cause.
        cause: &'static str,
    },
    /// The last affected login works again.
    Over {
        /// The cause.
        cause: &'static str,
        /// The duration.
        lasted: Duration,
        /// The number of affected logins.
        logins: usize,
    },
}

impl Outages {
    /// Notes a failed poll of this login. A cause that comes and goes is reported every few minutes
    /// only.
    pub(super) fn met(
        &mut self,
        login: LoginId,
        cause: &'static str,
        now: Timestamp,
    ) -> Option<OutageTurn> {
        let outage = self.0.entry(cause).or_default();
        let begins = outage.logins.is_empty();
        outage.met += usize::from(outage.logins.insert(login));
        if !begins {
            return None;
        }
        (outage.since, outage.met) = (now, 1);
        outage.quiet = outage.told.is_some_and(|told| now.since(told) < REST);
        if outage.quiet {
            return None;
        }
        outage.told = Some(now);
        Some(OutageTurn::Begun { cause })
    }

    /// Notes an answered poll of this login.
    pub(super) fn answered(&mut self, login: LoginId, now: Timestamp) -> Vec<OutageTurn> {
        let outages = self.0.iter_mut();
        let over = outages.filter_map(|(cause, outage)| {
            let was_last = outage.logins.remove(&login) && outage.logins.is_empty();
            let (lasted, logins) = (now.since(outage.since), outage.met);
            (was_last && !outage.quiet).then_some(OutageTurn::Over { cause, lasted, logins })
        });
        over.collect()
    }

    /// Notes that this login polls no more.
    pub(super) fn forget(&mut self, login: LoginId) {
        for outage in self.0.values_mut() {
            outage.logins.remove(&login);
        }
    }
}

impl OutageTurn {
    /// Writes the line into the log.
    pub(super) fn tell(&self) {
        match self {
            Self::Begun { cause } => tracing::info!(cause, "WeChat cannot be polled"),
            Self::Over { cause, lasted, logins } => {
                let seconds = lasted.as_secs();
                tracing::info!(cause, seconds, logins, "WeChat can be polled again");
            }
        }
    }
}

/// Returns the cause of a failure, with one text for all failures of a kind.
pub(super) fn cause(error: &Error) -> &'static str {
    match error {
        Error::Timeout => "it does not answer in time",
        Error::Cut => "the connection breaks",
        Error::Unreachable { .. } => "there is no connection",
        Error::Http { status: 500..=599 } => "it answers with a server error",
        Error::Http { .. } => "it answers with another HTTP status than success",
        Error::Garbled => "its answers cannot be read",
        Error::TooLarge { .. } => "its answers are too large",
        Error::Refused { .. } => "it refuses the polls",
        Error::SessionExpired => "the login is over",
        Error::HostNotAllowed { .. } | Error::Setup { .. } => "its address cannot be used",
    }
}

const REST: Duration = Duration::from_secs(5 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    const AWAY: &str = "there is no connection";

    fn at(seconds: u64) -> Timestamp {
        Timestamp(0).plus(Duration::from_secs(seconds))
    }

    #[test]
    fn an_outage_of_all_logins_is_told_once_at_each_end() {
        let mut outages = Outages::default();
        assert_eq!(outages.met(LoginId(1), AWAY, at(0)), Some(OutageTurn::Begun { cause: AWAY }));
        for second in 1..100 {
            assert_eq!(outages.met(LoginId(second % 3), AWAY, at(second.into())), None);
        }
        let ended: Vec<_> =
            (0..3).flat_map(|login| outages.answered(LoginId(login), at(120))).collect();
        let lasted = Duration::from_secs(120);
        assert_eq!(ended, [OutageTurn::Over { cause: AWAY, lasted, logins: 3 }]);
        assert_eq!(outages.answered(LoginId(1), at(121)), []);
    }

    #[test]
    fn each_cause_is_told_and_one_that_flaps_is_not_told_each_time() {
        let mut outages = Outages::default();
        let turns = (0..100_u64).flat_map(|n| {
            let began = outages.met(LoginId(1), AWAY, at(2 * n));
            began.into_iter().chain(outages.answered(LoginId(1), at(2 * n + 1))).collect::<Vec<_>>()
        });
        assert_eq!(turns.count(), 2, "the first one alone");
        assert!(outages.met(LoginId(1), AWAY, at(900)).is_some());
        let other = "it answers with a server error";
        assert_eq!(
            outages.met(LoginId(1), other, at(901)),
            Some(OutageTurn::Begun { cause: other })
        );
        assert_eq!(outages.answered(LoginId(1), at(902)).len(), 2);
    }

    #[test]
    fn a_login_that_ends_takes_no_outage_with_it() {
        let mut outages = Outages::default();
        outages.met(LoginId(1), AWAY, at(0));
        outages.forget(LoginId(1));
        assert!(outages.met(LoginId(2), AWAY, at(600)).is_some());
    }
}
