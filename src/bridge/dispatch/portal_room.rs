//! The events of a portal room, on their way from Matrix to WeChat.

use std::sync::Arc;

use super::{membership, stranger};
use crate::{
    bridge::{
        command::{self, Ran},
        core::{
            Core,
            attempt::{Halt, Handled},
        },
        from_matrix::{
            as_text, edit,
            enqueue::{about, queue},
            retry,
            turn::PortalTurn,
        },
        notice::refusal::{refusal_of, refuse},
        policy::{self, Act, Ruling},
        portal::{profile, upgrade},
        render::{
            message::{self, Verdict, parts},
            speaker,
        },
        text::SendRefusal,
    },
    id::PortalId,
    matrix::event::{Event, Kind, Message},
    store::{Entry, Outcome, Work},
};

/// Handles one event in a portal room.
pub(super) async fn from_portal(
    core: &Arc<Core>,
    entry: &Entry,
    portal: PortalId,
    event: Event,
) -> Result<Handled, Halt> {
    let Some(portal) = core.registry.portal(portal) else {
        return Ok(Handled::Done(Outcome::Ignored("no portal".into())));
    };
    let is_copy = matches!(entry.work, Work::FromMatrix { to: Some(_), .. });
    if portal.own_room().is_none() && !is_copy {
        return Ok(Handled::Done(Outcome::Ignored("closed".into())));
    }
    if !is_copy && let Some(outcome) = stranger::turned_away(core, &event).await? {
        return Ok(Handled::Done(outcome));
    }
    let rules_over = |act| policy::judge(core, &portal, &event, act) == Ruling::Allowed;
    let turn = &PortalTurn { core, entry, event: &event, portal: &portal };
    match &event.kind {
        Kind::Message(message) => {
            // The room has already decided that a copy is no command.
            if !is_copy {
                match command::try_run(core, entry, &event, message, Some(&portal)).await? {
                    Ran::NotACommand => {}
                    Ran::Done(outcome) => return Ok(Handled::Done(outcome)),
                    Ran::GoesOn => return Ok(Handled::Deferred),
                }
            }
            if let Some(edit) = &message.edits {
                return edit::edit(turn, edit).await;
            }
            take(turn, message).await
        }
        Kind::Sticker(sticker) => take(turn, sticker).await,
        Kind::Reaction { of, key } if retry::asks_again(key) => retry::retry(turn, of).await,
        Kind::Reaction { of, key } => as_text::reaction(turn, of, key).await,
        Kind::Poll(poll) => as_text::poll(turn, poll).await,
        Kind::Redaction { of } => edit::redact(turn, of).await.map(Handled::Done),
        Kind::LiveLocation => {
            refuse(core, &event, SendRefusal::LiveLocation).await.map(Handled::Done)
        }
        Kind::Encrypted => refuse(core, &event, SendRefusal::Encrypted).await.map(Handled::Done),
        Kind::RoomName(Some(name)) if rules_over(Act::Rename) => {
            profile::rename(core, &portal, name).await?;
            Ok(Handled::Done(Outcome::Delivered))
        }
        Kind::RoomPicture(picture) if rules_over(Act::Picture) => {
            profile::take_over(core, &portal, picture.clone()).await?;
            Ok(Handled::Done(Outcome::Delivered))
        }
        // Signals between clients were left out before.
        Kind::Other { is_state: false, event_type } => {
            refuse(core, &event, refusal_of(event_type)).await.map(Handled::Done)
        }
        Kind::Membership(member) => {
            membership::membership(core, &event, member, &portal).await.map(Handled::Done)
        }
        Kind::Tombstone { replacement } if rules_over(Act::Tombstone) => {
            upgrade::replaced(core, &portal, replacement.as_deref()).await.map(Handled::Done)
        }
        Kind::RoomEncryption(_)
        | Kind::RoomName(_)
        | Kind::RoomPicture(_)
        | Kind::Tombstone { .. }
        | Kind::Other { .. } => Ok(Handled::Done(Outcome::Ignored("state".into()))),
    }
}

/// Queues a message, or refuses it.
async fn take(turn: &PortalTurn<'_>, message: &Message) -> Result<Handled, Halt> {
    let PortalTurn { core, event, portal, .. } = *turn;
    // Decided before the homeserver is asked for names.
    let may = message::may_speak(core, event, portal);
    match may {
        Ok(()) => {}
        Err(Verdict::Ignore(reason)) => return Ok(Handled::Done(Outcome::Ignored(reason.into()))),
        Err(Verdict::Refuse(why)) => return refuse(core, event, why).await.map(Handled::Done),
    }
    let name = speaker::speaker(core, event, message, portal).await?;
    match parts(core, event, message, portal, &name) {
        Ok(parts) => {
            queue(turn, parts, about(message));
            Ok(Handled::Deferred)
        }
        Err(Verdict::Ignore(reason)) => Ok(Handled::Done(Outcome::Ignored(reason.into()))),
        Err(Verdict::Refuse(refusal)) => refuse(core, event, refusal).await.map(Handled::Done),
    }
}
