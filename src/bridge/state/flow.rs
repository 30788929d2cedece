//! The logins that are going on.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, UserId};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    id::LoginId,
    ilink::VerifyCode,
    matrix::event::Event,
    web::link::{LinkToken, View, Watched},
};

/// Whom a login is for.
#[derive(Debug, Clone)]
pub(crate) enum Wanted {
    /// Whoever scans; called by this name.
    Anybody { name: Option<String> },
    /// The contact of this login, once more.
    Again { login: LoginId, name: String },
}

/// One login that is going on.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) owner: OwnedUserId,
    pub(crate) room: OwnedRoomId,
    /// The command that started it.
    pub(crate) event: OwnedEventId,
    pub(crate) name: Option<String>,
    pub(crate) cancelled: CancellationToken,
    pub(crate) wants_digits: AtomicBool,
    /// What the link page shows.
    pub(crate) view: watch::Sender<View>,
    /// The link page's address.
    pub(crate) link: LinkToken,
    digits: mpsc::Sender<VerifyCode>,
}

impl Flow {
    /// Hands over digits once they are wanted.
    fn take_digits(&self, digits: VerifyCode) -> bool {
        self.wants_digits.swap(false, Ordering::SeqCst) && self.digits.try_send(digits).is_ok()
    }
}

impl Watched for Flow {
    fn views(&self) -> watch::Receiver<View> {
        self.view.subscribe()
    }

    fn enter(&self, digits: &str) -> bool {
        is_plausible(digits) && self.take_digits(VerifyCode::new(digits))
    }
}

/// Whether a phone could show these digits.
pub(crate) fn is_plausible(digits: &str) -> bool {
    (1..=12).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// All of them, oldest first; an owner may have several.
#[derive(Debug, Default)]
pub(crate) struct LoginFlows(Mutex<Vec<Arc<Flow>>>);

impl LoginFlows {
    pub(crate) fn begin(
        &self,
        event: &Event,
        wanted: &Wanted,
        digits: mpsc::Sender<VerifyCode>,
        link: LinkToken,
    ) -> Arc<Flow> {
        let name = match wanted {
            Wanted::Anybody { name } => name.clone(),
            Wanted::Again { name, .. } => Some(name.clone()),
        };
        let flow = Arc::new(Flow {
            owner: event.sender.clone(),
            room: event.room.clone(),
            event: event.id.clone(),
            name,
            cancelled: CancellationToken::new(),
            wants_digits: AtomicBool::new(false),
            view: watch::Sender::new(View::Wait),
            link,
            digits,
        });
        self.flows().push(Arc::clone(&flow));
        flow
    }

    pub(crate) fn end(&self, flow: &Arc<Flow>) {
        self.flows().retain(|other| !Arc::ptr_eq(other, flow));
    }

    /// Stops this owner's newest login, or the newest of that name; false when there is none.
    pub(crate) fn cancel(&self, owner: &UserId, name: &str) -> bool {
        let flows = self.flows();
        let mut newest_first = flows.iter().rev().filter(|flow| flow.owner == owner);
        let flow = newest_first.find(|f| name.is_empty() || f.name.as_deref() == Some(name));
        flow.inspect(|flow| flow.cancelled.cancel()).is_some()
    }

    /// Hands digits to the login in this room that waits for some; false when none does.
    pub(crate) fn take_digits(&self, owner: &UserId, room: &RoomId, digits: VerifyCode) -> bool {
        let flows = self.flows();
        let waiting = flows.iter().rev().find(|flow| {
            flow.owner == owner && flow.room == room && flow.wants_digits.load(Ordering::SeqCst)
        });
        waiting.is_some_and(|flow| flow.take_digits(digits))
    }

    /// Whether a login of this owner is shown in this room.
    pub(crate) fn is_shown(&self, owner: &UserId, room: &RoomId) -> bool {
        self.flows().iter().any(|flow| flow.owner == owner && flow.room == room)
    }

    /// The login whose link page has this token in its address.
    pub(crate) fn by_link(&self, token: &str) -> Option<Arc<Flow>> {
        self.flows().iter().find(|flow| flow.link.is(token)).cloned()
    }

    fn flows(&self) -> MutexGuard<'_, Vec<Arc<Flow>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
