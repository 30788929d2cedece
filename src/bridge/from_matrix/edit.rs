//! Edits and redactions of messages.

use ruma::EventId;
use serde_json::Value;

use super::{as_text, turn::PortalTurn};
use crate::{
    bridge::{
        core::{
            Core,
            attempt::{Halt, Handled},
            name_of,
            txn::Txn,
        },
        notice::{self, refusal, status},
        policy::{self, Act, Actor, RoomRules, Ruling},
        render::{
            author,
            message::{self, Verdict},
            speaker,
        },
        state::{Changed, Outgoing},
        text::{Answer, GroupText, SendRefusal},
    },
    matrix::event::{self, Event, Kind, PROFILE_KEYS, Replacement},
    store::{Change, Outcome, Work},
};

/// Edits a message that waits; of one that is being sent or was sent, the new words are sent.
pub(crate) async fn edit(turn: &PortalTurn<'_>, edit: &Replacement) -> Result<Handled, Halt> {
    let PortalTurn { core, event, portal, .. } = *turn;
    let waiting = core.outbox.find(portal.id, &edit.of);
    let late = match waiting.filter(|waiting| waiting.sender == event.sender) {
        None => SendRefusal::Edit,
        Some(waiting) if waiting.is_untried() => {
            if let Some(outcome) = of_waiting(turn, edit, waiting).await? {
                return Ok(Handled::Done(outcome));
            }
            SendRefusal::OnItsWay
        }
        Some(_) => SendRefusal::OnItsWay,
    };
    as_text::correction(turn, edit, late).await
}

/// Changes a waiting message to what would be sent if it had been written so at first; `None` when
/// it is being sent. A message that must not be sent in its new version is removed.
async fn of_waiting(
    turn: &PortalTurn<'_>,
    edit: &Replacement,
    waiting: Outgoing,
) -> Result<Option<Outcome>, Halt> {
    let PortalTurn { core, event, portal, .. } = *turn;
    let Work::FromMatrix { raw, room, .. } = &waiting.entry.work else { return Ok(None) };
    let edited = with_content(&core.clear(room, raw).await?, edit.new.content.get());
    let Some((edited, written)) = edited.and_then(|raw| Some((parsed(&raw)?, raw))) else {
        return refusal::refuse(core, event, SendRefusal::Edit).await.map(Some);
    };
    let parts = match &edited.kind {
        Kind::Message(message) | Kind::Sticker(message) => {
            let name = speaker::speaker(core, &edited, message, portal).await?;
            message::parts(core, &edited, message, portal, &name)
        }
        Kind::Reaction { .. }
        | Kind::Redaction { .. }
        | Kind::Poll(_)
        | Kind::LiveLocation
        | Kind::Encrypted
        | Kind::RoomEncryption(_)
        | Kind::Membership(_)
        | Kind::RoomName(_)
        | Kind::RoomPicture(_)
        | Kind::Tombstone { .. }
        | Kind::Other { .. } => Err(Verdict::Ignore("unusable")),
    };
    match parts {
        Ok(parts) => {
            let changed =
                core.outbox.replace(portal.id, &edit.of, &event.sender, (&parts, &event.id));
            let Changed::Done(waiting) = changed else { return Ok(None) };
            rewrite(core, *waiting, written).await?;
            Ok(Some(Outcome::Delivered))
        }
        Err(Verdict::Ignore(_)) => take_back(turn, &edit.of).await,
        Err(Verdict::Refuse(refusal @ (SendRefusal::NotAllowed | SendRefusal::RelayOff))) => {
            refusal::refuse(core, event, refusal).await.map(Some)
        }
        Err(Verdict::Refuse(refusal)) => match take_back(turn, &edit.of).await? {
            Some(_) => refusal::refuse(core, event, refusal).await.map(Some),
            None => Ok(None),
        },
    }
}

fn parsed(raw: &str) -> Option<Event> {
    event::parse(serde_json::from_str(raw).ok()?).ok()
}

/// Stores that the entry of a waiting message has this event from now on.
pub(super) async fn rewrite(
    core: &Core,
    mut waiting: Outgoing,
    written: Box<str>,
) -> Result<(), Halt> {
    if let Work::FromMatrix { raw, .. } = &mut waiting.entry.work {
        *raw = written;
    }
    let change = Change::new().put_entry(&waiting.entry);
    core.commit(change.put_progress(waiting.entry.id, &waiting.progress)).await
}

/// Removes a message from the queue and sends a notice; `None` when it does not wait.
async fn take_back(turn: &PortalTurn<'_>, of: &EventId) -> Result<Option<Outcome>, Halt> {
    let PortalTurn { core, portal, .. } = *turn;
    let Changed::Done(waiting) = core.outbox.cancel(portal.id, of) else { return Ok(None) };
    core.finish(&waiting.entry, &Outcome::Cancelled);
    status::unmark(core, &waiting).await;
    say_taken_back(turn).await?;
    Ok(Some(Outcome::Delivered))
}

/// Returns an event as if it had been sent with the content of its edit. An edit cannot change what
/// is replied to, and it changes the profile only where it has one.
pub(crate) fn with_content(raw: &str, content: &str) -> Option<Box<str>> {
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

/// Removes a message that waits, with a notice in the room; a message that was sent stays on the
/// phone.
pub(crate) async fn redact(turn: &PortalTurn<'_>, of: &EventId) -> Result<Outcome, Halt> {
    let PortalTurn { core, event, portal, .. } = *turn;
    if !may_take_back(turn, of).await? {
        return Ok(Outcome::Ignored("policy".into()));
    }
    for correction in core.outbox.cancel_corrections(portal.id, of) {
        core.finish(&correction.entry, &Outcome::Cancelled);
        status::unmark(core, &correction).await;
    }
    match core.outbox.cancel(portal.id, of) {
        Changed::Done(waiting) => {
            core.finish(&waiting.entry, &Outcome::Cancelled);
            status::unmark(core, &waiting).await;
            say_taken_back(turn).await?;
            Ok(Outcome::Delivered)
        }
        Changed::TooLate => refusal::refuse(core, event, SendRefusal::OnItsWay).await,
        Changed::NotThere if was_sent(core, of) => {
            refusal::refuse(core, event, SendRefusal::Redaction).await
        }
        Changed::NotThere => Ok(Outcome::Ignored("redaction".into())),
    }
}

/// Returns whether a redaction may remove the waiting message; true when none waits.
async fn may_take_back(turn: &PortalTurn<'_>, of: &EventId) -> Result<bool, Halt> {
    let PortalTurn { core, event, portal, .. } = *turn;
    let Some((author, room)) = core.outbox.origin(portal.id, of) else { return Ok(true) };
    let (written_here, authored_by_actor) = (room == event.room, author == event.sender);
    let actor = Actor::of_event(core, portal, event);
    let of_room = policy::rules(portal, &event.room);
    let mut rules = RoomRules { authored_by_actor, written_here, ..of_room };
    let decided = |rules| policy::decide(actor, Act::Redaction, rules) == Ruling::Allowed;
    // The homeserver is asked only where its answer changes the decision.
    if !decided(rules) && decided(RoomRules { may_moderate: true, ..rules }) {
        let bot = core.bot();
        let power = match core.insist(|| bot.power(&event.room)).await {
            Err(Halt::Refused(_)) => return Ok(false),
            power => power?,
        };
        rules.may_moderate = power.may_redact(&event.sender);
    }
    Ok(decided(rules))
}

async fn say_taken_back(turn: &PortalTurn<'_>) -> Result<(), Halt> {
    let PortalTurn { core, event, portal, .. } = *turn;
    if core.is_ours(&event.sender) {
        return Ok(()); // A contact took it back, and nobody in the room waits for an answer.
    }
    let language = core.language_of(&event.sender);
    let (text, txn) = match author::is_copy(portal, event) {
        false => {
            (Answer::TakenBack.text(language), Txn::TakenBack { event: &event.id, portal: None })
        }
        true => {
            let text = GroupText::TakenBackFor { name: &name_of(portal) }.text(language);
            (text, Txn::TakenBack { event: &event.id, portal: Some(portal.id) })
        }
    };
    notice::say(core, &event.room, &text, txn).await
}

fn was_sent(core: &Core, event: &EventId) -> bool {
    core.store.find_message(event).is_ok_and(|link| link.is_some())
}
