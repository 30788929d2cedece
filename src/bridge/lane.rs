//! Order within a conversation, concurrency across conversations.
//!
//! A lane is one queue: a portal's, for both directions, or that of a room which is no portal.
//! Its task exists only while there is work, so an idle portal costs nothing.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use ruma::OwnedRoomId;

use crate::{id::PortalId, store::Entry};

/// Whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum LaneKey {
    /// Everything about one chat.
    Portal(PortalId),
    /// Everything in a room that is no portal: commands, invitations.
    Room(OwnedRoomId),
}

/// One piece of work in a lane.
#[derive(Debug)]
pub(crate) enum Job {
    /// Something that came in and is in the store until it is finished.
    Entry(Entry),
    /// Make the portal's room if it has none; asked for again at each start, so it needs no record.
    OpenRoom,
}

/// The lanes that have work.
#[derive(Debug, Default)]
pub(crate) struct Lanes(Mutex<HashMap<LaneKey, VecDeque<Job>>>);

impl Lanes {
    /// Queues a job; true when the lane was idle and the caller has to start its task.
    pub(crate) fn push(&self, key: LaneKey, job: Job) -> bool {
        let mut lanes = self.lanes();
        let idle = !lanes.contains_key(&key);
        lanes.entry(key).or_default().push_back(job);
        idle
    }

    /// The lane's next job; `None` closes the lane, and its task must end.
    pub(crate) fn next(&self, key: &LaneKey) -> Option<Job> {
        let mut lanes = self.lanes();
        let job = lanes.get_mut(key)?.pop_front();
        if job.is_none() {
            lanes.remove(key);
        }
        job
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<LaneKey, VecDeque<Job>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_is_started_once_and_closes_when_it_is_empty() {
        let lanes = Lanes::default();
        let key = LaneKey::Portal(PortalId(1));
        assert!(lanes.push(key.clone(), Job::OpenRoom));
        assert!(!lanes.push(key.clone(), Job::OpenRoom), "its task is already there");
        assert!(lanes.next(&key).is_some());
        assert!(lanes.next(&key).is_some());
        assert!(lanes.next(&key).is_none(), "the task ends here");
        assert!(lanes.push(key, Job::OpenRoom), "and is started anew");
    }

    #[test]
    fn lanes_do_not_wait_for_each_other() {
        let lanes = Lanes::default();
        assert!(lanes.push(LaneKey::Portal(PortalId(1)), Job::OpenRoom));
        assert!(lanes.push(LaneKey::Portal(PortalId(2)), Job::OpenRoom));
    }
}
