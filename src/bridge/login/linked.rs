//! The record, the session and the portal of a confirmed login.

use std::sync::Arc;

use ruma::UserId;

use super::session;
use crate::{
    bridge::{
        core::{Core, attempt::Halt, login_name, owner},
        state::{Job, LaneKey, Wanted},
        text::LoginText,
    },
    id::{LoginId, PortalKey, WechatUserId},
    ilink::Credentials,
    store::{Change, Entry, Login, LoginState, Outcome, Portal},
};

/// The result of a confirmed login.
#[derive(Debug)]
pub(super) enum Linked {
    New { name: String },
    Again { name: String },
    Kept { name: String, asked: String },
    Other { name: String, wanted: String },
}

impl Linked {
    pub(super) fn text(&self) -> LoginText<'_> {
        match self {
            Self::New { name } => LoginText::Linked { name },
            Self::Again { name } => LoginText::LinkedAgain { name },
            Self::Kept { name, asked } => LoginText::LinkedKept { name, asked },
            Self::Other { name, wanted } => LoginText::LinkedOther { name, wanted },
        }
    }
}

/// Stores the credentials, starts the session and asks for the room. Returns `None` when WeChat did
/// not say who scanned.
pub(super) async fn keep(
    core: &Arc<Core>,
    owner: &UserId,
    wanted: &Wanted,
    credentials: Credentials,
    command: Option<&Entry>,
) -> Result<Option<(LoginId, Linked)>, Halt> {
    let Some(contact) = credentials.user.clone() else { return Ok(None) };
    let changing = core.changing.lock().await;
    let known = core.registry.find_login(owner, &contact);
    let login = record(core, owner, wanted, contact, credentials);
    let portal = portal(core, &login);
    let same_room = known.is_some() && portal.place().is_some();
    // With a new bot, the old cursor would miss messages, and the old context tokens are another
    // bot's.
    let mut change = Change::new().put_login(&login).put_portal(&portal).drop_cursor(login.id);
    if let Some(command) = command {
        // The command ends with this commit, so a restart does not ask for another scan.
        change = change.finish(command.id, command.source(), &Outcome::Delivered, core.clock.now());
    }
    let portals = core.registry.portals_of(login.id);
    for other in portals.iter().map(|p| p.id).chain([portal.id]) {
        change = change.drop_reply(other);
    }
    let windows = portals.iter().map(|p| p.id).chain([portal.id]);
    core.replies.forget(windows, || core.store.submit(change));
    core.barrier().await?;
    tracing::info!(login.id = %login.id, again = known.is_some(), "a contact is linked");
    let name = login_name(&login);
    let (login_id, portal_id) = (login.id, portal.id);
    core.registry.put_login(login);
    core.registry.put_portal(portal);
    drop(changing);
    owner::mark_present(core, owner).await?;
    for portal in core.registry.portals_of(login_id) {
        core.outbox.wake(portal.id);
    }
    session::start(core, login_id);
    core.lanes.push(LaneKey::Portal(portal_id), Job::OpenRoom);
    let linked = match wanted {
        Wanted::Again { login, name: wanted } if *login != login_id => {
            Linked::Other { name, wanted: wanted.clone() }
        }
        Wanted::Anybody { name: Some(asked) } if known.is_some() && *asked != name => {
            Linked::Kept { name, asked: asked.clone() }
        }
        Wanted::Again { .. } | Wanted::Anybody { .. } if same_room => Linked::Again { name },
        Wanted::Again { .. } | Wanted::Anybody { .. } => Linked::New { name },
    };
    Ok(Some((login_id, linked)))
}

/// Returns the login's record: that of an earlier login of this contact, with the new bot.
fn record(
    core: &Core,
    owner: &UserId,
    wanted: &Wanted,
    contact: WechatUserId,
    credentials: Credentials,
) -> Login {
    let known = core.registry.find_login(owner, &contact);
    let asked_name = match wanted {
        Wanted::Anybody { name } => name.clone(),
        Wanted::Again { .. } => None,
    };
    Login {
        id: known.as_ref().map_or_else(|| core.store.new_login_id(), |login| login.id),
        owner: owner.to_owned(),
        name: known.as_ref().and_then(|login| login.name.clone()).or(asked_name),
        created: known.map_or_else(|| core.clock.now(), |login| login.created),
        contact,
        bot: credentials.bot,
        token: credentials.token,
        base_url: credentials.base_url,
        state: LoginState::Active,
    }
}

fn portal(core: &Core, login: &Login) -> Portal {
    let key = PortalKey { owner: login.owner.clone(), contact: login.contact.clone() };
    match core.registry.find_portal(&key) {
        Some(known) => {
            let mut portal = Portal::clone(&known);
            portal.login = login.id;
            portal.name = login.name.clone().or(portal.name);
            portal.reopen();
            portal
        }
        None => Portal::new(core.store.new_portal_id(), key, login.id, login.name.clone()),
    }
}
