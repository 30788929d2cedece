//! Makes the ghost and the room of a portal, once.

use std::{collections::BTreeMap, sync::Arc};

use ruma::{OwnedRoomAliasId, OwnedRoomId, RoomAliasId};
use sha2::{Digest, Sha256};

use super::{
    core::{Core, name_of},
    halt::Halt,
    notice,
    text::Note,
};
use crate::{
    id::{PortalId, PortalKey},
    matrix::{
        self, Intent,
        room::{self, Bridged, NewRoom, Power, RoomPreset},
    },
    store::{Change, Portal},
};

/// The portal with its room; the room is made when there is none.
///
/// A crash between making the room and recording it makes no second room: the room's alias is
/// derived from the portal, and the room that has it is taken over.
pub(crate) async fn ensure_room(
    core: &Arc<Core>,
    portal: PortalId,
) -> Result<Option<Arc<Portal>>, Halt> {
    let Some(portal) = core.registry.portal(portal) else { return Ok(None) };
    if portal.room.is_some() {
        return Ok(Some(portal));
    }
    let Ok(_turn) = core.making_rooms.acquire().await else { return Ok(None) };
    let Some(ghost) = core.ghost(&portal.key.contact) else {
        tracing::warn!(portal = %portal.id, "the contact's id is too long for a Matrix user id");
        return Ok(None);
    };
    ensure_ghost(core, &portal, &ghost).await?;
    let room = make_room(core, &portal, &ghost).await?;
    let bot = core.bot();
    core.insist(|| bot.join(&room)).await?;
    let made = Portal { room: Some(room.clone()), ..Portal::clone(&portal) };
    core.commit(Change::new().put_portal(&made)).await?;
    core.registry.put_portal(made);
    tracing::info!(portal = %portal.id, %room, "made a portal room");
    greet(core, &portal, &room).await;
    Ok(core.registry.portal(portal.id))
}

async fn ensure_ghost(core: &Core, portal: &Portal, ghost: &Intent) -> Result<(), Halt> {
    core.insist(|| ghost.ensure_registered()).await?;
    let name = display_name(core, portal);
    core.insist(|| ghost.set_display_name(&name)).await
}

/// What the ghost is called in Matrix.
pub(crate) fn display_name(core: &Core, portal: &Portal) -> String {
    core.config.bridge.display_name.of(&name_of(portal))
}

async fn make_room(core: &Core, portal: &Portal, ghost: &Intent) -> Result<OwnedRoomId, Halt> {
    let alias = alias_localpart(core, &portal.key);
    let request = new_room(core, portal, alias.clone());
    match core.insist(|| ghost.create_room(request.clone())).await {
        Err(Halt::Refused(matrix::Error::RoomInUse)) => find_room(core, &alias).await,
        made => made,
    }
}

/// The room that an earlier try made.
async fn find_room(core: &Core, alias: &str) -> Result<OwnedRoomId, Halt> {
    let server = &core.config.homeserver.server_name;
    let alias: OwnedRoomAliasId = RoomAliasId::parse(format!("#{alias}:{server}"))
        .map_err(|_| Halt::Refused(matrix::Error::NotFound))?;
    let bot = core.bot();
    core.insist(|| bot.resolve_alias(&alias)).await?.ok_or(Halt::Refused(matrix::Error::NotFound))
}

fn new_room(core: &Core, portal: &Portal, alias: String) -> NewRoom {
    let name = name_of(portal);
    let bridged = Bridged {
        state_key: &format!("io.github.matrix-appservice-wechat://wechat/{alias}"),
        bot: &core.bot,
        creator: &portal.key.owner,
        protocol: "wechat",
        protocol_name: "WeChat",
        channel: &alias,
        channel_name: Some(&name),
    };
    let mut initial_state = Vec::from(room::bridge_info(&bridged));
    initial_state.push(room::functional_members(&[&core.bot]));
    NewRoom {
        name: Some(name.clone()),
        alias_localpart: Some(alias.clone()),
        invite: vec![portal.key.owner.clone(), core.bot.clone()],
        is_direct: true,
        preset: Some(RoomPreset::PrivateChat),
        additional_creators: vec![core.bot.clone()],
        power: Power { events: owner_may_set(), ..Power::default() },
        initial_state,
        ..NewRoom::default()
    }
}

/// What the owner may change without being an administrator of the room: how it looks.
fn owner_may_set() -> BTreeMap<String, i64> {
    let types = ["m.room.name", "m.room.avatar", "m.room.topic"];
    types.into_iter().map(|event_type| (event_type.to_owned(), 0)).collect()
}

/// The same for the same portal, and telling nobody who it is.
fn alias_localpart(core: &Core, key: &PortalKey) -> String {
    let digest = Sha256::new()
        .chain_update(key.owner.as_bytes())
        .chain_update([0])
        .chain_update(key.contact.as_str())
        .finalize();
    let short: String = digest.iter().take(10).map(|byte| format!("{byte:02x}")).collect();
    format!("{}{short}", core.config.appservice.ghost_prefix)
}

async fn greet(core: &Core, portal: &Portal, room: &OwnedRoomId) {
    let name = name_of(portal);
    let greeting = Note::Greeting { name: &name }.text(core.language_of(&portal.key.owner));
    notice::say(core, room, &greeting, &format!("greeting-{}", portal.id)).await;
}

/// Tells the owner that there is no room yet.
pub(crate) async fn say_room_failed(core: &Core, portal: PortalId) {
    let Some(portal) = core.registry.portal(portal) else { return };
    let name = name_of(&portal);
    let note = Note::RoomFailed { name: &name };
    notice::to_owner(core, &portal.key.owner, &note, &format!("no-room-{}", portal.id)).await;
}
