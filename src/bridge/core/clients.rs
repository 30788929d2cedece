//! The clients of the homeserver and of iLink, made from the configuration.

use ruma::owned_device_id;

use crate::{config::Config, id::BotToken, ilink, matrix, store};

/// The reason why a bridge cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store is in use, damaged, or cannot be written.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The section `[ilink]` has an unusable value.
    #[error("[ilink] cannot be used: {0}")]
    Ilink(ilink::Error),
    /// A file or an address of the configuration is unusable.
    #[error("{0}")]
    Config(String),
    /// The homeserver's address or the token cannot be put into a request.
    #[error("[homeserver] cannot be used: {0}")]
    Homeserver(matrix::Error),
    /// The listener does not work.
    #[error("the listener cannot be used: {0}")]
    Listener(std::io::Error),
}

/// Returns the connections to the homeserver of the configuration.
pub(crate) fn homeserver(config: &Config) -> Result<matrix::Homeserver, StartError> {
    matrix::Homeserver::new(matrix::HomeserverOptions {
        url: config.homeserver.url.clone(),
        as_token: config.appservice.as_token.clone(),
        device_id: owned_device_id!("WECHAT"),
        proxy: None,
    })
    .map_err(StartError::Homeserver)
}

pub(crate) fn ilink_options(config: &Config) -> Result<ilink::Options, StartError> {
    let ilink = &config.ilink;
    let extra_ca_pem = ilink.extra_ca_file.as_ref().map(std::fs::read).transpose();
    let proxy = ilink.proxy.as_ref().map(|proxy| proxy.expose().parse()).transpose();
    Ok(ilink::Options {
        api_base: ilink.api_base.clone(),
        cdn_base: ilink.cdn_base.clone(),
        hosts: ilink::HostRules::new(&ilink.allow_hosts, &ilink.plain_http),
        extra_ca_pem: extra_ca_pem
            .map_err(|error| StartError::Config(format!("[ilink] extra_ca_file: {error}")))?,
        proxy: proxy.map_err(|_| StartError::Config("[ilink] proxy is not a URL".into()))?,
        bot_agent: ilink.bot_agent.clone(),
    })
}

/// Returns the check of an imported login's token and base address. A login through a QR code
/// goes through it as well. An error is a sentence.
///
/// # Errors
/// When the `[ilink]` section cannot be used.
pub fn login_rule(
    config: &Config,
) -> Result<impl Fn(&BotToken, Option<&str>) -> Result<(), String>, StartError> {
    let client = ilink::Client::new(ilink_options(config)?).map_err(StartError::Ilink)?;
    Ok(move |token: &BotToken, base_url: Option<&str>| {
        client.session(token.clone(), base_url).map(drop).map_err(|error| error.to_string())
    })
}
