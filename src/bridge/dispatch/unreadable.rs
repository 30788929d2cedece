//! Encrypted rooms that the bot cannot read: it says so in the clear, and opens a room that it can.

use ruma::{OwnedRoomId, RoomId, UserId};

use crate::bridge::{
    core::{Core, attempt::Halt, txn::Txn},
    notice,
    portal::entry,
    text::Answer,
};

/// Says in a room that it is encrypted, and where the bot can be talked to.
pub(super) async fn say(
    core: &Core,
    user: &UserId,
    (room, txn): (&RoomId, Txn<'_>),
) -> Result<(), Halt> {
    let language = core.language_of(user);
    let readable = readable(core, user, room).await?;
    let link = readable.map(|readable| entry::link(core, &readable));
    let text = Answer::EncryptedRoom { link: link.as_deref() }.text(language);
    notice::say(core, room, &text, txn).await
}

/// Returns the user's management room if it is another one and not encrypted, and makes one where
/// there is none.
async fn readable(core: &Core, user: &UserId, here: &RoomId) -> Result<Option<OwnedRoomId>, Halt> {
    let is_new = core.registry.owner(user).management_room.is_none();
    let Some(room) = notice::management_room(core, user).await? else { return Ok(None) };
    // A homeserver may encrypt every room that is made.
    if room == here || core.is_encrypted(&room).await? {
        return Ok(None);
    }
    if is_new {
        let hello = Answer::Hello { prefix: core.prefix(), marked: true };
        notice::say(core, &room, &hello.text(core.language_of(user)), Txn::HelloThere(&room))
            .await?;
    }
    Ok(Some(room))
}
