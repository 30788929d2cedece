//! Sends what waits for one contact: the thin shell around `window`, `pace` and `delivery`.

use std::{sync::Arc, time::Duration};

use super::{
    core::{Core, name_of},
    delivery::{self, After},
    halt::Halt,
    logout, notice,
    state::Outgoing,
    text::{Held, Refusal},
    window::{self, Hold},
};
use crate::{
    id::{MessageId, PortalId},
    ilink::{OutboundItem, OutboundMessage},
    matrix::content,
    store::{Change, Direction, Link, Login, LoginState, Outcome, Portal, Reply},
};

/// Runs until the portal's queue is empty or the bridge stops.
pub(crate) async fn run(core: Arc<Core>, portal: PortalId) {
    let mut told = None;
    while let Some(head) = core.outbox.head(portal) {
        let Some(portal) = core.registry.portal(portal) else { return };
        if core.tasks.stopping() {
            return;
        }
        match may_send(&core, &portal) {
            Ok(()) => {
                told = None;
                send_head(&core, &portal, head).await;
            }
            Err(hold) => wait(&core, &portal, &head, hold, &mut told).await,
        }
    }
}

fn may_send(core: &Core, portal: &Portal) -> Result<(), Hold> {
    if active_login(core, portal).is_none() {
        return Err(Hold::LoggedOut);
    }
    window::may_send(core.reply(portal.id).as_ref(), core.clock.now())
}

fn active_login(core: &Core, portal: &Portal) -> Option<Arc<Login>> {
    core.registry.login(portal.login).filter(|login| login.state == LoginState::Active)
}

/// Says once per holding period why, and waits until something changes.
async fn wait(
    core: &Arc<Core>,
    portal: &Portal,
    head: &Outgoing,
    hold: Hold,
    told: &mut Option<std::mem::Discriminant<Hold>>,
) {
    let changed = core.outbox.changed(portal.id);
    let kind = std::mem::discriminant(&hold);
    if *told != Some(kind) {
        *told = Some(kind);
        let contact = name_of(portal);
        let held = Held { why: hold, contact: &contact, prefix: core.prefix() };
        let text = held.text(core.language_of(&portal.key.owner));
        notice::say(core, &head.room, &text, &format!("held-{}-{}", head.event, hold.code())).await;
    }
    let now = core.clock.now();
    let patience = match hold {
        Hold::Throttled(until) => until.since(now).min(CLOCK_CHECK),
        Hold::NeverHeard | Hold::WindowClosed | Hold::QuotaSpent | Hold::LoggedOut => CLOCK_CHECK,
    };
    tokio::select! {
        () = changed.notified() => {}
        () = core.tasks.pause(patience) => {}
    }
}

/// Tries the next part of the message at the head once.
async fn send_head(core: &Arc<Core>, portal: &Portal, mut head: Outgoing) {
    let Some(text) = head.parts.get(usize::from(head.done)).cloned() else {
        finish_head(core, portal, &head).await;
        return;
    };
    let pace = core.outbox.pace(portal.login);
    let mut pace = pace.lock().await;
    while let Err(wait) = pace.take(core.clock.now()) {
        core.tasks.pause(wait).await;
        if core.tasks.stopping() {
            return;
        }
    }
    let Some(login) = active_login(core, portal) else { return };
    head.tries += 1;
    let answer = send_once(core, &login, portal, &head, text).await;
    let after = delivery::after_send(answer, head.tries);
    drop(pace);
    match after {
        After::Accepted(id) => accepted(core, portal, head, id).await,
        After::Retry(pause) => {
            tracing::debug!(portal = %portal.id, tries = head.tries, "a send did not get through");
            core.outbox.put_head(portal.id, head);
            core.tasks.pause(pause).await;
        }
        After::Throttled => throttled(core, portal),
        After::LoggedOut => logout::session_lost(core, &login).await,
        After::Failed(refusal) => failed(core, portal, &head, refusal).await,
    }
}

async fn send_once(
    core: &Core,
    login: &Login,
    portal: &Portal,
    head: &Outgoing,
    text: String,
) -> Result<crate::ilink::Accepted, crate::ilink::Error> {
    let session = core.ilink.session(login.token.clone(), login.base_url.as_deref())?;
    let message = OutboundMessage {
        to: portal.key.contact.clone(),
        context: core.reply(portal.id).and_then(|reply| reply.context),
        client_id: format!("{}:{}", head.event, head.done),
        item: OutboundItem::Text(text),
    };
    core.ilink.send_message(&session, &message).await
}

async fn accepted(core: &Arc<Core>, portal: &Portal, mut head: Outgoing, id: Option<MessageId>) {
    let number = head.done;
    head.done += 1;
    head.tries = 0;
    head.confirmed &= id.is_some();
    let mut change = Change::new().put_parts_done(head.entry.id, head.done);
    if let Some(id) = &id {
        change = change.link(&Link {
            portal: portal.id,
            message: id.clone(),
            item: number,
            event: head.event.clone(),
            direction: Direction::ToWechat,
            at: core.clock.now(),
        });
    }
    if let Some(reply) = core.reply(portal.id) {
        let reply = Reply { sends: reply.sends + 1, held_until: None, throttled: 0, ..reply };
        change = change.put_reply(portal.id, &reply);
        core.outbox.put_reply(portal.id, reply);
    }
    core.store.submit(change);
    if usize::from(head.done) < head.parts.len() {
        core.outbox.put_head(portal.id, head);
    } else {
        finish_head(core, portal, &head).await;
    }
}

/// All parts are accepted: the read receipt says so, or a quiet mark that nobody can tell.
async fn finish_head(core: &Arc<Core>, portal: &Portal, head: &Outgoing) {
    let outcome = if head.confirmed { Outcome::Delivered } else { Outcome::Unconfirmed };
    core.finish(&head.entry, &outcome);
    core.outbox.drop_head(portal.id);
    let bot = core.bot();
    let shown = if head.confirmed {
        bot.read_receipt(&head.room, &head.event).await
    } else {
        let mark = content::reaction(&head.event, UNCONFIRMED);
        let txn = format!("unconfirmed-{}", head.event);
        bot.send(&head.room, &mark, &txn, None).await.map(drop)
    };
    if let Err(error) = shown {
        tracing::debug!(room = %head.room, %error, "a delivery mark was not shown");
    }
}

fn throttled(core: &Core, portal: &Portal) {
    let Some(reply) = core.reply(portal.id) else { return };
    let throttled = reply.throttled + 1;
    let until = core.clock.now().plus(window::throttle_pause(throttled));
    tracing::warn!(portal = %portal.id, throttled, "WeChat throttles this contact's messages");
    let reply = Reply { held_until: Some(until), throttled, ..reply };
    core.store.submit(Change::new().put_reply(portal.id, &reply));
    core.outbox.put_reply(portal.id, reply);
}

async fn failed(core: &Arc<Core>, portal: &Portal, head: &Outgoing, refusal: Refusal) {
    tracing::warn!(portal = %portal.id, event = %head.event, code = refusal.code(), "WeChat refused a message");
    let text = refusal.text(core.language_of(&portal.key.owner));
    let reply = content::reply(&head.event, content::notice(text));
    let txn = format!("refuse-{}", head.event);
    let said = notice::in_room(core, &head.room, &reply, &txn).await;
    if matches!(said, Err(Halt::Stopping)) {
        return; // Said and recorded together at the next start.
    }
    core.finish(&head.entry, &Outcome::Refused(refusal.code().into()));
    core.outbox.drop_head(portal.id);
}

/// How long a held queue sleeps at most before it looks at the clock again, which may have been
/// set in the meantime.
const CLOCK_CHECK: Duration = Duration::from_secs(5 * 60);
/// The mark of a message that WeChat accepted without an id.
const UNCONFIRMED: &str = "❔";
