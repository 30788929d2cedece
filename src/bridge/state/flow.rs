//! The logins in progress.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ruma::{OwnedRoomId, OwnedUserId, RoomId, UserId};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Timestamp,
    id::LoginId,
    ilink::VerifyCode,
    web::{
        link::LinkToken,
        provision::Process,
        stage::{Stage, View, Watched, is_plausible},
    },
};

/// The contact that a login is for.
#[derive(Debug, Clone)]
pub(crate) enum Wanted {
    /// The person who scans; they get this name.
    Anybody { name: Option<String> },
    /// The contact of this login, who is linked again.
    Again { login: LoginId, name: String },
}

/// The place where a login was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LoginPlace {
    /// A room, by a command.
    Room {
        /// The room.
        room: OwnedRoomId,
        /// The user who sent the command, perhaps for the owner, and who may enter the digits like
        /// the owner.
        typist: OwnedUserId,
    },
    /// The provisioning API, where the login has this id.
    Api(String),
}

/// A login in progress.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) owner: OwnedUserId,
    pub(super) place: LoginPlace,
    pub(crate) name: Option<String>,
    pub(crate) cancelled: CancellationToken,
    pub(crate) wants_digits: AtomicBool,
    /// The address of the link page.
    pub(crate) link: LinkToken,
    /// The stage that the link page and the provisioning API show.
    stage: watch::Sender<Stage>,
    digits: mpsc::Sender<VerifyCode>,
}

impl Flow {
    /// Makes a login, and the channel that receives its digits.
    pub(crate) fn new(
        owner: OwnedUserId,
        place: LoginPlace,
        wanted: &Wanted,
        link: LinkToken,
    ) -> (Arc<Self>, mpsc::Receiver<VerifyCode>) {
        let name = match wanted {
            Wanted::Anybody { name } => name.clone(),
            Wanted::Again { name, .. } => Some(name.clone()),
        };
        let (digits, typed) = mpsc::channel(4);
        let flow = Self {
            owner,
            place,
            name,
            cancelled: CancellationToken::new(),
            wants_digits: AtomicBool::new(false),
            link,
            stage: watch::Sender::default(),
            digits,
        };
        (Arc::new(flow), typed)
    }

    /// Sets the next stage, unless the login has ended.
    pub(crate) fn show(&self, view: View, words: String) {
        self.stage.send_if_modified(|stage| {
            let goes_on = !stage.view.is_last();
            if goes_on {
                *stage = Stage { number: stage.number.saturating_add(1), view, words };
            }
            goes_on
        });
    }

    /// Hands over digits if they are asked for; returns whether they were.
    pub(crate) fn take_digits(&self, digits: VerifyCode) -> bool {
        self.wants_digits.swap(false, Ordering::SeqCst) && self.digits.try_send(digits).is_ok()
    }

    /// Returns whether this user may enter digits for the login in this room.
    fn listens_to(&self, user: &UserId, here: &RoomId) -> bool {
        match &self.place {
            LoginPlace::Room { room, typist } => {
                room == here && (typist == user || self.owner == user)
            }
            LoginPlace::Api(_) => false,
        }
    }
}

impl Watched for Flow {
    fn stages(&self) -> watch::Receiver<Stage> {
        self.stage.subscribe()
    }

    fn enter(&self, digits: &str) -> bool {
        is_plausible(digits) && self.take_digits(VerifyCode::new(digits))
    }
}

impl Process for Flow {
    fn id(&self) -> &str {
        match &self.place {
            LoginPlace::Api(id) => id,
            LoginPlace::Room { .. } => "", // Has none, and nobody can name it.
        }
    }

    fn cancel(&self) {
        self.cancelled.cancel();
    }
}

/// All logins in progress, oldest first; an owner may have several.
#[derive(Debug, Default)]
pub(crate) struct LoginFlows(Mutex<Flows>);

#[derive(Debug, Default)]
struct Flows {
    going: Vec<Arc<Flow>>,
    /// Ended logins of the API, whose programs may not have seen the end yet.
    over: VecDeque<(Timestamp, Arc<Flow>)>,
}

impl LoginFlows {
    /// Adds a login. Returns false when its owner has too many, wherever they were started.
    pub(crate) fn begin(&self, flow: &Arc<Flow>) -> bool {
        let mut flows = self.flows();
        let same = flows.going.iter().filter(|other| other.owner == flow.owner);
        if same.count() >= MOST_AT_ONCE {
            return false;
        }
        flows.going.push(Arc::clone(flow));
        true
    }

    pub(crate) fn end(&self, flow: &Arc<Flow>, now: Timestamp) {
        let mut flows = self.flows();
        flows.going.retain(|other| !Arc::ptr_eq(other, flow));
        if matches!(flow.place, LoginPlace::Api(_)) {
            flows.over.push_back((now, Arc::clone(flow)));
        }
        let excess = flows.over.len().saturating_sub(MOST_KEPT);
        flows.over.drain(..excess);
        flows.over.retain(|(ended, _)| now.since(*ended) < KEPT);
    }

    /// Cancels this owner's newest login, or the newest with that name; returns whether there was
    /// one.
    pub(crate) fn cancel(&self, owner: &UserId, name: &str) -> bool {
        let flows = self.flows();
        let mut newest_first = flows.going.iter().rev().filter(|flow| flow.owner == owner);
        let flow = newest_first.find(|f| name.is_empty() || f.name.as_deref() == Some(name));
        flow.inspect(|flow| flow.cancelled.cancel()).is_some()
    }

    /// Returns the login in this room that waits for digits of this user.
    pub(crate) fn waiting_for(&self, user: &UserId, room: &RoomId) -> Option<Arc<Flow>> {
        let wants = |flow: &Flow| flow.wants_digits.load(Ordering::SeqCst);
        let flows = self.flows();
        let mut newest_first = flows.going.iter().rev();
        newest_first.find(|flow| flow.listens_to(user, room) && wants(flow)).cloned()
    }

    /// Returns whether this room has a login for which this user may enter digits.
    pub(crate) fn is_shown(&self, user: &UserId, room: &RoomId) -> bool {
        self.flows().going.iter().any(|flow| flow.listens_to(user, room))
    }

    /// Returns the login whose link page has this token.
    pub(crate) fn by_link(&self, token: &str) -> Option<Arc<Flow>> {
        self.flows().going.iter().find(|flow| flow.link.is(token)).cloned()
    }

    /// Returns the owner's login with this id in the API, also for a while after its end.
    pub(crate) fn by_process(&self, owner: &UserId, id: &str) -> Option<Arc<Flow>> {
        let flows = self.flows();
        let mut all = flows.going.iter().chain(flows.over.iter().map(|(_, flow)| flow));
        let is_it = |flow: &&Arc<Flow>| {
            flow.owner == owner && matches!(&flow.place, LoginPlace::Api(name) if name == id)
        };
        all.find(is_it).cloned()
    }

    fn flows(&self) -> MutexGuard<'_, Flows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The greatest number of logins of one owner at once, since each requests codes from WeChat.
pub(crate) const MOST_AT_ONCE: usize = 5;
const KEPT: Duration = Duration::from_secs(10 * 60);
const MOST_KEPT: usize = 256;

#[cfg(test)]
mod tests {
    use ruma::user_id;

    use super::*;
    use crate::web::stage::Ending;

    fn flow(id: &str) -> Arc<Flow> {
        let owner = user_id!("@alice:example.org").to_owned();
        let link = LinkToken::of_command("key", id);
        Flow::new(owner, LoginPlace::Api(id.into()), &Wanted::Anybody { name: None }, link).0
    }

    #[test]
    fn an_owner_has_few_at_once_wherever_they_were_asked_for() {
        let flows = LoginFlows::default();
        let going: Vec<_> = (0..MOST_AT_ONCE).map(|n| flow(&n.to_string())).collect();
        assert!(going.iter().all(|flow| flows.begin(flow)));
        assert!(!flows.begin(&flow("one more")));
        let owner = user_id!("@alice:example.org").to_owned();
        let room = ruma::owned_room_id!("!a:example.org");
        let place = LoginPlace::Room { room, typist: owner.clone() };
        let link = LinkToken::of_command("key", "room");
        let in_room = Flow::new(owner, place, &Wanted::Anybody { name: None }, link).0;
        assert!(!flows.begin(&in_room));
        flows.end(&going[0], Timestamp(0));
        assert!(flows.begin(&in_room) && !flows.begin(&flow("one more")));
    }

    #[test]
    fn the_end_can_be_seen_for_a_while_by_its_owner_alone() {
        let (flows, flow_of_alice) = (LoginFlows::default(), flow("A"));
        assert!(flows.begin(&flow_of_alice));
        flows.end(&flow_of_alice, Timestamp(0));
        let alice = user_id!("@alice:example.org");
        assert!(flows.by_process(alice, "A").is_some());
        assert!(flows.by_process(alice, "B").is_none());
        assert!(flows.by_process(user_id!("@bob:example.org"), "A").is_none());
        let later = Timestamp(0).plus(KEPT);
        flows.end(&flow("other"), later);
        assert!(flows.by_process(alice, "A").is_none());
    }

    #[test]
    fn digits_are_for_who_asked_and_for_the_owner_in_that_room_once_they_are_wanted() {
        let [alice, root] = ["@alice:example.org", "@root:example.org"];
        let [alice, root] = [alice, root].map(|user| UserId::parse(user).unwrap());
        let room = ruma::owned_room_id!("!a:example.org");
        let place = LoginPlace::Room { room: room.clone(), typist: root.clone() };
        let link = LinkToken::of_command("key", "room");
        let wanted = Wanted::Anybody { name: None };
        let (flow, mut typed) = Flow::new(alice.clone(), place, &wanted, link);
        let flows = LoginFlows::default();
        assert!(flows.begin(&flow));
        assert!(flows.waiting_for(&root, &room).is_none());
        flow.wants_digits.store(true, Ordering::SeqCst);
        for (user, there, expected) in [
            (&root, "!a:example.org", true),
            (&alice, "!a:example.org", true),
            (&root, "!b:example.org", false),
            (&UserId::parse("@bob:example.org").unwrap(), "!a:example.org", false),
        ] {
            let there = RoomId::parse(there).unwrap();
            assert_eq!(flows.waiting_for(user, &there).is_some(), expected, "{user} {there}");
        }
        assert!(flow.take_digits(VerifyCode::new("4711")));
        assert!(flows.waiting_for(&root, &room).is_none());
        assert!(typed.try_recv().is_ok());
    }

    #[test]
    fn nothing_comes_after_the_end() {
        let flow = flow("A");
        flow.show(View::Done { login: 1 }, String::new());
        flow.show(View::Over(Ending::Cancelled), String::new());
        assert_eq!(flow.stages().borrow().view, View::Done { login: 1 });
        assert_eq!(flow.stages().borrow().number, 1);
    }
}
