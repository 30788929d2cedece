//! The commands `id` and `sync`.

use std::sync::Arc;

use ruma::RoomId;

use super::Asked;
use crate::{
    bridge::{
        core::{attempt::Halt, name_of},
        portal::{room, space},
        state::{Job, LaneKey},
        text::{Answer, Note, names},
    },
    store::Portal,
};

/// Reports the ids of this chat, or of all, for support. WeChat's ids are shortened.
pub(super) async fn id(asked: &Asked<'_>) -> Result<(), Halt> {
    let (room, user) = (asked.event.room.as_str(), asked.event.sender.as_str());
    let mut lines = vec![Answer::IdHere { room, user }.text(asked.language)];
    lines.extend(chats(asked).iter().map(|portal| id_line(asked, portal)));
    asked.reply(&lines.join("\n")).await
}

fn id_line(asked: &Asked<'_>, portal: &Portal) -> String {
    let (name, contact) = (name_of(portal), portal.key.contact.to_string());
    let bot = asked.core.registry.login(portal.login).map(|login| login.bot.to_string());
    let note = Note::IdLine {
        name: &name,
        room: portal.own_room().map_or("–", RoomId::as_str),
        portal: portal.id,
        login: portal.login,
        contact: &contact,
        bot: &bot.unwrap_or_default(),
    };
    note.text(asked.language)
}

/// Sets everything that Matrix shows of the asker's chats again: names, members, state.
pub(super) async fn sync(asked: &Asked<'_>) -> Result<(), Halt> {
    let (core, mut done, mut refused) = (asked.core, 0, Vec::new());
    space::again(core, &asked.event.sender).await?;
    // A closed room is made again only when the contact writes.
    for portal in chats(asked).into_iter().filter(|portal| !portal.is_closed()) {
        if !portal.is_welcomed() {
            core.lanes.push(LaneKey::Portal(portal.id), Job::OpenRoom);
        }
        match room::refresh(core, &portal).await {
            Ok(()) => done += 1,
            Err(Halt::Stopping) => return Err(Halt::Stopping),
            Err(Halt::Refused(error)) => {
                tracing::warn!(portal = %portal.id, %error, "the homeserver refused to refresh a room");
                refused.push(name_of(&portal));
            }
        }
    }
    let refused = names(&refused, asked.language);
    asked.reply(&Answer::Synced { done, refused: &refused }.text(asked.language)).await
}

/// Returns the chat of this room, or all chats of the asker.
fn chats(asked: &Asked<'_>) -> Vec<Arc<Portal>> {
    let registry = &asked.core.registry;
    match asked.portal {
        Some(portal) => registry.portal(portal.id).into_iter().collect(),
        None => {
            let logins = registry.logins_of(&asked.event.sender);
            logins.iter().flat_map(|login| registry.portals_of(login.id)).collect()
        }
    }
}
