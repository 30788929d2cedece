//! The places for file transfers: a limited number at once, of which a slow file keeps none for
//! long.

use std::{future::Future, pin::pin, time::Duration};

use tokio::{sync::Semaphore, time::timeout};

/// The places of one direction.
#[derive(Debug)]
pub(crate) struct Places {
    quick: Semaphore,
    slow: Semaphore,
    long: Duration,
}

impl Default for Places {
    fn default() -> Self {
        Self::new(QUICK, SLOW, LONG)
    }
}

impl Places {
    /// Makes `quick` places, and `slow` ones for transfers that took longer than `long`.
    fn new(quick: usize, slow: usize, long: Duration) -> Self {
        Self { quick: Semaphore::new(quick), slow: Semaphore::new(slow), long }
    }

    /// Runs `work` once there is a place. Work that takes long moves to a slow place as soon as one
    /// is free.
    pub(crate) async fn hold<T>(&self, work: impl Future<Output = T>) -> T {
        // The semaphores are never closed, so each wait ends with a place.
        let quick = self.quick.acquire().await;
        let mut work = pin!(work);
        if let Ok(done) = timeout(self.long, &mut work).await {
            return done;
        }
        let slow = tokio::select! {
            done = &mut work => return done,
            slow = self.slow.acquire() => slow,
        };
        drop(quick);
        let done = work.await;
        drop(slow);
        done
    }
}

/// The number of quick places; eight files take up to 25 MiB of memory, and fewer keep a disk and a
/// line busy.
const QUICK: usize = 8;
const SLOW: usize = 16;
const LONG: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use futures_util::{
        future::{Either, select},
        poll,
    };

    use super::*;

    #[tokio::test]
    async fn whoever_takes_long_makes_room_and_so_many_are_the_most() {
        let places = Places::new(1, 2, Duration::ZERO);
        let free = || (places.quick.available_permits(), places.slow.available_permits());
        let mut first = Box::pin(places.hold(pending::<()>()));
        until(&mut first, || free() == (1, 1)).await;
        let mut second = Box::pin(places.hold(pending::<()>()));
        until(&mut second, || free() == (1, 0)).await;
        let mut third = Box::pin(places.hold(pending::<()>()));
        until(&mut third, || free() == (0, 0)).await;
        // Two are slow and one cannot move, so no other can begin.
        let mut fourth = Box::pin(places.hold(ready(4)));
        assert!(poll!(&mut fourth).is_pending());
        drop(first);
        let Either::Right((4, third)) = select(third, fourth).await else {
            panic!("the third has no end")
        };
        assert_eq!(free(), (1, 0));
        drop((second, third));
        assert_eq!(free(), (1, 2));
    }

    #[tokio::test]
    async fn whoever_is_quick_keeps_a_place_until_the_end() {
        let places = Places::new(1, 1, Duration::from_secs(3_600));
        let mut first = Box::pin(places.hold(pending::<()>()));
        until(&mut first, || places.quick.available_permits() == 0).await;
        let mut second = Box::pin(places.hold(ready(2)));
        assert!(poll!(&mut second).is_pending());
        drop(first);
        assert_eq!(second.await, 2);
    }

    /// Polls `work`, which never ends, until the condition holds.
    async fn until<T>(work: &mut (impl Future<Output = T> + Unpin), so: impl Fn() -> bool) {
        while !so() {
            assert!(poll!(&mut *work).is_pending());
            tokio::task::yield_now().await;
        }
    }
}
