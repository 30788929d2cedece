//! A space for each owner with the rooms of their contacts, if configured.

use ruma::{OwnedRoomId, RoomId, UserId};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::room;
use crate::{
    bridge::{
        core::{Core, attempt::Halt, owner, portal_record},
        notice::double_puppet,
    },
    matrix::{
        self,
        room::{NewRoom, RoomPower, RoomPreset, State},
    },
    store::Portal,
};

/// Adds a portal's room to its owner's space, which is created when there is none. A homeserver
/// that refuses is not asked again for this room.
pub(super) async fn put(core: &Core, portal: &Portal) -> Result<(), Halt> {
    let is_wanted = core.config.bridge.personal_space && !portal.is_in_space();
    let Some(room) = portal.own_room().filter(|_| is_wanted) else { return Ok(()) };
    if core.registry.owner(&portal.key.owner).left_space {
        return Ok(());
    }
    match place(core, &portal.key.owner, room).await {
        Ok(()) => tracing::info!(portal = %portal.id, "a portal room is in its owner's space"),
        Err(Halt::Stopping) => return Err(Halt::Stopping),
        Err(Halt::Refused(error)) => {
            tracing::warn!(portal = %portal.id, %error, "a room was not put into a space");
        }
    }
    portal_record::change(core, portal.id, |now| now.put_in_space(room)).await
}

/// Removes the portal's room from its owner's space.
pub(crate) async fn take_room_out(core: &Core, portal: &Portal) -> Result<(), Halt> {
    match portal.own_room().filter(|_| portal.is_in_space()) {
        Some(room) => take_out(core, &portal.key.owner, room).await,
        None => Ok(()),
    }
}

/// Removes a room from a user's space.
pub(super) async fn take_out(core: &Core, owner: &UserId, room: &RoomId) -> Result<(), Halt> {
    let Some(space) = core.registry.owner(owner).space.clone() else { return Ok(()) };
    let (bot, child) = (core.bot(), State::new("m.space.child", room.as_str(), json!({})));
    match core.insist(|| bot.send_state(&space, &child)).await {
        Err(Halt::Refused(error)) => {
            tracing::debug!(%room, %error, "a room was not taken out of its space");
            Ok(())
        }
        done => done.map(drop),
    }
}

/// Notes that a user has left their space, and wants none until they ask for it; returns whether
/// the room was their space.
pub(crate) async fn left(core: &Core, user: &UserId, room: &RoomId) -> Result<bool, Halt> {
    if core.registry.owner(user).space.as_deref() != Some(room) {
        return Ok(false);
    }
    let leave = |owner: &mut crate::store::Owner| (owner.space, owner.left_space) = (None, true);
    owner::change(core, user, leave).await?;
    let bot = core.bot();
    core.insist(|| bot.leave(room, None)).await?;
    Ok(true)
}

/// Brings a user back into their space, which they may have left.
pub(crate) async fn again(core: &Core, user: &UserId) -> Result<(), Halt> {
    let known = core.registry.owner(user);
    if !known.left_space {
        if let Some(space) = &known.space {
            double_puppet::join(core, user, space).await?;
        }
        return Ok(());
    }
    owner::change(core, user, |owner| owner.left_space = false).await?;
    for login in core.registry.logins_of(user) {
        for portal in core.registry.portals_of(login.id) {
            portal_record::change(core, portal.id, Portal::take_from_space).await?;
        }
    }
    Ok(())
}

async fn place(core: &Core, user: &UserId, room: &RoomId) -> Result<(), Halt> {
    let space = ensure(core, user).await?;
    let (bot, via) = (core.bot(), json!([core.config.homeserver.server_name]));
    let child = State::new("m.space.child", room.as_str(), json!({ "via": via }));
    core.insist(|| bot.send_state(&space, &child)).await?;
    let content = json!({ "via": via, "canonical": true });
    let parent = State::new("m.space.parent", space.as_str(), content);
    core.insist(|| bot.send_state(room, &parent)).await.map(drop)
}

/// Returns the user's space, which is created if need be. Its alias is derived from the user, so a
/// crash leads to no second one; after a space was left, the next one has another alias.
async fn ensure(core: &Core, user: &UserId) -> Result<OwnedRoomId, Halt> {
    let known = core.registry.owner(user);
    if let Some(space) = &known.space {
        return Ok(space.clone());
    }
    let digest = Sha256::new()
        .chain_update("space")
        .chain_update([0])
        .chain_update(user.as_bytes())
        .chain_update(known.spaces.to_be_bytes())
        .finalize();
    let short: String = digest.iter().take(10).map(|byte| format!("{byte:02x}")).collect();
    let alias = format!("{}{short}", core.config.appservice.ghost_prefix);
    let (bot, request) = (core.bot(), new_space(user, alias.clone()));
    let space = match core.insist(|| bot.create_room(request.clone())).await {
        Err(Halt::Refused(matrix::Error::RoomInUse)) => room::find_room(core, &alias).await?,
        made => made?,
    };
    let made = |owner: &mut crate::store::Owner| {
        owner.space = Some(space.clone());
        owner.spaces += 1;
    };
    owner::change(core, user, made).await?;
    double_puppet::join(core, user, &space).await?;
    Ok(space)
}

/// Returns the settings of a space, which the owner may arrange and in which no one writes.
fn new_space(user: &UserId, alias: String) -> NewRoom {
    let events = ["m.room.name", "m.room.avatar", "m.room.topic", "m.space.child"];
    NewRoom {
        name: Some("WeChat".to_owned()),
        alias_localpart: Some(alias),
        invite: vec![user.to_owned()],
        preset: Some(RoomPreset::PrivateChat),
        is_space: true,
        power: RoomPower {
            users: [(user.to_owned(), 50)].into(),
            events: events.into_iter().map(|kind| (kind.to_owned(), 50)).collect(),
            other: [("events_default".to_owned(), 100), ("invite".to_owned(), 50)].into(),
        },
        ..NewRoom::default()
    }
}
