//! `login`, `relogin`, `cancel`, and the digits that a phone shows.

use super::{Asked, Ran, contact};
use crate::{
    bridge::{
        core::login_name,
        halt::Halt,
        login,
        state::Wanted,
        text::{Answer, LoginText},
    },
    ilink::VerifyCode,
    store::Outcome,
    web::stage::is_plausible,
};

pub(super) async fn login(asked: &Asked<'_>, name: &str) -> Result<Ran, Halt> {
    let name = login::sound_name(name);
    login::start(asked.core, asked.entry, asked.event, Wanted::Anybody { name });
    Ok(Ran::GoesOn)
}

pub(super) async fn relogin(asked: &Asked<'_>, wanted: &str) -> Result<Ran, Halt> {
    let Some(login) = contact::find(asked, "relogin", wanted).await? else {
        return Ok(Ran::Done(Outcome::Delivered));
    };
    let wanted = Wanted::Again { login: login.id, name: login_name(&login) };
    login::start(asked.core, asked.entry, asked.event, wanted);
    Ok(Ran::GoesOn)
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

/// Takes a message as the digits that a login waits for, and removes it from the room.
pub(super) async fn take_digits(asked: &Asked<'_>, body: &str) -> Result<bool, Halt> {
    let digits = body.trim();
    let plausible = is_plausible(digits);
    let (user, room) = (&asked.event.sender, &asked.event.room);
    if !plausible || !asked.core.flows.take_digits(user, room, VerifyCode::new(digits)) {
        return Ok(false);
    }
    let (bot, txn) = (asked.core.bot(), format!("digits-{}", asked.event.id));
    match asked.core.insist(|| bot.redact(room, &asked.event.id, &txn, None)).await {
        Ok(_) => {}
        Err(Halt::Refused(_)) => asked.reply(&Answer::PleaseRemove.text(asked.language)).await?,
        Err(Halt::Stopping) => return Err(Halt::Stopping),
    }
    Ok(true)
}
