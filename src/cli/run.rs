//! `run`: starts the parts in order, and stops them.

use std::{
    io,
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use matrix_appservice_wechat::{bridge::Bridge, clock::Clock, config::Config, limits::Descriptors};
use tokio::net::TcpListener;

use super::{
    exit::{Exit, Failure},
    logging,
    signals::Signals,
};

/// Runs the bridge until it is told to stop.
pub(crate) fn run(path: &Path) -> Result<(), Failure> {
    let config = super::load(path)?;
    logging::start(&config.log)?;
    Descriptors::raise();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build()
        .map_err(|why| Failure::new(Exit::Internal, why))?;
    let ended = runtime.block_on(serve(config));
    // A thread that is still blocked must not delay the end.
    runtime.shutdown_background();
    ended
}

async fn serve(config: Config) -> Result<(), Failure> {
    let mut signals = Signals::catch()?;
    let listener = listen(config.appservice.listen).await?;
    let bridge = tokio::select! {
        started = Bridge::start(config, Clock::System, listener, None) => started?,
        () = signals.next() => return Ok(()),
    };
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "running");
    let death = tokio::select! {
        () = signals.next() => None,
        death = bridge.ended() => Some(death),
    };
    tracing::info!("finishing what is in hand; a second signal stops at once");
    tokio::select! {
        stopped = bridge.stop(PATIENCE) => {
            if death.is_none() {
                stopped?;
            }
            tracing::info!("stopped");
        }
        () = signals.next() => tracing::warn!("stopped at once; the rest resumes at the next start"),
    }
    death.map_or(Ok(()), |death| Err(Failure::from(&*death)))
}

/// Binds the listener. A run that was killed a moment ago may have left a child that still holds
/// the port, so a port in use is tried for five seconds.
async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    let begun = Instant::now();
    let mut bound = TcpListener::bind(address).await;
    if bound.as_ref().is_err_and(is_in_use) {
        tracing::info!(%address, "the port is in use; waiting a moment for it");
    }
    while bound.as_ref().is_err_and(is_in_use) && begun.elapsed() < PORT_PATIENCE {
        pause().await;
        bound = TcpListener::bind(address).await;
    }
    bound.map_err(|why| {
        let cure = if is_in_use(&why) {
            "another program listens there; stop it or choose another port"
        } else if why.kind() == io::ErrorKind::PermissionDenied {
            "choose a port above 1023"
        } else {
            "choose an address of this machine, like 127.0.0.1:29350"
        };
        let what = format!("cannot listen on {address} (appservice.listen): {why}; {cure}");
        Failure::sentence(Exit::CannotListen, what)
    })
}

fn is_in_use(why: &io::Error) -> bool {
    why.kind() == io::ErrorKind::AddrInUse
}

#[expect(clippy::disallowed_methods, reason = "the one place where the program waits for its port")]
async fn pause() {
    tokio::time::sleep(PORT_PAUSE).await;
}

/// How long a port in use is tried, and the pause between two tries.
const PORT_PATIENCE: Duration = Duration::from_secs(5);
const PORT_PAUSE: Duration = Duration::from_millis(50);
const WORKERS: usize = 2;
const BLOCKING_THREADS: usize = 8;
/// The time for a clean stop, below the ten seconds after which container runtimes kill a program.
const PATIENCE: Duration = Duration::from_secs(8);
