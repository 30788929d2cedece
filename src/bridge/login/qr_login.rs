//! A QR login: the loop behind the room's message, the link page and the provisioning API.

use std::sync::{Arc, atomic::Ordering};

use rand::RngCore;
use ruma::UserId;
use tokio::sync::mpsc;

use super::{in_room::InRoom, linked, trial};
use crate::{
    bridge::{
        core::{Core, attempt::Halt},
        state::{Flow, LoginPlace, Wanted},
        text::{LoginText, StepText},
    },
    convert,
    id::BotToken,
    ilink::{self, Credentials, LoginEvent, LoginFailure, LoginPatience, LoginProcess, VerifyCode},
    matrix::event::Event,
    store::{Entry, LoginState, Outcome},
    web::{
        link::LinkToken,
        stage::{Code, Ending, View},
    },
};

/// Starts a login in the room of the command. The command's entry stays in the store until the
/// login has ended, so a restart continues it, in its message.
///
/// `typist` is the user who asked for it, perhaps in the name of the event's sender. Returns false
/// when this owner has too many logins in progress.
pub(crate) fn start(
    core: &Arc<Core>,
    entry: &Entry,
    event: &Event,
    typist: &UserId,
    wanted: Wanted,
) -> bool {
    let link = link_of(core, event.id.as_str());
    let place = LoginPlace::Room { room: event.room.clone(), typist: typist.to_owned() };
    let (flow, typed) = Flow::new(event.sender.clone(), place, &wanted, link);
    if !core.flows.begin(&flow) {
        return false;
    }
    let room = InRoom::new(core, &flow, entry, event);
    let going = Going { core: Arc::clone(core), flow, wanted, room: Some(room) };
    core.tasks.spawn("login", run(going, typed));
    true
}

/// Starts a login that the provisioning API shows; it ends with the bridge. Returns `None` when
/// this owner has too many logins in progress.
pub(super) fn start_by_api(core: &Arc<Core>, owner: &UserId, wanted: Wanted) -> Option<Arc<Flow>> {
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    let id = hex::encode(bytes);
    let link = link_of(core, &id);
    let (flow, typed) = Flow::new(owner.to_owned(), LoginPlace::Api(id), &wanted, link);
    if !core.flows.begin(&flow) {
        return None;
    }
    tracing::info!("a login was started through the provisioning API");
    let going = Going { core: Arc::clone(core), flow: Arc::clone(&flow), wanted, room: None };
    core.tasks.spawn("login", run(going, typed));
    Some(flow)
}

fn link_of(core: &Core, cause: &str) -> LinkToken {
    LinkToken::of_command(core.config.appservice.hs_token.expose(), cause)
}

/// A login in progress.
struct Going {
    core: Arc<Core>,
    flow: Arc<Flow>,
    wanted: Wanted,
    /// The message in the room, if it was started in one.
    room: Option<InRoom>,
}

async fn run(mut going: Going, typed: mpsc::Receiver<VerifyCode>) {
    let core = Arc::clone(&going.core);
    let ended = core.tasks.unless_stopped(follow(&mut going, typed)).await;
    core.flows.end(&going.flow, core.clock.now());
    match ended {
        None | Some(Err(Halt::Stopping)) => {
            if going.room.is_none() {
                going.show(View::Over(Ending::Stopped), &StepText::Over(Ending::Stopped));
            }
            return; // What a room asked for goes on at the next start, under the same address.
        }
        Some(Err(Halt::Refused(error))) => {
            tracing::warn!(%error, "the homeserver refused a login message");
        }
        Some(Ok(())) => {}
    }
    going.show(View::Over(Ending::Cancelled), &StepText::Over(Ending::Cancelled));
    let Some(room) = going.room else { return };
    room.remove().await;
    if !room.recorded {
        core.finish(&room.entry, &Outcome::Delivered);
    }
}

/// Runs the login to its end, or until it is cancelled. Credentials that WeChat has confirmed are
/// stored in any case.
async fn follow(going: &mut Going, mut typed: mpsc::Receiver<VerifyCode>) -> Result<(), Halt> {
    let core = Arc::clone(&going.core);
    let held = held_tokens(going);
    let is_known = !held.is_empty();
    let patience = match (&core.config.bridge.public_url, &going.room) {
        (None, Some(_)) => LoginPatience::PICTURE,
        (Some(_), _) | (_, None) => LoginPatience::PAGE,
    };
    let mut process = LoginProcess::new(core.ilink.clone(), held, core.clock.clone(), patience);
    let flow = Arc::clone(&going.flow);
    loop {
        let event = going.next(&mut process, &mut typed);
        let Some(event) = flow.cancelled.run_until_cancelled(event).await else { return Ok(()) };
        match event? {
            LoginEvent::AlreadyBound if is_known => return going.fail(Ending::AlreadyLinked).await,
            LoginEvent::AlreadyBound => return going.fail(Ending::BoundElsewhere).await,
            LoginEvent::Failed(why) => return going.fail(ending(&why)).await,
            LoginEvent::Confirmed(credentials) => return going.link(credentials).await,
            LoginEvent::Code { .. }
            | LoginEvent::Scanned
            | LoginEvent::Redirected
            | LoginEvent::DigitsWanted { .. }
            | LoginEvent::Blocked
            | LoginEvent::Expired => {}
        }
    }
}

/// Returns the tokens that tell WeChat which bots exist already: only this owner's, and none when a
/// new login is wanted in any case (docs/protocol.md §3).
fn held_tokens(going: &Going) -> Vec<BotToken> {
    if matches!(going.wanted, Wanted::Again { .. }) {
        return Vec::new();
    }
    let logins = going.core.registry.logins_of(&going.flow.owner);
    let active = logins.iter().rev().filter(|login| login.state == LoginState::Active);
    active.map(|login| login.token.clone()).collect()
}

fn ending(why: &LoginFailure) -> Ending {
    match why {
        LoginFailure::CodesUsedUp => Ending::CodesUsedUp,
        LoginFailure::Unreachable(error) => {
            tracing::warn!(%error, "iLink did not go on with a login");
            of_error(error)
        }
        LoginFailure::NoBotId | LoginFailure::NoToken => Ending::Incomplete,
        LoginFailure::TimedOut | LoginFailure::NoDigits | LoginFailure::Over => Ending::TimedOut,
    }
}

/// Returns the reason that users are told for an error during a login.
fn of_error(error: &ilink::Error) -> Ending {
    match error {
        ilink::Error::HostNotAllowed { .. } => Ending::BadServer,
        ilink::Error::Unreachable { .. } | ilink::Error::Timeout | ilink::Error::Cut => {
            Ending::Unreachable
        }
        ilink::Error::SessionExpired
        | ilink::Error::Refused { .. }
        | ilink::Error::Http { .. }
        | ilink::Error::Garbled
        | ilink::Error::TooLarge { .. }
        | ilink::Error::Setup { .. } => Ending::NoCode,
    }
}

/// Returns the notice about the end; `None` when the room itself ended the login.
fn said(why: Ending, prefix: &str) -> Option<LoginText<'_>> {
    Some(match why {
        Ending::AlreadyLinked => LoginText::AlreadyBound { prefix },
        Ending::CodesUsedUp => LoginText::CodesUsedUp { prefix },
        Ending::TimedOut => LoginText::TimedOut { prefix },
        Ending::Unreachable => LoginText::Unreachable { prefix },
        Ending::BoundElsewhere => LoginText::BoundElsewhere { prefix },
        Ending::NoCode => LoginText::NoCode { prefix },
        Ending::BadServer => LoginText::BadServer,
        Ending::Incomplete => LoginText::Incomplete { prefix },
        Ending::Unusable => LoginText::Unusable { prefix },
        Ending::Cancelled | Ending::Stopped => return None,
    })
}

impl Going {
    /// Returns the next event of the login, after everyone who follows it was told.
    async fn next(
        &mut self,
        process: &mut LoginProcess,
        typed: &mut mpsc::Receiver<VerifyCode>,
    ) -> Result<LoginEvent, Halt> {
        let event = process.next(typed).await;
        let wants_digits = matches!(event, LoginEvent::DigitsWanted { .. });
        self.flow.wants_digits.store(wants_digits, Ordering::SeqCst);
        self.show_state(&event);
        if let Some(room) = &mut self.room {
            room.follow(&event).await?;
        }
        Ok(event)
    }

    /// Shows a stage on the link page and in the provisioning API.
    fn show(&self, view: View, words: &StepText<'_>) {
        self.flow.show(view, words.text(self.core.language_of(&self.flow.owner)));
    }

    /// Shows an event on the link page and in the provisioning API; the ends are shown when they
    /// are stored.
    fn show_state(&self, event: &LoginEvent) {
        let page = page_of(&self.core, &self.flow);
        let (view, words) = match event {
            LoginEvent::Code { url, .. } => match convert::qr_svg(url) {
                Ok(svg) => {
                    let code = Arc::new(Code { svg, url: url.clone() });
                    (View::Code(code), StepText::Code { page: page.as_deref() })
                }
                Err(_) => (View::Wait, StepText::Wait), // Said and logged where the picture is made.
            },
            LoginEvent::Scanned | LoginEvent::Redirected => (View::Scanned, StepText::Scanned),
            LoginEvent::DigitsWanted { wrong } => {
                (View::Digits { wrong: *wrong }, StepText::Digits { wrong: *wrong })
            }
            LoginEvent::Blocked | LoginEvent::Expired => (View::Wait, StepText::Wait),
            LoginEvent::AlreadyBound | LoginEvent::Confirmed(_) | LoginEvent::Failed(_) => return,
        };
        self.show(view, &words);
    }

    async fn fail(&self, why: Ending) -> Result<(), Halt> {
        self.show(View::Over(why), &StepText::Over(why));
        match (&self.room, said(why, self.core.prefix())) {
            (Some(room), Some(text)) => room.say(&text).await,
            (Some(_) | None, _) => Ok(()),
        }
    }

    async fn link(&mut self, credentials: Credentials) -> Result<(), Halt> {
        let (core, owner) = (Arc::clone(&self.core), self.flow.owner.clone());
        if let Err(why) = trial::of(&core, &credentials).await {
            return self.fail(why).await;
        }
        let command = self.room.as_ref().map(|room| &room.entry);
        let kept = linked::keep(&core, &owner, &self.wanted, credentials, command).await?;
        let Some((login, linked)) = kept else { return self.fail(Ending::Incomplete).await };
        let text = linked.text();
        self.flow.show(View::Done { login: login.0 }, text.text(core.language_of(&owner)));
        let Some(room) = &mut self.room else { return Ok(()) };
        room.recorded = true;
        room.say(&text).await
    }
}

/// Returns the address of the link page, if there is one.
pub(super) fn page_of(core: &Core, flow: &Flow) -> Option<String> {
    Some(flow.link.address(core.config.bridge.public_url.as_deref()?))
}
