//! The core: the state and the clients that every floor works with.

pub(super) mod attempt;
pub(super) mod ciphers;
pub(super) mod clients;
pub(super) mod encrypted;
pub(super) mod login_end;
pub(crate) mod owner;
pub(super) mod portal_record;
pub(super) mod txn;

use std::sync::Arc;

use ruma::{OwnedUserId, UserId};
use tokio::sync::watch;

use self::ciphers::Ciphers;
use crate::{
    bridge::state::{
        ConfirmedMessages, Copies, Hush, Job, LaneKey, Lanes, LoginFlows, Looks, Outbox, Paces,
        Places, Questions, Read, Registry, Replies, Sessions, Tallies, Typists, puppets::Owners,
        reply_window, rounds::Rounds,
    },
    clock::{Clock, Timestamp},
    config::{Config, Language},
    crypto::CryptoError,
    id::{GhostNames, PortalId, WechatUserId},
    ilink,
    matrix::{Homeserver, Intent},
    media::Workers,
    spool::Spools,
    store::{self, DigestKey, Entry, Login, Portal, Reply, Store, Work},
    tasks::Tasks,
    web::Report,
};

/// A running bridge.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) config: Config,
    /// The time at which this run began.
    pub(super) started: Timestamp,
    pub(super) clock: Clock,
    pub(super) tasks: Tasks,
    pub(super) store: Store,
    /// The key of the client ids of messages to WeChat.
    pub(super) digest_key: DigestKey,
    /// The folder of media that wait between the two sides.
    pub(super) spools: Spools,
    /// The worker processes that decode media.
    pub(super) workers: Workers,
    /// The places for files in transfer from WeChat.
    pub(super) arriving: Places,
    /// The places for files in transfer to WeChat.
    pub(super) leaving: Places,
    pub(super) homeserver: Homeserver,
    pub(super) bot: OwnedUserId,
    /// The tokens with which owners join rooms without accepting an invitation.
    pub(super) owners: Owners,
    pub(super) ghosts: GhostNames,
    pub(super) ilink: ilink::Client,
    pub(super) registry: Registry,
    pub(super) lanes: Lanes,
    pub(super) outbox: Outbox,
    pub(super) confirmed: ConfirmedMessages,
    pub(super) copies: Copies,
    pub(super) replies: Replies,
    pub(super) paces: Paces,
    pub(super) sessions: Sessions,
    pub(super) tallies: Tallies,
    pub(super) typists: Typists,
    pub(super) flows: LoginFlows,
    pub(super) questions: Questions,
    pub(super) looks: Looks,
    /// The strangers who were told that they may not use the bridge.
    pub(super) hush: Hush,
    pub(super) ciphers: Ciphers,
    /// The places for rooms that are being made; more at once would only wait in the homeserver.
    pub(super) making_rooms: tokio::sync::Semaphore,
    pub(super) receiving: tokio::sync::Mutex<()>,
    /// Locked while a record is read, committed and put into the registry.
    pub(super) changing: tokio::sync::Mutex<()>,
    pub(super) rounds: std::sync::Mutex<Rounds>,
    pub(super) death: watch::Sender<Option<Arc<Death>>>,
}

/// The reason why a running bridge has to end.
#[derive(Debug, thiserror::Error)]
pub enum Death {
    /// The store failed, so nothing can be acknowledged any more.
    #[error(transparent)]
    Store(store::Error),
    /// The homeserver does not know the bridge's token.
    #[error(
        "the homeserver refused the as_token; install the registration file that \
         `matrix-appservice-wechat registration` prints, and restart the homeserver"
    )]
    TokenRefused,
    /// The homeserver knows the token but not the bot.
    #[error(
        "the homeserver accepted the as_token but not the bot user {0}; server_name, bot and \
         ghost_prefix in the config must be those of the registration file"
    )]
    BotRefused(OwnedUserId),
    /// The homeserver makes no device for the bot, without which it forgets transaction ids.
    #[error(
        "the homeserver makes no device for the bot user {0}; it must know \
         `PUT /_matrix/client/v3/devices/{{deviceId}}` for application services (MSC4190, in \
         Synapse since 1.121), and the registration file must hold `io.element.msc4190: true`"
    )]
    NoDevices(OwnedUserId),
    /// The keys of encrypted rooms can be neither kept nor read any more.
    #[error(transparent)]
    Keys(CryptoError),
}

impl Core {
    pub(super) fn bot(&self) -> Intent {
        self.homeserver.intent(&self.bot)
    }

    /// Returns the ghost of a contact; `None` when its id cannot be written as a Matrix id.
    pub(super) fn ghost(&self, contact: &WechatUserId) -> Option<Intent> {
        self.ghosts.ghost(contact).map(|user| self.homeserver.intent(&user))
    }

    /// Returns whether this user is the bot or one of the ghosts.
    pub(super) fn is_ours(&self, user: &UserId) -> bool {
        user == self.bot || self.ghosts.contact(user).is_some()
    }

    /// Returns the language of this user.
    pub(super) fn language_of(&self, user: &UserId) -> Language {
        let chosen = self.registry.owner(user).language.clone();
        chosen.and_then(|code| Language::parse(&code)).unwrap_or(self.config.bridge.language)
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.config.bridge.command_prefix
    }

    /// Queues stored work in its lane.
    pub(super) fn dispatch(&self, entry: Entry, read: Read) {
        self.lanes.push(self.lane_of(&entry), Job::Entry(entry, read));
    }

    /// Queues stored work of an earlier run in its lane.
    pub(super) fn dispatch_again(&self, entry: Entry) {
        self.copies.resume(&entry);
        self.lanes.push(self.lane_of(&entry), Job::Again(entry));
    }

    fn lane_of(&self, entry: &Entry) -> LaneKey {
        match &entry.work {
            Work::FromWechat { portal, .. } => LaneKey::Portal(*portal),
            Work::FromMatrix { to: Some(portal), .. } => LaneKey::Portal(*portal),
            Work::FromMatrix { room, to: None, .. } => match self.registry.portal_in(room) {
                Some(portal) => LaneKey::Portal(portal.id),
                None => LaneKey::Room(room.clone()),
            },
        }
    }

    /// Returns the state of this portal's reply window.
    pub(super) fn reply(&self, portal: PortalId) -> Option<Reply> {
        let reply = self.replies.of(&self.store, portal).unwrap_or_else(|error| {
            self.die(Death::Store(error));
            None
        })?;
        match reply_window::redated(&reply, self.clock.now()) {
            None => Some(reply),
            Some(right) => self.change_reply(portal, |reply| *reply = right),
        }
    }

    /// Changes the state of this portal's reply window, if it has one.
    pub(super) fn change_reply(
        &self,
        portal: PortalId,
        with: impl FnOnce(&mut Reply),
    ) -> Option<Reply> {
        let write = |change| self.store.submit(change);
        self.replies.change(&self.store, portal, with, write).unwrap_or_else(|error| {
            self.die(Death::Store(error));
            None
        })
    }

    /// Returns the health of the bridge.
    pub(super) fn report(&self) -> Report {
        let fresh = self.sessions.freshness(self.clock.now());
        Report {
            store: self.death.borrow().is_none(),
            homeserver: !self.homeserver.is_away(),
            polling: fresh.polling,
            stale: fresh.stale,
            oldest_poll: fresh.oldest,
            cut_polls: fresh.cut + fresh.failed,
            unfinished: self.store.count().inbox,
        }
    }

    /// Ends the bridge: the program exits with this cause.
    pub(super) fn die(&self, cause: Death) {
        self.death.send_if_modified(|death| {
            let first = death.is_none();
            if first {
                tracing::error!(error = %cause, "the bridge has to stop");
                *death = Some(Arc::new(cause));
            }
            first
        });
        self.tasks.soft_stop();
    }
}

/// Returns the contact's name: the owner's name for them, else a shortened id.
pub(super) fn name_of(portal: &Portal) -> String {
    portal.name.clone().unwrap_or_else(|| portal.key.contact.to_string())
}

/// Returns the name of a login's contact.
pub(super) fn login_name(login: &Login) -> String {
    login.name.clone().unwrap_or_else(|| login.contact.to_string())
}
