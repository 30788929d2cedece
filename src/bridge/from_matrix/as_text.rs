//! Events that WeChat has no form for, described to the contact in words: polls, reactions, and
//! edits of messages that were sent.

use ruma::EventId;
use serde_json::Value;

use super::{edit, enqueue, turn::PortalTurn};
use crate::{
    bridge::{
        core::{
            Core,
            attempt::{Halt, Handled},
        },
        notice::refusal,
        policy::{self, Act, Actor, RoomRules, Ruling, visibility},
        render::{
            message::{self, Verdict},
            reply_line, speaker,
        },
        state::{About, Changed, Outgoing, Part},
        text::{CONTACTS, SendRefusal, Worded},
    },
    convert,
    matrix::event::{Poll, Replacement},
    store::{Entry, Outcome, Work},
};

/// Handles a poll's question, a vote, or a poll's end.
pub(crate) async fn poll(turn: &PortalTurn<'_>, poll: &Poll) -> Result<Handled, Halt> {
    let PortalTurn { core, event, .. } = *turn;
    match poll {
        Poll::Start { question, answers } if answers.is_empty() && question.is_empty() => {
            let refusal = SendRefusal::Kind(convert::OtherKind::Poll);
            refusal::refuse(core, event, refusal).await.map(Handled::Done)
        }
        Poll::Start { question, answers } => {
            let text = question_text(question, answers);
            say(turn, &text, About::Nothing).await
        }
        Poll::Vote => refusal::refuse(core, event, SendRefusal::Vote).await.map(Handled::Done),
        Poll::End { text: Some(text) } => say(turn, &format!("📊 {text}"), About::Nothing).await,
        Poll::End { text: None } => {
            let text = Worded::PollEnded.text(CONTACTS);
            say(turn, &text, About::Nothing).await
        }
    }
}

/// Returns the question and its numbered answers as text.
pub(super) fn question_text(question: &str, answers: &[String]) -> String {
    let numbered = (1..).zip(answers).map(|(number, answer)| format!("{number}. {answer}"));
    std::iter::once(format!("📊 {question}")).chain(numbered).collect::<Vec<_>>().join("\n")
}

/// Describes a reaction to the contact if configured; otherwise refuses it with a notice.
pub(crate) async fn reaction(
    turn: &PortalTurn<'_>,
    of: &EventId,
    key: &str,
) -> Result<Handled, Halt> {
    let PortalTurn { core, entry, event, .. } = *turn;
    // A reaction that is an image cannot be written as text.
    if !core.config.delivery.reactions || key.starts_with("mxc://") {
        return refusal::refuse(core, event, SendRefusal::Reaction).await.map(Handled::Done);
    }
    // The contact knows nothing of the bridge's own messages, so reactions to them are not for the
    // contact.
    if !was_tried(entry)
        && let Some(of) = reply_line::event(core, &event.room, of).await?
        && visibility::is_of_bridge(core, &of)
    {
        return Ok(Handled::Done(Outcome::Ignored("to the bridge".into())));
    }
    let key = key.chars().take(LONGEST_KEY).collect::<String>();
    let words = Worded::Reaction { key: &key }.text(CONTACTS);
    say(turn, &words, About::Reaction(of.to_owned())).await
}

/// Sends the new words of a message that WeChat has in its old version; `otherwise` is the refusal
/// when that is not configured or not possible. Of several waiting ones only the newest is sent,
/// and one that changes nothing for the contact is not.
pub(super) async fn correction(
    turn: &PortalTurn<'_>,
    edit: &Replacement,
    otherwise: SendRefusal,
) -> Result<Handled, Halt> {
    let PortalTurn { core, event, portal, .. } = *turn;
    let name = speaker::speaker(core, event, &edit.new, portal).await?;
    let parts = |sign| message::parts_behind(core, (event, &edit.new), portal, &name, sign);
    let refusal = match (parts(""), parts(EDITED)) {
        (Ok(words), Ok(texts)) => {
            let texts: Vec<_> = texts.into_iter().filter(Part::is_text).collect();
            let about = About::Correction { of: edit.of.clone(), words };
            return correct(turn, about, texts, otherwise).await;
        }
        (Err(Verdict::Ignore("command")), _) => otherwise,
        (Err(Verdict::Ignore(reason)), _) | (_, Err(Verdict::Ignore(reason))) => {
            return Ok(Handled::Done(Outcome::Ignored(reason.into())));
        }
        (Err(Verdict::Refuse(refusal)), _) | (_, Err(Verdict::Refuse(refusal))) => refusal,
    };
    refusal::refuse(core, event, refusal).await.map(Handled::Done)
}

async fn correct(
    turn: &PortalTurn<'_>,
    about: About,
    texts: Vec<Part>,
    otherwise: SendRefusal,
) -> Result<Handled, Halt> {
    let PortalTurn { core, entry, event, portal } = *turn;
    let About::Correction { of, words } = &about else { return Ok(Handled::Deferred) };
    let is_tried = was_tried(entry);
    if !is_tried && is_own(turn, of).await? {
        let newer = (&about, texts.as_slice());
        let older = core.outbox.replace_correction(portal.id, newer, &event.sender, &event.id);
        if let (Changed::Done(older), Work::FromMatrix { raw, .. }) = (older, &entry.work) {
            rewrite(core, *older, raw).await?;
            return Ok(Handled::Done(Outcome::Delivered));
        }
        if visibility::is_as_given(core, portal, of, words).await? {
            return Ok(Handled::Done(Outcome::Ignored("unchanged".into())));
        }
    } else if !is_tried {
        return refusal::refuse(core, event, otherwise).await.map(Handled::Done);
    }
    if !core.config.delivery.edits || texts.is_empty() {
        return refusal::refuse(core, event, otherwise).await.map(Handled::Done);
    }
    enqueue::queue(turn, texts, about);
    Ok(Handled::Deferred)
}

/// Writes the content of a newer edit into the entry of an older one that waits.
async fn rewrite(core: &Core, older: Outgoing, newer: &str) -> Result<(), Halt> {
    let Work::FromMatrix { raw, room, .. } = &older.entry.work else { return Ok(()) };
    let (raw, newer) = (core.clear(room, raw).await?, core.clear(room, newer).await?);
    let content = serde_json::from_str::<Value>(&newer);
    let content = content.ok().and_then(|event| Some(event.get("content")?.to_string()));
    let Some(written) = content.and_then(|content| edit::with_content(&raw, &content)) else {
        tracing::error!(event = %older.event, "a waiting edit cannot be rewritten; after a restart its older words go out");
        return Ok(());
    };
    edit::rewrite(core, older, written).await
}

/// Returns whether the author of the edit may change the edited message. The homeserver does not
/// check who edits what; clients do.
async fn is_own(turn: &PortalTurn<'_>, of: &EventId) -> Result<bool, Halt> {
    let PortalTurn { core, event, portal, .. } = *turn;
    let original = reply_line::event(core, &event.room, of).await?;
    let actor = Actor::of_event(core, portal, event);
    Ok(original.is_some_and(|original| {
        let authored_by_actor = original.sender == event.sender;
        let rules = RoomRules { authored_by_actor, ..policy::rules(portal, &event.room) };
        policy::decide(actor, Act::Edit, rules) == Ruling::Allowed
    }))
}

fn was_tried(entry: &Entry) -> bool {
    match &entry.work {
        Work::FromMatrix { progress, .. } => progress.tried,
        Work::FromWechat { .. } => false,
    }
}

/// Queues words that are no message of the room.
async fn say(turn: &PortalTurn<'_>, words: &str, about: About) -> Result<Handled, Halt> {
    let PortalTurn { core, event, portal, .. } = *turn;
    match message::may_speak(core, event, portal) {
        Ok(()) => {}
        Err(Verdict::Ignore(why)) => return Ok(Handled::Done(Outcome::Ignored(why.into()))),
        Err(Verdict::Refuse(why)) => {
            return refusal::refuse(core, event, why).await.map(Handled::Done);
        }
    }
    let name = match message::is_named(event, portal) {
        false => None,
        true => Some(speaker::author(core, event).await?),
    };
    let lead = message::lead("", name.as_deref());
    let texts = message::split(&lead, &convert::safe_for_wechat(words));
    let parts = texts.into_iter().map(Part::Text).collect();
    enqueue::queue(turn, parts, about);
    Ok(Handled::Deferred)
}

/// The sign before the new words of a message that was sent.
const EDITED: &str = "✏️";
/// The greatest length of a reaction in characters; the longest emoji has about a dozen.
const LONGEST_KEY: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answers_of_a_poll_have_numbers() {
        let answers = ["green".to_owned(), "black".to_owned()];
        assert_eq!(question_text("Which tea?", &answers), "📊 Which tea?\n1. green\n2. black");
        assert_eq!(question_text("Which tea?", &[]), "📊 Which tea?");
    }
}
