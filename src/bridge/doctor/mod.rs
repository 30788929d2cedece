//! `doctor`: checks everything that the bridge needs, and tells what is wrong and how to fix it. It
//! changes nothing.
//!
//! It works beside a running bridge, for one that is stopped, and as a command in the bridge
//! itself.

mod far;
mod keys;
mod machine;
mod page;
mod stand_in;

use std::{fmt, io, path::Path, time::Duration};

use self::machine::Reading;
use crate::{
    bridge::{
        core::{Core, clients},
        text::{Cause, DoctorVerdict, Found, Server},
    },
    clock::Clock,
    config::{Config, Language},
    ilink,
    matrix::Homeserver,
    media::Workers,
    spool::Spools,
};

/// The finding of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The result of the check.
    pub verdict: DoctorVerdict,
    /// The sentence about it, with an instruction when something is wrong.
    pub text: String,
}

impl Finding {
    fn of(found: &Found, language: Language) -> Self {
        Self { verdict: found.verdict(), text: found.text(language) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.verdict {
            DoctorVerdict::Well => "✅",
            DoctorVerdict::Note => "💬",
            DoctorVerdict::Wrong => "❌",
        };
        write!(f, "{mark} {}", self.text)
    }
}

/// Checks everything from a process of its own, whether a bridge is running or not.
///
/// `registration` is the file that the homeserver reads, which is compared with the configuration.
/// While no bridge listens, this process does, so that the homeserver can be asked to reach it; the
/// homeserver keeps what it wants to push meanwhile.
pub async fn examine(
    config: &Config,
    registration: Option<&Path>,
    language: Language,
) -> Vec<Finding> {
    let listening = stand_in::listen(config).await;
    let in_use = |why: &io::Error| why.kind() == io::ErrorKind::AddrInUse;
    let running = listening.as_ref().is_err_and(in_use);
    let mut found = Vec::new();
    if let Err(why) = listening.as_ref().map(drop)
        && !running
    {
        let (address, why) = (config.appservice.listen.to_string(), Cause::said(why.to_string()));
        found.push(Found::CannotListen { address, why });
    }
    let listens = running || listening.is_ok();
    let looking = from_outside(config, registration, running, listens);
    found.extend(match listening {
        Ok(listener) => tokio::select! {
            found = looking => found,
            found = stand_in::serve(listener, config) => found,
        },
        Err(_) => looking.await,
    });
    if !config.encryption.allow {
        found.push(Found::EncryptionOff);
    }
    let workers = Workers::new(Spools::new(std::env::temp_dir()), 1);
    found.push(machine::store(config, running).await);
    found.extend(machine::disk(config));
    found.push(machine::sandbox(&workers).await);
    found.iter().map(|found| Finding::of(found, language)).collect()
}

/// Makes the checks over the network, with connections of its own.
async fn from_outside(
    config: &Config,
    registration: Option<&Path>,
    running: bool,
    listens: bool,
) -> Vec<Found> {
    let mut found: Vec<_> =
        registration.map(|file| far::registration(config, file)).into_iter().collect();
    let clock = Clock::System;
    match clients::homeserver(config) {
        Ok(homeserver) => {
            let (url, why) =
                (config.homeserver.url.to_string(), Cause::silence(PATIENCE.as_secs()));
            let looking = homeserver_side(config, &homeserver, &clock, (running, listens));
            let late = vec![Found::HomeserverAway { url, why }];
            found.extend(tokio::time::timeout(PATIENCE, looking).await.unwrap_or(late));
        }
        Err(why) => {
            let (url, why) = (config.homeserver.url.to_string(), Cause::said(why.to_string()));
            found.push(Found::HomeserverAway { url, why });
        }
    }
    match clients::ilink_options(config).map(ilink::Client::new) {
        Ok(Ok(ilink)) => found.extend(far::ilink(config, &ilink, &clock).await),
        Ok(Err(why)) => found.push(Found::IlinkUnusable { why: Cause::wechat(&why) }),
        Err(why) => found.push(Found::IlinkUnusable { why: Cause::said(why.to_string()) }),
    }
    found
}

/// Checks the homeserver in both directions, its clock, and the link page.
async fn homeserver_side(
    config: &Config,
    homeserver: &Homeserver,
    clock: &Clock,
    (running, listens): (bool, bool),
) -> Vec<Found> {
    let (mut found, answers) = far::homeserver(config, homeserver).await;
    if answers {
        if listens {
            found.push(far::ping(config, homeserver, running).await);
        }
        if let Ok(Some(theirs)) = homeserver.date().await {
            found.push(machine::clock(Server::Homeserver, Reading { theirs, ours: clock.now() }));
        }
    }
    if listens {
        found.extend(page::look(config, homeserver).await);
    }
    found
}

/// Makes the checks from within the running bridge.
pub(super) async fn examine_running(core: &Core, language: Language) -> Vec<Finding> {
    let (config, homeserver) = (&core.config, &core.homeserver);
    let mut found = homeserver_side(config, homeserver, &core.clock, (true, true)).await;
    found.extend(far::ilink(config, &core.ilink, &core.clock).await);
    let fresh = core.sessions.freshness(core.clock.now());
    found.push(match fresh.stale {
        0 => Found::Polls { polling: fresh.polling },
        stale => Found::StalePolls { polling: fresh.polling, stale },
    });
    found.push(keys::look(core).await);
    found.push(Found::StoreInUse { by_us: true });
    found.extend(machine::disk(config));
    found.push(machine::sandbox(&core.workers).await);
    found.iter().map(|found| Finding::of(found, language)).collect()
}

/// The time limit for all checks of the homeserver and the link page.
const PATIENCE: Duration = Duration::from_secs(60);
