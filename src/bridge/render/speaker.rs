//! What members of a room are called, for texts that WeChat shows under one name.

use ruma::{RoomId, UserId};
use serde::Deserialize;

use super::author;
use crate::{
    bridge::core::{Core, attempt::Halt},
    convert,
    matrix::event::{Event, Message},
    store::Portal,
};

/// The name to put into the text of a message: the sender's, where the text needs one. The owner
/// speaks without a name, but for `/me` and under another name.
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

/// The name that an event brings along for who speaks in it, where that is not whose account it is.
/// Rights are the account's all the same.
pub(super) fn alias(event: &Event) -> Option<String> {
    convert::name(event.profile.as_ref()?.name.as_deref()?)
}

/// What whoever speaks in an event is called.
pub(crate) async fn author(core: &Core, event: &Event) -> Result<String, Halt> {
    match alias(event) {
        Some(name) => Ok(name),
        None => name(core, &event.room, &event.sender).await,
    }
}

/// What a member of a room is called there: the display name, else the localpart of the id, and
/// both where another member looks the same.
///
/// Asked of the homeserver each time, so that it is the name of this moment.
pub(crate) async fn name(core: &Core, room: &RoomId, user: &UserId) -> Result<String, Halt> {
    let bot = core.bot();
    let joined = told(room, core.insist(|| bot.joined_names(room)).await)?.unwrap_or_default();
    let (own, others): (Vec<_>, Vec<_>) = joined.into_iter().partition(|(id, _)| id == user);
    let name = match own.into_iter().next() {
        Some((_, name)) => name,
        // Whoever has left is still called as they were.
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

/// An answer of the homeserver; nothing when it says no, for a message goes out all the same.
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
