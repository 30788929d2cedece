//! The login: QR codes, the actions of a phone, and what a poll of their state gets
//! (docs/protocol.md §3.2).

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::device::Bot;
use crate::id;
use crate::state::{Addresses, World};

/// A QR code.
pub(crate) struct Qr {
    pub(crate) made_ms: i64,
    /// `local_token_list` of the request that made it.
    pub(crate) tokens: Vec<String>,
    pub(crate) state: QrState,
    pub(crate) phone: Option<String>,
    /// Whether it was scanned by a user of another region, so that polls belong to the redirect
    /// host.
    pub(crate) redirected: bool,
    /// The last status that was answered; an equal one is held back.
    told: Option<&'static str>,
    wrong_codes: u32,
    pub(crate) wake: Arc<Notify>,
}

/// The state of a QR code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum QrState {
    Waiting,
    NeedsDigits,
    Scanned,
    Confirmed { token: String },
    Binded,
    Blocked,
    Expired,
}

/// The reason why a phone could not use a QR code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScanError {
    /// The QR code does not exist.
    Unknown,
    /// The QR code is too old, or was expired on request.
    Expired,
    /// The QR code was scanned already.
    Used,
    /// This phone has scanned nothing that waits for a confirmation.
    NothingScanned,
    /// The number shown on the phone has not been entered at the other side.
    NeedsDigits,
}

impl std::fmt::Display for ScanError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unknown => "no such QR code",
            Self::Expired => "the QR code has expired",
            Self::Used => "the QR code is already scanned",
            Self::NothingScanned => "nothing is scanned that waits for a confirmation",
            Self::NeedsDigits => "the number on the phone has not been entered yet",
        })
    }
}

impl std::error::Error for ScanError {}

/// The answer to a poll of a QR code.
pub(crate) struct QrAnswer {
    pub(crate) body: Value,
    /// Whether there is nothing new, so that the poll is held as long as allowed.
    pub(crate) hold: bool,
}

/// A poll of a QR code.
pub(crate) struct QrPoll<'a> {
    pub(crate) id: &'a str,
    pub(crate) code: Option<&'a str>,
    pub(crate) at_redirect_host: bool,
    pub(crate) now_ms: i64,
}

impl World {
    pub(crate) fn new_qr(&mut self, tokens: Vec<String>, now_ms: i64) -> String {
        let id = id::random_hex(16);
        let qr = Qr {
            made_ms: now_ms,
            tokens,
            state: QrState::Waiting,
            phone: None,
            redirected: false,
            told: None,
            wrong_codes: 0,
            wake: Arc::new(Notify::new()),
        };
        self.qr_order.push(id.clone());
        self.qrs.insert(id.clone(), qr);
        id
    }

    /// Returns the QR codes that wait for a phone, oldest first.
    pub(crate) fn pending_qrs(&self, now_ms: i64) -> Vec<String> {
        let waiting = self.qr_order.iter().filter(|id| {
            let qr = self.qrs.get(*id);
            qr.is_some_and(|qr| qr.state == QrState::Waiting && !qr.too_old(now_ms))
        });
        waiting.map(|id| qr_url(id)).collect()
    }

    /// Scans a QR code: its URL, or its id alone.
    pub(crate) fn scan(&mut self, phone: &str, url: &str, now_ms: i64) -> Result<(), ScanError> {
        let id = qr_id(url).to_owned();
        let own_token = self.ensure_device(phone).bot.clone();
        let asks_digits = self.ensure_device(phone).digits.is_some();
        let qr = self.qrs.get_mut(&id).ok_or(ScanError::Unknown)?;
        if qr.state == QrState::Expired || qr.too_old(now_ms) {
            return Err(ScanError::Expired);
        }
        if qr.state != QrState::Waiting {
            return Err(ScanError::Used);
        }
        let held = own_token.is_some_and(|token| qr.tokens.contains(&token));
        qr.phone = Some(phone.to_owned());
        if std::mem::take(&mut self.redirect_next) {
            qr.redirected = true;
        }
        qr.state = if held || std::mem::take(&mut self.binded_next) {
            QrState::Binded
        } else if asks_digits {
            QrState::NeedsDigits
        } else {
            QrState::Scanned
        };
        qr.wake.notify_waiters();
        self.ensure_device(phone).qr = Some(id);
        Ok(())
    }

    /// Confirms as the person at the phone; the phone's older bot ends.
    pub(crate) fn confirm(&mut self, phone: &str, now_ms: i64) -> Result<(), ScanError> {
        let id = self.ensure_device(phone).qr.clone().ok_or(ScanError::NothingScanned)?;
        let qr = self.qrs.get(&id).ok_or(ScanError::NothingScanned)?;
        match qr.state {
            QrState::Scanned if qr.too_old(now_ms) => return Err(ScanError::Expired),
            QrState::Expired | QrState::Blocked => return Err(ScanError::Expired),
            QrState::Scanned => {}
            QrState::NeedsDigits => return Err(ScanError::NeedsDigits),
            QrState::Waiting | QrState::Confirmed { .. } | QrState::Binded => {
                return Err(ScanError::NothingScanned);
            }
        }
        let token = self.bind(phone);
        let device = self.ensure_device(phone);
        device.qr = None;
        device.digits = None;
        if let Some(qr) = self.qrs.get_mut(&id) {
            qr.state = QrState::Confirmed { token };
            qr.wake.notify_waiters();
        }
        Ok(())
    }

    /// Binds a phone to a new bot and ends the older one.
    pub(crate) fn bind(&mut self, phone: &str) -> String {
        let bot = Bot::new(phone);
        let token = bot.token.clone();
        self.bots.insert(token.clone(), bot);
        let older = self.ensure_device(phone).bot.replace(token.clone());
        if let Some(older) = older {
            self.kill_bot(&older);
        }
        token
    }

    /// Ends every QR code that is not finished.
    pub(crate) fn expire_qrs(&mut self) {
        for qr in self.qrs.values_mut() {
            if matches!(qr.state, QrState::Waiting | QrState::NeedsDigits | QrState::Scanned) {
                qr.state = QrState::Expired;
                qr.wake.notify_waiters();
            }
        }
    }

    pub(crate) fn poll_qr(&mut self, poll: &QrPoll<'_>, addresses: &Addresses) -> QrAnswer {
        let Some(qr) = self.qrs.get_mut(poll.id) else {
            return QrAnswer { body: json!({ "ret": 0, "status": "expired" }), hold: false };
        };
        if qr.too_old(poll.now_ms)
            && matches!(qr.state, QrState::Waiting | QrState::NeedsDigits | QrState::Scanned)
        {
            qr.state = QrState::Expired;
        }
        if qr.redirected && !poll.at_redirect_host {
            let hold = qr.tell("scaned_but_redirect");
            let host = &addresses.redirect_host;
            let body = json!({ "ret": 0, "status": "scaned_but_redirect", "redirect_host": host });
            return QrAnswer { body, hold };
        }
        let digits = qr.phone.as_ref().and_then(|name| self.devices.get(name)?.digits.clone());
        let wrong = match (poll.code, digits) {
            (Some(code), Some(digits)) if qr.state == QrState::NeedsDigits => {
                qr.enter(code, &digits.number, digits.blocked)
            }
            (None | Some(_), _) => false,
        };
        let status = qr.state.status();
        let told = qr.tell(status);
        let hold = status == "wait" || (told && !wrong && !qr.state.is_final());
        let token =
            if let QrState::Confirmed { token } = &qr.state { Some(token.clone()) } else { None };
        QrAnswer { body: self.qr_body(status, token.as_deref(), addresses), hold }
    }

    fn qr_body(&self, status: &str, token: Option<&str>, addresses: &Addresses) -> Value {
        let Some(bot) = token.and_then(|token| self.bots.get(token)) else {
            return json!({ "ret": 0, "status": status });
        };
        let user = self.devices.get(&bot.phone).map_or("", |device| &device.user_id);
        json!({
            "ret": 0,
            "status": status,
            "bot_token": bot.token,
            "ilink_bot_id": bot.bot_id,
            "baseurl": self.base_url.as_ref().unwrap_or(&addresses.api),
            "ilink_user_id": user,
        })
    }
}

impl Qr {
    pub(crate) fn too_old(&self, now_ms: i64) -> bool {
        now_ms - self.made_ms > LIFE_MS
    }

    /// Enters the digits of the other side; returns true when they were wrong.
    fn enter(&mut self, code: &str, number: &str, blocked: bool) -> bool {
        if blocked {
            self.state = QrState::Blocked;
        } else if code == number {
            self.state = QrState::Scanned;
        } else {
            self.wrong_codes += 1;
            if self.wrong_codes >= WRONG_CODES {
                self.state = QrState::Blocked;
            }
            return true;
        }
        false
    }

    /// Notes the status that is answered now; returns true when it was the last one, too.
    fn tell(&mut self, status: &'static str) -> bool {
        self.told.replace(status) == Some(status)
    }
}

impl QrState {
    pub(crate) fn status(&self) -> &'static str {
        match self {
            Self::Waiting => "wait",
            Self::NeedsDigits => "need_verifycode",
            Self::Scanned => "scaned",
            Self::Confirmed { .. } => "confirmed",
            Self::Binded => "binded_redirect",
            Self::Blocked => "verify_code_blocked",
            Self::Expired => "expired",
        }
    }

    fn is_final(&self) -> bool {
        matches!(self, Self::Confirmed { .. } | Self::Binded | Self::Blocked | Self::Expired)
    }
}

/// Returns the text in the QR code.
pub(crate) fn qr_url(id: &str) -> String {
    format!("https://liteapp.weixin.qq.com/q/7GiQu1?qrcode={id}&bot_type=3")
}

/// Returns the id in a QR text; a bare id is returned unchanged.
pub(crate) fn qr_id(url: &str) -> &str {
    let value = url.split_once("qrcode=").map_or(url, |(_, rest)| rest);
    value.split('&').next().unwrap_or(value)
}

/// The life of a QR code: 120 s.
const LIFE_MS: i64 = 120_000;
const WRONG_CODES: u32 = 3;
