//! The lines about logins and chats, for `list` and `status`.

use super::Asked;
use crate::{
    bridge::{
        core::{login_name, name_of},
        state::reply_window::{self, Hold},
        text::{Note, RoomText},
    },
    id::PortalKey,
    store::{Login, LoginState, Portal},
};

/// Describes a login and each of its chats.
pub(super) fn login_line(asked: &Asked<'_>, login: &Login) -> String {
    let active = login.state == LoginState::Active;
    let contact = login.contact.to_string();
    let name = login_name(login);
    let note =
        Note::LoginLine { name: &name, contact: &contact, active, prefix: asked.core.prefix() };
    let mut line = note.text(asked.language);
    for portal in asked.core.registry.portals_of(login.id) {
        if portal.key.contact != login.contact {
            line.push_str(&format!("\n  ◦ {}", name_of(&portal)));
        }
        let queued = asked.core.outbox.queued(portal.id);
        if active {
            line.push_str(&format!("; {}", window_text(asked, &portal)));
        }
        if queued > 0 {
            line.push_str(&format!("; {}", Note::Queued { count: queued }.text(asked.language)));
        }
    }
    let key = PortalKey { owner: login.owner.clone(), contact: login.contact.clone() };
    let portal = asked.core.registry.find_portal(&key);
    line.push_str(&portal.map(|portal| oddities(asked, &portal)).unwrap_or_default());
    line
}

/// Describes a contact in one line.
pub(super) fn portal_line(asked: &Asked<'_>, portal: &Portal) -> String {
    let queued = asked.core.outbox.queued(portal.id);
    let name = name_of(portal);
    let head = Note::StatusPortal { name: &name, queued }.text(asked.language);
    format!("{head}; {}{}", window_text(asked, portal), oddities(asked, portal))
}

pub(super) fn window_text(asked: &Asked<'_>, portal: &Portal) -> String {
    let (core, language) = (asked.core, asked.language);
    let reply = core.reply(portal.id);
    let now = core.clock.now();
    match (reply_window::may_send(reply.as_ref(), now), &reply) {
        (Err(Hold::NeverHeard), _) | (_, None) => Note::NeverHeard.text(language),
        (Err(Hold::WindowClosed), _) => Note::WindowClosed.text(language),
        (_, Some(reply)) => {
            let left = reply_window::WINDOW.saturating_sub(now.since(reply.heard));
            let left_minutes = left.as_secs() / 60;
            let sends_left = reply_window::QUOTA.saturating_sub(reply.sends);
            Note::Window { left_minutes, sends_left }.text(language)
        }
    }
}

/// Returns the remarks about a portal behind its line in a list.
pub(super) fn oddities(asked: &Asked<'_>, portal: &Portal) -> String {
    let left_out = || asked.core.reply(portal.id).map_or(0, |reply| reply.left_out);
    let ignored = portal.ignored.then(|| RoomText::IsIgnored { left_out: left_out() });
    let roomless = portal.is_closed().then_some(RoomText::HasNoRoom);
    let private = portal.relay_off.then_some(RoomText::IsNotRelayed);
    let texts = ignored.into_iter().chain(roomless).chain(private);
    texts.map(|text| format!("; {}", text.text(asked.language))).collect()
}
