//! The author of an event, as seen by the contact who receives it.

use crate::{
    bridge::core::{Core, name_of},
    convert,
    id::PortalKey,
    matrix::event::Event,
    store::Portal,
};

/// Returns whether the event is sent as a copy: its room is not the contact's own.
pub(crate) fn is_copy(portal: &Portal, event: &Event) -> bool {
    !portal.owns(&event.room)
}

/// Returns the author of an event, as seen by the portal's contact.
pub(crate) fn author(core: &Core, portal: &Portal, event: &Event) -> Author {
    match core.ghosts.contact(&event.sender) {
        Some(contact) if contact == portal.key.contact => Author::Themselves,
        Some(_) if is_copy(portal, event) => Author::AnotherContact,
        Some(_) => Author::Bridge,
        None if event.sender == core.bot => Author::Bridge,
        None => Author::Person,
    }
}

/// The author of an event, as seen by the contact who receives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Author {
    Person,
    AnotherContact,
    Themselves,
    Bridge,
}

/// Returns the name of the contact who wrote an event; `None` when it was no contact.
pub(super) fn contact_name(core: &Core, event: &Event, portal: &Portal) -> Option<String> {
    let contact = core.ghosts.contact(&event.sender)?;
    let members = core.registry.members(&event.room).into_iter();
    let known = members.into_iter().find(|other| other.key.contact == contact).or_else(|| {
        let owner = portal.key.owner.clone();
        core.registry.find_portal(&PortalKey { owner, contact: contact.clone() })
    });
    let name = known.map(|other| name_of(&other));
    Some(convert::name_or(name.as_deref(), contact.as_str()))
}
