//! The resend of a message on request.

use ruma::{EventId, UserId};
use serde_json::value::RawValue;

use super::{edit, enqueue, turn::PortalTurn};
use crate::{
    bridge::{
        core::attempt::{Halt, Handled},
        from_wechat::lost_media,
        notice::refusal,
        policy::{self, Act, Actor, RoomRules, Ruling, after_prefix},
        render::{
            author::{self, Author},
            message::{self, Verdict},
            speaker,
        },
        text::SendRefusal,
    },
    matrix::event::{self, Event, Kind},
    store::{Change, Entry, Outcome, Work},
};

/// Returns whether a reaction asks for a resend.
pub(crate) fn asks_again(key: &str) -> bool {
    AGAIN.contains(&key.trim_end_matches('\u{fe0f}'))
}

/// Sends a message of this room again. The entry of the asking event stays in the inbox with the
/// message's event, and the client ids are derived from the asking event.
pub(crate) async fn retry(turn: &PortalTurn<'_>, of: &EventId) -> Result<Handled, Halt> {
    let PortalTurn { core, entry, event: asking, portal } = *turn;
    if let Some(no) = resend_refused(turn, &asking.sender).await? {
        return Ok(no);
    }
    if let Some(kept) = lost_media::told_by(core, of)?.filter(|kept| kept.portal == portal.id) {
        // What the contact sent is theirs, and their owner's.
        let ghost = core.ghost(&portal.key.contact);
        let author = ghost.as_ref().map_or(&*core.bot, |ghost| ghost.user());
        if let Some(no) = resend_refused(turn, author).await? {
            return Ok(no);
        }
        return Box::pin(lost_media::again(core, asking, of, &kept, portal))
            .await
            .map(Handled::Done);
    }
    if let Some((author, _)) = core.outbox.origin(portal.id, of) {
        if let Some(no) = resend_refused(turn, &author).await? {
            return Ok(no);
        }
        core.outbox.wake(portal.id);
        return Ok(Handled::Done(Outcome::Delivered));
    }
    let bot = core.bot();
    let found = core.event(&bot, &asking.room, of).await;
    let message = match &found {
        Ok(raw) => event::parse(raw).ok().zip(Some(raw)),
        Err(Halt::Stopping) => return Err(Halt::Stopping),
        Err(Halt::Refused(_)) => None,
    };
    let author = message.as_ref().map(|(event, _)| author::author(core, portal, event));
    let (original, raw) = match (message, author) {
        (Some(found), Some(Author::Person | Author::AnotherContact)) => found,
        (Some(_), Some(Author::Themselves)) if author::is_copy(portal, asking) => {
            return Ok(Handled::Done(Outcome::Ignored("own".into())));
        }
        (
            _,
            Some(Author::Themselves | Author::Bridge | Author::Person | Author::AnotherContact),
        )
        | (_, None) => {
            return refusal::refuse(core, asking, SendRefusal::NothingToRetry)
                .await
                .map(Handled::Done);
        }
    };
    if let Some(no) = resend_refused(turn, &original.sender).await? {
        return Ok(no);
    }
    let entry = as_message(entry, raw);
    let latest = match &entry.work {
        Work::FromMatrix { raw, .. } => serde_json::from_str::<&RawValue>(raw).ok(),
        Work::FromWechat { .. } => None,
    };
    let event = latest.and_then(|raw| event::parse(raw).ok()).unwrap_or(original);
    queue_again(&PortalTurn { entry: &entry, event: &event, ..*turn }, asking).await
}

/// Queues the message in its current version, in the entry of the asking event.
async fn queue_again(turn: &PortalTurn<'_>, asking: &Event) -> Result<Handled, Halt> {
    let PortalTurn { core, entry, event, portal } = *turn;
    let (Kind::Message(message) | Kind::Sticker(message)) = &event.kind else {
        return refusal::refuse(core, asking, SendRefusal::NothingToRetry).await.map(Handled::Done);
    };
    // A command to the bot is never sent to the contact.
    if !core.is_ours(&event.sender) && after_prefix(&message.body, core.prefix()).is_some() {
        return refusal::refuse(core, asking, SendRefusal::NothingToRetry).await.map(Handled::Done);
    }
    let name = speaker::speaker(core, event, message, portal).await?;
    match message::parts(core, event, message, portal, &name) {
        Ok(parts) => {
            let change = Change::new().put_entry(entry);
            let change = match &entry.work {
                Work::FromMatrix { progress, .. } => change.put_progress(entry.id, progress),
                Work::FromWechat { .. } => change,
            };
            core.commit(change).await?;
            let about = enqueue::about(message);
            enqueue::queue(turn, parts, about);
            Ok(Handled::Deferred)
        }
        Err(Verdict::Ignore("command" | "empty")) => {
            refusal::refuse(core, asking, SendRefusal::NothingToRetry).await.map(Handled::Done)
        }
        Err(Verdict::Ignore(reason)) => Ok(Handled::Done(Outcome::Ignored(reason.into()))),
        Err(Verdict::Refuse(refusal)) => {
            refusal::refuse(core, asking, refusal).await.map(Handled::Done)
        }
    }
}

/// Returns the refusal of a resend of a message by `author`; `None` when it is allowed.
async fn resend_refused(turn: &PortalTurn<'_>, author: &UserId) -> Result<Option<Handled>, Halt> {
    let PortalTurn { core, event: asking, portal, .. } = *turn;
    let authored_by_actor = author == asking.sender;
    let rules = RoomRules { authored_by_actor, ..policy::rules(portal, &asking.room) };
    let actor = Actor::of_event(core, portal, asking);
    match policy::decide(actor, Act::Resend, rules) {
        Ruling::Allowed => Ok(None),
        Ruling::Refused(why) => {
            refusal::refuse(core, asking, why).await.map(Handled::Done).map(Some)
        }
        Ruling::LeftAlone => Ok(Some(Handled::Done(Outcome::Ignored("policy".into())))),
    }
}

/// Returns the entry of the asking event with the current version of the message: with the content
/// of its latest edit.
pub(super) fn as_message(entry: &Entry, message: &RawValue) -> Entry {
    let mut entry = entry.clone();
    if let Work::FromMatrix { raw, progress, .. } = &mut entry.work {
        *raw = message.get().into();
        if let Some(edit) = event::latest_edit_id(message)
            && let Ok(Event { kind: Kind::Message(latest), .. }) = event::parse_latest(message)
            && let Some(edited) = edit::with_content(raw, latest.content.get())
        {
            *raw = edited;
            progress.version = Some(edit);
        }
    }
    entry
}

/// The reactions that ask for a resend.
pub(super) const AGAIN: [&str; 2] = ["🔁", "🔄"];
