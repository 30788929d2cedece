//! The listener: the number of its connections, and their time limits.
//!
//! Anyone may connect. A connection without a request is closed for a newer one, so that slow
//! clients never keep the homeserver out. HTTP/1 only.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    io,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{Router, body::Body, response::Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tower_service::Service;

/// The limits of the listener.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// The greatest number of open connections.
    pub connections: usize,
    /// The time until the head of the first request.
    pub head: Duration,
    /// The time between an answer and the head of the next request.
    pub idle: Duration,
}

impl Bounds {
    /// Returns the limits for so many connections. A homeserver keeps its connection for some
    /// minutes; if it were closed at the moment of a push, the homeserver would think that the
    /// bridge is down.
    pub fn of(connections: usize) -> Self {
        Self { connections, head: Duration::from_secs(15), idle: Duration::from_secs(10 * 60) }
    }
}

/// Serves until `ends`, and returns when the running requests are answered.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    ends: impl Future<Output = ()>,
) {
    let (open, ending, mut serving) = (Open::default(), CancellationToken::new(), JoinSet::new());
    let mut ends = pin!(ends);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut ends => break,
            Some(_) = serving.join_next() => continue,
        };
        match accepted {
            Ok((stream, _)) => {
                let Some(place) = open.take(bounds.connections) else { continue };
                let ending = ending.clone();
                serving.spawn(connection(stream, router.clone(), place, bounds, ending));
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be taken");
                open.make_room();
                // A new try makes sense only after the system has closed a connection.
                let _ = timeout(SHORT, std::future::pending::<()>()).await;
            }
        }
    }
    drop(listener);
    ending.cancel();
    while serving.join_next().await.is_some() {}
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}

async fn connection(
    stream: TcpStream,
    router: Router,
    place: ConnectionPlace,
    bounds: Bounds,
    ending: CancellationToken,
) {
    let state = Arc::clone(&place.state);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (mut router, asked) = (router.clone(), RunningRequest::on(&state));
        async move {
            let Ok(answer) = router.call(request.map(Body::new)).await;
            asked.answered(&answer);
            Ok::<Response, Infallible>(answer)
        }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        // `overdue` distinguishes a first head from later ones.
        .header_read_timeout(None)
        .max_buf_size(MOST_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = pin!(serving);
    let mut overdue = pin!(place.state.overdue(bounds));
    loop {
        tokio::select! {
            ended = &mut serving => {
                if let Err(error) = ended {
                    tracing::trace!(%error, "a connection ended");
                }
                return;
            }
            () = place.state.ends.cancelled() => return,
            () = &mut overdue => return,
            () = ending.cancelled(), if !place.state.is_ending() => {
                place.state.end_after_answer();
                serving.as_mut().graceful_shutdown();
            }
        }
    }
}

/// The open connections, by age.
#[derive(Debug, Clone, Default)]
struct Open(Arc<Mutex<Numbered>>);

#[derive(Debug, Default)]
struct Numbered {
    last: u64,
    by_number: BTreeMap<u64, Arc<ConnectionState>>,
}

/// The place of one connection among the open ones, until it is dropped.
struct ConnectionPlace {
    number: u64,
    state: Arc<ConnectionState>,
    open: Open,
}

impl Open {
    /// Takes a place, from another connection if all are taken; `None` when all have running
    /// requests.
    fn take(&self, most: usize) -> Option<ConnectionPlace> {
        if self.lock().by_number.len() >= most && !self.make_room() {
            return None;
        }
        let (state, mut open) = (Arc::new(ConnectionState::new()), self.lock());
        open.last += 1;
        let number = open.last;
        open.by_number.insert(number, Arc::clone(&state));
        drop(open);
        Some(ConnectionPlace { number, state, open: self.clone() })
    }

    /// Closes the oldest connection without a running request, preferably one that was never of
    /// use.
    fn make_room(&self) -> bool {
        let mut open = self.lock();
        let oldest = |was_of_use: bool| {
            let mut all = open.by_number.iter();
            all.find(|(_, state)| state.may_give_way(was_of_use)).map(|(number, _)| *number)
        };
        let Some(number) = oldest(false).or_else(|| oldest(true)) else { return false };
        if let Some(state) = open.by_number.remove(&number) {
            state.ends.cancel();
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, Numbered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        self.open.lock().by_number.remove(&self.number);
    }
}

/// The state of one connection.
#[derive(Debug)]
struct ConnectionState {
    ends: CancellationToken,
    now: Mutex<Doing>,
    changed: Notify,
}

#[derive(Debug, Clone, Copy)]
struct Doing {
    asking: bool,
    /// The time at which it was opened or last answered.
    since: Instant,
    answered: bool,
    was_of_use: bool,
    ending: bool,
}

impl ConnectionState {
    fn new() -> Self {
        let (since, ends) = (Instant::now(), CancellationToken::new());
        let now = Doing { asking: false, since, answered: false, was_of_use: false, ending: false };
        Self { ends, now: Mutex::new(now), changed: Notify::new() }
    }

    fn doing(&self) -> MutexGuard<'_, Doing> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn may_give_way(&self, was_of_use: bool) -> bool {
        let doing = self.doing();
        !doing.asking && doing.was_of_use == was_of_use
    }

    fn is_ending(&self) -> bool {
        self.doing().ending
    }

    fn end_after_answer(&self) {
        self.doing().ending = true;
        self.changed.notify_one();
    }

    /// Ends when the connection was silent for too long.
    async fn overdue(&self, bounds: Bounds) {
        loop {
            let doing = *self.doing();
            let patience = if doing.ending {
                SHORT
            } else if doing.answered {
                bounds.idle
            } else {
                bounds.head
            };
            let changed = self.changed.notified();
            if doing.asking {
                changed.await;
            } else if timeout_at(doing.since + patience, changed).await.is_err() {
                return;
            }
        }
    }
}

/// A running request.
struct RunningRequest(Arc<ConnectionState>);

impl RunningRequest {
    fn on(state: &Arc<ConnectionState>) -> Self {
        state.doing().asking = true;
        state.changed.notify_one();
        Self(Arc::clone(state))
    }

    fn answered(&self, answer: &Response) {
        self.0.doing().was_of_use |= !answer.status().is_client_error();
    }
}

impl Drop for RunningRequest {
    fn drop(&mut self) {
        let mut doing = self.0.doing();
        (doing.asking, doing.answered, doing.since) = (false, true, Instant::now());
        drop(doing);
        self.0.changed.notify_one();
    }
}

const MOST_HEAD_BYTES: usize = 64 * 1024;
const SHORT: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests;
