//! `login`, `relogin`, `cancel`, and the digits that a phone shows.

use ruma::UserId;

use super::{Asked, Ran, contact};
use crate::{
    bridge::{
        core::login_name,
        halt::Halt,
        login,
        state::{Question, Wanted},
        text::{Answer, LoginText},
    },
    ilink::VerifyCode,
    matrix::event::Event,
    store::Outcome,
    web::stage::is_plausible,
};

pub(super) async fn login(asked: &Asked<'_>, name: &str) -> Result<Ran, Halt> {
    Ok(start(asked, Wanted::Anybody { name: login::sound_name(name) }))
}

pub(super) async fn relogin(asked: &Asked<'_>, wanted: &str) -> Result<Ran, Halt> {
    let Some(login) = contact::find(asked, "relogin", wanted).await? else {
        return Ok(Ran::Done(Outcome::Delivered));
    };
    let wanted = Wanted::Again { login: login.id, name: login_name(&login) };
    Ok(start(asked, wanted))
}

/// Shows the login where it was asked for; whoever asked types its digits.
fn start(asked: &Asked<'_>, wanted: Wanted) -> Ran {
    let event = Event { room: asked.said.room.clone(), ..asked.event.clone() };
    login::start(asked.core, asked.entry, &event, wanted);
    if event.sender != asked.said.sender {
        asked.question(Question::Digits(event.sender));
    }
    Ran::GoesOn
}

/// Stops a login. An open question takes any message as its answer, this one too, before it
/// gets here.
pub(super) async fn cancel(asked: &Asked<'_>, name: &str) -> Result<(), Halt> {
    let answer = if asked.core.flows.cancel(&asked.event.sender, name) {
        LoginText::Cancelled.text(asked.language)
    } else {
        Answer::NothingToCancel.text(asked.language)
    };
    asked.reply(&answer).await
}

/// Takes a message as the digits that a login of this owner waits for, and removes it from the room.
pub(super) async fn take_digits(
    asked: &Asked<'_>,
    owner: &UserId,
    body: &str,
) -> Result<bool, Halt> {
    let digits = body.trim();
    let plausible = is_plausible(digits);
    let room = &asked.said.room;
    if !plausible || !asked.core.flows.take_digits(owner, room, VerifyCode::new(digits)) {
        return Ok(false);
    }
    let (bot, txn) = (asked.core.bot(), format!("digits-{}", asked.said.id));
    match asked.core.insist(|| bot.redact(room, &asked.said.id, &txn, None)).await {
        Ok(_) => {}
        Err(Halt::Refused(_)) => asked.reply(&Answer::PleaseRemove.text(asked.language)).await?,
        Err(Halt::Stopping) => return Err(Halt::Stopping),
    }
    Ok(true)
}
