//! The loop around a login: sends the requests that [`QrLogin`] asks for, and pauses between them.

use std::time::Duration;

use tokio::sync::mpsc;

use super::{LoginEvent, LoginFailure, LoginPatience, QrLogin, QrTurn, VerifyCode};
use crate::{
    clock::Clock,
    id::BotToken,
    ilink::{
        answer::QrId,
        client::Client,
        error::{Error, Retry},
    },
};

/// A running login. It may be dropped at any moment; it leaves only a code that expires.
#[derive(Debug)]
pub struct LoginProcess {
    client: Client,
    held: Vec<BotToken>,
    clock: Clock,
    login: Option<QrLogin>,
    qr: Option<QrId>,
    asking: bool,
    rested: bool,
    failures: u8,
}

impl LoginProcess {
    /// Begins a login. `held` are the owner's bot tokens, newest first; without any the server
    /// issues new credentials even to a person who is bound already.
    pub fn new(client: Client, held: Vec<BotToken>, clock: Clock, patience: LoginPatience) -> Self {
        let login = Some(QrLogin::begin(clock.now(), patience));
        let (qr, asking, rested, failures) = (None, false, true, 0);
        Self { client, held, clock, login, qr, asking, rested, failures }
    }

    /// Runs until there is an event to report. After `AlreadyBound`, `Confirmed` or `Failed` each
    /// call returns [`LoginFailure::Over`].
    ///
    /// The future may be dropped and `next` called again; an interrupted poll is repeated.
    pub async fn next(&mut self, digits: &mut mpsc::Receiver<VerifyCode>) -> LoginEvent {
        loop {
            let event = if self.login.is_none() {
                Some(LoginEvent::Failed(LoginFailure::Over))
            } else if self.asking {
                self.wait_for_digits(digits).await
            } else {
                self.rest().await;
                match self.qr.clone() {
                    Some(qr) => self.poll(qr).await,
                    None => self.fetch_code().await,
                }
            };
            if let Some(event) = event {
                return event;
            }
        }
    }

    async fn fetch_code(&mut self) -> Option<LoginEvent> {
        match self.client.get_bot_qrcode(&self.held).await {
            Ok(code) => {
                self.qr = Some(code.id);
                self.failures = 0;
                self.login.as_mut().map(|login| login.on_code(code.url))
            }
            // The server refuses a stale token among `held` with this code, so the next try sends
            // none.
            Err(Error::Refused { code: INVALID, .. }) if !self.held.is_empty() => {
                self.held.clear();
                None
            }
            Err(error) if error.retry() != Retry::Never && self.failures < MOST_FAILURES => {
                self.failures += 1;
                self.rested = false;
                None
            }
            Err(error) => self.end(LoginEvent::Failed(LoginFailure::Unreachable(error))),
        }
    }

    async fn poll(&mut self, qr: QrId) -> Option<LoginEvent> {
        let login = self.login.as_ref()?;
        let at = login.redirected_to().unwrap_or_else(|| self.client.fixed_base());
        let answer = self.client.get_qrcode_status(at, &qr, login.digits()).await;
        let login = self.login.take()?;
        self.rested = false;
        let (login, event) = match login.after(answer, self.clock.now()) {
            QrTurn::Poll(login, event) => (login, event),
            QrTurn::AskDigits { login, wrong } => {
                self.asking = true;
                self.rested = true;
                (login, Some(LoginEvent::DigitsWanted { wrong }))
            }
            QrTurn::NewCode(login, why) => {
                self.qr = None;
                (login, Some(why))
            }
            QrTurn::End(event) => return self.end(event),
        };
        self.login = Some(login);
        event
    }

    async fn wait_for_digits(
        &mut self,
        digits: &mut mpsc::Receiver<VerifyCode>,
    ) -> Option<LoginEvent> {
        match tokio::time::timeout(PAUSE, digits.recv()).await {
            Ok(Some(entered)) => {
                self.asking = false;
                self.login.as_mut()?.on_digits(entered);
                None
            }
            Ok(None) => self.end(LoginEvent::Failed(LoginFailure::NoDigits)),
            Err(_) if self.login.as_ref()?.overdue(self.clock.now()) => {
                self.end(LoginEvent::Failed(LoginFailure::TimedOut))
            }
            Err(_) => None,
        }
    }

    fn end(&mut self, last: LoginEvent) -> Option<LoginEvent> {
        self.login = None;
        self.qr = None;
        Some(last)
    }

    #[expect(clippy::disallowed_methods, reason = "the one place where a login waits for time")]
    async fn rest(&mut self) {
        if !self.rested {
            tokio::time::sleep(PAUSE).await;
            self.rested = true;
        }
    }
}

/// The pause between two requests (docs/protocol.md §3).
const PAUSE: Duration = Duration::from_secs(1);
const MOST_FAILURES: u8 = 2;
const INVALID: i64 = -3;
