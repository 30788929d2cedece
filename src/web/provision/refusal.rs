//! The refusals of the API, each with its status, its code, and its sentence.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use super::{NotBegun, NotLoggedOut, answer};
use crate::web::stage::Ending;

/// The reason why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ProvisioningRefusal {
    MissingToken,
    UnknownToken,
    MissingUser,
    BadUser,
    OtherUser,
    NotAllowed,
    HomeserverAway,
    Method,
    NoSuchFlow,
    NoSuchLogin,
    NoSuchProcess,
    NoSuchStep,
    BadTimeout,
    NotJson,
    NoDigits,
    BadDigits,
    TooLarge,
    TooSlow,
    TooMany,
    Crowded,
    Stopping,
    /// The login is over; the sentence is in the user's language.
    Over(Ending, String),
}

impl ProvisioningRefusal {
    fn code(&self) -> (u16, &'static str) {
        match self {
            Self::MissingToken => (401, "M_MISSING_TOKEN"),
            Self::UnknownToken => (401, "M_UNKNOWN_TOKEN"),
            Self::MissingUser => (400, "M_MISSING_PARAM"),
            Self::BadUser | Self::BadTimeout | Self::BadDigits => (400, "M_INVALID_PARAM"),
            Self::OtherUser | Self::NotAllowed => (403, "M_FORBIDDEN"),
            Self::HomeserverAway | Self::Stopping => (503, "M_UNKNOWN"),
            Self::Method => (405, "M_UNRECOGNIZED"),
            Self::NoSuchFlow | Self::NoSuchLogin | Self::NoSuchProcess => (404, "M_NOT_FOUND"),
            Self::NoSuchStep => (400, "M_BAD_STATE"),
            Self::NotJson => (400, "M_NOT_JSON"),
            Self::NoDigits => (400, "M_BAD_JSON"),
            Self::TooLarge => (413, "M_TOO_LARGE"),
            Self::TooSlow => (408, "M_UNKNOWN"),
            Self::TooMany | Self::Crowded => (429, "M_LIMIT_EXCEEDED"),
            Self::Over(ending, _) => over(*ending),
        }
    }

    fn sentence(&self) -> &str {
        match self {
            Self::MissingToken => {
                "send `Authorization: Bearer` with the shared secret or an access token"
            }
            Self::UnknownToken => {
                "the token is neither the shared secret nor one of the homeserver's"
            }
            Self::MissingUser => "with the shared secret, ?user_id= has to say for whom is asked",
            Self::BadUser => "user_id is not a Matrix user id",
            Self::OtherUser => "the access token is not of the user in user_id",
            Self::NotAllowed => "this user may not link contacts",
            Self::HomeserverAway => {
                "the homeserver does not answer, so the access token cannot be checked"
            }
            Self::Method => "unrecognized request",
            Self::NoSuchFlow => "there is no such login flow; GET login/flows lists them",
            Self::NoSuchLogin => "there is no such login of this user; GET logins lists them",
            Self::NoSuchProcess => "there is no such login process of this user; start a new one",
            Self::NoSuchStep => {
                "the login process has no such step, or the step is of another type"
            }
            Self::BadTimeout => "timeout has to be a whole number of milliseconds",
            Self::NotJson => "the body is not JSON",
            Self::NoDigits => "the body has to be an object with a text \"digits\"",
            Self::BadDigits => "digits has to hold 1 to 12 digits",
            Self::TooLarge => "the body is too large",
            Self::TooSlow => "the body did not come in time",
            Self::TooMany => "too many logins of this user are going on; cancel one or wait",
            Self::Crowded => "too many access tokens are being checked; try again in a moment",
            Self::Stopping => "the bridge is stopping",
            Self::Over(_, sentence) => sentence,
        }
    }
}

fn over(ending: Ending) -> (u16, &'static str) {
    match ending {
        Ending::Cancelled => (410, "WECHAT.LOGIN_CANCELLED"),
        Ending::TimedOut => (410, "WECHAT.LOGIN_TIMED_OUT"),
        Ending::CodesUsedUp => (410, "WECHAT.QR_EXPIRED"),
        Ending::Stopped => (410, "WECHAT.LOGIN_INTERRUPTED"),
        Ending::AlreadyLinked => (409, "WECHAT.ALREADY_LINKED"),
        Ending::BoundElsewhere => (409, "WECHAT.BOUND_ELSEWHERE"),
        Ending::Unreachable => (502, "WECHAT.UNREACHABLE"),
        Ending::NoCode => (502, "WECHAT.NO_CODE"),
        Ending::BadServer => (502, "WECHAT.BAD_SERVER"),
        Ending::Incomplete => (502, "WECHAT.INCOMPLETE"),
        Ending::Unusable => (502, "WECHAT.UNUSABLE"),
    }
}

impl IntoResponse for ProvisioningRefusal {
    fn into_response(self) -> Response {
        let (status, errcode) = self.code();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        answer(status, &json!({ "errcode": errcode, "error": self.sentence() }))
    }
}

impl From<NotBegun> for ProvisioningRefusal {
    fn from(why: NotBegun) -> Self {
        match why {
            NotBegun::NoSuchLogin => Self::NoSuchLogin,
            NotBegun::TooMany => Self::TooMany,
        }
    }
}

impl From<NotLoggedOut> for ProvisioningRefusal {
    fn from(why: NotLoggedOut) -> Self {
        match why {
            NotLoggedOut::NoSuchLogin => Self::NoSuchLogin,
            NotLoggedOut::Stopping => Self::Stopping,
        }
    }
}
