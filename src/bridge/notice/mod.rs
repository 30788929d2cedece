//! The messages of the bot, in a room or to an owner in their management room.

pub(super) mod double_puppet;
pub(super) mod refusal;
pub(super) mod status;

use std::collections::BTreeSet;

use ruma::{OwnedEventId, OwnedRoomId, OwnedUserId, RoomId, UserId};

use crate::{
    bridge::{
        core::{Core, attempt::Halt, owner, txn::Txn},
        text::Note,
    },
    config::{Language, Level},
    matrix::{
        content::{self, Content},
        room::NewRoom,
    },
};

/// Sends a message in a room, once for each `txn`.
pub(super) async fn in_room(
    core: &Core,
    room: &RoomId,
    content: &Content,
    txn: Txn<'_>,
) -> Result<OwnedEventId, Halt> {
    part_in_room(core, room, content, &txn.to_string()).await
}

async fn part_in_room(
    core: &Core,
    room: &RoomId,
    content: &Content,
    txn: &str,
) -> Result<OwnedEventId, Halt> {
    let bot = core.bot();
    core.send(&bot, room, content, (txn, None)).await
}

/// Sends a notice in a room; a refusal of the homeserver is only logged.
pub(super) async fn say(core: &Core, room: &RoomId, text: &str, txn: Txn<'_>) -> Result<(), Halt> {
    // Nothing is left out: the notices of the bot are never that long.
    for (number, part) in content::notices(text, usize::MAX, |_| String::new()).iter().enumerate() {
        let (content, txn) = (content::notice(part.as_str()), txn.part(number));
        heard(room, part_in_room(core, room, &content, &txn).await)?;
    }
    Ok(())
}

fn heard(room: &RoomId, said: Result<OwnedEventId, Halt>) -> Result<(), Halt> {
    match said {
        Err(Halt::Refused(error)) => {
            tracing::warn!(%room, %error, "the homeserver refused a notice");
            Ok(())
        }
        said => said.map(drop),
    }
}

/// Sends a notice to an owner in the management room, which is created when there is none.
pub(super) async fn to_owner(
    core: &Core,
    owner: &UserId,
    note: &Note<'_>,
    txn: Txn<'_>,
) -> Result<(), Halt> {
    tell(core, owner, &note.text(core.language_of(owner)), txn).await
}

/// Sends a text to an owner in the management room.
pub(super) async fn tell(
    core: &Core,
    owner: &UserId,
    text: &str,
    txn: Txn<'_>,
) -> Result<(), Halt> {
    match management_room(core, owner).await? {
        Some(room) => say(core, &room, text, txn).await,
        None => Ok(()),
    }
}

/// Sends an urgent message to an owner, which mentions them.
pub(super) async fn ping_owner(
    core: &Core,
    owner: &UserId,
    note: &Note<'_>,
    txn: Txn<'_>,
) -> Result<(), Halt> {
    let text = note.text(core.language_of(owner));
    let Some(room) = management_room(core, owner).await? else { return Ok(()) };
    let content = content::text(text).mentioning(&[owner.to_owned()]);
    heard(&room, in_room(core, &room, &content, txn).await)
}

/// Tells something to each administrator that the configuration names, and to those by server that
/// use the bridge.
pub(super) async fn to_admins(
    core: &Core,
    text: impl Fn(Language) -> String,
    txn: Txn<'_>,
) -> Result<(), Halt> {
    let permissions = &core.config.bridge.permissions;
    let is_admin = |user: &OwnedUserId| permissions.level_of(user) == Some(Level::Admin);
    let known = core.registry.users().into_iter().filter(is_admin);
    let admins: BTreeSet<_> =
        permissions.named_admins().map(ToOwned::to_owned).chain(known).collect();
    for admin in admins {
        tell(core, &admin, &text(core.language_of(&admin)), txn).await?;
    }
    Ok(())
}

/// Returns the room of a user and the bot, which is made when there is none.
pub(super) async fn management_room(
    core: &Core,
    user: &UserId,
) -> Result<Option<OwnedRoomId>, Halt> {
    let known = core.registry.owner(user);
    if let Some(room) = &known.management_room {
        return Ok(Some(room.clone()));
    }
    if owner::seems_deactivated(core, user).await? {
        tracing::info!(%user, "no management room is made for a deactivated account");
        return Ok(None);
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
        Err(Halt::Stopping) => return Err(Halt::Stopping),
        Err(Halt::Refused(error)) => {
            tracing::warn!(%user, %error, "the homeserver refused to make a management room");
            return Ok(None);
        }
    };
    owner::mark_room(core, user, Some(room.clone())).await?;
    double_puppet::join_chat(core, user, &room, &core.bot).await?;
    Ok(Some(room))
}
