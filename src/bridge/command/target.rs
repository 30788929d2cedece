//! The search for the contact that a command is about.

use std::sync::Arc;

use super::Asked;
use crate::{
    bridge::{
        core::{attempt::Halt, login_name},
        text::{Answer, CommandScope, Note, names},
    },
    id::{LoginId, PortalKey},
    store::{Login, LoginState, Portal, Question},
};

/// Returns the login that a command means: the one named, that of this portal, or the only one.
/// When there are several the user is asked which, and the answer runs the command.
pub(super) async fn find(
    asked: &Asked<'_>,
    command: &str,
    wanted: &str,
) -> Result<Option<Arc<Login>>, Halt> {
    find_in(asked, &format!("{command} "), wanted, "").await
}

/// Returns the login of a contact that stands between the words `before` and `after`.
pub(super) async fn find_in(
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
        let known: Vec<_> = logins.iter().map(|login| login_name(login)).collect();
        let names = names(&known, asked.language);
        Answer::NoSuchContact { wanted, names: &names }.text(asked.language)
    } else {
        ask_which(asked, before, &matching, after)
    };
    asked.reply(&answer).await?;
    Ok(None)
}

/// Returns whether a login is meant by its contact's name or id, by the room, or, without either,
/// as one of all.
pub(super) fn is_meant(login: &Login, wanted: &str, here: Option<LoginId>) -> bool {
    match here {
        Some(here) => login.id == here,
        None if wanted.is_empty() => true,
        None => {
            login_name(login).to_lowercase() == wanted.to_lowercase()
                || login.contact.as_str() == wanted
        }
    }
}

/// Lists the contacts with numbers, and asks which one is meant.
pub(super) fn ask_which(
    asked: &Asked<'_>,
    before: &str,
    logins: &[Arc<Login>],
    after: &str,
) -> String {
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

/// Returns the portal that a command means: the one of its room, or that of the named contact. In a
/// portal the asker must be its owner or an administrator.
pub(super) async fn target(
    asked: &Asked<'_>,
    command: &str,
    wanted: &str,
) -> Result<Option<Arc<Portal>>, Halt> {
    if let Some(portal) = asked.portal.filter(|_| wanted.is_empty()) {
        if asked.context() == (CommandScope::Portal { own: true }) {
            return Ok(Some(Arc::new(portal.clone())));
        }
        asked.reply(&Answer::NotYourContact.text(asked.language)).await?;
        return Ok(None);
    }
    let Some(login) = find(asked, command, wanted).await? else { return Ok(None) };
    let key = PortalKey { owner: login.owner.clone(), contact: login.contact.clone() };
    Ok(asked.core.registry.find_portal(&key))
}
