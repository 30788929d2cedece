//! `run`: the parts in the order in which they start, and in which they stop.

use std::{io, net::SocketAddr, path::Path, time::Duration};

use matrix_appservice_wechat::{bridge::Bridge, clock::Clock, config::Config};
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
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build()
        .map_err(|why| Failure::new(Exit::Internal, why))?;
    let ended = runtime.block_on(serve(config));
    // What still blocks a thread must not hold up the end.
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

async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|why| {
        let kind = why.kind();
        let cure = if kind == io::ErrorKind::AddrInUse {
            "another program listens there; stop it or choose another port"
        } else if kind == io::ErrorKind::PermissionDenied {
            "choose a port above 1023"
        } else {
            "choose an address of this machine, like 127.0.0.1:29350"
        };
        let what = format!("cannot listen on {address} (appservice.listen): {why}; {cure}");
        Failure::sentence(Exit::CannotListen, what)
    })
}

const WORKERS: usize = 2;
const BLOCKING_THREADS: usize = 8;
/// Below the ten seconds that container runtimes wait before they kill.
const PATIENCE: Duration = Duration::from_secs(8);
