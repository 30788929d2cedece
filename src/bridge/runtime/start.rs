//! The start and the end of the bridge.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    sync::{Semaphore, mpsc::UnboundedReceiver, watch},
};

use super::{housekeeping, keys, metrics};
use crate::{
    bridge::{
        core::{
            Core, Death,
            ciphers::Ciphers,
            clients::{StartError, homeserver, ilink_options},
        },
        dispatch::lane,
        from_matrix::{catch_up, ingest},
        login::{logout, provisioning::ProvisioningDesk, session},
        portal::capabilities,
        send::sender,
        state::{
            Job, LaneKey, Lanes, Outbox, Questions, Registry, Sessions, puppets::Owners, rounds,
        },
    },
    clock::Clock,
    config::Config,
    id::{InboxId, PortalId},
    ilink,
    limits::Descriptors,
    matrix,
    media::{Sandbox, Workers},
    spool::Spools,
    store::{self, LoginState, Store},
    tasks::Tasks,
    web::{
        self,
        listener::{self, Bounds},
    },
};

/// A running bridge.
#[derive(Debug)]
pub struct Bridge {
    core: Arc<Core>,
    address: SocketAddr,
}

impl Bridge {
    /// Opens the store, resumes unfinished work, and serves the homeserver on `listener`.
    ///
    /// `worker` is the program that decodes media, when it is not this one. Returns as soon as
    /// everything runs; an unreachable homeserver or WeChat is waited for.
    pub async fn start(
        config: Config,
        clock: Clock,
        listener: TcpListener,
        worker: Option<PathBuf>,
    ) -> Result<Self, StartError> {
        let address = listener.local_addr().map_err(StartError::Listener)?;
        let (core, announced) = open(config, clock, worker).await?;
        resume(&core).await?;
        // The announcements begin after the lanes: a lane that is empty for a moment would count as
        // worked off.
        announced.begin(&core);
        serve(&core, listener);
        core.tasks.spawn("greeting", greet_homeserver(Arc::clone(&core)));
        core.tasks.spawn("sandbox", try_sandbox(core.workers.clone()));
        for portal in core.registry.leaving_portals() {
            core.lanes.push(LaneKey::Portal(portal), Job::LeaveRoom);
        }
        for (portal, room) in core.registry.left_groups() {
            core.lanes.push(LaneKey::Portal(portal), Job::LeaveGroup(room));
        }
        let unfinished = core.registry.unfinished_portals(core.config.bridge.personal_space);
        for portal in unfinished
            .into_iter()
            .chain(core.registry.portals_with_rooms(|p| capabilities::is_outdated(&core, p)))
        {
            core.lanes.push(LaneKey::Portal(portal), Job::OpenRoom);
        }
        for login in core.registry.all_logins() {
            match login.state {
                LoginState::Active => session::start(&core, login.id),
                LoginState::LoggedOut { .. } => {
                    core.tasks.spawn("lost", logout::tell_lost_again(Arc::clone(&core), login));
                }
            }
        }
        core.tasks.spawn("rounds", housekeeping::run(Arc::clone(&core)));
        Ok(Self { core, address })
    }

    /// Returns the address on which the homeserver reaches this bridge.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs a round of housekeeping now, for a test with its own clock.
    #[cfg(feature = "crash-points")]
    pub async fn look_around(&self) {
        housekeeping::look(&self.core).await;
    }

    /// Waits until the bridge has to end by itself, and returns the cause.
    pub async fn ended(&self) -> Arc<Death> {
        let mut death = self.core.death.subscribe();
        loop {
            if let Some(cause) = &*death.borrow_and_update() {
                return Arc::clone(cause);
            }
            if death.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Finishes the items in hand for at most `patience`, keeps the rest, and closes the store.
    pub async fn stop(self, patience: Duration) -> Result<(), store::Error> {
        self.core.tasks.stop(patience).await;
        self.core.store.close().await
    }
}

/// The receivers of announced lanes and queues.
struct Announced {
    lanes: UnboundedReceiver<LaneKey>,
    senders: UnboundedReceiver<PortalId>,
}

impl Announced {
    /// Starts a task for each announced lane and queue.
    fn begin(self, core: &Arc<Core>) {
        let Self { mut lanes, mut senders } = self;
        let working = Arc::clone(core);
        core.tasks.spawn("lanes", async move {
            while let Some(Some(key)) = working.tasks.unless_stopped(lanes.recv()).await {
                working.tasks.spawn("lane", lane::run_lane(Arc::clone(&working), key));
            }
        });
        let sending = Arc::clone(core);
        core.tasks.spawn("senders", async move {
            while let Some(Some(portal)) = sending.tasks.unless_stopped(senders.recv()).await {
                sending.tasks.spawn("sender", sender::run(Arc::clone(&sending), portal));
            }
        });
    }
}

/// Warns once when the sandbox of media workers does not work.
async fn try_sandbox(workers: Workers) {
    if let Sandbox::Missing(why) = workers.check().await {
        tracing::warn!(
            why,
            "media cannot be decoded in a sandbox; where no worker can run they arrive as plain files"
        );
    }
}

async fn open(
    config: Config,
    clock: Clock,
    worker: Option<PathBuf>,
) -> Result<(Arc<Core>, Announced), StartError> {
    let path = config.store.path.clone();
    let store = tokio::task::spawn_blocking(move || Store::open(&path)).await.map_err(|_| {
        StartError::Config("the store could not be opened: its task ended".into())
    })??;
    let digest_key = store.digest_key().await?;
    let spools = Spools::open(config.store.path.join("media"))
        .map_err(|why| StartError::Config(format!("the folder of media cannot be made: {why}")))?;
    let at_once = usize::try_from(config.media.workers.get()).unwrap_or(1);
    let workers = Workers::new(spools.clone(), at_once);
    let workers = match worker {
        Some(program) => workers.with_program(program),
        None => workers,
    };
    let homeserver = homeserver(&config)?;
    let (lanes, idle_lanes) = Lanes::new();
    let (outbox, idle_queues) = Outbox::new();
    let core = Core {
        started: clock.now(),
        bot: config.appservice.bot.clone(),
        owners: Owners::new(&config, &homeserver),
        ghosts: config.ghost_names(),
        ilink: ilink::Client::new(ilink_options(&config)?).map_err(StartError::Ilink)?,
        registry: Registry::load(&store)?,
        tasks: Tasks::default(),
        lanes,
        outbox,
        confirmed: Default::default(),
        copies: Default::default(),
        replies: Default::default(),
        paces: Default::default(),
        sessions: Sessions::polling_at_most(Descriptors::of_this_process().polls()),
        tallies: Default::default(),
        typists: Default::default(),
        flows: Default::default(),
        questions: Questions::load(&store)?,
        looks: Default::default(),
        hush: Default::default(),
        ciphers: Ciphers::load(&store, config.encryption.allow)?,
        arriving: Default::default(),
        leaving: Default::default(),
        making_rooms: Semaphore::new(ROOMS_AT_ONCE),
        receiving: Default::default(),
        changing: Default::default(),
        rounds: rounds::Rounds::new(clock.now()).into(),
        death: watch::Sender::new(None),
        config,
        clock,
        store,
        digest_key,
        spools,
        workers,
        homeserver,
    };
    Ok((Arc::new(core), Announced { lanes: idle_lanes, senders: idle_queues }))
}

/// Puts all unfinished entries into their lanes before anything new can come.
async fn resume(core: &Arc<Core>) -> Result<(), store::Error> {
    let mut after: Option<InboxId> = None;
    let mut resumed = 0_usize;
    loop {
        let entries = core.store.inbox(after, RESUME_STEP)?;
        let Some(last) = entries.last() else { break };
        after = Some(last.id);
        resumed += entries.len();
        for entry in entries {
            core.dispatch_again(entry);
        }
        tokio::task::yield_now().await;
    }
    tracing::info!(resumed, logins = core.registry.all_logins().len(), "the bridge starts");
    Ok(())
}

fn serve(core: &Arc<Core>, listener: TcpListener) {
    let hs_token = core.config.appservice.hs_token.clone();
    let (for_transactions, for_users) = (Arc::clone(core), Arc::clone(core));
    let router = matrix::router(
        hs_token,
        move |pushed| ingest::on_transaction(Arc::clone(&for_transactions), pushed),
        move |user| ingest::on_user(Arc::clone(&for_users), user),
    );
    let reporting = Arc::clone(core);
    let figuring = Arc::clone(core);
    let figures = move || metrics::all(&figuring);
    let router = router.merge(web::router(move || reporting.report(), figures));
    let router = match core.config.bridge.public_url {
        Some(_) => router.merge(link_pages(core)),
        None => router,
    };
    let router = match core.config.provisioning.is_on() {
        true => router.merge(web::provision::router(ProvisioningDesk(Arc::clone(core)))),
        false => router,
    };
    let stopping = core.tasks.clone();
    core.tasks.spawn("listener", async move {
        let bounds = Bounds::of(Descriptors::of_this_process().connections());
        listener::serve(listener, router, bounds, linger(stopping)).await;
    });
}

/// Returns the link pages of the logins in progress.
fn link_pages(core: &Arc<Core>) -> axum::Router {
    let core = Arc::clone(core);
    web::link::router(move |token| Some(core.flows.by_link(token)? as Arc<dyn web::stage::Watched>))
}

/// Keeps the listener open a little longer than the bridge works. The homeserver still pushes the
/// bridge's own last events; when such a push fails it counts the bridge as down, and may lose
/// events while it reaches the bridge again (Synapse 1.163). Events that are pushed now are stored
/// and handled at the next start.
async fn linger(tasks: Tasks) {
    tasks.stopped().await;
    // A plain wait, whose result does not matter.
    let _ = tokio::time::timeout(LINGER, std::future::pending::<()>()).await;
}

/// Registers the bot and asks the homeserver to push; a token that it does not know ends the
/// bridge, since nothing else can work.
async fn greet_homeserver(core: Arc<Core>) {
    let bot = core.bot();
    let registered = core.homeserver.with_retry(&core.tasks, || bot.ensure_registered()).await;
    match registered {
        Ok(()) => {}
        Err(matrix::Error::Stopping) => return,
        Err(matrix::Error::TokenRejected) => return core.die(Death::TokenRefused),
        Err(matrix::Error::UnknownDevice) => {
            return core.die(Death::NoDevices(core.bot.clone()));
        }
        Err(error) => {
            tracing::error!(%error, "the homeserver refused the bot");
            return core.die(Death::BotRefused(core.bot.clone()));
        }
    }
    core.tasks.spawn("keys", keys::run(Arc::clone(&core)));
    let name = &core.config.appservice.bot_display_name;
    if let Err(error) = bot.set_display_name(name).await {
        tracing::debug!(%error, "the bot's name was not taken");
    }
    core.tasks.spawn("unpushed", catch_up::run(Arc::clone(&core)));
    ping(&core).await;
}

/// Pings until the homeserver reaches the listener: then it pushes at once what it has kept,
/// instead of later.
async fn ping(core: &Core) {
    let id = &core.config.appservice.id;
    for tries in 0_u32.. {
        match core.homeserver.ping(id, &format!("start-{tries}")).await {
            Ok(took) => return tracing::info!(?took, "the homeserver reaches the bridge"),
            Err(error) if tries == 0 => tracing::debug!(%error, "the first ping failed"),
            Err(error) => tracing::warn!(
                %error,
                url = %core.config.appservice.url,
                "the homeserver does not reach the bridge; is [appservice] url right?"
            ),
        }
        core.tasks.pause(Duration::from_secs(u64::from(tries.min(30)))).await;
        if core.tasks.stopping() {
            return;
        }
    }
}

/// The number of rooms that are made at once; a homeserver makes them one after the other anyway.
const ROOMS_AT_ONCE: usize = 8;
const LINGER: Duration = Duration::from_millis(300);
const RESUME_STEP: usize = 500;
