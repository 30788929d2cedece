//! A QR login as people in the room see it: one message, edited through the states and removed
//! at the end.

mod linked;

use std::sync::{Arc, atomic::Ordering};

use ruma::{OwnedEventId, OwnedMxcUri};
use tokio::sync::mpsc;

use super::{
    core::Core,
    halt::Halt,
    notice,
    state::{Flow, Wanted},
    text::LoginText,
};
use crate::{
    config::Language,
    convert,
    ilink::{LoginEvent, LoginFailure, LoginPatience, LoginProcess, VerifyCode},
    matrix::{
        content::{self, Content, Media, MediaKind},
        event::Event,
    },
    store::{Entry, LoginState, Outcome},
    web::link::{Code, LinkToken, View},
};

/// Starts a login in the room of the command. The command's entry stays in the store until the
/// login is over, so a restart goes on with it, in the same message.
pub(crate) fn start(core: &Arc<Core>, entry: &Entry, event: &Event, wanted: Wanted) {
    let (digits, typed) = mpsc::channel(4);
    let link = LinkToken::of_command(core.config.appservice.hs_token.expose(), event.id.as_str());
    let flow = core.flows.begin(event, &wanted, digits, link);
    let shown = Shown {
        core: Arc::clone(core),
        language: core.language_of(&event.sender),
        flow: Arc::clone(&flow),
        entry: entry.clone(),
        message: None,
        picture: None,
        edits: 0,
        recorded: false,
    };
    core.tasks.spawn("login", run(shown, wanted, typed));
}

async fn run(mut shown: Shown, wanted: Wanted, typed: mpsc::Receiver<VerifyCode>) {
    let core = Arc::clone(&shown.core);
    let flow = Arc::clone(&shown.flow);
    let whole = follow(&mut shown, wanted, typed);
    let ended = flow.cancelled.run_until_cancelled(core.tasks.unless_stopped(whole)).await;
    core.flows.end(&flow);
    match ended {
        Some(None | Some(Err(Halt::Stopping))) => return, // Goes on at the next start, under the same address.
        Some(Some(Err(Halt::Refused(error)))) => {
            tracing::warn!(%error, "the homeserver refused a login message");
        }
        None | Some(Some(Ok(()))) => {}
    }
    let over =
        |view: &mut View| *view != View::Done && std::mem::replace(view, View::Over) != View::Over;
    flow.view.send_if_modified(over);
    shown.remove().await;
    if !shown.recorded {
        core.finish(&shown.entry, &Outcome::Delivered);
    }
}

/// Follows the login to its end.
async fn follow(
    shown: &mut Shown,
    wanted: Wanted,
    mut typed: mpsc::Receiver<VerifyCode>,
) -> Result<(), Halt> {
    let core = Arc::clone(&shown.core);
    let held = held_tokens(&core, shown, &wanted);
    let patience = match core.config.bridge.public_url {
        Some(_) => LoginPatience::PAGE,
        None => LoginPatience::PICTURE,
    };
    let mut process = LoginProcess::new(core.ilink.clone(), held, core.clock.clone(), patience);
    loop {
        let event = process.next(&mut typed).await;
        let wants_digits = matches!(event, LoginEvent::DigitsWanted { .. });
        shown.flow.wants_digits.store(wants_digits, Ordering::SeqCst);
        shown.on_page(&event);
        match event {
            LoginEvent::Code { url, number, of } => shown.code(&url, number, of).await?,
            LoginEvent::Scanned => shown.state(&LoginText::Scanned).await?,
            LoginEvent::Redirected => shown.state(&LoginText::Redirected).await?,
            LoginEvent::DigitsWanted { wrong: false } => {
                shown.state(&LoginText::DigitsWanted).await?;
            }
            LoginEvent::DigitsWanted { wrong: true } => {
                shown.state(&LoginText::DigitsWrong).await?
            }
            LoginEvent::Blocked => shown.state(&LoginText::Blocked).await?,
            LoginEvent::Expired => shown.state(&LoginText::Expired).await?,
            LoginEvent::AlreadyBound => {
                let prefix = core.prefix();
                return shown.say(&LoginText::AlreadyBound { prefix }).await;
            }
            LoginEvent::Confirmed(credentials) => {
                let command = shown.entry.clone();
                let owner = shown.flow.owner.clone();
                let said = linked::keep(&core, &owner, &wanted, credentials, &command).await?;
                shown.recorded = true;
                shown.flow.view.send_replace(View::Done);
                return shown.say(&said.text(core.prefix())).await;
            }
            LoginEvent::Failed(why) => return shown.say(&failure(&why, core.prefix())).await,
        }
    }
}

/// The tokens that tell WeChat which bots are here already: only this owner's, and none when a
/// new login is wanted in any case (docs/protocol.md §3).
fn held_tokens(core: &Core, shown: &Shown, wanted: &Wanted) -> Vec<crate::id::BotToken> {
    if matches!(wanted, Wanted::Again { .. }) {
        return Vec::new();
    }
    let logins = core.registry.logins_of(&shown.flow.owner);
    let active = logins.iter().rev().filter(|login| login.state == LoginState::Active);
    active.map(|login| login.token.clone()).collect()
}

fn failure<'a>(why: &LoginFailure, prefix: &'a str) -> LoginText<'a> {
    match why {
        LoginFailure::CodesUsedUp => LoginText::CodesUsedUp { prefix },
        LoginFailure::TimedOut => LoginText::TimedOut { prefix },
        LoginFailure::Unreachable(error) => {
            tracing::warn!(%error, "iLink gave no QR code");
            LoginText::Unreachable { prefix }
        }
        LoginFailure::NoBotId | LoginFailure::NoToken => LoginText::Incomplete { prefix },
        LoginFailure::NoDigits | LoginFailure::Over => LoginText::TimedOut { prefix },
    }
}

/// The login's message in the room.
struct Shown {
    core: Arc<Core>,
    language: Language,
    flow: Arc<Flow>,
    entry: Entry,
    message: Option<OwnedEventId>,
    picture: Option<Picture>,
    edits: u32,
    /// Whether the command's outcome is in the store already.
    recorded: bool,
}

#[derive(Clone)]
struct Picture {
    mxc: OwnedMxcUri,
    side: u32,
    bytes: u64,
}

impl Shown {
    /// Tells whoever looks at the link page; the end of the login is told when it is recorded.
    fn on_page(&self, event: &LoginEvent) {
        let view = match event {
            LoginEvent::Code { url, .. } => match convert::qr_svg(url) {
                Ok(svg) => View::Code(Arc::new(Code { svg, url: url.clone() })),
                Err(_) => View::Wait, // Said and logged where the picture is made.
            },
            LoginEvent::Scanned | LoginEvent::Redirected => View::Scanned,
            LoginEvent::DigitsWanted { wrong } => View::Digits { wrong: *wrong },
            LoginEvent::Blocked | LoginEvent::Expired => View::Wait,
            LoginEvent::AlreadyBound | LoginEvent::Confirmed(_) | LoginEvent::Failed(_) => return,
        };
        self.flow.view.send_replace(view);
    }

    /// The address of the link page, if there is one.
    fn page(&self) -> Option<String> {
        let public_url = self.core.config.bridge.public_url.as_deref()?;
        Some(self.flow.link.address(public_url))
    }

    /// Shows a QR code: the message is sent with the first and edited with each later one. Once a
    /// page shows them too, the room gets no more than it would without.
    async fn code(&mut self, url: &str, number: u8, of: u8) -> Result<(), Halt> {
        let page = self.page();
        let page = page.as_deref();
        let of = of.min(LoginPatience::PICTURE.codes);
        if number > of {
            if number == of + 1 {
                self.picture = None;
                self.state(&LoginText::PageOnly { page: page.unwrap_or_default() }).await?;
            }
            return Ok(());
        }
        let Ok(qr) = convert::qr_png(url) else {
            tracing::warn!("iLink's QR text is too long for a QR code");
            return self.state(&LoginText::Code { url, number, of, page }).await;
        };
        let (bytes, side, bot) = (qr.png.len() as u64, qr.side, self.core.bot());
        let upload = || bot.upload(qr.png.clone(), "image/png", "qr.png");
        let mxc = self.core.insist(upload).await?;
        self.picture = Some(Picture { mxc, side, bytes });
        self.state(&LoginText::Code { url, number, of, page }).await
    }

    /// Brings the message to this state.
    async fn state(&mut self, text: &LoginText<'_>) -> Result<(), Halt> {
        let content = self.content(&text.text(self.language));
        let room = &self.flow.room;
        let Some(message) = &self.message else {
            let txn = format!("login-{}", self.flow.event);
            let sent = notice::in_room(&self.core, room, &content, &txn).await?;
            self.message = Some(sent);
            // After a restart the homeserver knows the message already, with a stale picture.
            if self.entry.at < self.core.started {
                Box::pin(self.state(text)).await?;
            }
            return Ok(());
        };
        self.edits += 1;
        let edit = content::edit(message, content);
        let txn = format!("login-{}-{}-{}", self.flow.event, self.core.started.0, self.edits);
        notice::in_room(&self.core, room, &edit, &txn).await?;
        Ok(())
    }

    fn content(&self, caption: &str) -> Content {
        match &self.picture {
            None => content::notice(caption),
            Some(Picture { mxc, side, bytes }) => {
                let picture = Media {
                    caption: Some(caption.to_owned()),
                    width: Some(*side),
                    height: Some(*side),
                    ..Media::new(MediaKind::Image, mxc.clone(), "qr.png", "image/png", *bytes)
                };
                content::media(picture)
            }
        }
    }

    /// Says how the login ended.
    async fn say(&self, text: &LoginText<'_>) -> Result<(), Halt> {
        let notice = content::notice(text.text(self.language));
        let txn = format!("login-end-{}", self.flow.event);
        notice::in_room(&self.core, &self.flow.room, &notice, &txn).await.map(drop)
    }

    /// A QR code that is over must not look valid.
    async fn remove(&self) {
        let Some(message) = &self.message else { return };
        let (bot, txn) = (self.core.bot(), format!("login-gone-{}", self.flow.event));
        let removed = self.core.insist(|| bot.redact(&self.flow.room, message, &txn, None)).await;
        if let Err(Halt::Refused(error)) = removed {
            tracing::warn!(%error, "a QR code could not be removed from the room");
        }
    }
}
