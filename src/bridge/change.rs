//! Second thoughts about a message: edited, taken back, or wanted once more.

use ruma::EventId;
use serde_json::{Value, value::RawValue};

use super::{
    core::{Core, name_of},
    group::{self, Author},
    halt::Halt,
    kept, member, notice,
    outgoing::{self, Verdict},
    replied, shown,
    state::{Changed, Outgoing},
    text::{Answer, GroupText, Refusal},
    worded,
};
use crate::{
    config::Level,
    matrix::event::{self, Event, Kind, PROFILE_KEYS, Replacement},
    store::{Change, Entry, Outcome, Portal, Work},
};

/// A message that waits gets its new words or file; of one that is on its way or was sent the new
/// words follow.
pub(crate) async fn edit(
    core: &Core,
    entry: &Entry,
    event: &Event,
    edit: &Replacement,
    portal: &Portal,
) -> Result<Option<Outcome>, Halt> {
    let name = member::speaker(core, event, &edit.new, portal).await?;
    let parts = match outgoing::parts(core, event, &edit.new, portal, &name) {
        Ok(parts) => parts,
        Err(Verdict::Ignore(reason)) => return Ok(Some(Outcome::Ignored(reason.into()))),
        Err(Verdict::Refuse(refusal)) => {
            return outgoing::refuse(core, event, refusal).await.map(Some);
        }
    };
    let late = match core.outbox.replace(portal.id, &edit.of, &event.sender, &parts) {
        Changed::Done(waiting) => {
            replaced(core, *waiting, edit).await?;
            return Ok(Some(Outcome::Delivered));
        }
        Changed::TooLate => Refusal::OnItsWay,
        Changed::NotThere => Refusal::Edit,
    };
    worded::correction(core, entry, (event, edit), &name, (portal, late)).await
}

/// The entry of a message that waits says from now on what its edit says.
async fn replaced(core: &Core, mut waiting: Outgoing, edit: &Replacement) -> Result<(), Halt> {
    if let Work::FromMatrix { raw, .. } = &mut waiting.entry.work
        && let Some(edited) = with_content(raw, edit.new.content.get())
    {
        *raw = edited;
        core.commit(Change::new().put_entry(&waiting.entry)).await?;
    }
    Ok(())
}

/// An event as if it had been sent with the content of its edit. What it answers to cannot be
/// edited, and who speaks in it stays who it was where the edit does not say it.
pub(super) fn with_content(raw: &str, content: &str) -> Option<Box<str>> {
    let mut event: Value = serde_json::from_str(raw).ok()?;
    let mut content: Value = serde_json::from_str(content).ok()?;
    let fields = content.as_object_mut()?;
    fields.remove("m.relates_to");
    let says_who = PROFILE_KEYS.iter().any(|key| fields.contains_key(*key));
    let kept = PROFILE_KEYS.iter().filter(|_| !says_who).chain(&["m.relates_to"]);
    for key in kept {
        let old = event["content"].get(key).cloned();
        fields.extend(old.map(|old| ((*key).to_owned(), old)));
    }
    event.as_object_mut()?.insert("content".to_owned(), content);
    Some(event.to_string().into())
}

/// A message that waits is taken back, and the room hears so; one that was sent stays on the
/// phone.
pub(crate) async fn redact(
    core: &Core,
    event: &Event,
    of: &EventId,
    portal: &Portal,
) -> Result<Outcome, Halt> {
    match core.outbox.cancel(portal.id, of) {
        Changed::Done(waiting) => {
            core.finish(&waiting.entry, &Outcome::Cancelled);
            shown::unmark(core, &waiting).await;
            say_taken_back(core, event, portal).await?;
            Ok(Outcome::Delivered)
        }
        Changed::TooLate => outgoing::refuse(core, event, Refusal::OnItsWay).await,
        Changed::NotThere if was_sent(core, of) => {
            outgoing::refuse(core, event, Refusal::Redaction).await
        }
        Changed::NotThere => Ok(Outcome::Ignored("redaction".into())),
    }
}

async fn say_taken_back(core: &Core, event: &Event, portal: &Portal) -> Result<(), Halt> {
    if core.is_ours(&event.sender) {
        return Ok(()); // A contact took it back, and nobody in the room waits for an answer.
    }
    let language = core.language_of(&event.sender);
    let (text, txn) = match group::is_copy(portal, event) {
        false => (Answer::TakenBack.text(language), format!("taken-back-{}", event.id)),
        true => {
            let text = GroupText::TakenBackFor { name: &name_of(portal) }.text(language);
            (text, format!("taken-back-{}-{}", event.id, portal.id))
        }
    };
    notice::say(core, &event.room, &text, &txn).await
}

fn was_sent(core: &Core, event: &EventId) -> bool {
    core.store.find_message(event).is_ok_and(|link| link.is_some())
}

/// Whether a reaction asks to send a message once more.
pub(crate) fn asks_again(key: &str) -> bool {
    AGAIN.contains(&key.trim_end_matches('\u{fe0f}'))
}

/// Sends a message of this room once more. What asks for it becomes the message: its entry stays
/// in the inbox with the message's event, and the client ids are derived from the asking event.
pub(crate) async fn retry(
    core: &Core,
    entry: &Entry,
    asking: &Event,
    of: &EventId,
    portal: &Portal,
) -> Result<Option<Outcome>, Halt> {
    if core.config.bridge.permissions.level_of(&asking.sender) < Some(Level::Relay) {
        return outgoing::refuse(core, asking, Refusal::NotAllowed).await.map(Some);
    }
    if let Some(kept) = kept::told_by(core, of)?.filter(|kept| kept.portal == portal.id) {
        return Box::pin(kept::again(core, asking, of, &kept, portal)).await.map(Some);
    }
    if core.outbox.waiting(portal.id).iter().any(|waiting| waiting.event == of) {
        core.outbox.wake(portal.id);
        return Ok(Some(Outcome::Delivered));
    }
    let bot = core.bot();
    let found = core.insist(|| bot.event(&asking.room, of)).await;
    let message = match &found {
        Ok(raw) => event::parse(raw).ok().zip(Some(raw)),
        Err(Halt::Stopping) => return Err(Halt::Stopping),
        Err(Halt::Refused(_)) => None,
    };
    let author = message.as_ref().map(|(event, _)| group::author(core, portal, event));
    let (event, raw) = match (message, author) {
        (Some(found), Some(Author::Person | Author::AnotherContact)) => found,
        (Some(_), Some(Author::Themselves)) if group::is_copy(portal, asking) => {
            return Ok(Some(Outcome::Ignored("own".into())));
        }
        (
            _,
            Some(Author::Themselves | Author::Bridge | Author::Person | Author::AnotherContact),
        )
        | (_, None) => {
            return outgoing::refuse(core, asking, Refusal::NothingToRetry).await.map(Some);
        }
    };
    let (Kind::Message(message) | Kind::Sticker(message)) = &event.kind else {
        return outgoing::refuse(core, asking, Refusal::NothingToRetry).await.map(Some);
    };
    let name = member::speaker(core, &event, message, portal).await?;
    match outgoing::parts(core, &event, message, portal, &name) {
        Ok(parts) => {
            let entry = as_message(entry, raw);
            let entry =
                replied::with_line(core, &entry, &event.room, replied::target(message), portal);
            let entry = entry.await?;
            core.commit(Change::new().put_entry(&entry)).await?;
            outgoing::queue(core, &entry, &event, portal, parts);
            Ok(None)
        }
        Err(Verdict::Ignore(reason)) => Ok(Some(Outcome::Ignored(reason.into()))),
        Err(Verdict::Refuse(refusal)) => outgoing::refuse(core, asking, refusal).await.map(Some),
    }
}

/// The entry of the event that asks, holding the message that is asked for.
fn as_message(entry: &Entry, message: &RawValue) -> Entry {
    let mut entry = entry.clone();
    if let Work::FromMatrix { raw, .. } = &mut entry.work {
        *raw = message.get().into();
    }
    entry
}

/// Reactions that ask to send a message once more.
const AGAIN: [&str; 2] = ["🔁", "🔄"];
