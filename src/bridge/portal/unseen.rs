//! Messages of a contact that came into a room after its owner had left it: the homeserver tells of
//! the leave a moment later, or when the bridge is back. They are said again in the next room.

use std::sync::Arc;

use ruma::{OwnedEventId, RoomId};
use serde_json::{Map, Value};

use super::room;
use crate::{
    bridge::core::{Core, attempt::Halt, txn::Txn},
    clock::Timestamp,
    matrix::{
        Intent,
        content::Content,
        event::{self, Event, Kind, MembershipState},
    },
    store::{Change, Link, Portal},
};

/// A message that the owner could not see.
struct Unseen {
    event: OwnedEventId,
    at: Timestamp,
    content: Content,
}

/// Sends what the owner did not see of a closed room into a new one, which is made for it. Returns
/// whether there was any. May be repeated: the copies have ids that are derived from the messages.
pub(super) async fn bring_along(
    core: &Arc<Core>,
    portal: &Portal,
    room: &RoomId,
) -> Result<bool, Halt> {
    let Some(ghost) = core.ghost(&portal.key.contact) else { return Ok(false) };
    let unseen = behind_the_leave(core, portal, room, &ghost).await?;
    if unseen.is_empty() {
        return Ok(false);
    }
    let Some(next) = room::ensure_room(core, portal.id).await? else { return Ok(false) };
    let Some(new) = next.own_room().filter(|new| *new != room) else { return Ok(false) };
    tracing::info!(portal = %portal.id, messages = unseen.len(), "messages follow their owner");
    for Unseen { event, at, content } in unseen {
        let txn = Txn::Unseen(&event).to_string();
        let copy = core.send(&ghost, new, &content, (&txn, Some(at))).await?;
        if let Some(link) = core.read(core.store.find_message(&event))? {
            core.store.submit(Change::new().link(&Link { event: copy, ..link }));
        }
    }
    Ok(true)
}

/// Returns the messages of the ghost that are newer than the leave of the owner, oldest first; none
/// when there is no leave.
async fn behind_the_leave(
    core: &Core,
    portal: &Portal,
    room: &RoomId,
    ghost: &Intent,
) -> Result<Vec<Unseen>, Halt> {
    let (bot, mut found, mut from) = (core.bot(), Vec::new(), None);
    for _ in 0..MOST_PAGES {
        let page = match core.insist(|| bot.history(room, from.as_deref())).await {
            Ok(page) => page,
            Err(Halt::Stopping) => return Err(Halt::Stopping),
            Err(Halt::Refused(error)) => {
                tracing::debug!(%room, %error, "a closed room cannot be read");
                return Ok(Vec::new());
            }
        };
        for event in page.events.iter().filter_map(|raw| event::parse(raw).ok()) {
            if left(&event, portal) {
                found.reverse();
                return Ok(found);
            }
            if let Kind::Message(message) = event.kind
                && event.sender == ghost.user()
            {
                let fields = serde_json::from_str::<Map<String, Value>>(message.content.get());
                let mut content = Content::new("m.room.message", fields.unwrap_or_default());
                // What it answers is in the room that was left.
                content.fields.remove("m.relates_to");
                found.push(Unseen { event: event.id, at: event.at, content });
            }
        }
        from = page.older;
        if from.is_none() {
            break;
        }
    }
    Ok(Vec::new())
}

/// Returns whether the owner left, or was removed, by this event.
fn left(event: &Event, portal: &Portal) -> bool {
    let Kind::Membership(change) = &event.kind else { return false };
    let is_out = matches!(change.now, MembershipState::Leave | MembershipState::Ban);
    change.user == portal.key.owner && is_out
}

/// A thousand events; more are not written while a leave is on its way.
const MOST_PAGES: u32 = 10;
