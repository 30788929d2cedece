//! What a contact may learn of an event: only what they have received of it, checked when something
//! that refers to it is sent.

use ruma::{EventId, OwnedEventId};

use crate::{
    bridge::{
        core::{Core, attempt::Halt},
        state::{About, Outgoing, Part},
    },
    matrix::event::{Event, Kind},
    store::{Change, Given, Outcome, Portal, Source, SourceState},
};

/// What a contact has received of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The contact has nothing of it, or not all.
    Not,
    /// The contact wrote it.
    Own,
    /// The contact has the words of this event: the event itself, or an edit of it.
    Version(OwnedEventId),
    /// The contact has it in an unknown version; it has no edits.
    SomeVersion,
}

/// The sender of an event, as seen by one contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Contact,
    Bot,
    Other,
}

/// The record of an event that was to be sent to a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Trace {
    Given(OwnedEventId),
    /// WeChat accepted it, by the records of an older release of the bridge.
    Sent,
    None,
}

/// Returns what the contact of a portal has received of an event.
pub(crate) async fn seen_by(core: &Core, portal: &Portal, event: &Event) -> Result<Seen, Halt> {
    settled(core).await?;
    let by = match core.ghosts.contact(&event.sender) {
        Some(contact) if contact == portal.key.contact => By::Contact,
        _ if event.sender == core.bot => By::Bot,
        Some(_) | None => By::Other,
    };
    let trace = match by {
        By::Other => trace(core, portal, &event.id)?,
        By::Contact | By::Bot => Trace::None,
    };
    Ok(decide(by, is_notice(event), trace))
}

/// Returns whether an event was sent to the contact of a portal, in any version.
pub(crate) async fn was_given(core: &Core, portal: &Portal, of: &EventId) -> Result<bool, Halt> {
    settled(core).await?;
    Ok(trace(core, portal, of)? != Trace::None)
}

/// Returns whether these parts of an event are equal to what the contact has received of it.
pub(crate) async fn is_as_given(
    core: &Core,
    portal: &Portal,
    of: &EventId,
    parts: &[Part],
) -> Result<bool, Halt> {
    settled(core).await?;
    let given = core.read(core.store.given(portal.id, of))?;
    Ok(given.is_some_and(|given| *given.digest == *digest(core, portal, parts)))
}

/// Adds to a change that the contact of a portal has received this message.
pub(crate) fn note(core: &Core, change: Change, portal: &Portal, sent: &Outgoing) -> Change {
    let (event, parts) = match &sent.about {
        About::Correction { of, words } => (of, words),
        About::Nothing | About::Answer(_) | About::Reaction(_) => (&sent.event, &sent.plain),
    };
    change.put_given(&Given {
        portal: portal.id,
        event: event.clone(),
        version: sent.progress.version.clone().unwrap_or_else(|| sent.event.clone()),
        digest: digest(core, portal, parts).into(),
        at: core.clock.now(),
    })
}

fn digest(core: &Core, portal: &Portal, parts: &[Part]) -> String {
    let parts = parts.iter().map(|part| match part {
        Part::Text(text) => text.as_str(),
        Part::Media(media) => media.uri.as_str(),
    });
    let text = parts.fold(format!("given {}", portal.id), |text, part| text + "\0" + part);
    core.digest_key.digest(&text)
}

/// Waits until the last sends are stored.
async fn settled(core: &Core) -> Result<(), Halt> {
    core.commit(Change::new()).await
}

/// Returns whether an event is a message of the bridge itself, by the bot or by a ghost's notice.
pub(crate) fn is_of_bridge(core: &Core, event: &Event) -> bool {
    event.sender == core.bot || (core.is_ours(&event.sender) && is_notice(event))
}

/// Decides what a contact has; a ghost's notice stands for something that the contact did not
/// write.
fn decide(by: By, is_notice: bool, trace: Trace) -> Seen {
    match (by, trace) {
        (By::Contact, _) if !is_notice => Seen::Own,
        (By::Contact | By::Bot, _) | (By::Other, Trace::None) => Seen::Not,
        (By::Other, Trace::Given(version)) => Seen::Version(version),
        (By::Other, Trace::Sent) => Seen::SomeVersion,
    }
}

fn is_notice(event: &Event) -> bool {
    matches!(&event.kind, Kind::Message(message) if message.msgtype == "m.notice")
}

fn trace(core: &Core, portal: &Portal, event: &EventId) -> Result<Trace, Halt> {
    if let Some(given) = core.read(core.store.given(portal.id, event))? {
        return Ok(Trace::Given(given.version));
    }
    if core.read(core.store.was_sent(portal.id, event))? {
        return Ok(Trace::Sent);
    }
    // Only messages to WeChat can have this outcome: a command has `Delivered`.
    let sources = [
        Source::Event(event.to_owned()),
        Source::Copy { portal: portal.id, event: event.to_owned() },
    ];
    for source in sources {
        let seen = core.read(core.store.source_seen(&source))?;
        if matches!(seen, Some(SourceState::Finished { outcome: Outcome::Unconfirmed, .. })) {
            return Ok(Trace::Sent);
        }
    }
    Ok(Trace::None)
}

#[cfg(test)]
mod tests {
    use ruma::owned_event_id;

    use super::*;

    #[test]
    fn a_contact_has_seen_their_own_words_and_what_was_sent_and_nothing_else() {
        let edit = || owned_event_id!("$edit");
        for (by, is_notice, trace, seen) in [
            (By::Contact, false, Trace::None, Seen::Own),
            (By::Contact, true, Trace::None, Seen::Not),
            (By::Bot, false, Trace::None, Seen::Not),
            (By::Bot, true, Trace::Sent, Seen::Not),
            (By::Other, false, Trace::None, Seen::Not),
            (By::Other, true, Trace::None, Seen::Not),
            (By::Other, false, Trace::Sent, Seen::SomeVersion),
            (By::Other, true, Trace::Given(edit()), Seen::Version(edit())),
            (By::Other, false, Trace::Given(edit()), Seen::Version(edit())),
        ] {
            assert_eq!(decide(by, is_notice, trace.clone()), seen, "{by:?} {is_notice} {trace:?}");
        }
    }
}
