//! The commands `login`, `relogin` and `cancel`, and the digits that a phone shows.

use super::{Asked, Ran, target};
use crate::{
    bridge::{
        core::{attempt::Halt, login_name, txn::Txn},
        login::qr_login,
        portal::naming,
        state::Wanted,
        text::{Answer, LoginText},
    },
    ilink::VerifyCode,
    matrix::event::Event,
    store::{Change, Outcome},
    web::stage::is_plausible,
};

pub(super) async fn login(asked: &Asked<'_>, name: &str) -> Result<Ran, Halt> {
    start(asked, Wanted::Anybody { name: naming::sound_name(name) }).await
}

pub(super) async fn relogin(asked: &Asked<'_>, wanted: &str) -> Result<Ran, Halt> {
    let Some(login) = target::find(asked, "relogin", wanted).await? else {
        return Ok(Ran::Done(Outcome::Delivered));
    };
    let wanted = Wanted::Again { login: login.id, name: login_name(&login) };
    start(asked, wanted).await
}

/// Starts a login in the room of the command; the sender of the command enters its digits.
async fn start(asked: &Asked<'_>, wanted: Wanted) -> Result<Ran, Halt> {
    let event = Event { room: asked.said.room.clone(), ..asked.event.clone() };
    if qr_login::start(asked.core, asked.entry, &event, &asked.said.sender, wanted) {
        return Ok(Ran::GoesOn);
    }
    asked
        .reply(&Answer::TooManyLogins { prefix: asked.core.prefix() }.text(asked.language))
        .await?;
    Ok(Ran::Done(Outcome::Refused("too_many_logins".into())))
}

/// Cancels a login. An open question takes any message as its answer, also this one, before it
/// comes here.
pub(super) async fn cancel(asked: &Asked<'_>, name: &str) -> Result<(), Halt> {
    let answer = if asked.core.flows.cancel(&asked.event.sender, name) {
        LoginText::Cancelled.text(asked.language)
    } else {
        Answer::NothingToCancel.text(asked.language)
    };
    asked.reply(&answer).await
}

/// Takes a message as the digits that a login waits for, and redacts it; returns whether it did.
pub(super) async fn take_digits(asked: &Asked<'_>, body: &str) -> Result<bool, Halt> {
    let digits = body.trim();
    let (core, room) = (asked.core, &asked.said.room);
    let flow = core.flows.waiting_for(&asked.said.sender, room).filter(|_| is_plausible(digits));
    let Some(flow) = flow else { return Ok(false) };
    // The entry ends first: after a crash the login waits for other digits, and these would be
    // taken for a message to a contact.
    let (entry, now) = (asked.entry, core.clock.now());
    let done = Change::new().finish(entry.id, entry.source(), &Outcome::Delivered, now);
    core.commit(done).await?;
    flow.take_digits(VerifyCode::new(digits));
    let (bot, txn) = (core.bot(), Txn::Digits(&asked.said.id).to_string());
    let removed = core.insist(|| bot.redact(room, &asked.said.id, &txn, None)).await;
    if let Err(Halt::Refused(_)) = removed {
        let please = Answer::PleaseRemove.text(asked.language);
        // After a stop the digits are of no use any more.
        let _ = asked.reply(&please).await;
    }
    Ok(true)
}

/// Returns whether a message looks like digits, in a room with a login that does not ask for any at
/// the moment, for example after a restart or with a new code. Such a message must not go to a
/// contact.
pub(super) fn are_stray_digits(asked: &Asked<'_>, body: &str) -> bool {
    let Event { sender, room, .. } = asked.said;
    is_plausible(body.trim()) && asked.is_new() && asked.core.flows.is_shown(sender, room)
}
