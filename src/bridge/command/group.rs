//! The commands `bridge` and `unbridge`, and `status`, `queue` and `retry` in a room with several
//! contacts.

use std::sync::Arc;

use super::{Asked, Ran, describe, queue, target};
use crate::{
    bridge::{
        core::{attempt::Halt, name_of, txn::Txn},
        group::{
            again,
            membership::{self, Barrier},
        },
        notice,
        policy::{Act, Actor},
        text::{Answer, GroupText, names},
    },
    id::PortalKey,
    store::{Login, Portal},
};

/// Brings a contact into this room.
pub(super) async fn bridge(asked: &Asked<'_>, wanted: &str) -> Result<(), Halt> {
    let (core, language) = (asked.core, asked.language);
    if core.registry.is_management_room(&asked.event.room) {
        return asked.reply(&GroupText::InManagementRoom.text(language)).await;
    }
    let Some(login) = target::find(asked, "bridge", wanted).await? else { return Ok(()) };
    let answer = match portal_of(asked, &login) {
        Some(portal) => bring(asked, &portal).await?,
        None => {
            let name = crate::bridge::core::login_name(&login);
            GroupText::NoRoomYet { name: &name }.text(language)
        }
    };
    asked.reply(&answer).await
}

/// Brings the contact in, unless something prevents it; returns the answer.
async fn bring(asked: &Asked<'_>, portal: &Portal) -> Result<String, Halt> {
    let (core, language, prefix) = (asked.core, asked.language, asked.core.prefix());
    let (room, name) = (&asked.event.room, name_of(portal));
    let name = name.as_str();
    let encrypted = core.is_encrypted(room).await?;
    if encrypted {
        return Ok(Answer::EncryptedGroup.text(language));
    }
    if portal.group.as_ref().is_some_and(|group| group != room) {
        return Ok(GroupText::Elsewhere { name, prefix }.text(language));
    }
    let same = |other: &Arc<Portal>| other.key.contact == portal.key.contact;
    if core.registry.members(room).iter().any(|other| same(other) && other.id != portal.id) {
        return Ok(GroupText::ByAnother { name }.text(language));
    }
    match membership::bring_in(core, portal, room, &asked.event.sender).await? {
        Ok(()) => {}
        Err(Barrier::NotTheirs) => return Ok(GroupText::MayNotInvite.text(language)),
        Err(Barrier::NotOurs) => return Ok(GroupText::BotMayNot { name }.text(language)),
    }
    if let Some(own) = portal.own_room() {
        let moved = GroupText::Moved { name, prefix }.text(language);
        notice::say(core, own, &moved, Txn::MovedBy(&asked.event.id)).await?;
    }
    Ok(GroupText::Bridged { name, prefix }.text(language))
}

fn portal_of(asked: &Asked<'_>, login: &Login) -> Option<Arc<Portal>> {
    let key = PortalKey { owner: login.owner.clone(), contact: login.contact.clone() };
    asked.core.registry.find_portal(&key)
}

/// Takes the user's contacts out of this room, or one of them out of whatever room it is in.
pub(super) async fn unbridge(asked: &Asked<'_>, wanted: &str) -> Result<(), Halt> {
    let (core, language) = (asked.core, asked.language);
    let chosen = if wanted.is_empty() && asked.portal.is_none() {
        let mut mine = core.registry.members(&asked.event.room);
        mine.retain(|portal| portal.key.owner == asked.event.sender);
        mine
    } else {
        let Some(login) = target::find(asked, "unbridge", wanted).await? else { return Ok(()) };
        let Some(portal) = portal_of(asked, &login).filter(|portal| portal.group.is_some()) else {
            let name = crate::bridge::core::login_name(&login);
            return asked.reply(&GroupText::NotBridged { name: &name }.text(language)).await;
        };
        vec![portal]
    };
    if chosen.is_empty() {
        return asked.reply(&GroupText::NobodyHere.text(language)).await;
    }
    for portal in &chosen {
        let Some(room) = &portal.group else { continue };
        membership::take_out(core, portal, room, asked.event.id.as_str()).await?;
    }
    let chosen: Vec<_> = chosen.iter().map(|portal| name_of(portal)).collect();
    let names = names(&chosen, language);
    asked.reply(&GroupText::Unbridged { names: &names }.text(language)).await
}

/// Answers `status` with a line for each contact; returns false where there are none.
pub(super) async fn status(asked: &Asked<'_>) -> Result<bool, Halt> {
    let members = asked.core.registry.members(&asked.event.room);
    if members.is_empty() {
        return Ok(false);
    }
    let lines: Vec<_> = members.iter().map(|one| describe::portal_line(asked, one)).collect();
    asked.reply(&lines.join("\n")).await?;
    Ok(true)
}

/// Answers `queue` with what waits for each contact, or drops all of it; returns false where there
/// are none.
pub(super) async fn queue(asked: &Asked<'_>, rest: &str) -> Result<bool, Halt> {
    let members = asked.core.registry.members(&asked.event.room);
    if members.is_empty() {
        return Ok(false);
    }
    let answer = match rest.trim() {
        "" => {
            let lists = members.iter().filter_map(|portal| {
                let waiting = queue::within_reach(asked, portal, Act::Queue);
                (!waiting.is_empty()).then(|| queue::list(asked, portal, &waiting))
            });
            let lists: Vec<_> = lists.collect();
            match lists.is_empty() {
                true => crate::bridge::text::Note::QueueEmpty.text(asked.language),
                false => lists.join("\n\n"),
            }
        }
        "merge" => {
            let mut any = false;
            for portal in &members {
                any |= queue::merge(asked, portal).await?;
            }
            let answer = if any { Answer::Merges } else { Answer::NotYourContact };
            answer.text(asked.language)
        }
        "drop" => {
            let mut count = 0;
            for portal in &members {
                let mine = queue::within_reach(asked, portal, Act::Drop);
                count += queue::take_back(asked, portal, &mine).await;
            }
            Answer::Dropped { count }.text(asked.language)
        }
        _ => Answer::QueueUsage.text(asked.language),
    };
    asked.reply(&answer).await?;
    Ok(true)
}

/// Runs `retry`; `None` where there are no contacts.
pub(super) async fn retry(asked: &Asked<'_>) -> Result<Option<Ran>, Halt> {
    let core = asked.core;
    let members = core.registry.members(&asked.event.room);
    if members.is_empty() {
        return Ok(None);
    }
    if let Some(of) = asked.reply_to {
        let ran = again::again(core, asked.entry, asked.event, of).await?;
        return Ok(Some(ran.into()));
    }
    let mut count = 0;
    let user = &asked.event.sender;
    let is_mine = |portal: &Portal| Actor::of_commander(core, portal, user) == Actor::Owner;
    if !members.iter().any(|portal| is_mine(portal)) {
        asked.reply(&Answer::NotYourContact.text(asked.language)).await?;
        return Ok(Some(Ran::Done(crate::store::Outcome::Refused("not_yours".into()))));
    }
    for portal in members.iter().filter(|portal| is_mine(portal)) {
        core.outbox.wake(portal.id);
        count += core.lanes.take_up(portal.id);
    }
    asked.reply(&Answer::Retried { count }.text(asked.language)).await?;
    Ok(Some(Ran::Done(crate::store::Outcome::Delivered)))
}
