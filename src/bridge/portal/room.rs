//! Makes the ghost and the room of a portal, once.

use std::{sync::Arc, time::Duration};

use ruma::{OwnedRoomAliasId, OwnedRoomId, RoomAliasId, RoomId};

use super::{
    capabilities, departed,
    entry::invite_owner,
    naming::{alias_localpart, marks},
    powers, profile, space,
};
use crate::{
    bridge::{
        core::{Core, attempt::Halt, name_of, portal_record::change, txn::Txn},
        notice,
        text::Note,
    },
    id::PortalId,
    matrix::{
        self, Intent,
        room::{NewRoom, RoomPreset, State},
    },
    store::Portal,
};

/// Returns the portal with its room. The owner is invited only after the room is stored, so
/// whatever they write there finds its portal. Returns `None` when the room is closed meanwhile.
///
/// A crash between making the room and storing it leads to no second room: the room's alias is
/// derived from the portal, and the room with that alias is used.
pub(crate) async fn ensure_room(
    core: &Arc<Core>,
    portal: PortalId,
) -> Result<Option<Arc<Portal>>, Halt> {
    let Some(known) = core.registry.portal(portal) else { return Ok(None) };
    let portal = match known.is_welcomed() {
        true => Some(known),
        false => finish_room(core, known).await?,
    };
    if let Some(portal) = &portal {
        space::put(core, portal).await?;
        capabilities::show(core, portal).await?;
    }
    Ok(portal)
}

/// Makes the room if need be, invites the owner, and greets them.
async fn finish_room(core: &Arc<Core>, portal: Arc<Portal>) -> Result<Option<Arc<Portal>>, Halt> {
    if portal.own_room().is_none() && departed::end_if_gone(core, &portal.key.owner).await? {
        return Ok(None);
    }
    let Ok(_turn) = core.making_rooms.acquire().await else { return Ok(None) };
    // The contact's id is too long for a Matrix user id: their message is set aside, and the owner
    // told.
    let ghost = core.ghost(&portal.key.contact).ok_or(Halt::Refused(matrix::Error::TooLarge))?;
    let room = match portal.own_room() {
        Some(room) => room.to_owned(),
        None => {
            core.insist(|| ghost.ensure_registered()).await?;
            profile::on_ghost(core, &portal).await?;
            let (room, is_new) = make_room(core, &portal, &ghost).await?;
            join_as_bot(core, &room).await?;
            let shown = is_new.then(|| capabilities::id(core));
            change(core, portal.id, |portal| portal.open(room.clone(), shown)).await?;
            tracing::info!(portal = %portal.id, %room, "made a portal room");
            if let Some(portal) = core.registry.portal(portal.id) {
                profile::on_ghost(core, &portal).await?;
            }
            room
        }
    };
    invite_owner(core, &portal, &ghost, &room).await?;
    greet(core, &portal, &room).await?;
    change(core, portal.id, |portal| portal.welcome(&room)).await?;
    Ok(core.registry.portal(portal.id))
}

/// Sets everything of a portal that Matrix shows: the ghost's name, the room's name and state, and
/// its members. Does nothing for a portal without a room.
pub(crate) async fn refresh(core: &Core, portal: &Portal) -> Result<(), Halt> {
    let ghost = core.ghost(&portal.key.contact).ok_or(Halt::Refused(matrix::Error::TooLarge))?;
    let Some(room) = portal.own_room() else { return Ok(()) };
    let bot = core.bot();
    core.insist(|| ghost.ensure_registered()).await?;
    // Either of the two can invite the other again.
    for (one, other) in [(&bot, &ghost), (&ghost, &bot)] {
        if let Err(Halt::Refused(matrix::Error::Forbidden { .. })) =
            core.insist(|| one.join(room)).await
        {
            core.insist(|| other.invite(room, one.user())).await?;
            core.insist(|| one.join(room)).await?;
        }
    }
    profile::show_name(core, portal).await?;
    let alias = alias_localpart(core, portal);
    for state in marks(core, portal, &alias) {
        core.insist(|| bot.send_state(room, &state)).await?;
    }
    powers::bring_up(core, room).await?;
    invite_owner(core, portal, &ghost, room).await?;
    space::put(core, portal).await
}

/// Returns the room, and whether it was made just now.
async fn make_room(
    core: &Core,
    portal: &Portal,
    ghost: &Intent,
) -> Result<(OwnedRoomId, bool), Halt> {
    let alias = alias_localpart(core, portal);
    let request = new_room(core, portal, alias.clone());
    match core.insist(|| ghost.create_room(request.clone())).await {
        Err(Halt::Refused(matrix::Error::RoomInUse)) => Ok((find_room(core, &alias).await?, false)),
        made => Ok((made?, true)),
    }
}

/// Joins as the bot, which is invited last. A homeserver may still be making the room: its alias
/// exists early, and the run of the bridge that asked for the room may have died just then.
async fn join_as_bot(core: &Core, room: &RoomId) -> Result<(), Halt> {
    let bot = core.bot();
    for tries in 1.. {
        match core.insist(|| bot.join(room)).await {
            Err(Halt::Refused(matrix::Error::Forbidden { .. })) if tries < INVITED_TRIES => {
                tracing::debug!(%room, tries, "the room is not finished yet");
                core.tasks.pause(INVITED_PAUSE * tries).await;
                if core.tasks.stopping() {
                    return Err(Halt::Stopping);
                }
            }
            joined => return joined,
        }
    }
    Ok(())
}

/// Returns the room that an earlier try has made.
pub(super) async fn find_room(core: &Core, alias: &str) -> Result<OwnedRoomId, Halt> {
    let server = &core.config.homeserver.server_name;
    let alias: OwnedRoomAliasId = RoomAliasId::parse(format!("#{alias}:{server}"))
        .map_err(|_| Halt::Refused(matrix::Error::NotFound))?;
    let bot = core.bot();
    core.insist(|| bot.resolve_alias(&alias)).await?.ok_or(Halt::Refused(matrix::Error::NotFound))
}

fn new_room(core: &Core, portal: &Portal, alias: String) -> NewRoom {
    let mut initial_state = marks(core, portal, &alias);
    if portal.picture.is_some() {
        initial_state.push(State::new("m.room.avatar", "", profile::avatar(portal)));
    }
    NewRoom {
        name: Some(name_of(portal)),
        initial_state,
        alias_localpart: Some(alias),
        invite: vec![core.bot.clone()],
        is_direct: true,
        preset: Some(RoomPreset::PrivateChat),
        additional_creators: vec![core.bot.clone()],
        power: powers::of_new_room(&portal.key.owner),
        ..NewRoom::default()
    }
}

async fn greet(core: &Core, portal: &Portal, room: &RoomId) -> Result<(), Halt> {
    let name = name_of(portal);
    let greeting = Note::Greeting { name: &name }.text(core.language_of(&portal.key.owner));
    notice::say(core, room, &greeting, Txn::Greeting(portal.id)).await
}

/// Tells the owner that there is no room yet.
pub(crate) async fn say_room_failed(core: &Core, portal: PortalId) {
    let Some(portal) = core.registry.portal(portal) else { return };
    let name = name_of(&portal);
    let note = Note::RoomFailed { name: &name };
    // When the bridge is stopping, the next start tries the room again.
    let _ = notice::to_owner(core, &portal.key.owner, &note, Txn::NoRoom(portal.id)).await;
}

/// The number of tries, together about twenty seconds, which a homeserver under load may need to
/// make a room.
const INVITED_TRIES: u32 = 12;
const INVITED_PAUSE: Duration = Duration::from_millis(250);
