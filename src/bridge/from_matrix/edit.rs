//! Second thoughts about a message: edited, taken back, or wanted once more.

use ruma::{EventId, OwnedRoomId, OwnedUserId};
use serde_json::Value;

use super::as_text;
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
        text::{Answer, GroupText, Refusal},
    },
    matrix::event::{Event, PROFILE_KEYS, Replacement},
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
) -> Result<Handled, Halt> {
    let name = speaker::speaker(core, event, &edit.new, portal).await?;
    let parts = match message::parts(core, event, &edit.new, portal, &name) {
        Ok(parts) => parts,
        Err(Verdict::Ignore(reason)) => return Ok(Handled::Done(Outcome::Ignored(reason.into()))),
        Err(Verdict::Refuse(refusal)) => {
            return refusal::refuse(core, event, refusal).await.map(Handled::Done);
        }
    };
    let late = match core.outbox.replace(portal.id, &edit.of, &event.sender, &parts) {
        Changed::Done(waiting) => {
            replaced(core, *waiting, edit).await?;
            return Ok(Handled::Done(Outcome::Delivered));
        }
        Changed::TooLate => Refusal::OnItsWay,
        Changed::NotThere => Refusal::Edit,
    };
    as_text::correction(core, entry, (event, edit), &name, (portal, late)).await
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

/// A message that waits is taken back, and the room hears so; one that was sent stays on the
/// phone.
pub(crate) async fn redact(
    core: &Core,
    event: &Event,
    of: &EventId,
    portal: &Portal,
) -> Result<Outcome, Halt> {
    if !may_take_back(core, event, of, portal).await? {
        return Ok(Outcome::Ignored("policy".into()));
    }
    match core.outbox.cancel(portal.id, of) {
        Changed::Done(waiting) => {
            core.finish(&waiting.entry, &Outcome::Cancelled);
            status::unmark(core, &waiting).await;
            say_taken_back(core, event, portal).await?;
            Ok(Outcome::Delivered)
        }
        Changed::TooLate => refusal::refuse(core, event, Refusal::OnItsWay).await,
        Changed::NotThere if was_sent(core, of) => {
            refusal::refuse(core, event, Refusal::Redaction).await
        }
        Changed::NotThere => Ok(Outcome::Ignored("redaction".into())),
    }
}

/// Whether a redaction reaches what waits; true as well where nothing of that name waits.
async fn may_take_back(
    core: &Core,
    event: &Event,
    of: &EventId,
    portal: &Portal,
) -> Result<bool, Halt> {
    let Some((author, room)) = origin_of_waiting(core, portal, of) else { return Ok(true) };
    let (written_here, authored_by_actor) = (room == event.room, author == event.sender);
    let actor = Actor::of_event(core, portal, event);
    let of_room = policy::rules(portal, &event.room);
    let mut rules = RoomRules { authored_by_actor, written_here, ..of_room };
    let decided = |rules| policy::decide(actor, Act::Redaction, rules) == Ruling::Allowed;
    // The homeserver is asked only where its answer would change something.
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

/// Who wrote a message that waits, and where.
fn origin_of_waiting(
    core: &Core,
    portal: &Portal,
    of: &EventId,
) -> Option<(OwnedUserId, OwnedRoomId)> {
    let waiting = core.outbox.waiting(portal.id);
    let mut all = waiting.iter().flat_map(|one| std::iter::once(one).chain(&one.with));
    all.find(|one| one.event == of).map(|one| (one.sender.clone(), one.room.clone()))
}

async fn say_taken_back(core: &Core, event: &Event, portal: &Portal) -> Result<(), Halt> {
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
