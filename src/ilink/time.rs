//! The times of WeChat's messages: their unit, and which of them are plausible.

use std::time::Duration;

use crate::clock::Timestamp;

/// Reads a time in milliseconds. A value that would lie before 1974 counts as seconds, one after
/// the year 5000 as microseconds. Zero, negative values and those beyond the year 9999 count as
/// absent.
pub(super) fn read(spelled: i64) -> Option<Timestamp> {
    let ms = match spelled {
        1..LEAST_MS => spelled.checked_mul(1_000)?,
        MOST_MS.. => spelled / 1_000,
        ms => ms,
    };
    (1..=LAST_MS).contains(&ms).then_some(Timestamp(ms))
}

/// Returns the claimed time of writing, unless it is impossible: before WeChat existed, or more
/// than a day after `now`.
pub fn plausible(written: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    written.filter(|at| *at >= BEGIN_OF_WECHAT && *at <= now.plus(A_DAY))
}

/// 1973-11-26 in milliseconds, the year 5138 in seconds.
const LEAST_MS: i64 = 123_000_000_000;
/// The year 5138 in milliseconds, 1973 in microseconds.
const MOST_MS: i64 = 100_000_000_000_000;
/// 9999-12-31T23:59:59.999Z.
const LAST_MS: i64 = 253_402_300_799_999;
/// 2011-01-01T00:00:00Z.
const BEGIN_OF_WECHAT: Timestamp = Timestamp(1_293_840_000_000);
/// The greatest error of a clock or a time zone that is set wrong.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_of_a_time_is_seen_at_its_size() {
        let at = Some(Timestamp(1_795_171_026_000));
        for (spelled, time) in [
            (1_795_171_026_000, at),
            (1_795_171_026, at),
            (1_795_171_026_000_000, at),
            (0, None),
            (-5, None),
            (i64::MAX, None),
        ] {
            assert_eq!(read(spelled), time, "{spelled}");
        }
    }

    #[test]
    fn a_time_that_cannot_be_is_none() {
        let now = Timestamp(1_795_171_026_000);
        let hours = |hours: i64| Timestamp(now.0 + hours * 3_600_000);
        for (at, possible) in [
            (now, true),
            (hours(23), true),
            (hours(25), false),
            (hours(-24 * 365 * 10), true),
            // Milliseconds that were read as seconds, and a time counted from 2001 instead of 1970.
            (Timestamp(1_795_171_026), false),
            (Timestamp(now.0 + 978_307_200_000), false),
            (Timestamp(1_293_839_999_999), false),
        ] {
            assert_eq!(plausible(Some(at), now), possible.then_some(at), "{at:?}");
        }
    }
}
