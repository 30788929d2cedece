//! The handle of a running simulator.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::DropGuard;

use crate::dropped::Dropped;
use crate::phone::Phone;
use crate::record::Recorded;
use crate::state::{Addresses, Shared};
use crate::{MediaRef, api, control, crypto, page};

/// A running iLink API and CDN. Clones are handles of one simulator; it ends when the last one is
/// dropped.
#[derive(Clone)]
pub struct Simulator {
    pub(crate) shared: Arc<Shared>,
    /// Absent in a handle that a request makes.
    _closing: Option<Arc<DropGuard>>,
}

/// The options of a simulator.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long a poll without news is held; also the value of `longpolling_timeout_ms`.
    pub hold: Duration,
    /// The host that `scaned_but_redirect` names; by default a second port on one address. Requests
    /// with this `Host` count as sent to the redirect host.
    pub redirect_host: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { hold: Duration::from_secs(35), redirect_host: None }
    }
}

impl Simulator {
    /// Starts on a free port of 127.0.0.1, with a hold time of 35 s.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn start() -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await;
        let started = match listener {
            Ok(listener) => Self::start_on(listener, Options::default()).await,
            Err(error) => Err(error.into()),
        };
        started.unwrap_or_else(|error| panic!("the simulator does not start: {error:#}"))
    }

    /// Starts on this listener.
    ///
    /// # Errors
    /// When the second address, for redirected logins, cannot be bound.
    pub async fn start_on(listener: TcpListener, options: Options) -> anyhow::Result<Self> {
        let own = listener.local_addr().context("the listener has no address")?;
        let second =
            TcpListener::bind(SocketAddr::new(own.ip(), 0)).await.context("no second port")?;
        let second_host =
            second.local_addr().context("the second port has no address")?.to_string();
        let addresses = Addresses {
            api: format!("http://{own}"),
            redirect_host: options.redirect_host.unwrap_or(second_host),
        };
        let shared = Shared::new(addresses, options.hold);
        for listener in [listener, second] {
            let routes = routes(&shared);
            let closing = shared.closing.clone();
            in_background(async move {
                tokio::select! {
                    // Serving ends only with the simulator.
                    _ = std::future::IntoFuture::into_future(axum::serve(listener, routes)) => {}
                    () = closing.cancelled() => {}
                }
            });
        }
        let guard = shared.closing.clone().drop_guard();
        Ok(Self { shared, _closing: Some(Arc::new(guard)) })
    }

    /// Returns `http://host:port`: the API base, the control routes and the phone page.
    pub fn api_url(&self) -> String {
        self.shared.addresses.api.clone()
    }

    /// Returns `http://host:port/c2c`: the part before `/upload` and `/download`.
    pub fn cdn_url(&self) -> String {
        self.shared.cdn_url()
    }

    /// Returns `host[:port]` to which a redirected login is sent.
    pub fn redirect_host(&self) -> String {
        self.shared.addresses.redirect_host.clone()
    }

    /// Returns the phone with that name, which is created when there is none. A name has one user
    /// id in every run.
    pub fn phone(&self, name: &str) -> Phone {
        self.shared.change(|world| world.ensure_device(name).name.clone());
        Phone::new(Arc::clone(&self.shared), name)
    }

    /// Returns the names of all phones, oldest first.
    pub fn phones(&self) -> Vec<String> {
        self.shared.quietly(|world| world.names.clone())
    }

    /// Returns the URL of the newest QR code that no phone has scanned.
    pub fn pending_qr(&self) -> Option<String> {
        let now_ms = self.shared.clock.now_ms();
        self.shared.quietly(|world| world.pending_qrs(now_ms).pop())
    }

    /// Waits for a QR code that no phone has scanned.
    ///
    /// # Panics
    /// After two minutes.
    pub async fn wait_qr(&self) -> String {
        let found = self.shared.wait_until(PATIENCE, |world| {
            let now_ms = self.shared.clock.now_ms();
            world.pending_qrs(now_ms).pop()
        });
        found.await.unwrap_or_else(|| panic!("no QR code was asked for"))
    }

    /// Waits for a QR code other than this one that no phone has scanned.
    ///
    /// # Panics
    /// After two minutes.
    pub async fn wait_other_qr(&self, than: &str) -> String {
        let found = self.shared.wait_until(PATIENCE, |world| {
            let now_ms = self.shared.clock.now_ms();
            world.pending_qrs(now_ms).pop().filter(|url| url != than)
        });
        found.await.unwrap_or_else(|| panic!("no new QR code was asked for"))
    }

    /// Returns everything that was dropped, refused or noted, oldest first.
    pub fn dropped(&self) -> Vec<Dropped> {
        self.shared.quietly(|world| world.dropped.clone())
    }

    /// Forgets what was dropped so far.
    pub fn forget_dropped(&self) {
        self.shared.change(|world| world.dropped.clear());
    }

    /// Waits until something was dropped for which `wanted` holds.
    ///
    /// # Panics
    /// After two minutes.
    pub async fn wait_dropped(&self, wanted: impl Fn(&Dropped) -> bool) -> Dropped {
        let found = self.shared.wait_until(PATIENCE, |world| {
            world.dropped.iter().find(|entry| wanted(entry)).cloned()
        });
        found.await.unwrap_or_else(|| panic!("nothing of that sort was dropped"))
    }

    /// Returns every request to the API and the CDN, oldest first; only the newest 50,000 are kept.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.quietly(|world| world.requests.iter().cloned().collect())
    }

    /// Waits for a request for which `wanted` holds.
    ///
    /// # Panics
    /// After two minutes.
    pub async fn wait_request(&self, wanted: impl Fn(&Recorded) -> bool) -> Recorded {
        let found = self.shared.wait_until(PATIENCE, |world| {
            world.requests.iter().find(|entry| wanted(entry)).cloned()
        });
        found.await.unwrap_or_else(|| panic!("no such request came"))
    }

    /// Forgets the requests so far, and keeps at most this many from now on.
    pub fn keep_requests(&self, limit: usize) {
        self.shared.change(|world| {
            world.requests.clear();
            world.request_limit = limit;
        });
    }

    /// Returns the bodies of all `sendmessage` calls of living sessions, oldest first.
    pub fn sent(&self) -> Vec<Value> {
        self.shared.quietly(|world| world.sent.clone())
    }

    /// Returns the bodies of all `sendtyping` calls, oldest first.
    pub fn typing_calls(&self) -> Vec<Value> {
        self.shared.quietly(|world| world.typing.clone())
    }

    /// Returns how often a poll began while another one of its token was held.
    pub fn overlapping_polls(&self) -> u64 {
        self.shared.quietly(|world| world.overlapping_polls)
    }

    /// Returns how many bots have a held poll now.
    pub fn held_polls(&self) -> usize {
        self.shared.quietly(|world| world.held_polls())
    }

    /// Waits until this many bots have a held poll.
    ///
    /// # Panics
    /// After two minutes.
    pub async fn wait_held_polls(&self, count: usize) {
        let found =
            self.shared.wait_until(PATIENCE, |world| (world.held_polls() >= count).then_some(()));
        found.await.unwrap_or_else(|| panic!("fewer than {count} polls are held"));
    }

    /// Encrypts a file with a new key and stores it on the CDN.
    pub fn put_media(&self, plain: &[u8]) -> MediaRef {
        self.put_media_with(plain, rand::random())
    }

    /// Encrypts a file with this key and stores it on the CDN.
    ///
    /// # Panics
    /// When the key is not 32 hexadecimal characters.
    pub fn put_media_under(&self, plain: &[u8], key_hex: &str) -> MediaRef {
        let key = crypto::key_from_hex(key_hex);
        self.put_media_with(plain, key.unwrap_or_else(|| panic!("{key_hex} is no key")))
    }

    fn put_media_with(&self, plain: &[u8], key: crypto::Key) -> MediaRef {
        let cdn_url = self.cdn_url();
        self.shared.change(|world| world.cdn.put(plain, key, &cdn_url))
    }

    /// Returns the simulator behind a request; this handle does not keep it alive.
    pub(crate) fn of(shared: Arc<Shared>) -> Self {
        Self { shared, _closing: None }
    }
}

fn routes(shared: &Arc<Shared>) -> Router {
    Router::new()
        .merge(api::routes(shared))
        .merge(control::routes())
        .merge(page::routes())
        .with_state(Arc::clone(shared))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the two listeners run beside the test or program that holds the handle, and end with it"
)]
fn in_background(job: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(job);
}

/// The time limit of every wait of a test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
