//! The typing notification on the phone while a member of the Matrix room is typing
//! (docs/protocol.md §5).
//!
//! Failures are logged and not repeated, and nothing of it is stored.

use std::{sync::Arc, time::Duration};

use serde_json::value::RawValue;

use crate::{
    bridge::{
        core::Core,
        policy::{self, Act, Actor, Ruling},
        state::{Turn, reply_window},
    },
    ilink::{self, ApiSession, TypingTicket},
    matrix::event::Typing,
    store::{Login, LoginState, Portal},
};

/// Handles who is typing in a room of contacts; other ephemeral events are ignored.
pub(super) fn on_ephemeral(core: &Arc<Core>, raw: &RawValue) {
    if !core.config.bridge.typing {
        return;
    }
    let Some(typing) = Typing::parse(raw) else { return };
    let mut portals = core.registry.members(&typing.room);
    portals.extend(core.registry.portal_in(&typing.room));
    for portal in portals {
        let rules = policy::rules(&portal, &typing.room);
        let is_shown = |user| {
            let actor = Actor::of_user(core, &portal, user);
            policy::decide(actor, Act::Typing, rules) == Ruling::Allowed
        };
        let types = typing.users.iter().any(|user| is_shown(user));
        types_to(core, portal, types);
    }
}

fn types_to(core: &Arc<Core>, portal: Arc<Portal>, types: bool) {
    if !types {
        return core.typists.end(portal.id);
    }
    // Outside the window a bot may send nothing, which may include this.
    if reply_window::may_send(core.reply(portal.id).as_ref(), core.clock.now()).is_err() {
        return;
    }
    if let Some(turn) = core.typists.begin(portal.id) {
        core.tasks.spawn("typing", show(Arc::clone(core), portal, turn));
    }
}

/// Shows typing until it ends, and always sends the end, since a phone may go on showing it.
async fn show(core: Arc<Core>, portal: Arc<Portal>, turn: Turn) {
    let _mine = turn.turn.lock().await;
    let mut shown = None;
    for _ in 0..MOST_REFRESHES {
        if turn.stops.is_cancelled() || core.tasks.stopping() {
            break;
        }
        match refresh(&core, &portal).await {
            Ok(Some(by)) => shown = Some(by),
            Ok(None) => break,
            Err(error) => {
                tracing::debug!(portal = %portal.id, %error, "typing was not shown");
                core.typists.keep(portal.id, None);
                break;
            }
        }
        tokio::select! {
            () = turn.stops.cancelled() => {}
            () = core.tasks.pause(REFRESH) => {}
        }
    }
    turn.stops.cancel();
    let Some((session, ticket)) = shown else { return };
    if let Err(error) = core.ilink.send_typing(&session, &portal.key.contact, &ticket, false).await
    {
        tracing::debug!(portal = %portal.id, %error, "the end of typing was not shown");
    }
}

/// Shows typing for the next seconds; `None` when the contact's login is not active.
async fn refresh(
    core: &Core,
    portal: &Portal,
) -> Result<Option<(ApiSession, TypingTicket)>, ilink::Error> {
    let is_active = |login: &Arc<Login>| login.state == LoginState::Active;
    let Some(login) = core.registry.login(portal.login).filter(is_active) else { return Ok(None) };
    let session = core.ilink.session(login.token.clone(), login.base_url.as_deref())?;
    let contact = &portal.key.contact;
    let now = core.clock.now();
    let ticket = match core.typists.ticket(portal.id, now) {
        Some(ticket) => ticket,
        None => {
            let context = core.reply(portal.id).and_then(|reply| reply.context);
            let ticket = core.ilink.get_config(&session, contact, context.as_ref()).await?;
            core.typists.keep(portal.id, Some((ticket.clone(), now)));
            ticket
        }
    };
    core.ilink.send_typing(&session, contact, &ticket, true).await?;
    Ok(Some((session, ticket)))
}

/// The pause between two notifications; a phone stops showing it a little later.
const REFRESH: Duration = Duration::from_secs(5);
/// The greatest number of notifications, which is five minutes, for a homeserver that never sends
/// the end.
const MOST_REFRESHES: u32 = 60;
