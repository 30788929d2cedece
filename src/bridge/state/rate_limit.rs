//! The rate limit of one login's sends: a token bucket that takes `now`. Pure.

use std::time::Duration;

use crate::clock::Timestamp;

/// The token bucket of one login: full at first, each send takes one token.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    interval: Duration,
    burst: u32,
    /// The time at which the bucket is full again.
    full_at: Timestamp,
}

impl Pace {
    /// Allows one send per `interval` on average, and `burst` in a row; no limit when `interval` is
    /// zero.
    pub(super) fn new(interval: Duration, burst: u32) -> Self {
        Self { interval, burst: burst.max(1), full_at: Timestamp(i64::MIN) }
    }

    /// Takes a token, or returns how long to wait before the next try.
    pub(crate) fn take(&mut self, now: Timestamp) -> Result<(), Duration> {
        // After a clock was set back, the wait must not last as long as that.
        let whole = self.interval.saturating_mul(self.burst);
        self.full_at = self.full_at.max(now).min(now.plus(whole));
        let room = self.interval.saturating_mul(self.burst - 1);
        let wait = self.full_at.since(now).saturating_sub(room);
        if !wait.is_zero() {
            return Err(wait);
        }
        self.full_at = self.full_at.plus(self.interval);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_and_then_one_per_interval() {
        let mut pace = Pace::new(Duration::from_millis(2_500), 3);
        let start = Timestamp(10_000);
        for _ in 0..3 {
            assert_eq!(pace.take(start), Ok(()));
        }
        assert_eq!(pace.take(start), Err(Duration::from_millis(2_500)));
        assert_eq!(pace.take(Timestamp(11_500)), Err(Duration::from_millis(1_000)));
        assert_eq!(pace.take(Timestamp(12_500)), Ok(()));
        assert_eq!(pace.take(Timestamp(12_500)), Err(Duration::from_millis(2_500)));
    }

    #[test]
    fn no_interval_is_no_limit() {
        let mut pace = Pace::new(Duration::ZERO, 1);
        assert!((0..1_000).all(|_| pace.take(Timestamp(5)).is_ok()));
    }

    #[test]
    fn a_clock_set_back_costs_no_more_than_the_bucket() {
        let mut pace = Pace::new(Duration::from_secs(2), 1);
        assert_eq!(pace.take(Timestamp(1_000_000_000)), Ok(()));
        assert_eq!(pace.take(Timestamp(0)), Err(Duration::from_secs(2)));
    }

    #[test]
    fn two_days_forward_fill_the_bucket_and_no_more() {
        let mut pace = Pace::new(Duration::from_secs(2), 3);
        let now = Timestamp(172_800_000);
        assert_eq!(pace.take(Timestamp(0)), Ok(()));
        let taken = [(); 4].map(|()| pace.take(now).is_ok());
        assert_eq!(taken, [true, true, true, false]);
        // After the clock was set back, at most the whole bucket has to fill.
        assert_eq!(pace.take(Timestamp(0)), Err(Duration::from_secs(2)));
        assert_eq!(pace.take(Timestamp(6_000)), Ok(()));
    }
}
