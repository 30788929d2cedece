//! The retry policy for requests to the homeserver: pauses grow until a try succeeds, fails for
//! good, or the bridge stops.

use std::{
    future::Future,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use super::{
    error::{Error, Retry},
    homeserver::Homeserver,
};
use crate::tasks::Tasks;

impl Homeserver {
    /// Repeats `call` until it succeeds or its error is final, without a limit.
    ///
    /// Returns [`Error::Stopping`] when the soft stop comes between two attempts. A running attempt
    /// is finished, and its answer counts.
    pub async fn with_retry<T, F>(
        &self,
        tasks: &Tasks,
        mut call: impl FnMut() -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut failures = 0;
        loop {
            let result = call().await;
            self.outage().note(result.as_ref().err(), self.address());
            let error = match result {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let Some(wait) = delay(error.retry(), failures, rand::random()) else {
                return Err(error);
            };
            failures += 1;
            tracing::debug!(failures, ?wait, %error, "the homeserver is asked again");
            tasks.pause(wait).await;
            if tasks.stopping() {
                return Err(Error::Stopping);
            }
        }
    }
}

/// Whether the homeserver counts as unreachable, so that the log says it once and not per request.
#[derive(Debug, Default)]
pub(super) struct OutageFlag(AtomicBool);

impl OutageFlag {
    pub(super) fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn note(&self, error: Option<&Error>, address: &str) {
        // An error of the disk says nothing about the homeserver.
        if matches!(error, Some(Error::Disk(_))) {
            return;
        }
        // A homeserver that asks to slow down is reachable.
        let away = error.filter(|error| {
            error.retry() != Retry::Never && !matches!(error, Error::RateLimited { .. })
        });
        let before = self.0.swap(away.is_some(), Ordering::Relaxed);
        match (before, away) {
            (false, Some(error)) => {
                tracing::warn!(%error, address, "waiting for the homeserver; nothing is lost");
            }
            (true, None) => tracing::info!("the homeserver answers again"),
            (true, Some(_)) | (false, None) => {}
        }
    }
}

/// Returns the pause after `failures` earlier failures; `None` when a retry does not help. `jitter`
/// in 0..1 shortens it by up to half, so that not all requests are repeated at once.
fn delay(retry: Retry, failures: u32, jitter: f64) -> Option<Duration> {
    let own = FIRST_WAIT.saturating_mul(1 << failures.min(16)).min(LONGEST_WAIT);
    let own = own.mul_f64(1.0 - jitter / 2.0);
    match retry {
        Retry::Now => Some(own),
        Retry::After(asked) => Some(asked.min(LONGEST_ASKED_WAIT).max(own)),
        Retry::Never => None,
    }
}

const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// The longest pause that the homeserver may ask for; after it, a request is repeated anyway.
const LONGEST_ASKED_WAIT: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_to_its_limit_and_no_further() {
        for (failures, jitter, millis) in [
            (0, 0.0, 200),
            (1, 0.0, 400),
            (2, 0.5, 600),
            (3, 0.0, 1_600),
            (6, 0.0, 12_800),
            (7, 0.0, 15_000),
            (7, 1.0, 7_500),
            (u32::MAX, 0.0, 15_000),
        ] {
            let expected = Some(Duration::from_millis(millis));
            assert_eq!(delay(Retry::Now, failures, jitter), expected, "{failures} {jitter}");
        }
    }

    #[test]
    fn the_homeservers_own_wish_counts_within_reason() {
        let wished = |seconds| delay(Retry::After(Duration::from_secs(seconds)), 0, 0.0);
        assert_eq!(wished(0), Some(Duration::from_millis(200)));
        assert_eq!(wished(90), Some(Duration::from_secs(90)));
        assert_eq!(wished(86_400), Some(Duration::from_secs(300)));
    }

    #[test]
    fn a_final_error_is_not_waited_for() {
        assert_eq!(delay(Retry::Never, 0, 0.0), None);
    }
}
