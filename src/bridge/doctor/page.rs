//! The check of the link page from outside.

use url::Url;

use crate::{
    bridge::text::{Cause, Found},
    config::Config,
    matrix::{Error, Homeserver, Probe},
};

/// Checks whether `public_url` leads to the link page, and to nothing else; `None` without that
/// setting.
pub(super) async fn look(config: &Config, homeserver: &Homeserver) -> Option<Found> {
    let url = config.bridge.public_url.clone()?;
    let probe = async |path: &str| match Url::parse(&format!("{url}{path}")) {
        Ok(address) => homeserver.probe(address).await,
        Err(error) => Err(Error::Unsendable(Box::new(error))),
    };
    Some(match probe("/link/doctor").await {
        Err(why) => Found::PageAway { url, why: Cause::homeserver(&why) },
        Ok(answer) if !is_page(&answer) => Found::PageIsNotOurs { url, status: answer.status },
        Ok(_) if probe("/health").await.is_ok_and(|answer| answer.status == 200) => {
            Found::PageOpen { url }
        }
        Ok(_) => Found::Page { url },
    })
}

/// Returns whether an answer is the link page's for an unknown login.
fn is_page(answer: &Probe) -> bool {
    answer.status == 404 && answer.headers.contains_key("content-security-policy")
}
