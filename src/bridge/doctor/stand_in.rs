//! Listens where the bridge will, for as long as it is looked at.

use std::io;

use tokio::net::TcpListener;

use crate::{
    bridge::text::Found,
    config::Config,
    matrix::{self, Unavailable},
    web,
};

/// Takes the bridge's place, when nobody has it.
pub(super) async fn listen(config: &Config) -> io::Result<TcpListener> {
    TcpListener::bind(config.appservice.listen).await
}

/// Answers pings and shows the page of a login that is over; never ends by itself. Whatever else
/// the homeserver brings it has to bring again.
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
