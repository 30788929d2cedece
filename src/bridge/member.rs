//! What members of a room are called, for texts that WeChat shows under one name.

use ruma::{RoomId, UserId};
use serde::Deserialize;

use super::{core::Core, group, halt::Halt};
use crate::{
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
    if let Some(name) = group::contact_name(core, event, portal) {
        return Ok(name);
    }
    if let Some(name) = alias(event) {
        return Ok(name);
    }
    let speaks_alone = event.sender == portal.key.owner && !group::is_copy(portal, event);
    if speaks_alone && message.msgtype != "m.emote" {
        return Ok(event.sender.localpart().to_owned());
    }
    name(core, &event.room, &event.sender).await
}

/// The name that an event brings along for who speaks in it, where that is not whose account it is.
/// Rights are the account's all the same.
pub(crate) fn alias(event: &Event) -> Option<String> {
    convert::name(event.profile.as_ref()?.name.as_deref()?)
}

/// What whoever speaks in an event is called.
pub(crate) async fn author(core: &Core, event: &Event) -> Result<String, Halt> {
    match alias(event) {
        Some(name) => Ok(name),
        None => name(core, &event.room, &event.sender).await,
    }
}

/// What a member of a room is called there: the display name, else the localpart of the id.
///
/// Asked of the homeserver each time, so that it is the name of this moment.
pub(crate) async fn name(core: &Core, room: &RoomId, user: &UserId) -> Result<String, Halt> {
    let bot = core.bot();
    let state = match core.insist(|| bot.state(room, "m.room.member", user.as_str())).await {
        Ok(state) => state,
        Err(Halt::Stopping) => return Err(Halt::Stopping),
        Err(Halt::Refused(error)) => {
            tracing::debug!(%room, %error, "a member's name was not told");
            None
        }
    };
    let told = state.and_then(|state| serde_json::from_str::<Member>(state.get()).ok());
    let name = told.and_then(|member| member.displayname);
    let name = convert::name_or(name.as_deref(), user.localpart());
    let contacts = group::names_in(core, room);
    Ok(convert::told_apart(&name, user.localpart(), contacts.iter().map(String::as_str)))
}

#[derive(Deserialize)]
struct Member {
    displayname: Option<String>,
}
