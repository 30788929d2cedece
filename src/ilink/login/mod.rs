//! The QR login as a state machine (docs/protocol.md §3).
//!
//! [`Login`] decides and neither waits nor sends; [`LoginProcess`] is the loop around it.

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

/// What a login gives, once.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The new bot.
    pub bot: BotId,
    /// What authorises its calls.
    pub token: BotToken,
    /// Who scanned; the contact.
    pub user: Option<WechatUserId>,
    /// Where its calls go, still to be checked by [`Client::session`](super::Client::session).
    pub base_url: Option<String>,
}

/// What happens during a login, for the person who watches it.
#[derive(Clone)]
pub enum LoginEvent {
    /// A code to show at once; it lives one to two minutes.
    Code {
        /// The text of the QR image; also a link that opens on the phone.
        url: String,
        /// Which code of this login it is, from 1.
        number: u8,
        /// How many there are at most.
        of: u8,
    },
    /// The code was scanned; the phone asks for consent.
    Scanned,
    /// The digits on the phone are wanted.
    DigitsWanted {
        /// Whether digits were entered before and were wrong.
        wrong: bool,
    },
    /// Too many wrong digits; a new code follows.
    Blocked,
    /// It was not confirmed in time; a new code follows.
    Expired,
    /// The login goes on at another host of Tencent's.
    Redirected,
    /// The person is bound to one of the tokens that were held; the end.
    AlreadyBound,
    /// The person has agreed; the end.
    Confirmed(Credentials),
    /// The end without a login.
    Failed(LoginFailure),
}

impl fmt::Debug for LoginEvent {
    /// Leaves the link out: who has it can scan it.
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

/// Why a login ended without one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginFailure {
    /// All codes expired or were blocked.
    #[error("no code was confirmed in time")]
    CodesUsedUp,
    /// The login took longer than its patience.
    #[error("the login took too long")]
    TimedOut,
    /// iLink gave no code, or led to a host that is not allowed.
    #[error(transparent)]
    Unreachable(#[from] Error),
    /// A confirmation without the bot's id.
    #[error("WeChat confirmed the login but did not name the bot")]
    NoBotId,
    /// A confirmation without a token.
    #[error("WeChat confirmed the login but gave no token")]
    NoToken,
    /// Digits are wanted and nobody is left who could enter them.
    #[error("the digits cannot be entered any more")]
    NoDigits,
    /// The login had ended before.
    #[error("the login is over")]
    Over,
}

/// How long a login is kept up while no code is scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginPatience {
    /// Codes that are fetched at most.
    pub codes: u8,
    /// How long the whole login may take.
    pub within: Duration,
}

impl LoginPatience {
    /// For an image in a room, as Tencent's client has it: 3 codes within 8 minutes.
    pub const PICTURE: Self = Self { codes: 3, within: Duration::from_secs(8 * 60) };
    /// For a page that somebody far away opens in their own time: 30 minutes.
    pub const PAGE: Self = Self { codes: 60, within: Duration::from_secs(30 * 60) };
}

/// One login between two answers of the server.
#[derive(Debug)]
pub struct Login {
    started: Timestamp,
    patience: LoginPatience,
    codes: u8,
    told_scanned: bool,
    told_unknown: bool,
    digits: Option<VerifyCode>,
    at: Option<ApiBase>,
}

/// What follows from an answer. Only the turns that go on give the login back.
#[derive(Debug)]
pub enum Turn {
    /// Poll again after a pause, and tell the person if there is something to tell.
    Poll(Login, Option<LoginEvent>),
    /// Ask for digits, then poll at once.
    AskDigits {
        /// The login that goes on.
        login: Login,
        /// Whether digits were entered before and were wrong.
        wrong: bool,
    },
    /// Say why and fetch a new code.
    NewCode(Login, LoginEvent),
    /// The last event; nothing is asked any more.
    End(LoginEvent),
}

impl Login {
    /// A login that begins now.
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

    /// Counts a new code and returns the event for it; the code belongs to the fixed host.
    pub fn on_code(&mut self, url: String) -> LoginEvent {
        self.codes = self.codes.saturating_add(1);
        self.at = None;
        self.digits = None;
        self.told_scanned = false;
        LoginEvent::Code { url, number: self.codes, of: self.patience.codes }
    }

    /// Keeps what the owner entered for the next poll.
    pub fn on_digits(&mut self, digits: VerifyCode) {
        self.digits = Some(digits);
    }

    /// The digits to poll with.
    pub fn digits(&self) -> Option<&VerifyCode> {
        self.digits.as_ref()
    }

    /// Where to poll, if not at the fixed host.
    pub fn redirected_to(&self) -> Option<&ApiBase> {
        self.at.as_ref()
    }

    /// Whether the time of the whole login is up.
    pub fn overdue(&self, now: Timestamp) -> bool {
        now.since(self.started) >= self.patience.within
    }

    /// What follows from the answer to a poll. Failures on the way count as "nothing new", and a
    /// confirmation counts however late it comes.
    pub fn after(self, answer: Result<QrStatus, Error>, now: Timestamp) -> Turn {
        match answer {
            Ok(QrStatus::Confirmed(confirmed)) => Turn::End(confirmation(confirmed)),
            Ok(QrStatus::AlreadyBound) => Turn::End(LoginEvent::AlreadyBound),
            Err(error @ Error::HostNotAllowed { .. }) => {
                Turn::End(LoginEvent::Failed(LoginFailure::Unreachable(error)))
            }
            _ if self.overdue(now) => Turn::End(LoginEvent::Failed(LoginFailure::TimedOut)),
            Ok(status) => self.go_on(status),
            Err(_) => Turn::Poll(self, None),
        }
    }

    fn go_on(mut self, status: QrStatus) -> Turn {
        match status {
            QrStatus::Scanned => {
                self.digits = None;
                let told = std::mem::replace(&mut self.told_scanned, true);
                Turn::Poll(self, (!told).then_some(LoginEvent::Scanned))
            }
            QrStatus::DigitsWanted => {
                let wrong = self.digits.take().is_some();
                Turn::AskDigits { login: self, wrong }
            }
            QrStatus::DigitsBlocked => self.new_code(LoginEvent::Blocked),
            QrStatus::Expired => self.new_code(LoginEvent::Expired),
            QrStatus::Redirect(Some(base)) if self.at.as_ref() != Some(&base) => {
                self.at = Some(base);
                Turn::Poll(self, Some(LoginEvent::Redirected))
            }
            QrStatus::Unknown(status) => {
                if !std::mem::replace(&mut self.told_unknown, true) {
                    tracing::warn!(status, "unknown status of a QR code; asking on");
                }
                Turn::Poll(self, None)
            }
            // The two endings were taken before.
            QrStatus::Wait
            | QrStatus::Redirect(_)
            | QrStatus::AlreadyBound
            | QrStatus::Confirmed(_) => Turn::Poll(self, None),
        }
    }

    fn new_code(self, why: LoginEvent) -> Turn {
        if self.codes >= self.patience.codes {
            return Turn::End(LoginEvent::Failed(LoginFailure::CodesUsedUp));
        }
        Turn::NewCode(self, why)
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
