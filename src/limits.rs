//! The limit of open files and connections of this process, and how it is shared.
//!
//! Each poll, each connection to the listener and each file in use takes one descriptor. What
//! strangers can cause, and what grows with the number of logins, has a share, so that descriptors
//! are always left for the store.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The number of descriptors that this process may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptors(u64);

impl Descriptors {
    /// Reads the current limit.
    pub fn of_this_process() -> Self {
        Self(getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX))
    }

    /// Raises the limit as far as this process may, and logs the old and the new one.
    pub fn raise() -> Self {
        let before = getrlimit(Resource::Nofile);
        if before.current != before.maximum {
            let most = Rlimit { current: before.maximum, maximum: before.maximum };
            if let Err(error) = setrlimit(Resource::Nofile, most) {
                tracing::debug!(%error, "the limit of open files could not be raised");
            }
        }
        let now = Self::of_this_process();
        tracing::info!(before = before.current, now = now.0, "the limit of open files");
        if now.0 < FEW {
            tracing::warn!(
                limit = now.0,
                "few files may be open: logins beyond {} poll in turns; raise LimitNOFILE",
                now.polls()
            );
        }
        now
    }

    /// Returns how many logins may poll at once; others wait until one of these polls ends.
    pub fn polls(self) -> usize {
        self.share(5, 8).max(1)
    }

    /// Returns how many connections the listener may have.
    pub fn connections(self) -> usize {
        self.share(1, 8).clamp(16, MOST_CONNECTIONS)
    }

    fn share(self, of: u64, all: u64) -> usize {
        usize::try_from(self.0 / all * of).unwrap_or(usize::MAX).min(MOST)
    }
}

/// The limit below which a bridge with some hundred logins runs out of descriptors.
const FEW: u64 = 2_048;
const MOST_CONNECTIONS: usize = 512;
/// The greatest share, which a semaphore can hold.
const MOST: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_share_leaves_descriptors_for_the_store() {
        for limit in [64, 256, 1_024, 4_096, 1 << 20, u64::MAX] {
            let all = Descriptors(limit);
            let taken = all.polls() as u64 + all.connections() as u64;
            assert!(taken <= limit / 4 * 3 + 16, "{limit}: {taken}");
            assert!(all.polls() >= 1 && all.connections() >= 16, "{limit}");
        }
        assert_eq!((Descriptors(1_024).polls(), Descriptors(1_024).connections()), (640, 128));
    }

    #[test]
    fn the_limit_is_raised_to_the_hard_one() {
        let hard = getrlimit(Resource::Nofile).maximum;
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(512), maximum: hard });
        let raised = Descriptors::raise();
        assert_eq!(getrlimit(Resource::Nofile).current, hard);
        assert_eq!(raised, Descriptors::of_this_process());
    }
}
