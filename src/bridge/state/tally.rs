//! Counters since the start, for `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::store::Direction;

/// Counters on which no decision depends.
#[derive(Debug, Default)]
pub(crate) struct Tallies {
    sends: [AtomicU64; Sent::ALL.len()],
    media: [AtomicU64; 2],
}

/// The meaning of the answer to a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    Accepted,
    /// The message was accepted without an id.
    Unconfirmed,
    Retried,
    Throttled,
    LoggedOut,
    Refused,
}

impl Sent {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Accepted, "accepted"),
        (Self::Unconfirmed, "unconfirmed"),
        (Self::Retried, "retried"),
        (Self::Throttled, "throttled"),
        (Self::LoggedOut, "logged_out"),
        (Self::Refused, "refused"),
    ];
}

impl Tallies {
    pub(crate) fn count_send(&self, sent: Sent) {
        if let Some(count) = self.sends.get(sent as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts the bytes of a media file that was brought to the other side.
    pub(crate) fn count_media(&self, way: Direction, bytes: u64) {
        if let Some(count) = self.media.get(way as usize) {
            count.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    pub(crate) fn sends(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.sends.iter().map(|count| count.load(Ordering::Relaxed));
        Sent::ALL.iter().map(|(_, name)| *name).zip(counts)
    }

    pub(crate) fn media(&self) -> [(Direction, u64); 2] {
        [Direction::ToMatrix, Direction::ToWechat].map(|way| {
            let bytes = self.media.get(way as usize).map(|count| count.load(Ordering::Relaxed));
            (way, bytes.unwrap_or_default())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_is_counted_under_its_own_name() {
        let tallies = Tallies::default();
        for (number, (sent, _)) in Sent::ALL.into_iter().enumerate() {
            (0..=number).for_each(|_| tallies.count_send(sent));
        }
        let expected = Sent::ALL.iter().zip(1..).map(|((_, name), count)| (*name, count));
        assert!(tallies.sends().eq(expected));
    }
}
