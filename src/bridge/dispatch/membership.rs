//! The changes of membership in a portal room.

use std::sync::Arc;

use super::invitation;
use crate::{
    bridge::{
        core::{Core, attempt::Halt, name_of, txn::Txn},
        notice,
        portal::close::by_matrix,
        text::RoomText,
    },
    matrix::{
        Intent,
        event::{Event, Membership, MembershipState},
    },
    store::{Outcome, Portal},
};

/// Handles a change of membership: a room without its owner or the bot is closed, and a ghost that
/// was removed comes back with the next message.
pub(super) async fn membership(
    core: &Arc<Core>,
    event: &Event,
    change: &Membership,
    portal: &Portal,
) -> Result<Outcome, Halt> {
    let ghost = core.ghost(&portal.key.contact).filter(|ghost| *ghost.user() == change.user);
    let is_pillar = change.user == portal.key.owner || change.user == core.bot;
    match (change.now, ghost) {
        (MembershipState::Invite, Some(ghost)) => join(core, &ghost, event).await,
        (MembershipState::Invite, None) if change.user == core.bot => {
            join(core, &core.bot(), event).await
        }
        (MembershipState::Invite, None) if core.is_ours(&change.user) => {
            invitation::ghost_invited(core, event, &change.user).await
        }
        (MembershipState::Ban, Some(_)) => by_matrix(core, portal).await,
        (MembershipState::Leave | MembershipState::Ban, None) if is_pillar => {
            by_matrix(core, portal).await
        }
        (MembershipState::Leave, Some(_)) => {
            tracing::info!(portal = %portal.id, "a ghost was removed from its room");
            let (name, prefix) = (name_of(portal), core.prefix());
            let text = RoomText::GhostRemoved { name: &name, prefix };
            let text = text.text(core.language_of(&portal.key.owner));
            notice::say(core, &event.room, &text, Txn::GhostOut(&event.id)).await?;
            Ok(Outcome::Delivered)
        }
        (
            MembershipState::Invite
            | MembershipState::Join
            | MembershipState::Leave
            | MembershipState::Ban
            | MembershipState::Knock
            | MembershipState::Other,
            _,
        ) => Ok(Outcome::Ignored("state".into())),
    }
}

pub(super) async fn join(core: &Core, who: &Intent, event: &Event) -> Result<Outcome, Halt> {
    core.insist(|| who.join(&event.room)).await?;
    Ok(Outcome::Delivered)
}
