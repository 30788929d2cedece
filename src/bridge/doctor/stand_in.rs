//! The listener that stands in for the bridge during the checks.

use std::io;

use tokio::net::TcpListener;

use crate::{
    bridge::text::Found,
    config::Config,
    matrix::{self, Unavailable},
    web,
};

/// Binds the bridge's address, which fails when the bridge is running.
pub(super) async fn listen(config: &Config) -> io::Result<TcpListener> {
    TcpListener::bind(config.appservice.listen).await
}

/// Answers pings and serves the page of an ended login; never ends by itself. Every push is
/// refused, so the homeserver repeats it later.
pub(super) async fn serve(listener: TcpListener, config: &Config) -> Vec<Found> {
    let hs_token = config.appservice.hs_token.clone();
    let router = matrix::router(
        hs_token,
        |_| std::future::ready(Err(Unavailable)),
        |_| std::future::ready(false),
    );
    let router = router.merge(web::link::router(|_| None));
    match axum::serve(listener, router).await {
        Ok(()) | Err(_) => std::future::pending::<Vec<Found>>().await,
    }
}
