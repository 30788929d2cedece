//! The checks of the two servers.

use std::{path::Path, time::Duration};

use ruma::{OwnedUserId, UserId};

use super::machine::{self, Reading};
use crate::{
    bridge::text::{Cause, Found, Server},
    clock::Clock,
    config::Config,
    id::WechatUserId,
    ilink,
    matrix::{self, Homeserver, Puppets},
};

/// Checks whether the homeserver answers and accepts the token, the bot and the ghosts; also
/// returns whether further requests to it make sense.
pub(super) async fn homeserver(config: &Config, homeserver: &Homeserver) -> (Vec<Found>, bool) {
    let url = config.homeserver.url.to_string();
    let version = match tokio::time::timeout(PATIENCE, homeserver.versions()).await {
        // The newest version comes last.
        Ok(Ok(versions)) => versions.last().cloned().unwrap_or_default(),
        // Synapse checks the token even here.
        Ok(Err(matrix::Error::TokenRejected)) => return (vec![Found::TokenRefused], false),
        Ok(Err(why)) => {
            return (vec![Found::HomeserverAway { url, why: Cause::homeserver(&why) }], false);
        }
        Err(_) => {
            let why = Cause::silence(PATIENCE.as_secs());
            return (vec![Found::HomeserverAway { url, why }], false);
        }
    };
    let mut found = vec![Found::Homeserver { version }];
    let bot = &config.appservice.bot;
    match outside(homeserver.whoami(bot).await, bot) {
        Ok(None) => found.push(Found::Token { bot: bot.to_string() }),
        Ok(Some(why)) => found.push(Found::BotOutside { bot: bot.to_string(), why }),
        Err(matrix::Error::TokenRejected) => {
            found.push(Found::TokenRefused);
            return (found, false);
        }
        Err(why) => {
            found.push(Found::HomeserverAway { url, why: Cause::homeserver(&why) });
            return (found, false);
        }
    }
    let someone = WechatUserId::parse("doctor@im.wechat");
    if let Some(ghost) = someone.and_then(|someone| config.ghost_names().ghost(&someone)) {
        match outside(homeserver.whoami(&ghost).await, &ghost) {
            Ok(None) => found.push(Found::Ghosts),
            Ok(Some(why)) => {
                found.push(Found::GhostsOutside { ghost: ghost.to_string(), why });
            }
            Err(why) => found.push(Found::HomeserverAway { url, why: Cause::homeserver(&why) }),
        }
    }
    found.extend(puppets(config, homeserver).await);
    (found, true)
}

/// Checks whether the bridge may join rooms in the name of its users, where it is configured to.
async fn puppets(config: &Config, homeserver: &Homeserver) -> Option<Found> {
    let token = config.double_puppet.as_token.clone()?;
    // The user may or may not exist; nothing is done in their name.
    let someone = UserId::parse(format!("@doctor:{}", config.homeserver.server_name)).ok()?;
    let known = Puppets::new(homeserver.clone(), token).whoami(&someone).await;
    Some(match outside(known, &someone) {
        Ok(None) => Found::Puppets,
        Ok(Some(why)) => Found::PuppetsRefused { why },
        Err(matrix::Error::TokenRejected) => Found::PuppetsRefused { why: Cause::unknown_token() },
        Err(why) => Found::PuppetsRefused { why: Cause::homeserver(&why) },
    })
}

/// Returns why the homeserver does not accept a user; `None` when it does, whether the user exists
/// already or not.
fn outside(
    known: Result<OwnedUserId, matrix::Error>,
    user: &UserId,
) -> Result<Option<Cause>, matrix::Error> {
    match known {
        Ok(known) if known == user => Ok(None),
        Ok(known) => Ok(Some(Cause::taken_for(known.as_str()))),
        // Synapse answers this for a user of the namespace that has not been registered yet.
        Err(matrix::Error::Forbidden { message }) if message.contains("has not registered") => {
            Ok(None)
        }
        Err(matrix::Error::Forbidden { message }) => Ok(Some(Cause::said(message))),
        Err(why) => Err(why),
    }
}

/// Asks the homeserver to reach the bridge, or the listener that stands in for it.
pub(super) async fn ping(config: &Config, homeserver: &Homeserver, running: bool) -> Found {
    let appservice = &config.appservice;
    let (id, url) = (appservice.id.clone(), appservice.url.to_string());
    match homeserver.ping(&id, "doctor").await {
        Ok(took) => Found::Reached { millis: took.as_millis(), running },
        Err(matrix::Error::Server { errcode, .. }) if errcode == "M_BAD_STATUS" => {
            Found::ReachedStranger { url }
        }
        Err(matrix::Error::Forbidden { .. }) => Found::OtherRegistration { id },
        Err(matrix::Error::Rejected { errcode, .. }) if errcode == "M_URL_NOT_SET" => {
            Found::NoAddress
        }
        Err(why) => Found::NotReached { url, why: Cause::homeserver(&why) },
    }
}

/// Compares the registration file of the homeserver with the one that `registration` would print.
pub(super) fn registration(config: &Config, file: &Path) -> Found {
    let name = file.display().to_string();
    let yaml = match std::fs::read_to_string(file) {
        Ok(yaml) => yaml,
        Err(why) => {
            return Found::RegistrationUnreadable { file: name, why: Cause::said(why.to_string()) };
        }
    };
    match config.registration().differences(&yaml) {
        Ok(keys) if keys.is_empty() => Found::Registration { file: name },
        Ok(keys) => Found::RegistrationDiffers { file: name, keys: keys.join(", ") },
        // The parser's message could contain a line with a token.
        Err(_) => Found::RegistrationUnreadable { file: name, why: Cause::no_yaml() },
    }
}

/// Checks WeChat's API and CDN, and the clock of the API.
pub(super) async fn ilink(config: &Config, ilink: &ilink::Client, clock: &Clock) -> Vec<Found> {
    let (api, cdn) = tokio::join!(ilink.reach(), ilink.reach_cdn());
    let ours = clock.now();
    let host = |url: &url::Url| url.host_str().unwrap_or_default().to_owned();
    let (api_host, cdn_host) = (host(&config.ilink.api_base), host(&config.ilink.cdn_base));
    let off = api.as_ref().ok().copied().flatten();
    let mut found: Vec<_> = [(api_host, api), (cdn_host, cdn)]
        .map(|(host, answer)| match answer {
            Ok(_) => Found::Ilink { host },
            Err(why) => Found::IlinkAway { host, why: Cause::wechat(&why) },
        })
        .into();
    found.extend(off.map(|theirs| machine::clock(Server::Wechat, Reading { theirs, ours })));
    found
}

/// The time limit for an answer of the homeserver.
const PATIENCE: Duration = Duration::from_secs(15);
