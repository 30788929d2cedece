//! The times of the last hourly and the last daily housekeeping.

use std::time::Duration;

use crate::clock::Timestamp;

/// The time of the last run of each kind of housekeeping that is not done in every round.
#[derive(Debug)]
pub(crate) struct Rounds {
    pub(super) revived: Timestamp,
    pub(super) tidied: Timestamp,
}

/// The housekeeping that is due in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) revive: bool,
    pub(crate) tidy: bool,
}

impl Rounds {
    /// Counts from the start of the run.
    pub(crate) fn new(now: Timestamp) -> Self {
        Self { revived: now, tidied: now }
    }

    pub(crate) fn due(&mut self, now: Timestamp) -> Due {
        Due {
            revive: passed(&mut self.revived, now, HOUR),
            tidy: passed(&mut self.tidied, now, DAY),
        }
    }
}

/// Returns whether so much time has passed since `last`, and then sets it to now. After a clock was
/// set back, it counts from there.
pub(super) fn passed(last: &mut Timestamp, now: Timestamp, time: Duration) -> bool {
    let due = now.since(*last) >= time;
    if due || now < *last {
        *last = now;
    }
    due
}

pub(super) const HOUR: Duration = Duration::from_secs(60 * 60);

pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hour_and_the_day_count_by_the_clock() {
        const MINUTE: i64 = 60_000;
        let mut rounds = Rounds::new(Timestamp(0));
        let mut due = |minute: i64| {
            let Due { revive, tidy } = rounds.due(Timestamp(minute * MINUTE));
            (revive, tidy)
        };
        assert_eq!(due(59), (false, false));
        assert_eq!(due(60), (true, false));
        assert_eq!(due(61), (false, false));
        assert_eq!(due(119), (false, false));
        assert_eq!(due(24 * 60), (true, true));
        assert_eq!(due(24 * 60 + 5), (false, false));
        // Two days back, and on from there.
        assert_eq!(due(-24 * 60), (false, false));
        assert_eq!(due(-23 * 60), (true, false));
        assert_eq!(due(0), (true, true));
    }
}
