//! `list`, `status`, `name`, `voice`, and finding the contact that a command means.

use std::sync::Arc;

use super::{Asked, Context, group, portal};
use crate::{
    bridge::{
        core::{Core, login_name, name_of},
        face,
        halt::Halt,
        login,
        text::{Answer, Note},
        window::{self, Hold},
    },
    id::{LoginId, PortalKey},
    store::{Change, Login, LoginState, Portal, Question},
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

/// How a login stands, and each of its chats.
pub(super) fn login_line(asked: &Asked<'_>, login: &Login) -> String {
    let active = login.state == LoginState::Active;
    let contact = login.contact.to_string();
    let name = login_name(login);
    let note =
        Note::LoginLine { name: &name, contact: &contact, active, prefix: asked.core.prefix() };
    let mut line = note.text(asked.language);
    for portal in asked.core.registry.portals_of(login.id) {
        if portal.key.contact != login.contact {
            line += &format!("\n  ◦ {}", name_of(&portal));
        }
        let queued = asked.core.outbox.queued(portal.id);
        if active {
            line += &format!("; {}", window_text(asked, &portal));
        }
        if queued > 0 {
            line += &format!("; {}", Note::Queued { count: queued }.text(asked.language));
        }
    }
    let key = PortalKey { owner: login.owner.clone(), contact: login.contact.clone() };
    let portal = asked.core.registry.find_portal(&key);
    line + &portal.map(|portal| portal::oddities(asked, &portal)).unwrap_or_default()
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
    format!("{head}; {}{}", window_text(asked, portal), portal::oddities(asked, portal))
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
            let after = format!(" ={new}");
            let found = find_in(asked, "name ", whom.trim(), &after).await?;
            let Some(login) = found else { return Ok(()) };
            let Some(portal) = asked.core.registry.portals_of(login.id).into_iter().next() else {
                return asked.reply(&usage).await;
            };
            (portal, new.trim())
        }
    };
    if new.is_empty() {
        return asked.reply(&usage).await;
    }
    if asked.context() == (Context::Portal { own: false }) {
        return asked.reply(&Answer::NotYourContact.text(asked.language)).await;
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
    let (Some(items), Some(portal)) = (chosen, asked.portal) else {
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
    // One that is known already is shown again: the bridge may have died before it was.
    let Some(name) = login::sound_name(name) else { return Ok(()) };
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
    face::show_name(core, &renamed).await
}

/// The login that a command means: the one named, that of this portal, or the only one. When
/// there are several the user is asked which, and the command is run with the answer.
pub(super) async fn find(
    asked: &Asked<'_>,
    command: &str,
    wanted: &str,
) -> Result<Option<Arc<Login>>, Halt> {
    find_in(asked, &format!("{command} "), wanted, "").await
}

/// The same for a contact between the words `before` and `after`.
async fn find_in(
    asked: &Asked<'_>,
    before: &str,
    wanted: &str,
    after: &str,
) -> Result<Option<Arc<Login>>, Halt> {
    let logins = asked.core.registry.logins_of(&asked.event.sender);
    let here = asked.portal.filter(|_| wanted.is_empty()).map(|portal| portal.login);
    let mut matching: Vec<_> =
        logins.iter().filter(|login| is_meant(login, wanted, here)).cloned().collect();
    if matching.len() == 1 {
        return Ok(matching.pop());
    }
    let answer = if logins.is_empty() {
        Note::NoLogins { prefix: asked.core.prefix() }.text(asked.language)
    } else if here.is_some() {
        Answer::NotYourContact.text(asked.language)
    } else if matching.is_empty() {
        let names: Vec<_> = logins.iter().map(|login| login_name(login)).collect();
        Answer::NoSuchContact { wanted, names: &names.join(", ") }.text(asked.language)
    } else {
        ask_which(asked, before, &matching, after)
    };
    asked.reply(&answer).await?;
    Ok(None)
}

/// Whether a login is one that somebody means by its contact's name or id, by the room they are
/// in, or by nothing.
fn is_meant(login: &Login, wanted: &str, here: Option<LoginId>) -> bool {
    match here {
        Some(here) => login.id == here,
        None if wanted.is_empty() => true,
        None => {
            login_name(login).to_lowercase() == wanted.to_lowercase()
                || login.contact.as_str() == wanted
        }
    }
}

/// Lists the contacts by numbers, and takes the next message as one of them.
fn ask_which(asked: &Asked<'_>, before: &str, logins: &[Arc<Login>], after: &str) -> String {
    asked.question(Question::Which {
        before: format!("{}{before}", asked.before),
        choices: logins.iter().map(|login| login.contact.clone()).collect(),
        after: after.to_owned(),
    });
    let line = |(number, login): (u32, &Arc<Login>)| {
        let (name, contact) = (login_name(login), login.contact.to_string());
        let active = login.state == LoginState::Active;
        Note::Choice { number, name: &name, contact: &contact, active }.text(asked.language)
    };
    let lines: Vec<_> = (1..).zip(logins).map(line).collect();
    Answer::WhichContact { choices: &lines.join("\n") }.text(asked.language)
}
