//! `login`, `relogin`, `cancel`, and the digits that a phone shows.

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

/// Shows the login where it was asked for; whoever asked types its digits.
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

/// Takes a message as the digits that a login waits for, and removes it from the room; true when
/// the message has come to its end with this.
pub(super) async fn take_digits(asked: &Asked<'_>, body: &str) -> Result<bool, Halt> {
    let digits = body.trim();
    let (core, room) = (asked.core, &asked.said.room);
    let flow = core.flows.waiting_for(&asked.said.sender, room).filter(|_| is_plausible(digits));
    let Some(flow) = flow else { return Ok(false) };
    // Before anybody has them: after a crash the login waits for others, and these would be taken
    // for a message to a contact.
    let (entry, now) = (asked.entry, core.clock.now());
    let done = Change::new().finish(entry.id, entry.source(), &Outcome::Delivered, now);
    core.commit(done).await?;
    flow.take_digits(VerifyCode::new(digits));
    let (bot, txn) = (core.bot(), Txn::Digits(&asked.said.id).to_string());
    let removed = core.insist(|| bot.redact(room, &asked.said.id, &txn, None)).await;
    if let Err(Halt::Refused(_)) = removed {
        let please = Answer::PleaseRemove.text(asked.language);
        // What a stop keeps back: the number is good for nothing then.
        let _ = asked.reply(&please).await;
    }
    Ok(true)
}

/// Whether a message looks like digits, in a room with a login that does not want any at the
/// moment: a restart or a new code may have come before them, and nobody wants them to go to a
/// contact.
pub(super) fn are_stray_digits(asked: &Asked<'_>, body: &str) -> bool {
    let Event { sender, room, .. } = asked.said;
    is_plausible(body.trim()) && asked.is_new() && asked.core.flows.is_shown(sender, room)
}
