//! `list`, `status`, `name`, `voice`, and finding the contact that a command means.

use std::sync::Arc;

use super::{Asked, group};
use crate::{
    bridge::{
        core::{Core, login_name, name_of},
        halt::Halt,
        room,
        text::{Answer, Note},
        window::{self, Hold},
    },
    matrix::room::State,
    store::{Change, Login, LoginState, Portal},
};

pub(super) async fn list(asked: &Asked<'_>) -> Result<(), Halt> {
    let logins = asked.core.registry.logins_of(&asked.event.sender);
    if logins.is_empty() {
        return asked
            .reply(&Note::NoLogins { prefix: asked.core.prefix() }.text(asked.language))
            .await;
    }
    let lines: Vec<_> = logins.iter().map(|login| login_line(asked, login)).collect();
    asked.reply(&lines.join("\n")).await
}

fn login_line(asked: &Asked<'_>, login: &Login) -> String {
    let active = login.state == LoginState::Active;
    let contact = login.contact.to_string();
    let name = login_name(login);
    Note::LoginLine { name: &name, contact: &contact, active, prefix: asked.core.prefix() }
        .text(asked.language)
}

pub(super) async fn status(asked: &Asked<'_>) -> Result<(), Halt> {
    if let Some(portal) = asked.portal {
        return asked.reply(&portal_line(asked, portal)).await;
    }
    if group::status(asked).await? {
        return Ok(());
    }
    let logins = asked.core.registry.logins_of(&asked.event.sender);
    if logins.is_empty() {
        return asked
            .reply(&Note::NoLogins { prefix: asked.core.prefix() }.text(asked.language))
            .await;
    }
    let portals: Vec<_> =
        logins.iter().flat_map(|login| asked.core.registry.portals_of(login.id)).collect();
    let queued = portals.iter().map(|portal| asked.core.outbox.queued(portal.id)).sum();
    let active = logins.iter().filter(|login| login.state == LoginState::Active).count();
    let head = Note::StatusBridge { logins: logins.len(), active, queued };
    let mut lines = vec![head.text(asked.language)];
    lines.extend(portals.iter().map(|portal| format!("• {}", portal_line(asked, portal))));
    asked.reply(&lines.join("\n")).await
}

/// How a contact stands, in one line.
pub(super) fn portal_line(asked: &Asked<'_>, portal: &Portal) -> String {
    let queued = asked.core.outbox.queued(portal.id);
    let name = name_of(portal);
    let head = Note::StatusPortal { name: &name, queued }.text(asked.language);
    format!("{head}; {}", window_text(asked, portal))
}

fn window_text(asked: &Asked<'_>, portal: &Portal) -> String {
    let (core, language) = (asked.core, asked.language);
    let reply = core.reply(portal.id);
    let now = core.clock.now();
    match (window::may_send(reply.as_ref(), now), &reply) {
        (Err(Hold::NeverHeard), _) | (_, None) => Note::NeverHeard.text(language),
        (Err(Hold::WindowClosed), _) => Note::WindowClosed.text(language),
        (_, Some(reply)) => {
            let left = window::WINDOW.saturating_sub(now.since(reply.heard));
            let left_minutes = left.as_secs() / 60;
            let sends_left = window::QUOTA.saturating_sub(reply.sends);
            Note::Window { left_minutes, sends_left }.text(language)
        }
    }
}

/// `name <name>` in a portal, `name <contact> = <name>` elsewhere.
pub(super) async fn name(asked: &Asked<'_>, rest: &str) -> Result<(), Halt> {
    let usage = Answer::NameUsage { prefix: asked.core.prefix() }.text(asked.language);
    let (portal, new) = match (asked.portal, rest.split_once('=')) {
        (Some(portal), _) => (Arc::new(portal.clone()), rest.trim()),
        (None, None) => return asked.reply(&usage).await,
        (None, Some((whom, new))) => {
            let Some(login) = find(asked, "name", whom.trim()).await? else { return Ok(()) };
            let Some(portal) = asked.core.registry.portals_of(login.id).into_iter().next() else {
                return asked.reply(&usage).await;
            };
            (portal, new.trim())
        }
    };
    if new.is_empty() || portal.key.owner != asked.event.sender {
        return asked.reply(&usage).await;
    }
    rename(asked.core, &portal, new).await?;
    asked.reply(&Answer::Renamed { name: new }.text(asked.language)).await
}

/// `voice file` or `voice silk` in a portal.
pub(super) async fn voice(asked: &Asked<'_>, rest: &str) -> Result<(), Halt> {
    let chosen = match rest.to_ascii_lowercase().as_str() {
        "file" => Some(false),
        "silk" => Some(true),
        _ => None,
    };
    let core = asked.core;
    let portal = asked.portal.filter(|portal| portal.key.owner == asked.event.sender);
    let (Some(items), Some(portal)) = (chosen, portal) else {
        return asked
            .reply(&Answer::VoiceUsage { prefix: core.prefix() }.text(asked.language))
            .await;
    };
    let changing = core.changing.lock().await;
    let Some(portal) = core.registry.portal(portal.id) else { return Ok(()) };
    let changed = Portal { voice_items: Some(items), ..Portal::clone(&portal) };
    core.commit(Change::new().put_portal(&changed)).await?;
    core.registry.put_portal(changed);
    drop(changing);
    asked.reply(&Answer::VoiceSet { items }.text(asked.language)).await
}

/// Gives a contact another name: in the store, on the ghost, on the room.
pub(crate) async fn rename(core: &Arc<Core>, portal: &Portal, name: &str) -> Result<(), Halt> {
    let name: String = name.trim().chars().filter(|c| !c.is_control()).take(NAME_CHARS).collect();
    if name.is_empty() || portal.name.as_deref() == Some(&name) {
        return Ok(());
    }
    let changing = core.changing.lock().await;
    let Some(portal) = core.registry.portal(portal.id) else { return Ok(()) };
    let renamed = Portal { name: Some(name.clone()), ..Portal::clone(&portal) };
    let mut change = Change::new().put_portal(&renamed);
    let login = core.registry.login(portal.login).filter(|l| l.contact == portal.key.contact);
    let login = login.map(|l| Login { name: Some(name.clone()), ..Login::clone(&l) });
    if let Some(login) = &login {
        change = change.put_login(login);
    }
    core.commit(change).await?;
    login.into_iter().for_each(|login| core.registry.put_login(login));
    core.registry.put_portal(renamed.clone());
    drop(changing);
    if let Some(ghost) = core.ghost(&renamed.key.contact) {
        let shown = room::display_name(core, &renamed);
        core.insist(|| ghost.set_display_name(&shown)).await?;
    }
    if let Some(room) = &renamed.room {
        let bot = core.bot();
        let state = State::new("m.room.name", "", serde_json::json!({ "name": name }));
        core.insist(|| bot.send_state(room, &state)).await?;
    }
    Ok(())
}

/// The login that a command means: the one named, that of this portal, or the only one; else the
/// user is asked which.
pub(super) async fn find(
    asked: &Asked<'_>,
    command: &str,
    wanted: &str,
) -> Result<Option<Arc<Login>>, Halt> {
    let mut logins = asked.core.registry.logins_of(&asked.event.sender);
    if wanted.is_empty() {
        if let Some(portal) = asked.portal {
            return Ok(logins.into_iter().find(|login| login.id == portal.login));
        }
        if logins.len() == 1 {
            return Ok(logins.pop());
        }
    }
    let named = |login: &Arc<Login>| {
        login_name(login).to_lowercase() == wanted.to_lowercase()
            || login.contact.as_str() == wanted
    };
    let mut matching: Vec<_> = logins.iter().filter(|login| named(login)).cloned().collect();
    if matching.len() == 1 {
        return Ok(matching.pop());
    }
    let names: Vec<_> = logins.iter().map(|login| login_name(login)).collect();
    let names = names.join(", ");
    let answer = match (logins.is_empty(), wanted.is_empty() || !matching.is_empty()) {
        (true, _) => Note::NoLogins { prefix: asked.core.prefix() }.text(asked.language),
        (false, true) => Answer::WhichContact { command, names: &names }.text(asked.language),
        (false, false) => Answer::NoSuchContact { wanted, names: &names }.text(asked.language),
    };
    asked.reply(&answer).await?;
    Ok(None)
}

const NAME_CHARS: usize = 100;
