//! How iLink is reached: its hosts, and how long and how large anything may be.

use std::{fmt, time::Duration};

use url::Url;

use super::{error::Error, host::HostRules};
use crate::speed::Speed;

/// How iLink is reached.
#[derive(Clone)]
pub struct Options {
    /// The API's fixed host, where logins begin.
    pub api_base: Url,
    /// The CDN, where media files lie.
    pub cdn_base: Url,
    /// Which hosts may be talked to.
    pub hosts: HostRules,
    /// Certificates in PEM that are trusted beside the system's.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// The proxy for every request; none is taken from the environment.
    pub proxy: Option<Url>,
    /// How the bridge names itself; see [`is_bot_agent`](super::agent::is_bot_agent).
    pub bot_agent: String,
}

impl fmt::Debug for Options {
    /// Leaves the proxy out, whose address may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("api_base", &self.api_base.as_str())
            .field("cdn_base", &self.cdn_base.as_str())
            .field("hosts", &self.hosts)
            .field("bot_agent", &self.bot_agent)
            .finish_non_exhaustive()
    }
}

/// How long one call may take and how long its answer may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) within: Duration,
    pub(super) bytes: usize,
}

/// How long a transfer waits, and how slow it may be.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the next byte.
    pub idle: Duration,
    /// For the CDN's word on a file after its last byte was handed over, which still has to travel.
    pub answer: Duration,
    /// For the file itself.
    pub speed: Speed,
    /// Before the second try; four times as long before the third.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(30),
            answer: Duration::from_secs(120),
            speed: Speed::USUAL,
            pause: Duration::from_millis(500),
        }
    }
}

pub(super) fn setup(problem: &str) -> Error {
    Error::Setup { problem: problem.to_owned() }
}
