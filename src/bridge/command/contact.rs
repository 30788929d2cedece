//! The commands `list`, `status`, `name` and `voice`, and the search for the contact that a command
//! means.

use std::sync::Arc;

use super::{
    Asked,
    describe::{login_line, portal_line},
    group,
    target::find_in,
};
use crate::{
    bridge::{
        core::attempt::Halt,
        portal::profile::rename,
        text::{Answer, CommandScope, Note},
    },
    store::{Change, LoginState, Portal},
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

/// Renames a contact: `name <name>` in a portal, `name <contact> = <name>` elsewhere.
pub(crate) async fn name(asked: &Asked<'_>, rest: &str) -> Result<(), Halt> {
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
    if asked.context() == (CommandScope::Portal { own: false }) {
        return asked.reply(&Answer::NotYourContact.text(asked.language)).await;
    }
    rename(asked.core, &portal, new).await?;
    asked.reply(&Answer::Renamed { name: new }.text(asked.language)).await
}

/// Sets the form of voice messages to WeChat: `voice file` or `voice silk`, in a portal.
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
    let mut changed = Portal::clone(&portal);
    changed.voice_items = Some(items);
    core.commit(Change::new().put_portal(&changed)).await?;
    core.registry.put_portal(changed);
    drop(changing);
    asked.reply(&Answer::VoiceSet { items }.text(asked.language)).await
}
