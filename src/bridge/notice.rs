//! What the bot says: in a room, or to an owner in their management room.

use ruma::{OwnedRoomId, RoomId, UserId};

use super::{core::Core, halt::Halt, owner, text::Note};
use crate::matrix::{
    content::{self, Content},
    room::NewRoom,
};

/// Says something in a room, once for each `txn`.
pub(crate) async fn in_room(
    core: &Core,
    room: &RoomId,
    content: &Content,
    txn: &str,
) -> Result<ruma::OwnedEventId, Halt> {
    let bot = core.bot();
    core.insist(|| bot.send(room, content, txn, None)).await
}

/// Says a notice in a room; a refusal is logged, for there is nobody else to tell.
pub(crate) async fn say(core: &Core, room: &RoomId, text: &str, txn: &str) {
    if let Err(Halt::Refused(error)) = in_room(core, room, &content::notice(text), txn).await {
        tracing::warn!(%room, %error, "the homeserver refused a notice");
    }
}

/// Tells an owner something in the management room, which is made when there is none.
pub(crate) async fn to_owner(core: &Core, owner: &UserId, note: &Note<'_>, txn: &str) {
    let text = note.text(core.language_of(owner));
    if let Some(room) = management_room(core, owner).await {
        say(core, &room, &text, txn).await;
    }
}

/// Tells an owner something that must be noticed: a message that mentions them.
pub(crate) async fn ping_owner(core: &Core, owner: &UserId, note: &Note<'_>, txn: &str) {
    let text = note.text(core.language_of(owner));
    if let Some(room) = management_room(core, owner).await {
        let content = content::text(text).mentioning(&[owner.to_owned()]);
        if let Err(Halt::Refused(error)) = in_room(core, &room, &content, txn).await {
            tracing::warn!(%room, %error, "the homeserver refused a notice");
        }
    }
}

async fn management_room(core: &Core, user: &UserId) -> Option<OwnedRoomId> {
    let known = core.registry.owner(user);
    if let Some(room) = &known.management_room {
        return Some(room.clone());
    }
    let bot = core.bot();
    let request = NewRoom {
        name: Some(core.config.appservice.bot_display_name.clone()),
        invite: vec![user.to_owned()],
        is_direct: true,
        ..NewRoom::default()
    };
    let room = match core.insist(|| bot.create_room(request.clone())).await {
        Ok(room) => room,
        Err(Halt::Stopping) => return None,
        Err(Halt::Refused(error)) => {
            tracing::warn!(%user, %error, "the homeserver refused to make a management room");
            return None;
        }
    };
    owner::mark_room(core, user, Some(room.clone())).await.ok()?;
    Some(room)
}
