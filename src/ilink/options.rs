//! The settings for iLink: hosts, time limits and sizes.

use std::{fmt, time::Duration};

use url::Url;

use super::{error::Error, host::HostRules};
use crate::speed::Speed;

/// The settings of the iLink client.
#[derive(Clone)]
pub struct Options {
    /// The API's fixed host, where logins begin.
    pub api_base: Url,
    /// The CDN, where media files lie.
    pub cdn_base: Url,
    /// The rules for the hosts that may be reached.
    pub hosts: HostRules,
    /// Certificates in PEM that are trusted in addition to the system's.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// The proxy for every request; none is taken from the environment.
    pub proxy: Option<Url>,
    /// The `bot_agent` that is sent; see [`is_bot_agent`](super::agent::is_bot_agent).
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

/// The time limit of one call, and the greatest length of its answer in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestBounds {
    pub(super) within: Duration,
    pub(super) bytes: usize,
}

/// The time limits of a media transfer.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// The longest wait for the next byte.
    pub idle: Duration,
    /// The longest wait for the CDN's answer after the last byte of an upload was handed over;
    /// buffered bytes still have to travel.
    pub answer: Duration,
    /// The least speed of the transfer.
    pub speed: Speed,
    /// The pause before the second try; four times as long before the third.
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
