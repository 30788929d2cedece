//! The errors of requests to the homeserver, sorted by what the caller can do about them.

use std::{io, time::Duration};

use http::{HeaderMap, StatusCode, header::RETRY_AFTER};

use super::object::Object;

/// The error of a request to the homeserver.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No answer came: no connection, a broken one, or a timeout. The homeserver may have done what
    /// was asked; repeating a request with its transaction id is harmless.
    #[error("the homeserver cannot be reached: {}", innermost(.0))]
    Unreachable(reqwest::Error),
    /// A file stopped moving in transfer, or no answer to it came.
    #[error("the homeserver stopped in the middle of a file")]
    Stalled,
    /// There were too many requests; `retry_after` is the pause that the homeserver asks for.
    #[error("the homeserver asks to slow down")]
    RateLimited {
        /// The pause, if the homeserver named one.
        retry_after: Option<Duration>,
    },
    /// The homeserver, or a proxy in front of it, failed with a status 5xx.
    #[error("the homeserver answered {status} {errcode}")]
    Server {
        /// The HTTP status.
        status: u16,
        /// The Matrix error code, empty when there was none. In the answer to a ping it says why
        /// the homeserver could not reach the bridge.
        errcode: String,
    },
    /// The answer is not one of Matrix: a proxy's page, or too long.
    #[error("the answer (status {status}) is not a homeserver's; is the address right?")]
    Garbled {
        /// The HTTP status.
        status: u16,
    },
    /// The homeserver does not know the `as_token`.
    #[error("the homeserver refuses the as_token; is the registration file loaded?")]
    TokenRejected,
    /// The user in whose name the request was made may not do this.
    #[error("the homeserver forbids it: {message}")]
    Forbidden {
        /// The homeserver's message, shortened.
        message: String,
    },
    /// The room, alias, state or event does not exist.
    #[error("the homeserver has no such thing")]
    NotFound,
    /// The alias of the room to be created already belongs to a room.
    #[error("the room alias is taken")]
    RoomInUse,
    /// The user to be registered already exists.
    #[error("the user exists already")]
    UserInUse,
    /// The device of the request does not exist; `Intent::ensure_registered` creates it.
    #[error("the homeserver does not know the device of this user")]
    UnknownDevice,
    /// The upload is longer than the homeserver accepts, or the download is longer than the caller
    /// accepts.
    #[error("it is too large")]
    TooLarge,
    /// A file could not be written to or read from the local disk.
    #[error("the file cannot be kept on this disk: {0}")]
    Disk(#[source] io::Error),
    /// The request was refused for another reason; a second try would fail, too.
    #[error("the homeserver refuses it: {status} {errcode} {message}")]
    Rejected {
        /// The Matrix error code.
        errcode: String,
        /// The HTTP status.
        status: u16,
        /// The homeserver's message, shortened.
        message: String,
    },
    /// The request cannot be written as HTTP.
    #[error("the request cannot be written")]
    Unsendable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The bridge stops before the homeserver answered; the work is done at the next start.
    #[error("the bridge is stopping")]
    Stopping,
}

/// Whether a second try can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// A second try may be made now, or after the caller's own pause.
    Now,
    /// A second try may be made after this pause.
    After(Duration),
    /// A second try would have the result of the first.
    Never,
}

impl Error {
    /// Returns whether, and after which pause, a second try can help.
    pub fn retry(&self) -> Retry {
        match self {
            Self::RateLimited { retry_after: Some(wait) } => Retry::After(*wait),
            // While the homeserver is down, a proxy may answer with a page of its own.
            Self::RateLimited { retry_after: None }
            | Self::Unreachable(_)
            | Self::Stalled
            | Self::Server { .. }
            | Self::Garbled { .. } => Retry::Now,
            Self::TokenRejected
            | Self::Forbidden { .. }
            | Self::NotFound
            | Self::RoomInUse
            | Self::UserInUse
            | Self::UnknownDevice
            | Self::TooLarge
            // A later try may help, but it is not the homeserver that has to be waited for.
            | Self::Disk(_)
            | Self::Rejected { .. }
            | Self::Unsendable(_)
            | Self::Stopping => Retry::Never,
        }
    }

    /// Reads the answer of a request that did not succeed.
    pub(super) fn from_answer(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let fields = std::str::from_utf8(body).ok().and_then(Object::parse).unwrap_or_default();
        let errcode = fields.text("errcode").filter(|code| is_errcode(code)).unwrap_or_default();
        let message = || shortened(&fields.text("error").unwrap_or_default());
        let number = status.as_u16();
        match (number, errcode.as_str()) {
            (429, _) | (_, "M_LIMIT_EXCEEDED") => {
                Self::RateLimited { retry_after: retry_after(headers, &fields) }
            }
            (500.., _) => Self::Server { status: number, errcode },
            (401, _) | (_, "M_UNKNOWN_TOKEN" | "M_MISSING_TOKEN") => Self::TokenRejected,
            (413, _) | (_, "M_TOO_LARGE") => Self::TooLarge,
            (_, "M_ROOM_IN_USE") => Self::RoomInUse,
            (_, "M_USER_IN_USE") => Self::UserInUse,
            (_, "M_UNKNOWN_DEVICE") => Self::UnknownDevice,
            (_, "") => Self::Garbled { status: number },
            (404, "M_UNRECOGNIZED") => {
                Self::Rejected { errcode, status: number, message: message() }
            }
            (404, _) => Self::NotFound,
            (403, "M_FORBIDDEN") => Self::Forbidden { message: message() },
            _ => Self::Rejected { errcode, status: number, message: message() },
        }
    }
}

/// Returns the innermost cause: the outer ones only say that a request failed.
fn innermost(error: &dyn std::error::Error) -> &dyn std::error::Error {
    std::iter::successors(Some(error), |error| error.source()).last().unwrap_or(error)
}

/// Reads the pause that the homeserver asks for. The header counts more than the older field in the
/// body; a date instead of seconds is ignored.
fn retry_after(headers: &HeaderMap, fields: &Object<'_>) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let millis = || u64::try_from(fields.integer("retry_after_ms")?).ok();
    seconds.map(Duration::from_secs).or_else(|| millis().map(Duration::from_millis))
}

fn is_errcode(code: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    code.len() <= MAX_ERRCODE_BYTES && code.bytes().all(allowed)
}

fn shortened(message: &str) -> String {
    message.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS).collect()
}

const MAX_ERRCODE_BYTES: usize = 100;
const SHOWN_CHARS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the debug form of the error that an answer is read as.
    fn read(status: u16, body: &str) -> String {
        let status = StatusCode::from_u16(status).unwrap();
        format!("{:?}", Error::from_answer(status, &HeaderMap::new(), body.as_bytes()))
    }

    #[test]
    fn every_answer_is_read_as_what_can_be_done_about_it() {
        let m = |code: &str| format!(r#"{{"errcode":"{code}","error":"why"}}"#);
        for (status, body, expected) in [
            (429, m("M_LIMIT_EXCEEDED"), "RateLimited { retry_after: None }"),
            (429, "slow down".to_owned(), "RateLimited { retry_after: None }"),
            (400, m("M_LIMIT_EXCEEDED"), "RateLimited { retry_after: None }"),
            (
                429,
                r#"{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":1500}"#.to_owned(),
                "RateLimited { retry_after: Some(1.5s) }",
            ),
            (500, m("M_UNKNOWN"), r#"Server { status: 500, errcode: "M_UNKNOWN" }"#),
            (502, m("M_BAD_STATUS"), r#"Server { status: 502, errcode: "M_BAD_STATUS" }"#),
            (503, "<html>".to_owned(), r#"Server { status: 503, errcode: "" }"#),
            (401, m("M_UNKNOWN_TOKEN"), "TokenRejected"),
            (403, m("M_UNKNOWN_TOKEN"), "TokenRejected"),
            (401, r#"{"flows":[]}"#.to_owned(), "TokenRejected"),
            (403, m("M_FORBIDDEN"), r#"Forbidden { message: "why" }"#),
            (404, m("M_NOT_FOUND"), "NotFound"),
            (400, m("M_ROOM_IN_USE"), "RoomInUse"),
            (409, m("M_ROOM_IN_USE"), "RoomInUse"),
            (400, m("M_USER_IN_USE"), "UserInUse"),
            (400, m("M_UNKNOWN_DEVICE"), "UnknownDevice"),
            (413, "<html>".to_owned(), "TooLarge"),
            (400, m("M_TOO_LARGE"), "TooLarge"),
            (404, "404 page not found".to_owned(), "Garbled { status: 404 }"),
            (403, String::new(), "Garbled { status: 403 }"),
            (302, "<html>".to_owned(), "Garbled { status: 302 }"),
            (400, r#"{"errcode":"no code at all"}"#.to_owned(), "Garbled { status: 400 }"),
            (
                404,
                m("M_UNRECOGNIZED"),
                r#"Rejected { errcode: "M_UNRECOGNIZED", status: 404, message: "why" }"#,
            ),
            (
                400,
                m("M_EXCLUSIVE"),
                r#"Rejected { errcode: "M_EXCLUSIVE", status: 400, message: "why" }"#,
            ),
        ] {
            assert_eq!(read(status, &body), expected, "{status} {body}");
        }
    }

    #[test]
    fn the_retry_after_header_goes_first() {
        let headers = HeaderMap::from_iter([(RETRY_AFTER, "7".parse().unwrap())]);
        let error = Error::from_answer(
            StatusCode::TOO_MANY_REQUESTS,
            &headers,
            br#"{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":1500}"#,
        );
        assert_eq!(error.retry(), Retry::After(Duration::from_secs(7)));
    }

    #[test]
    fn only_what_may_pass_by_itself_is_asked_again() {
        let server = Error::Server { status: 502, errcode: String::new() };
        let again = [
            server,
            Error::Stalled,
            Error::Garbled { status: 404 },
            Error::RateLimited { retry_after: None },
        ];
        for error in again {
            assert_eq!(error.retry(), Retry::Now, "{error}");
        }
        let never = [
            Error::TokenRejected,
            Error::Forbidden { message: String::new() },
            Error::NotFound,
            Error::RoomInUse,
            Error::UserInUse,
            Error::UnknownDevice,
            Error::TooLarge,
            Error::Disk(io::ErrorKind::StorageFull.into()),
            Error::Rejected { errcode: String::new(), status: 400, message: String::new() },
            Error::Unsendable("no".into()),
            Error::Stopping,
        ];
        for error in never {
            assert_eq!(error.retry(), Retry::Never, "{error}");
        }
    }
}
