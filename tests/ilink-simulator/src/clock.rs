//! The simulator's wall time: the machine's, moved by what a test has asked for.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

/// Wall time in milliseconds since 1970, with an offset that only grows.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset_ms: AtomicI64,
}

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the simulator is another program than the bridge and keeps its own time; this is its only reading"
    )]
    pub(crate) fn now_ms(&self) -> i64 {
        let machine = std::time::SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis);
        machine + self.offset_ms.load(Ordering::Relaxed)
    }

    /// Returns the time in the form of a `Date` header.
    pub(crate) fn http_date(&self) -> String {
        let since = Duration::from_millis(u64::try_from(self.now_ms()).unwrap_or(0));
        httpdate::fmt_http_date(UNIX_EPOCH + since)
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.offset_ms.fetch_add(millis(by), Ordering::Relaxed);
    }
}

/// Returns a duration as signed milliseconds, the unit of the protocol and the clock.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
