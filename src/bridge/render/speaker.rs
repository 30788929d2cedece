//! The names of a room's members, for texts that WeChat shows under one name.

use ruma::{RoomId, UserId};
use serde::Deserialize;

use super::author;
use crate::{
    bridge::core::{Core, attempt::Halt},
    convert,
    matrix::event::{Event, Message},
    store::Portal,
};

/// Returns the name of a message's sender, where the text needs one. The owner's messages have no
/// name, except for `/me` and for another profile.
pub(crate) async fn speaker(
    core: &Core,
    event: &Event,
    message: &Message,
    portal: &Portal,
) -> Result<String, Halt> {
    if let Some(name) = author::contact_name(core, event, portal) {
        return Ok(name);
    }
    if let Some(name) = alias(event) {
        return Ok(name);
    }
    let speaks_alone = event.sender == portal.key.owner && !author::is_copy(portal, event);
    if speaks_alone && message.msgtype != "m.emote" {
        return Ok(event.sender.localpart().to_owned());
    }
    name(core, &event.room, &event.sender).await
}

/// Returns the name of the profile that an event carries. Permissions still depend on its account.
pub(super) fn alias(event: &Event) -> Option<String> {
    convert::name(event.profile.as_ref()?.name.as_deref()?)
}

/// Returns the name of an event's speaker.
pub(crate) async fn author(core: &Core, event: &Event) -> Result<String, Halt> {
    match alias(event) {
        Some(name) => Ok(name),
        None => name(core, &event.room, &event.sender).await,
    }
}

/// Returns a member's name in a room: the display name, else the localpart of the id, and both
/// where another member's name looks alike.
///
/// The homeserver is asked each time, so the name is the current one.
pub(crate) async fn name(core: &Core, room: &RoomId, user: &UserId) -> Result<String, Halt> {
    let bot = core.bot();
    let joined = told(room, core.insist(|| bot.joined_names(room)).await)?.unwrap_or_default();
    let (own, others): (Vec<_>, Vec<_>) = joined.into_iter().partition(|(id, _)| id == user);
    let name = match own.into_iter().next() {
        Some((_, name)) => name,
        // A user who has left keeps their last name.
        None => {
            let state = core.insist(|| bot.state(room, "m.room.member", user.as_str())).await;
            let member = told(room, state)?.flatten();
            let member = member.and_then(|state| serde_json::from_str::<Member>(state.get()).ok());
            member.and_then(|member| member.displayname)
        }
    };
    let name = convert::name_or(name.as_deref(), user.localpart());
    let others: Vec<_> =
        others.iter().filter_map(|(_, name)| convert::name(name.as_deref()?)).collect();
    Ok(convert::told_apart(&name, user.localpart(), others.iter().map(String::as_str)))
}

/// Returns an answer of the homeserver; `None` when it refuses, since the message is sent anyway.
fn told<T>(room: &RoomId, answer: Result<T, Halt>) -> Result<Option<T>, Halt> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Halt::Stopping) => Err(Halt::Stopping),
        Err(Halt::Refused(error)) => {
            tracing::debug!(%room, %error, "a member's name was not told");
            Ok(None)
        }
    }
}

#[derive(Deserialize)]
struct Member {
    displayname: Option<String>,
}
