//! What a send to WeChat came to, and what to do next. Pure: the one table for all sends
//! (docs/protocol.md §9).

use std::time::Duration;

use super::{state::Sent, text::Refusal};
use crate::id::MessageId;
use crate::ilink::{self, Accepted};

/// What to do after one try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum After {
    /// WeChat took it; without an id nobody can tell whether the phone shows it.
    Accepted(Option<MessageId>),
    /// The same request once more, this much later.
    Retry(Duration),
    /// WeChat wants to be left alone.
    Throttled,
    /// The login is dead; the message waits for a new one.
    LoggedOut,
    /// Never.
    Failed(Refusal),
}

impl After {
    /// What is counted.
    pub(crate) fn sent(&self) -> Sent {
        match self {
            Self::Accepted(Some(_)) => Sent::Accepted,
            Self::Accepted(None) => Sent::Unconfirmed,
            Self::Retry(_) => Sent::Retried,
            Self::Throttled => Sent::Throttled,
            Self::LoggedOut => Sent::LoggedOut,
            Self::Failed(_) => Sent::Refused,
        }
    }
}

/// Reads the answer to the `tries`-th try (from 1) of one message.
pub(crate) fn after_send(answer: Result<Accepted, ilink::Error>, tries: u32) -> After {
    match answer {
        Ok(accepted) => After::Accepted(accepted.message_id),
        Err(ilink::Error::SessionExpired) => After::LoggedOut,
        Err(ilink::Error::Refused { code, message }) => after_refusal(code, &message),
        Err(ilink::Error::HostNotAllowed { .. } | ilink::Error::Setup { .. }) => {
            After::Failed(Refusal::BadServer)
        }
        Err(ilink::Error::Http { status: 429 }) => After::Throttled,
        Err(ilink::Error::Http { status }) if (400..500).contains(&status) => {
            After::Failed(Refusal::Rejected(status.into()))
        }
        Err(_) => After::Retry(retry_pause(tries)),
    }
}

/// `-2` is a family, told apart by its text (docs/protocol.md §9).
fn after_refusal(code: i64, message: &str) -> After {
    let throttling = ["prepare failed", "unknown error", "rate limited", ""];
    match code {
        -2 if throttling.contains(&message.to_ascii_lowercase().as_str()) => After::Throttled,
        -13 => After::Throttled,
        code => After::Failed(Refusal::Rejected(code)),
    }
}

/// One second, doubling, one minute at most.
fn retry_pause(tries: u32) -> Duration {
    Duration::from_secs(1 << tries.saturating_sub(1).min(6)).min(Duration::from_secs(60))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: i64, message: &str) -> Result<Accepted, ilink::Error> {
        Err(ilink::Error::Refused { code, message: message.into() })
    }

    #[test]
    fn each_answer_has_its_consequence() {
        let id = MessageId::parse("7412345678901234567");
        let rejected = |code| After::Failed(Refusal::Rejected(code));
        let retry = |seconds| After::Retry(Duration::from_secs(seconds));
        for (answer, tries, expected) in [
            (Ok(Accepted { message_id: id.clone() }), 1, After::Accepted(id)),
            (Ok(Accepted { message_id: None }), 1, After::Accepted(None)),
            (Err(ilink::Error::SessionExpired), 1, After::LoggedOut),
            (refused(-2, "prepare failed"), 1, After::Throttled),
            (refused(-2, "Rate limited"), 1, After::Throttled),
            (refused(-2, "unknown error"), 1, After::Throttled),
            (refused(-2, ""), 1, After::Throttled),
            (refused(-2, "invalid arguments"), 1, rejected(-2)),
            (refused(-13, ""), 1, After::Throttled),
            (refused(-3, "invalid argument"), 1, rejected(-3)),
            (refused(-1, ""), 1, rejected(-1)),
            (refused(2, ""), 1, rejected(2)),
            (Err(ilink::Error::Http { status: 429 }), 1, After::Throttled),
            (Err(ilink::Error::Http { status: 404 }), 1, rejected(404)),
            (Err(ilink::Error::Http { status: 502 }), 1, retry(1)),
            (
                Err(ilink::Error::HostNotAllowed { host: "example.org".into() }),
                1,
                After::Failed(Refusal::BadServer),
            ),
            (Err(ilink::Error::Timeout), 2, retry(2)),
            (Err(ilink::Error::Garbled), 4, retry(8)),
            (Err(ilink::Error::Unreachable { reason: "refused".into() }), 20, retry(60)),
        ] {
            let shown = format!("{answer:?}");
            assert_eq!(after_send(answer, tries), expected, "{shown}, try {tries}");
        }
    }
}
