//! The errors of a call to an iLink server (docs/protocol.md §9).
//!
//! Each variant is something that a caller can act upon. None of them holds a URL, a body or a
//! secret, so an error may be logged and shown.

use std::time::Duration;

/// The reason why a call to iLink has no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Code -14: the bot token is dead, and only a new login helps.
    #[error("the WeChat login has expired; link the contact again")]
    SessionExpired,
    /// The server understood the request and refused it.
    #[error("iLink refused the request with code {code} ({message})")]
    Refused {
        /// `ret`, or `errcode` when `ret` is absent or 0.
        code: i64,
        /// `errmsg`, cut to 200 characters and without control characters; may be empty.
        message: String,
    },
    /// No answer came within the time limit of this call; whether the server acted on it is
    /// unknown.
    #[error("iLink did not answer in time")]
    Timeout,
    /// The connection broke before the whole answer came; whether the server acted on it is
    /// unknown.
    #[error("the connection to iLink broke")]
    Cut,
    /// No connection could be made.
    #[error("iLink cannot be reached: {reason}")]
    Unreachable {
        /// The innermost cause, such as "Connection refused", cut to 200 characters.
        reason: String,
    },
    /// An HTTP status other than 2xx.
    #[error("iLink answered with HTTP status {status}")]
    Http {
        /// The HTTP status.
        status: u16,
    },
    /// The answer does not have the form that belongs to this call.
    #[error("iLink sent an answer that cannot be read")]
    Garbled,
    /// The answer is longer than any valid one.
    #[error("iLink sent an answer of more than {limit} bytes")]
    TooLarge {
        /// The limit of this call in bytes.
        limit: usize,
    },
    /// The host is not allowed by the configuration.
    #[error("the host {host} is not allowed; if you trust it, add it to allow_hosts in [ilink]")]
    HostNotAllowed {
        /// The host, cut to 200 characters.
        host: String,
    },
    /// The client cannot be built from its settings.
    #[error("the iLink client cannot be set up: {problem}")]
    Setup {
        /// The setting, and what is wrong with it.
        problem: String,
    },
}

/// Whether a second try of a call makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The request may succeed after at least this pause. A message keeps its client id, so sending
    /// it twice is harmless (docs/protocol.md §5).
    After(Duration),
    /// The request would fail again. What a refusal means for a queue is decided elsewhere.
    Never,
}

impl Error {
    /// Returns whether, and after which pause, a second try makes sense.
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

    /// Returns the error of a code and its text; `None` for code 0.
    pub(crate) fn of_code(code: i64, message: &str) -> Option<Self> {
        match code {
            0 => None,
            SESSION_EXPIRED => Some(Self::SessionExpired),
            _ => Some(Self::Refused { code, message: printable(message) }),
        }
    }

    /// Returns the error of a request that failed on the way.
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

/// Returns the innermost cause of a failure: the outermost error prints its URL, those below do
/// not.
pub(crate) fn reason(error: &reqwest::Error) -> String {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause.and_then(std::error::Error::source) {
        cause = Some(inner);
    }
    cause.map_or_else(|| "the request failed".to_owned(), |cause| printable(&cause.to_string()))
}

/// Makes outside text fit for a log line: trimmed, without control characters, cut to 200
/// characters.
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
