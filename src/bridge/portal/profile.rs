//! The name and the avatar of a contact in Matrix, as the owner has chosen them.
//!
//! A ghost has one profile, which is visible to everyone who has linked the contact. While that is
//! one person, the profile shows this person's choice. When there are several, it stays as it is,
//! and the ghost has another name and avatar in each of their rooms.

use std::sync::Arc;

use ruma::OwnedMxcUri;
use serde_json::json;

use super::naming;
use crate::{
    bridge::core::{Core, attempt::Halt, name_of, portal_record},
    id::PortalId,
    matrix::{Intent, room::State},
    store::{Change, Login, Portal},
};

/// Sets the portal's name and avatar on its ghost, globally or in the portal's room.
pub(crate) async fn on_ghost(core: &Core, portal: &Portal) -> Result<(), Halt> {
    let Some(ghost) = core.ghost(&portal.key.contact) else { return Ok(()) };
    let name = naming::display_name(core, portal);
    if core.registry.owners_of(&portal.key.contact) <= 1 {
        core.insist(|| ghost.set_display_name(&name)).await?;
        let Some(picture) = &portal.picture else { return Ok(()) };
        return core.insist(|| ghost.set_avatar(picture)).await;
    }
    let mut member = json!({ "membership": "join", "displayname": name });
    if let Some(picture) = &portal.picture {
        member["avatar_url"] = picture.as_str().into();
    }
    let shown = State::new("m.room.member", ghost.user().as_str(), member);
    in_room(core, portal, &ghost, &shown).await
}

/// Sets the portal's name on the ghost and on the room.
pub(super) async fn show_name(core: &Core, portal: &Portal) -> Result<(), Halt> {
    on_ghost(core, portal).await?;
    let name = State::new("m.room.name", "", json!({ "name": name_of(portal) }));
    in_room(core, portal, &core.bot(), &name).await
}

/// Stores a contact's avatar, or its removal; it is not yet shown.
pub(crate) async fn set_picture(
    core: &Core,
    portal: PortalId,
    picture: Option<OwnedMxcUri>,
) -> Result<Option<Arc<Portal>>, Halt> {
    let removes = picture.is_none();
    portal_record::change(core, portal, |portal| portal.picture = picture).await?;
    tracing::info!(%portal, removes, "a contact's avatar");
    Ok(core.registry.portal(portal))
}

/// Takes the room's avatar, which the owner has set or removed, for the contact.
pub(crate) async fn take_over(
    core: &Core,
    portal: &Portal,
    picture: Option<OwnedMxcUri>,
) -> Result<(), Halt> {
    match set_picture(core, portal.id, picture).await? {
        Some(portal) => picture_on_ghost(core, &portal).await,
        None => Ok(()),
    }
}

/// Sets the portal's avatar on the ghost and on the room, or removes it there.
pub(crate) async fn show_picture(core: &Core, portal: &Portal) -> Result<(), Halt> {
    picture_on_ghost(core, portal).await?;
    in_room(core, portal, &core.bot(), &State::new("m.room.avatar", "", avatar(portal))).await
}

async fn picture_on_ghost(core: &Core, portal: &Portal) -> Result<(), Halt> {
    if portal.picture.is_none()
        && core.registry.owners_of(&portal.key.contact) <= 1
        && let Some(ghost) = core.ghost(&portal.key.contact)
    {
        let none = OwnedMxcUri::from("");
        core.insist(|| ghost.set_avatar(&none)).await?;
    }
    on_ghost(core, portal).await
}

/// Returns the content of the room's `m.room.avatar`.
pub(super) fn avatar(portal: &Portal) -> serde_json::Value {
    portal.picture.as_ref().map_or_else(|| json!({}), |picture| json!({ "url": picture }))
}

async fn in_room(core: &Core, portal: &Portal, who: &Intent, state: &State) -> Result<(), Halt> {
    let Some(room) = portal.own_room() else { return Ok(()) };
    core.insist(|| who.send_state(room, state)).await.map(drop)
}

/// Renames a contact: in the store, on the ghost, on the room.
pub(crate) async fn rename(core: &Arc<Core>, portal: &Portal, name: &str) -> Result<(), Halt> {
    // A name that is already stored is shown again: the bridge may have died before it was.
    let Some(name) = naming::sound_name(name) else { return Ok(()) };
    let changing = core.changing.lock().await;
    let Some(portal) = core.registry.portal(portal.id) else { return Ok(()) };
    let mut renamed = Portal::clone(&portal);
    renamed.name = Some(name.clone());
    let mut change = Change::new().put_portal(&renamed);
    let login = core.registry.login(portal.login).filter(|l| l.contact == portal.key.contact);
    let login = login.map(|l| Login { name: Some(name.clone()), ..Login::clone(&l) });
    if let Some(login) = &login {
        change = change.put_login(login);
    }
    core.commit(change).await?;
    login.into_iter().for_each(|login| core.registry.put_login(login));
    core.registry.put_portal(renamed.clone());
    drop(changing);
    show_name(core, &renamed).await
}
