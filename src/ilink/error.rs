//! What can go wrong between us and an iLink server (docs/protocol.md §9).
//!
//! Variants are what a caller can do something about; none of them holds a URL, a body or a
//! secret, so an error may be logged and shown.

use std::time::Duration;

/// Why a call to iLink gave no answer that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Code -14, wherever it stood: the bot token is dead and only a new login helps.
    #[error("the WeChat login has expired; link the contact again")]
    SessionExpired,
    /// The server understood the request and said no.
    #[error("iLink refused the request with code {code} ({message})")]
    Refused {
        /// `ret`, or `errcode` when `ret` says nothing.
        code: i64,
        /// `errmsg` in at most 200 characters, without control characters; may be empty.
        message: String,
    },
    /// No answer within the time of this call; whether the server acted on it is unknown.
    #[error("iLink did not answer in time")]
    Timeout,
    /// The connection broke before the answer was whole; whether the server acted is unknown.
    #[error("the connection to iLink broke")]
    Cut,
    /// No connection.
    #[error("iLink cannot be reached: {reason}")]
    Unreachable {
        /// The innermost cause in at most 200 characters, such as "Connection refused".
        reason: String,
    },
    /// An HTTP status other than 2xx.
    #[error("iLink answered with HTTP status {status}")]
    Http {
        /// The status.
        status: u16,
    },
    /// An answer that is not what this call is answered with.
    #[error("iLink sent an answer that cannot be read")]
    Garbled,
    /// An answer longer than any that is sound.
    #[error("iLink sent an answer of more than {limit} bytes")]
    TooLarge {
        /// How many bytes this call reads at most.
        limit: usize,
    },
    /// An address that the rules do not allow.
    #[error(
        "the host {host} is not among those that may be talked to; see the iLink host settings"
    )]
    HostNotAllowed {
        /// The host in at most 200 characters.
        host: String,
    },
    /// The client cannot be built from its settings.
    #[error("the iLink client cannot be set up: {problem}")]
    Setup {
        /// Which setting, and what is wrong with it.
        problem: String,
    },
}

/// Whether doing the same call again makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The request may succeed after at least this long; a message keeps its client id, which
    /// makes sending it twice harmless (docs/protocol.md §5).
    After(Duration),
    /// The request fails again in this way. What a refusal means for a queue is not decided here.
    Never,
}

impl Error {
    /// Whether doing the same call again makes sense.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Timeout
            | Self::Cut
            | Self::Unreachable { .. }
            | Self::Garbled
            | Self::TooLarge { .. } => Retry::After(SHORT),
            Self::Http { status: 408 | 429 | 500..=599 } => Retry::After(SHORT),
            Self::SessionExpired
            | Self::Refused { .. }
            | Self::Http { .. }
            | Self::HostNotAllowed { .. }
            | Self::Setup { .. } => Retry::Never,
        }
    }

    /// The error of a code and its text; `None` for 0.
    pub(crate) fn of_code(code: i64, message: &str) -> Option<Self> {
        match code {
            0 => None,
            SESSION_EXPIRED => Some(Self::SessionExpired),
            _ => Some(Self::Refused { code, message: printable(message) }),
        }
    }

    /// The error of a request that failed on the way.
    pub(crate) fn of_transport(error: &reqwest::Error) -> Self {
        let established = !error.is_connect() && !error.is_builder();
        if established && error.is_timeout() {
            return Self::Timeout;
        }
        if established {
            return Self::Cut;
        }
        Self::Unreachable { reason: reason(error) }
    }
}

/// The innermost cause of a failure; the outermost error prints its URL, the ones below do not.
pub(crate) fn reason(error: &reqwest::Error) -> String {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause.and_then(std::error::Error::source) {
        cause = Some(inner);
    }
    cause.map_or_else(|| "the request failed".to_owned(), |cause| printable(&cause.to_string()))
}

/// Outside text made fit for a log line: trimmed, without control characters, bounded.
pub(crate) fn printable(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(SHOWN_CHARS).collect()
}

const SESSION_EXPIRED: i64 = -14;
const SHORT: Duration = Duration::from_secs(2);
const SHOWN_CHARS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_session_code_is_an_error_of_its_own() {
        assert_eq!(Error::of_code(0, "ok"), None);
        assert_eq!(Error::of_code(-14, "session timeout"), Some(Error::SessionExpired));
        assert_eq!(
            Error::of_code(-2, " prepare\u{0} failed\n"),
            Some(Error::Refused { code: -2, message: "prepare failed".to_owned() })
        );
    }

    #[test]
    fn a_long_message_is_cut() {
        assert_eq!(printable(&"é".repeat(5_000)).chars().count(), 200);
    }

    #[test]
    fn only_what_may_pass_by_itself_is_worth_a_retry() {
        let refused = Error::Refused { code: -2, message: String::new() };
        for never in [Error::SessionExpired, refused, Error::Http { status: 404 }] {
            assert_eq!(never.retry(), Retry::Never);
        }
        for later in
            [Error::Timeout, Error::Cut, Error::Http { status: 503 }, Error::Http { status: 429 }]
        {
            assert_eq!(later.retry(), Retry::After(SHORT));
        }
    }
}
