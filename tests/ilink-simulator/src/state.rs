//! The state of the simulator, behind one lock, and the notification of those who wait for a
//! change.
//!
//! The rules are elsewhere: `qr` (login), `inbox` (phone to bot), `rules` and `outbox` (bot to
//! phone), `cdn` (media).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::cdn::Cdn;
use crate::clock::Clock;
use crate::device::{Bot, Device};
use crate::dropped::{Dropped, Reason};
use crate::fault::Faults;
use crate::id;
use crate::qr::Qr;
use crate::record::Recorded;
use crate::rules::{EXPIRED_CONTEXT, Limits};

/// The state that the listeners, the handles and the page share.
pub(crate) struct Shared {
    world: Mutex<World>,
    changed: Notify,
    pub(crate) clock: Clock,
    pub(crate) closing: CancellationToken,
    pub(crate) addresses: Addresses,
}

/// The addresses of this simulator.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    /// `http://host:port`, without a slash at the end.
    pub(crate) api: String,
    /// `host[:port]` of the second address, as `scaned_but_redirect` names it.
    pub(crate) redirect_host: String,
}

/// The whole state.
pub(crate) struct World {
    pub(crate) hold: Duration,
    pub(crate) base_url: Option<String>,
    pub(crate) devices: HashMap<String, Device>,
    pub(crate) names: Vec<String>,
    pub(crate) bots: HashMap<String, Bot>,
    pub(crate) qrs: HashMap<String, Qr>,
    pub(crate) qr_order: Vec<String>,
    pub(crate) redirect_next: bool,
    pub(crate) binded_next: bool,
    pub(crate) cdn: Cdn,
    pub(crate) limits: Limits,
    pub(crate) faults: Faults,
    pub(crate) sent: Vec<Value>,
    pub(crate) typing: Vec<Value>,
    pub(crate) dropped: Vec<Dropped>,
    pub(crate) requests: VecDeque<Recorded>,
    pub(crate) request_limit: usize,
    pub(crate) overlapping_polls: u64,
    message_counter: u64,
}

impl Shared {
    pub(crate) fn new(addresses: Addresses, hold: Duration) -> Arc<Self> {
        Arc::new(Self {
            world: Mutex::new(World::new(hold)),
            changed: Notify::new(),
            clock: Clock::default(),
            closing: CancellationToken::new(),
            addresses,
        })
    }

    /// Reads the state, or writes something for which no test waits.
    pub(crate) fn quietly<R>(&self, job: impl FnOnce(&mut World) -> R) -> R {
        job(&mut self.lock())
    }

    /// Writes the state, and wakes those who wait for a condition.
    pub(crate) fn change<R>(&self, job: impl FnOnce(&mut World) -> R) -> R {
        let result = job(&mut self.lock());
        self.changed.notify_waiters();
        result
    }

    /// Waits until `look` finds something; `None` when the time is over.
    pub(crate) async fn wait_until<T>(
        &self,
        limit: Duration,
        mut look: impl FnMut(&mut World) -> Option<T>,
    ) -> Option<T> {
        let search = async {
            loop {
                let mut signal = std::pin::pin!(self.changed.notified());
                signal.as_mut().enable();
                if let Some(found) = self.quietly(&mut look) {
                    return found;
                }
                signal.await;
            }
        };
        tokio::time::timeout(limit, search).await.ok()
    }

    pub(crate) fn cdn_url(&self) -> String {
        format!("{}/c2c", self.addresses.api)
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    fn new(hold: Duration) -> Self {
        Self {
            hold,
            base_url: None,
            devices: HashMap::new(),
            names: Vec::new(),
            bots: HashMap::new(),
            qrs: HashMap::new(),
            qr_order: Vec::new(),
            redirect_next: false,
            binded_next: false,
            cdn: Cdn::default(),
            limits: Limits::default(),
            faults: Faults::default(),
            sent: Vec::new(),
            typing: Vec::new(),
            dropped: Vec::new(),
            requests: VecDeque::new(),
            request_limit: 50_000,
            overlapping_polls: 0,
            message_counter: 0,
        }
    }

    /// Returns the phone with that name, which is created when there is none.
    pub(crate) fn ensure_device(&mut self, name: &str) -> &mut Device {
        if !self.devices.contains_key(name) {
            self.names.push(name.to_owned());
        }
        self.devices.entry(name.to_owned()).or_insert_with(|| Device::new(name))
    }

    pub(crate) fn find_device_by_user(&self, user_id: &str) -> Option<&Device> {
        self.devices.values().find(|device| device.user_id == user_id)
    }

    /// Returns the bot to which a phone is bound, alive or not.
    pub(crate) fn bot_of(&mut self, phone: &str) -> Option<&mut Bot> {
        let token = self.devices.get(phone)?.bot.clone()?;
        self.bots.get_mut(&token)
    }

    /// Ends the session of a token: every call with it is answered -14 from now on.
    pub(crate) fn kill_bot(&mut self, token: &str) {
        if let Some(bot) = self.bots.get_mut(token) {
            bot.dead = true;
            bot.wake.notify_waiters();
        }
    }

    /// Lets every held poll answer now.
    pub(crate) fn wake_polls(&mut self) {
        for bot in self.bots.values_mut() {
            bot.generation += 1;
            bot.wake.notify_waiters();
        }
        self.wake_qr_polls();
    }

    /// Lets held polls of QR codes check the clock again.
    pub(crate) fn wake_qr_polls(&mut self) {
        for qr in self.qrs.values() {
            qr.wake.notify_waiters();
        }
    }

    pub(crate) fn held_polls(&self) -> usize {
        self.bots.values().filter(|bot| bot.polls > 0).count()
    }

    /// Makes every context token of a phone's bot stale.
    pub(crate) fn expire_contexts(&mut self, phone: &str) {
        if let Some(bot) = self.bot_of(phone) {
            for issued in bot.contexts.values_mut() {
                *issued = EXPIRED_CONTEXT;
            }
        }
    }

    pub(crate) fn next_message_id(&mut self) -> u64 {
        self.message_counter += 1;
        id::message_id(self.message_counter)
    }

    pub(crate) fn note(&mut self, entry: Dropped) {
        self.dropped.push(entry);
    }

    /// Notes something that is not about one message.
    pub(crate) fn note_call(&mut self, at_ms: i64, endpoint: &str, reason: Reason, detail: &str) {
        self.note(Dropped {
            at_ms,
            endpoint: endpoint.to_owned(),
            phone: None,
            reason,
            detail: detail.to_owned(),
            client_id: None,
            body: Value::Null,
        });
    }
}
