//! What somebody wrote to the bot after inviting it and before it came: a homeserver pushes nothing
//! of a room that the bot is not in yet.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::ingest;
use crate::{
    bridge::core::{Core, attempt::Halt},
    matrix::{Transaction, event, event::Event},
};

/// Takes over what the sender of `invitation` has written since then: who invites the bot and writes
/// at once means it.
pub(in crate::bridge) async fn take_over(core: &Arc<Core>, invitation: &Event) -> Result<(), Halt> {
    let (bot, room) = (core.bot(), &invitation.room);
    let newest = match core.insist(|| bot.newest(room)).await {
        Err(Halt::Refused(error)) => {
            tracing::debug!(%room, %error, "what was written before the bot came is not shown");
            return Ok(());
        }
        newest => newest?,
    };
    let events = since(invitation, newest);
    if events.is_empty() {
        return Ok(());
    }
    let id = format!("before {}", invitation.id);
    let found = Transaction { id, events, ephemeral: Vec::new() };
    // Only a store that fails, or the end, keeps it from being taken.
    ingest::take(core, &found).await.map_err(|_| Halt::Stopping)
}

/// Returns the events of its sender since the invitation, the oldest first.
fn since(invitation: &Event, newest: Vec<Box<RawValue>>) -> Vec<Box<RawValue>> {
    let read = newest.into_iter().map(|raw| (event::parse(&raw).ok(), raw));
    let is_invitation =
        |event: &Option<Event>| event.as_ref().is_some_and(|event| event.id == invitation.id);
    let later = read.take_while(|(event, _)| !is_invitation(event));
    let theirs = later
        .filter(|(event, _)| event.as_ref().is_some_and(|event| event.sender == invitation.sender));
    let mut events: Vec<_> = theirs.map(|(_, raw)| raw).collect();
    events.reverse();
    events
}

#[cfg(test)]
mod tests {
    use serde_json::{json, value::to_raw_value};

    use super::*;

    #[test]
    fn what_the_host_has_written_since_the_invitation_is_taken_in_order() {
        let event = |id: &str, sender: &str| {
            let event = json!({
                "event_id": id, "sender": sender, "room_id": "!r:b.org", "type": "m.room.message",
                "content": { "msgtype": "m.text", "body": "hi" },
            });
            to_raw_value(&event).unwrap()
        };
        let newest =
            [("$5", "@a:b"), ("$4", "@c:b"), ("$3", "@a:b"), ("$2", "@a:b"), ("$1", "@a:b")];
        let newest: Vec<_> = newest.iter().map(|(id, sender)| event(id, sender)).collect();
        let invitation = event::parse(&event("$2", "@a:b")).unwrap();
        let taken = since(&invitation, newest);
        let taken: Vec<_> =
            taken.iter().map(|raw| event::parse(raw).unwrap().id.to_string()).collect();
        assert_eq!(taken, ["$3", "$5"]);
    }
}
