//! The lanes: order within a conversation, concurrency across conversations.
//!
//! A lane is one queue: a portal's, for both directions, or that of a room which is no portal. It
//! is announced when it gets work while it was idle; a task works it off and ends, so an idle
//! portal costs nothing.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use ruma::OwnedRoomId;
use tokio::sync::{
    Notify,
    mpsc::{self, UnboundedReceiver, UnboundedSender},
};

use crate::{
    id::{LoginId, PortalId},
    ilink::Message,
    matrix::event::Event,
    store::{Entry, Work},
};

/// The key of a lane.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum LaneKey {
    /// The lane of one chat, for both directions.
    Portal(PortalId),
    /// The lane of a room that is no portal: commands, invitations.
    Room(OwnedRoomId),
}

/// A job in a lane.
#[derive(Debug)]
pub(crate) enum Job {
    /// An entry, which is in the store until it is finished.
    Entry(Entry, Read),
    /// An entry of an earlier run, which may have ended that run.
    Again(Entry),
    /// Makes the portal's room if it has none; asked for again at each start, so it needs no
    /// record.
    OpenRoom,
    /// Leaves the former room of the portal, which its record names, also at the next start.
    LeaveRoom,
    /// Lets the ghost leave this room with others, behind the messages that it is still sending.
    LeaveGroup(OwnedRoomId),
}

impl Job {
    /// Returns the login and the length of a message from WeChat; `None` for other jobs.
    fn of_wechat(&self) -> Option<(LoginId, usize)> {
        match self {
            Self::Entry(entry, _) | Self::Again(entry) => of_wechat(entry),
            Self::OpenRoom | Self::LeaveRoom | Self::LeaveGroup(_) => None,
        }
    }
}

fn of_wechat(entry: &Entry) -> Option<(LoginId, usize)> {
    match &entry.work {
        Work::FromWechat { login, raw, .. } => Some((*login, raw.len())),
        Work::FromMatrix { .. } => None,
    }
}

/// The parsed content of an entry, when it was parsed before.
#[derive(Debug)]
pub(crate) enum Read {
    /// The content was not parsed: the entry comes from the store, or is malformed.
    Not,
    Message(Box<Message>),
    Event(Box<Event>),
}

/// The lanes that have work.
#[derive(Debug)]
pub(crate) struct Lanes {
    queues: Mutex<HashMap<LaneKey, Lane>>,
    announce: UnboundedSender<LaneKey>,
    /// The unfinished messages from WeChat of each login, in its lanes or set aside: their number
    /// and their bytes.
    unfinished: Mutex<HashMap<LoginId, (usize, usize)>>,
    /// Notified when some of them are done.
    fewer: Notify,
    /// Entries that failed and wait until they are asked for, or for the next start.
    aside: Mutex<HashMap<PortalId, Vec<Entry>>>,
}

#[derive(Debug, Default)]
struct Lane {
    jobs: VecDeque<Job>,
    /// Whether the current job is of an earlier run.
    resumes: bool,
    /// The login and the length of the message in the current job.
    in_hand: Option<(LoginId, usize)>,
}

impl Lanes {
    /// Makes lanes without work; lanes that get some are announced to the receiver.
    pub(crate) fn new() -> (Self, UnboundedReceiver<LaneKey>) {
        let (announce, announced) = mpsc::unbounded_channel();
        let (queues, unfinished, fewer) = (Mutex::default(), Mutex::default(), Notify::new());
        (Self { queues, announce, unfinished, fewer, aside: Mutex::default() }, announced)
    }

    /// Queues a job, and announces the lane when it was idle.
    pub(crate) fn push(&self, key: LaneKey, job: Job) {
        self.count_more(job.of_wechat());
        let mut lanes = self.lanes();
        let idle = !lanes.contains_key(&key);
        lanes.entry(key.clone()).or_default().jobs.push_back(job);
        if idle {
            // While the bridge is stopping, there is no receiver; the store keeps the work.
            let _ = self.announce.send(key);
        }
    }

    /// Returns whether the lane has work.
    pub(crate) fn is_busy(&self, key: &LaneKey) -> bool {
        self.lanes().contains_key(key)
    }

    /// Takes the lane's next job; `None` closes the lane, and its task must end.
    pub(crate) fn next(&self, key: &LaneKey) -> Option<Job> {
        let mut lanes = self.lanes();
        let lane = lanes.get_mut(key)?;
        let job = lane.jobs.pop_front();
        let done = std::mem::replace(&mut lane.in_hand, job.as_ref().and_then(Job::of_wechat));
        lane.resumes = matches!(job, Some(Job::Again(_)));
        if job.is_none() {
            lanes.remove(key);
        }
        drop(lanes);
        self.count_done(done);
        job
    }

    /// Waits until the lanes may take more messages of this login.
    pub(crate) async fn room_for(&self, login: LoginId) {
        loop {
            let fewer = self.fewer.notified();
            let (count, bytes) = self.unfinished().get(&login).copied().unwrap_or_default();
            if count < MOST_UNFINISHED && bytes < MOST_BYTES {
                return;
            }
            fewer.await;
        }
    }

    fn count_more(&self, one: Option<(LoginId, usize)>) {
        let Some((login, bytes)) = one else { return };
        let mut unfinished = self.unfinished();
        let (count, sum) = unfinished.entry(login).or_default();
        (*count, *sum) = (*count + 1, *sum + bytes);
    }

    fn count_done(&self, one: Option<(LoginId, usize)>) {
        let Some((login, bytes)) = one else { return };
        let mut unfinished = self.unfinished();
        if let Some((count, sum)) = unfinished.get_mut(&login) {
            (*count, *sum) = (count.saturating_sub(1), sum.saturating_sub(bytes));
            if *count == 0 {
                unfinished.remove(&login);
            }
        }
        drop(unfinished);
        self.fewer.notify_waiters();
    }

    fn unfinished(&self) -> MutexGuard<'_, HashMap<LoginId, (usize, usize)>> {
        self.unfinished.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether the lane still has work of an earlier run.
    pub(crate) fn is_resuming(&self, key: &LaneKey) -> bool {
        let lanes = self.lanes();
        let is_old = |lane: &Lane| lane.resumes || matches!(lane.jobs.front(), Some(Job::Again(_)));
        lanes.get(key).is_some_and(is_old)
    }

    /// Sets an entry of a portal aside; it stays in the store.
    pub(crate) fn set_aside(&self, portal: PortalId, entry: Entry) {
        self.count_more(of_wechat(&entry));
        let mut aside = self.aside.lock().unwrap_or_else(PoisonError::into_inner);
        aside.entry(portal).or_default().push(entry);
    }

    /// Queues the entries that were set aside for this portal again, in order; returns their
    /// number.
    pub(crate) fn take_up(&self, portal: PortalId) -> usize {
        let mut aside = self.aside.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = aside.remove(&portal).unwrap_or_default();
        drop(aside);
        let count = entries.len();
        for entry in entries {
            self.count_done(of_wechat(&entry));
            self.push(LaneKey::Portal(portal), Job::Entry(entry, Read::Not));
        }
        count
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<LaneKey, Lane>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The number of unfinished messages at which a login is not polled; WeChat keeps further ones.
const MOST_UNFINISHED: usize = 500;
const MOST_BYTES: usize = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::{clock::Timestamp, id::InboxId};

    fn entry_of(login: u32, raw: &str) -> Job {
        let (portal, source) = (PortalId(1), None);
        let work = Work::FromWechat { login: LoginId(login), portal, source, raw: raw.into() };
        Job::Entry(Entry { id: InboxId(1), at: Timestamp(0), work }, Read::Not)
    }

    #[test]
    fn a_login_whose_lanes_are_full_waits_until_they_are_not() {
        let (lanes, _announced) = Lanes::new();
        let key = LaneKey::Portal(PortalId(1));
        let is_free = |login| lanes.room_for(LoginId(login)).now_or_never().is_some();
        for _ in 0..MOST_UNFINISHED {
            assert!(is_free(1));
            lanes.push(key.clone(), entry_of(1, "{}"));
        }
        assert!(!is_free(1) && is_free(2));
        let mut waiting = Box::pin(lanes.room_for(LoginId(1)));
        lanes.next(&key).unwrap();
        assert!((&mut waiting).now_or_never().is_none(), "the first one is in hand");
        lanes.next(&key).unwrap();
        assert!(waiting.now_or_never().is_some());
        while lanes.next(&key).is_some() {}
        assert!(lanes.unfinished().is_empty());
        lanes.push(key.clone(), entry_of(1, &"x".repeat(MOST_BYTES)));
        assert!(!is_free(1), "by its length");
        let Some(Job::Entry(entry, _)) = lanes.next(&key) else { panic!("it is there") };
        lanes.set_aside(PortalId(1), entry);
        assert!(lanes.next(&key).is_none() && !is_free(1), "it is not done");
        assert_eq!(lanes.take_up(PortalId(1)), 1);
        while lanes.next(&key).is_some() {}
        assert!(is_free(1));
    }

    #[test]
    fn a_lane_is_announced_once_and_closes_when_it_is_empty() {
        let (lanes, mut announced) = Lanes::new();
        let key = LaneKey::Portal(PortalId(1));
        lanes.push(key.clone(), Job::OpenRoom);
        lanes.push(key.clone(), Job::OpenRoom);
        assert_eq!(announced.try_recv(), Ok(key.clone()));
        assert!(announced.try_recv().is_err(), "its task is already there");
        assert!(lanes.next(&key).is_some());
        assert!(lanes.next(&key).is_some());
        assert!(lanes.next(&key).is_none(), "the task ends here");
        lanes.push(key.clone(), Job::OpenRoom);
        assert_eq!(announced.try_recv(), Ok(key), "and is started anew");
    }

    #[test]
    fn a_lane_resumes_until_the_last_of_the_old_work_is_done() {
        let entry = |id| Entry {
            id: InboxId(id),
            at: Timestamp(0),
            work: Work::FromWechat {
                login: LoginId(1),
                portal: PortalId(1),
                source: None,
                raw: "{}".into(),
            },
        };
        let (lanes, _announced) = Lanes::new();
        let key = LaneKey::Portal(PortalId(1));
        assert!(!lanes.is_resuming(&key));
        lanes.push(key.clone(), Job::Again(entry(1)));
        lanes.push(key.clone(), Job::Entry(entry(2), Read::Not));
        assert!(lanes.is_resuming(&key), "it has not begun");
        lanes.next(&key).unwrap();
        assert!(lanes.is_resuming(&key), "it is in hand");
        lanes.next(&key).unwrap();
        assert!(!lanes.is_resuming(&key));
    }

    #[test]
    fn lanes_do_not_wait_for_each_other() {
        let (lanes, mut announced) = Lanes::new();
        let keys = [PortalId(1), PortalId(2)].map(LaneKey::Portal);
        for key in &keys {
            lanes.push(key.clone(), Job::OpenRoom);
        }
        assert_eq!(keys.map(Ok), [announced.try_recv(), announced.try_recv()]);
    }
}
