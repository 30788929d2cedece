//! The decision whether the bridge may answer a contact now, from the reply window and the quota of
//! docs/protocol.md §10. Pure.

use std::time::Duration;

use crate::{clock::Timestamp, store::Reply};

/// How long after the contact's last message WeChat lets the bridge answer.
pub(crate) const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);
/// How many messages WeChat lets the bridge send for each message of the contact.
pub(crate) const QUOTA: u32 = 10;

/// The reason why a message waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Hold {
    /// The contact has not written yet, and WeChat does not let a bot write first.
    NeverHeard,
    /// The contact's last message is older than 24 hours.
    WindowClosed,
    /// The sends that one message of the contact allows are used up.
    QuotaSpent,
    /// WeChat throttled; a try before this time makes it worse.
    Throttled(Timestamp),
    /// The login is logged out.
    LoggedOut,
    /// WeChat's server does not answer; it is tried all the time.
    Unreachable,
}

impl Hold {
    /// Returns the name for transaction ids and counters.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::NeverHeard => "never_heard",
            Self::WindowClosed => "window_closed",
            Self::QuotaSpent => "quota_spent",
            Self::Throttled(_) => "throttled",
            Self::LoggedOut => "logged_out",
            Self::Unreachable => "unreachable",
        }
    }
}

/// Decides whether the next message may be sent, as far as is known beforehand. A stored state goes
/// through [`redated`] first.
pub(crate) fn may_send(reply: Option<&Reply>, now: Timestamp) -> Result<(), Hold> {
    let Some(reply) = reply else { return Err(Hold::NeverHeard) };
    if let Some(until) = reply.held_until.filter(|until| now < *until) {
        return Err(Hold::Throttled(until));
    }
    if now.since(reply.heard) >= WINDOW {
        return Err(Hold::WindowClosed);
    }
    if reply.sends >= QUOTA {
        return Err(Hold::QuotaSpent);
    }
    Ok(())
}

/// How a batch arrived, which tells the age of its messages.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Arrival {
    /// Whether the poll was waiting for it.
    pub(crate) live: bool,
    /// The time of WeChat's server when it sent the batch.
    pub(crate) date: Option<Timestamp>,
}

/// Returns the time at which a message that has just come was written, by the bridge's clock.
///
/// A message that may have waited for the bridge can be old: its age counts, by WeChat's own clock
/// where that is known, since the bridge's may run days ahead. A message that comes `live`, to a
/// poll that waited for it, was written now.
pub(crate) fn heard_at(written: Option<Timestamp>, arrival: Arrival, now: Timestamp) -> Timestamp {
    let Some(written) = written.filter(|at| !arrival.live && at.0 > 0) else { return now };
    // The clock of a server that is behind its own messages says nothing about their age.
    match arrival.date.filter(|date| written <= date.plus(SECONDS_APART)) {
        Some(date) => Timestamp(now.0.saturating_sub(millis(date.since(written)))),
        None => written.min(now),
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Returns the state of a window corrected after the clock was set back; `None` when it is correct.
///
/// A contact who wrote in the future counts as having written now, so the window closes a day from
/// now at the latest. A pause that is longer than any that [`throttle_pause`] returns was measured
/// by the former clock, and ends now, at the price of one send too early.
pub(crate) fn redated(reply: &Reply, now: Timestamp) -> Option<Reply> {
    let held_until = reply.held_until.filter(|until| until.since(now) <= LONGEST_PAUSE);
    let heard = reply.heard.min(now);
    let same = (heard, held_until) == (reply.heard, reply.held_until);
    (!same).then(|| Reply { heard, held_until, ..reply.clone() })
}

/// Returns until when WeChat is left alone, and how often in a row it has throttled, now that the
/// contact has written.
///
/// A message opens a new window and does not end a penalty: the first allows one try at once, and
/// each further one another try, at the earliest a minute after the last.
pub(crate) fn penalty_after_message(known: &Reply, now: Timestamp) -> (Option<Timestamp>, u32) {
    let Some(until) = known.held_until else { return (None, 0) };
    if now.since(until) >= LONGEST_PAUSE {
        return (None, 0); // Long over.
    }
    if until.since(now) <= BETWEEN_TRIES {
        return (Some(until), known.throttled);
    }
    let tried = Timestamp(until.0.saturating_sub(millis(throttle_pause(known.throttled))));
    let next = if known.throttled > 1 { tried.plus(BETWEEN_TRIES) } else { now };
    (Some(next.max(now).min(until)), known.throttled)
}

/// Returns whether the window is open and closes within an hour.
pub(crate) fn closes_soon(heard: Timestamp, now: Timestamp) -> bool {
    let age = now.since(heard);
    age < WINDOW && WINDOW - age <= LAST_HOUR
}

/// Returns how long to leave WeChat alone after it throttled for the `times`-th time in a row: two
/// minutes, doubling, one hour at most.
pub(crate) fn throttle_pause(times: u32) -> Duration {
    let doubled = FIRST_PAUSE.saturating_mul(1 << times.saturating_sub(1).min(8));
    doubled.min(LONGEST_PAUSE)
}

/// The greatest difference between the clocks of two servers of WeChat.
const SECONDS_APART: Duration = Duration::from_secs(60);
const LAST_HOUR: Duration = Duration::from_secs(60 * 60);
/// The least pause between two tries during a penalty, when the contact writes more than once.
const BETWEEN_TRIES: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_secs(2 * 60);
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    const HEARD: Timestamp = Timestamp(1_000_000_000_000);
    const TWO_DAYS: Duration = Duration::from_secs(48 * 60 * 60);

    fn reply(sends: u32, held_until: Option<Timestamp>) -> Reply {
        let (throttled, unconfirmed, left_out) = (0, 0, 0);
        Reply { context: None, heard: HEARD, sends, held_until, throttled, unconfirmed, left_out }
    }

    #[test]
    fn each_reason_to_wait() {
        let just_open = HEARD.plus(WINDOW - Duration::from_millis(1));
        let later = HEARD.plus(Duration::from_secs(60));
        for (reply, now, expected) in [
            (None, HEARD, Err(Hold::NeverHeard)),
            (Some(reply(0, None)), just_open, Ok(())),
            (Some(reply(0, None)), HEARD.plus(WINDOW), Err(Hold::WindowClosed)),
            (Some(reply(9, None)), HEARD, Ok(())),
            (Some(reply(10, None)), HEARD, Err(Hold::QuotaSpent)),
            (Some(reply(0, Some(later))), HEARD, Err(Hold::Throttled(later))),
            (Some(reply(0, Some(later))), later, Ok(())),
            (Some(reply(0, None)), Timestamp(0), Ok(())),
        ] {
            assert_eq!(may_send(reply.as_ref(), now), expected, "{reply:?} at {now:?}");
        }
    }

    #[test]
    fn what_is_heard_live_is_heard_now_and_nothing_is_heard_in_the_future() {
        let now = HEARD.plus(TWO_DAYS);
        for (written, live, expected) in [
            (Some(HEARD), false, HEARD),
            (Some(HEARD), true, now),
            (Some(now.plus(TWO_DAYS)), false, now),
            (Some(now.plus(TWO_DAYS)), true, now),
            (Some(Timestamp(0)), false, now),
            (None, false, now),
        ] {
            let arrival = Arrival { live, date: None };
            assert_eq!(heard_at(written, arrival, now), expected, "{written:?} {live}");
        }
    }

    #[test]
    fn how_old_a_message_is_goes_by_the_clock_of_the_server() {
        let hour = Duration::from_secs(60 * 60);
        let arrival = |date| Arrival { live: false, date: Some(date) };
        // The bridge's clock is two days ahead, and two days behind.
        for now in [HEARD.plus(TWO_DAYS), Timestamp(HEARD.0 - millis(TWO_DAYS))] {
            assert_eq!(heard_at(Some(HEARD), arrival(HEARD), now), now, "just written");
            let heard = heard_at(Some(HEARD), arrival(HEARD.plus(hour)), now);
            assert_eq!(now.0 - heard.0, millis(hour), "an hour ago");
        }
        // The server's clock is nonsense.
        let now = HEARD.plus(hour);
        assert_eq!(heard_at(Some(HEARD), arrival(Timestamp(5)), now), HEARD);
    }

    #[test]
    fn a_clock_that_was_set_does_not_hold_messages_for_days() {
        let pause = HEARD.plus(throttle_pause(9));
        let back = Timestamp(HEARD.0 - 48 * 60 * 60 * 1_000);
        let at = |heard| Reply { heard, ..reply(3, None) };
        for (known, now, expected, may) in [
            // A correct state stays, whatever the time is.
            (reply(3, None), HEARD, None, Ok(())),
            (reply(3, Some(pause)), HEARD, None, Err(Hold::Throttled(pause))),
            (reply(3, None), HEARD.plus(TWO_DAYS), None, Err(Hold::WindowClosed)),
            (reply(3, Some(pause)), HEARD.plus(TWO_DAYS), None, Err(Hold::WindowClosed)),
            // Set back by two days: the window counts from now, the pause is over.
            (reply(3, None), back, Some(at(back)), Ok(())),
            (reply(3, Some(pause)), back, Some(at(back)), Ok(())),
        ] {
            let found = redated(&known, now);
            assert_eq!(found, expected, "{known:?} at {now:?}");
            let reply = found.unwrap_or(known);
            assert_eq!(may_send(Some(&reply), now), may, "{reply:?} at {now:?}");
            assert_eq!(redated(&reply, now), None, "once is enough");
        }
        let later = back.plus(WINDOW);
        assert_eq!(may_send(Some(&at(back)), later), Err(Hold::WindowClosed));
    }

    #[test]
    fn a_clock_set_back_by_minutes_leaves_a_pause_as_it_is() {
        let until = HEARD.plus(Duration::from_secs(60));
        let now = Timestamp(HEARD.0 - 10 * 60 * 1_000);
        let found = redated(&reply(0, Some(until)), now).and_then(|reply| reply.held_until);
        assert_eq!(found, Some(until));
    }

    #[test]
    fn the_last_hour_of_the_window_is_the_only_one_that_closes_soon() {
        let minutes = |minutes: u64| HEARD.plus(Duration::from_secs(minutes * 60));
        let soon = [0, 22 * 60, 23 * 60, 24 * 60 - 1, 24 * 60, 48 * 60]
            .map(|at| closes_soon(HEARD, minutes(at)));
        assert_eq!(soon, [false, false, true, true, false, false]);
    }

    #[test]
    fn a_message_during_a_penalty_is_worth_one_try_a_minute() {
        let at = |seconds: u64| HEARD.plus(Duration::from_secs(seconds));
        let held = |until, throttled| Reply { throttled, ..reply(0, Some(at(until))) };
        for (known, now, expected) in [
            (reply(0, None), 5, (None, 0)),
            // Throttled for the first time at 0, for two minutes.
            (held(120, 1), 5, (Some(at(5)), 1)),
            // The try at 5 was throttled again, for four minutes.
            (held(245, 2), 10, (Some(at(65)), 2)),
            (held(65, 2), 20, (Some(at(65)), 2)),
            (held(245, 2), 100, (Some(at(100)), 2)),
            // A try is under way, or the penalty ended a moment ago.
            (held(100, 2), 101, (Some(at(100)), 2)),
            (held(100, 2), 100 + 60 * 60, (None, 0)),
        ] {
            assert_eq!(penalty_after_message(&known, at(now)), expected, "{known:?} at {now}");
        }
    }

    #[test]
    fn the_pause_doubles_up_to_an_hour() {
        let minutes: Vec<_> = (1..=7).map(|n| throttle_pause(n).as_secs() / 60).collect();
        assert_eq!(minutes, [2, 4, 8, 16, 32, 60, 60]);
    }
}
