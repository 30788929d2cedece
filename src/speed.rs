//! The least speed and the greatest duration of a transfer, so that a slow one does not block
//! others.

use std::time::{Duration, Instant};

/// The least speed of a transfer, and its greatest duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speed {
    /// The number of bytes that have to come within each [`Speed::within`].
    pub least: u64,
    /// The time over which the speed is measured.
    pub within: Duration,
    /// The greatest duration of a whole transfer, whatever its speed.
    pub longest: Duration,
}

impl Speed {
    /// The usual limits: 1 KiB/s over half a minute, and half an hour for a whole file.
    pub const USUAL: Self = Self {
        least: 30 * 1024,
        within: Duration::from_secs(30),
        longest: Duration::from_secs(30 * 60),
    };
}

/// The error for a transfer that is too slow or takes too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the transfer is too slow")]
pub struct TooSlow;

/// The meter of one transfer's speed.
#[derive(Debug, Clone, Copy)]
pub struct Meter {
    speed: Speed,
    began: Instant,
    since: Instant,
    bytes: u64,
}

impl Meter {
    /// Begins to measure a transfer.
    pub fn begin(speed: Speed, now: Instant) -> Self {
        Self { speed, began: now, since: now, bytes: 0 }
    }

    /// Counts bytes that have come.
    ///
    /// # Errors
    /// [`TooSlow`] when too few came within the last period, or the whole takes too long.
    pub fn count(&mut self, bytes: usize, now: Instant) -> Result<(), TooSlow> {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if now.duration_since(self.began) > self.speed.longest {
            return Err(TooSlow);
        }
        let passed = now.duration_since(self.since);
        if passed < self.speed.within {
            return Ok(());
        }
        let due = self.speed.least as f64 * passed.as_secs_f64() / self.speed.within.as_secs_f64();
        if (self.bytes as f64) < due {
            return Err(TooSlow);
        }
        (self.since, self.bytes) = (now, 0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the number of seconds after which a transfer of so many bytes per piece is given up.
    fn given_up(bytes: usize, pause: u64) -> Option<u64> {
        let begun = Instant::now();
        let mut meter = Meter::begin(Speed::USUAL, begun);
        let seconds = (1..=4_000 / pause).map(|piece| piece * pause);
        seconds.into_iter().find(|at| meter.count(bytes, begun + Duration::from_secs(*at)).is_err())
    }

    #[test]
    fn a_dripping_transfer_is_given_up_and_one_on_a_bad_line_is_not() {
        assert_eq!(given_up(1, 2), Some(30), "a byte every two seconds");
        assert_eq!(given_up(1_000, 1), Some(30));
        assert_eq!(given_up(25 * 1_024, 20), Some(1_820), "in bursts");
        assert_eq!(given_up(1_100, 1), Some(1_801), "the whole takes too long");
    }

    #[test]
    fn a_transfer_that_begins_well_is_judged_all_the_time() {
        let begun = Instant::now();
        let mut meter = Meter::begin(Speed::USUAL, begun);
        let mut at = |bytes, seconds| meter.count(bytes, begun + Duration::from_secs(seconds));
        assert_eq!(at(50_000_000, 1), Ok(()));
        assert_eq!(at(1, 31), Ok(()));
        assert_eq!(at(1, 61), Err(TooSlow));
    }
}
