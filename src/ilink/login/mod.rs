//! The QR login as a state machine (docs/protocol.md §3).
//!
//! [`QrLogin`] decides, and neither waits nor sends; [`LoginProcess`] is the loop around it.

pub(super) mod digits;
mod process;

use std::{fmt, time::Duration};

pub use digits::VerifyCode;
pub use process::LoginProcess;

use super::{
    answer::{Confirmed, QrStatus},
    error::Error,
    host::ApiBase,
};
use crate::{
    clock::Timestamp,
    id::{BotId, BotToken, WechatUserId},
};

/// The result of a confirmed login.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The id of the new bot.
    pub bot: BotId,
    /// The token that authorises the bot's calls.
    pub token: BotToken,
    /// The person who scanned the code, who becomes the contact.
    pub user: Option<WechatUserId>,
    /// The host of the bot's calls, to be checked by [`Client::session`](super::Client::session).
    pub base_url: Option<String>,
}

/// A step of a login, for the person who follows it.
#[derive(Clone)]
pub enum LoginEvent {
    /// A code to be shown at once; it is valid for one to two minutes.
    Code {
        /// The text of the QR image; also a link that opens on the phone.
        url: String,
        /// The number of this code within the login, from 1.
        number: u8,
        /// The greatest number of codes.
        of: u8,
    },
    /// The code was scanned; the phone asks for confirmation.
    Scanned,
    /// The digits on the phone have to be entered.
    DigitsWanted {
        /// Whether digits were entered before and were wrong.
        wrong: bool,
    },
    /// Too many wrong digits were entered; a new code follows.
    Blocked,
    /// The code was not confirmed in time; a new code follows.
    Expired,
    /// The login continues at another host of Tencent's.
    Redirected,
    /// The login ended: the person is bound to one of the tokens that were sent along.
    AlreadyBound,
    /// The login ended: the person has confirmed.
    Confirmed(Credentials),
    /// The login ended without success.
    Failed(LoginFailure),
}

impl fmt::Debug for LoginEvent {
    /// Leaves the link out: anyone who has it can scan it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code { number, of, .. } => write!(f, "Code({number} of {of})"),
            Self::Scanned => f.write_str("Scanned"),
            Self::DigitsWanted { wrong } => write!(f, "DigitsWanted(wrong: {wrong})"),
            Self::Blocked => f.write_str("Blocked"),
            Self::Expired => f.write_str("Expired"),
            Self::Redirected => f.write_str("Redirected"),
            Self::AlreadyBound => f.write_str("AlreadyBound"),
            Self::Confirmed(credentials) => write!(f, "Confirmed({})", credentials.bot),
            Self::Failed(failure) => write!(f, "Failed({failure:?})"),
        }
    }
}

/// The reason why a login failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginFailure {
    /// All codes expired or were blocked.
    #[error("no code was confirmed in time")]
    CodesUsedUp,
    /// The login took longer than its time limit.
    #[error("the login took too long")]
    TimedOut,
    /// iLink issued no code, or named a host that is not allowed.
    #[error(transparent)]
    Unreachable(#[from] Error),
    /// The confirmation has no bot id.
    #[error("WeChat confirmed the login but did not name the bot")]
    NoBotId,
    /// The confirmation has no token.
    #[error("WeChat confirmed the login but gave no token")]
    NoToken,
    /// Digits have to be entered, and the channel for them is closed.
    #[error("the digits cannot be entered any more")]
    NoDigits,
    /// The login had ended before this call.
    #[error("the login is over")]
    Over,
}

/// How long a login goes on while no code is scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginPatience {
    /// The greatest number of codes that are fetched.
    pub codes: u8,
    /// The time limit of the whole login.
    pub within: Duration,
}

impl LoginPatience {
    /// The patience for an image in a room, which is that of Tencent's client: 3 codes within 8
    /// minutes.
    pub const PICTURE: Self = Self { codes: 3, within: Duration::from_secs(8 * 60) };
    /// The patience for a page that a person opens later, elsewhere: 60 codes within 30 minutes.
    pub const PAGE: Self = Self { codes: 60, within: Duration::from_secs(30 * 60) };
}

/// The state of one login between two answers of the server.
#[derive(Debug)]
pub struct QrLogin {
    started: Timestamp,
    patience: LoginPatience,
    codes: u8,
    told_scanned: bool,
    told_unknown: bool,
    digits: Option<VerifyCode>,
    at: Option<ApiBase>,
}

/// The next step of a login. The steps that continue return the login.
#[derive(Debug)]
pub enum QrTurn {
    /// Poll again after a pause, and report the event if there is one.
    Poll(QrLogin, Option<LoginEvent>),
    /// Ask for digits, then poll at once.
    AskDigits {
        /// The login, which continues.
        login: QrLogin,
        /// Whether digits were entered before and were wrong.
        wrong: bool,
    },
    /// Report the event and fetch a new code.
    NewCode(QrLogin, LoginEvent),
    /// Report the last event and stop.
    End(LoginEvent),
}

impl QrLogin {
    /// Begins a login.
    pub fn begin(now: Timestamp, patience: LoginPatience) -> Self {
        Self {
            started: now,
            patience,
            codes: 0,
            told_scanned: false,
            told_unknown: false,
            digits: None,
            at: None,
        }
    }

    /// Counts a new code and returns its event; a new code is polled at the fixed host.
    pub fn on_code(&mut self, url: String) -> LoginEvent {
        self.codes = self.codes.saturating_add(1);
        self.at = None;
        self.digits = None;
        self.told_scanned = false;
        LoginEvent::Code { url, number: self.codes, of: self.patience.codes }
    }

    /// Keeps the entered digits for the next poll.
    pub fn on_digits(&mut self, digits: VerifyCode) {
        self.digits = Some(digits);
    }

    /// Returns the digits that the next poll sends.
    pub fn digits(&self) -> Option<&VerifyCode> {
        self.digits.as_ref()
    }

    /// Returns the host to poll when it is not the fixed one.
    pub fn redirected_to(&self) -> Option<&ApiBase> {
        self.at.as_ref()
    }

    /// Returns whether the time limit of the whole login has passed.
    pub fn overdue(&self, now: Timestamp) -> bool {
        now.since(self.started) >= self.patience.within
    }

    /// Decides what follows from the answer to a poll. A failed request counts as "nothing new",
    /// and a confirmation counts even after the time limit.
    pub fn after(self, answer: Result<QrStatus, Error>, now: Timestamp) -> QrTurn {
        match answer {
            Ok(QrStatus::Confirmed(confirmed)) => QrTurn::End(confirmation(confirmed)),
            Ok(QrStatus::AlreadyBound) => QrTurn::End(LoginEvent::AlreadyBound),
            Err(error @ Error::HostNotAllowed { .. }) => {
                QrTurn::End(LoginEvent::Failed(LoginFailure::Unreachable(error)))
            }
            _ if self.overdue(now) => QrTurn::End(LoginEvent::Failed(LoginFailure::TimedOut)),
            Ok(status) => self.go_on(status),
            Err(_) => QrTurn::Poll(self, None),
        }
    }

    fn go_on(mut self, status: QrStatus) -> QrTurn {
        match status {
            QrStatus::Scanned => {
                self.digits = None;
                let told = std::mem::replace(&mut self.told_scanned, true);
                QrTurn::Poll(self, (!told).then_some(LoginEvent::Scanned))
            }
            QrStatus::DigitsWanted => {
                let wrong = self.digits.take().is_some();
                QrTurn::AskDigits { login: self, wrong }
            }
            QrStatus::DigitsBlocked => self.new_code(LoginEvent::Blocked),
            QrStatus::Expired => self.new_code(LoginEvent::Expired),
            QrStatus::Redirect(Some(base)) if self.at.as_ref() != Some(&base) => {
                self.at = Some(base);
                QrTurn::Poll(self, Some(LoginEvent::Redirected))
            }
            QrStatus::Unknown(status) => {
                if !std::mem::replace(&mut self.told_unknown, true) {
                    tracing::warn!(status, "unknown status of a QR code; asking on");
                }
                QrTurn::Poll(self, None)
            }
            // [`Self::after`] has already handled the two statuses that end a login.
            QrStatus::Wait
            | QrStatus::Redirect(_)
            | QrStatus::AlreadyBound
            | QrStatus::Confirmed(_) => QrTurn::Poll(self, None),
        }
    }

    fn new_code(self, why: LoginEvent) -> QrTurn {
        if self.codes >= self.patience.codes {
            return QrTurn::End(LoginEvent::Failed(LoginFailure::CodesUsedUp));
        }
        QrTurn::NewCode(self, why)
    }
}

fn confirmation(confirmed: Confirmed) -> LoginEvent {
    let Confirmed { bot, token, user, base_url } = confirmed;
    match (bot, token) {
        (Some(bot), Some(token)) => {
            LoginEvent::Confirmed(Credentials { bot, token, user, base_url })
        }
        (None, _) => LoginEvent::Failed(LoginFailure::NoBotId),
        (_, None) => LoginEvent::Failed(LoginFailure::NoToken),
    }
}

#[cfg(test)]
mod tests;
