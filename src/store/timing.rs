//! The duration of commits, for the metrics.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// A histogram of durations.
#[derive(Debug, Clone, PartialEq)]
pub struct Timing {
    /// The sum of all durations.
    pub sum: Duration,
    /// For each upper limit in seconds: the number of durations up to it and above the limit
    /// before. The last limit is infinite.
    pub buckets: Vec<(f64, u64)>,
}

/// The durations of the store's commits since it was opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Timings {
    /// The whole commits.
    pub commits: Timing,
    /// The part of them that waited for the disk.
    pub syncs: Timing,
}

#[derive(Debug, Default)]
pub(super) struct Stopwatch {
    buckets: [AtomicU64; LIMITS.len()],
    micros: AtomicU64,
}

impl Stopwatch {
    pub(super) fn note(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let at = LIMITS.iter().position(|limit| seconds <= *limit);
        if let Some(bucket) = at.and_then(|at| self.buckets.get(at)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Timing {
        let counts = self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed));
        Timing {
            sum: Duration::from_micros(self.micros.load(Ordering::Relaxed)),
            buckets: LIMITS.into_iter().zip(counts).collect(),
        }
    }
}

const LIMITS: [f64; 10] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, f64::INFINITY];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_falls_into_the_first_bucket_that_holds_it() {
        let watch = Stopwatch::default();
        for millis in [0, 1, 3, 60_000] {
            watch.note(Duration::from_millis(millis));
        }
        let timing = watch.read();
        let found: Vec<_> = timing.buckets.iter().filter(|(_, count)| *count == 1).collect();
        let found: Vec<_> = found.iter().map(|(limit, _)| *limit).collect();
        assert_eq!(found, [0.0005, 0.001, 0.005, f64::INFINITY]);
        assert_eq!(timing.sum, Duration::from_millis(60_004));
    }
}
