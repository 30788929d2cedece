//! The meaning of WeChat's answers: the only table for all sends and for the transfers before them
//! (docs/protocol.md §9). Pure.

use std::time::Duration;

use crate::{
    bridge::{state::Sent, text::SendRefusal},
    id::MessageId,
    ilink::{self, Accepted, CdnError},
    matrix,
};

/// What follows a failed try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum After {
    /// Repeat the request after this pause.
    Retry(Duration),
    /// WeChat refused for a reason that may be temporary: repeat the request after this pause, a
    /// limited number of times.
    Refused(Duration),
    /// WeChat throttles.
    Throttled,
    /// The login has ended; the message waits for a new one.
    LoggedOut,
    /// The message will never be accepted.
    Failed(SendRefusal),
}

/// Returns the counter of a try.
pub(super) fn counted(sent: &Result<Option<MessageId>, After>) -> Sent {
    match sent {
        Ok(Some(_)) => Sent::Accepted,
        Ok(None) => Sent::Unconfirmed,
        Err(After::Retry(_) | After::Refused(_)) => Sent::Retried,
        Err(After::Throttled) => Sent::Throttled,
        Err(After::LoggedOut) => Sent::LoggedOut,
        Err(After::Failed(_)) => Sent::Refused,
    }
}

/// Reads the answer to the `tries`-th try (from 1) of a message, of which `refused` were refused
/// for an unknown reason. The result has no id when WeChat accepted the message without one; then
/// it is not certain that the phone shows it.
pub(super) fn after_send(
    answer: Result<Accepted, ilink::Error>,
    tries: u32,
    refused: u32,
) -> Result<Option<MessageId>, After> {
    answer.map(|accepted| accepted.message_id).map_err(|error| after_error(error, tries, refused))
}

/// Decides what follows the `tries`-th failed upload (from 1) in a row, of which `refused` failed
/// at the file itself while WeChat was reachable.
///
/// A file is announced before it is uploaded: once the announcement is answered, WeChat is
/// reachable, and a file that cannot be uploaded must not hold up later messages.
pub(super) fn after_upload(error: CdnError, tries: u32, refused: u32) -> After {
    match error {
        CdnError::Ilink(ilink::Error::Garbled | ilink::Error::TooLarge { .. })
        | CdnError::Unreachable { .. } => again_or(refused, SendRefusal::UploadFailed),
        CdnError::Ilink(error) => after_error(error, tries, refused),
        CdnError::TooLarge { limit } => After::Failed(SendRefusal::FileTooLarge { limit }),
        CdnError::HostNotAllowed { .. } => After::Failed(SendRefusal::BadFileServer),
        CdnError::Rejected { status, .. } => After::Failed(SendRefusal::UploadRefused(status)),
        CdnError::Disk(_) | CdnError::NoKey | CdnError::Undecryptable { .. } => {
            After::Failed(SendRefusal::Disk)
        }
    }
}

/// Decides what follows the `tries`-th failed download (from 1) from the homeserver in a row. An
/// unreachable homeserver comes back; one that answers and cannot deliver this file may never be
/// able to, and other messages wait.
pub(super) fn after_download(error: matrix::Error, tries: u32, limit: u64) -> After {
    use matrix::Error;
    match error {
        Error::TooLarge => After::Failed(SendRefusal::FileTooLarge { limit }),
        Error::RateLimited { retry_after: Some(pause) } => After::Retry(pause),
        Error::Disk(_) => After::Failed(SendRefusal::Disk),
        Error::Unreachable(_) | Error::RateLimited { .. } | Error::Stopping => {
            After::Retry(retry_pause(tries))
        }
        Error::Stalled | Error::Server { .. } | Error::Garbled { .. } if tries < DOWNLOAD_TRIES => {
            After::Retry(retry_pause(tries))
        }
        Error::Stalled | Error::Server { .. } | Error::Garbled { .. } => {
            After::Failed(SendRefusal::FileAway)
        }
        Error::TokenRejected
        | Error::Forbidden { .. }
        | Error::NotFound
        | Error::RoomInUse
        | Error::UserInUse
        | Error::UnknownDevice
        | Error::Rejected { .. }
        | Error::Unsendable(_) => After::Failed(SendRefusal::FileMissing),
    }
}

fn after_error(error: ilink::Error, tries: u32, refused: u32) -> After {
    match error {
        ilink::Error::SessionExpired => After::LoggedOut,
        ilink::Error::Refused { code, message } => after_refusal(code, &message, refused),
        ilink::Error::HostNotAllowed { .. } => After::Failed(SendRefusal::BadServer),
        ilink::Error::Setup { .. } => After::Failed(SendRefusal::BadLogin),
        ilink::Error::Http { status: 429 } => After::Throttled,
        ilink::Error::Http { status } if (400..500).contains(&status) => {
            After::Failed(SendRefusal::Rejected(status.into()))
        }
        ilink::Error::Http { .. }
        | ilink::Error::Timeout
        | ilink::Error::Cut
        | ilink::Error::Unreachable { .. }
        | ilink::Error::Garbled
        | ilink::Error::TooLarge { .. } => After::Retry(retry_pause(tries)),
    }
}

/// Returns the meaning of a refusal. Code -2 has several, distinguished by its text
/// (docs/protocol.md §9). An unknown code may be temporary.
fn after_refusal(code: i64, message: &str, refused: u32) -> After {
    let throttling = ["prepare failed", "unknown error", "rate limited", ""];
    match code {
        -2 if throttling.contains(&message.to_ascii_lowercase().as_str()) => After::Throttled,
        -13 => After::Throttled,
        code if FINAL.contains(&code) => After::Failed(SendRefusal::Rejected(code)),
        code => again_or(refused, SendRefusal::Rejected(code)),
    }
}

/// Repeats the request, unless it was the last try.
fn again_or(refused: u32, refusal: SendRefusal) -> After {
    match refused + 1 < REFUSED_TRIES {
        true => After::Refused(retry_pause(refused + 1)),
        false => After::Failed(refusal),
    }
}

/// Returns the pause before the next try: one second, doubling, one minute at most.
fn retry_pause(tries: u32) -> Duration {
    Duration::from_secs(1 << tries.saturating_sub(1).min(6)).min(Duration::from_secs(60))
}

/// The codes that say that the request itself is wrong, so that a repetition would fail, too.
const FINAL: [i64; 3] = [-2, -3, -4];
/// The number of tries of a request that WeChat refuses for a reason that may be temporary.
const REFUSED_TRIES: u32 = 3;
/// The number of tries of a download that the homeserver cannot deliver, which take about a minute.
const DOWNLOAD_TRIES: u32 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: i64, message: &str) -> Result<Accepted, ilink::Error> {
        Err(ilink::Error::Refused { code, message: message.into() })
    }

    #[test]
    fn each_answer_has_its_consequence() {
        let id = MessageId::parse("7412345678901234567");
        let rejected = |code| Err(After::Failed(SendRefusal::Rejected(code)));
        let retry = |seconds| Err(After::Retry(Duration::from_secs(seconds)));
        for (answer, tries, expected) in [
            (Ok(Accepted { message_id: id.clone() }), 1, Ok(id)),
            (Ok(Accepted { message_id: None }), 1, Ok(None)),
            (Err(ilink::Error::SessionExpired), 1, Err(After::LoggedOut)),
            (refused(-2, "prepare failed"), 1, Err(After::Throttled)),
            (refused(-2, "Rate limited"), 1, Err(After::Throttled)),
            (refused(-2, "unknown error"), 1, Err(After::Throttled)),
            (refused(-2, ""), 1, Err(After::Throttled)),
            (refused(-2, "invalid arguments"), 1, rejected(-2)),
            (refused(-13, ""), 1, Err(After::Throttled)),
            (refused(-3, "invalid argument"), 1, rejected(-3)),
            (refused(-4, ""), 1, rejected(-4)),
            (Err(ilink::Error::Http { status: 429 }), 1, Err(After::Throttled)),
            (Err(ilink::Error::Http { status: 404 }), 1, rejected(404)),
            (Err(ilink::Error::Http { status: 502 }), 1, retry(1)),
            (
                Err(ilink::Error::HostNotAllowed { host: "example.org".into() }),
                1,
                Err(After::Failed(SendRefusal::BadServer)),
            ),
            (Err(ilink::Error::Timeout), 2, retry(2)),
            (Err(ilink::Error::Garbled), 4, retry(8)),
            (Err(ilink::Error::Unreachable { reason: "refused".into() }), 20, retry(60)),
        ] {
            let shown = format!("{answer:?}");
            assert_eq!(after_send(answer, tries, 0), expected, "{shown}, try {tries}");
        }
    }

    #[test]
    fn a_refusal_that_no_table_knows_is_final_at_the_third_time() {
        for code in [-1, 2, -99, i64::MAX] {
            // Failures to reach the server in between do not count.
            let after = |tries, before| after_send(refused(code, "what?"), tries, before);
            let again = |seconds| Err(After::Refused(Duration::from_secs(seconds)));
            assert_eq!([after(1, 0), after(9, 1)], [again(1), again(2)]);
            assert_eq!(after(10, 2), Err(After::Failed(SendRefusal::Rejected(code))));
        }
    }

    #[test]
    fn a_file_that_wechat_did_not_take_goes_by_the_same_table() {
        let rejected = |code| After::Failed(SendRefusal::Rejected(code));
        let cdn = |status| CdnError::Rejected { status, message: String::new() };
        let again = |seconds| After::Refused(Duration::from_secs(seconds));
        for (error, tries, before, expected) in [
            (ilink::Error::SessionExpired.into(), 1, 0, After::LoggedOut),
            (refused(-2, "prepare failed").unwrap_err().into(), 1, 0, After::Throttled),
            (refused(-1, "").unwrap_err().into(), 1, 0, again(1)),
            (refused(-1, "").unwrap_err().into(), 9, 1, again(2)),
            (refused(-1, "").unwrap_err().into(), 3, 2, rejected(-1)),
            (ilink::Error::Timeout.into(), 2, 2, After::Retry(Duration::from_secs(2))),
            (ilink::Error::Http { status: 503 }.into(), 1, 2, After::Retry(Duration::from_secs(1))),
            (cdn(403), 1, 0, After::Failed(SendRefusal::UploadRefused(403))),
            (
                CdnError::HostNotAllowed { host: "b.org".into() },
                1,
                0,
                After::Failed(SendRefusal::BadFileServer),
            ),
            (
                CdnError::Disk(std::io::ErrorKind::StorageFull.into()),
                1,
                0,
                After::Failed(SendRefusal::Disk),
            ),
        ] {
            let shown = format!("{error:?}");
            assert_eq!(after_upload(error, tries, before), expected, "{shown}, try {tries}");
        }
    }

    #[test]
    fn an_upload_that_never_succeeds_is_over_after_three_tries() {
        let errors: [fn() -> CdnError; 3] = [
            || CdnError::Unreachable { reason: "it did not say where it put the file".into() },
            || ilink::Error::Garbled.into(),
            || ilink::Error::TooLarge { limit: 9 }.into(),
        ];
        for error in errors {
            let again = |seconds| After::Refused(Duration::from_secs(seconds));
            let over = After::Failed(SendRefusal::UploadFailed);
            // Failures to reach WeChat in between do not count.
            let found =
                [(1, 0), (7, 1), (8, 2)].map(|(t, refused)| after_upload(error(), t, refused));
            assert_eq!(found, [again(1), again(2), over], "{:?}", error());
        }
    }

    #[test]
    fn a_file_that_the_homeserver_does_not_give_is_waited_for_only_when_that_may_help() {
        use matrix::Error;
        let server = || Error::Server { status: 502, errcode: String::new() };
        let limited = |retry_after| Error::RateLimited { retry_after };
        let retry = |seconds| After::Retry(Duration::from_secs(seconds));
        for (error, tries, expected) in [
            (server(), 1, retry(1)),
            (server(), DOWNLOAD_TRIES - 1, retry(32)),
            (server(), DOWNLOAD_TRIES, After::Failed(SendRefusal::FileAway)),
            (Error::Garbled { status: 404 }, DOWNLOAD_TRIES, After::Failed(SendRefusal::FileAway)),
            (limited(None), 90, retry(60)),
            (limited(Some(Duration::from_secs(7))), 1, retry(7)),
            (Error::NotFound, 1, After::Failed(SendRefusal::FileMissing)),
            (
                Error::Forbidden { message: String::new() },
                1,
                After::Failed(SendRefusal::FileMissing),
            ),
            (Error::TooLarge, 1, After::Failed(SendRefusal::FileTooLarge { limit: 9 })),
        ] {
            let shown = format!("{error:?}");
            assert_eq!(after_download(error, tries, 9), expected, "{shown}, try {tries}");
        }
    }
}
