//! Things that WeChat has no form for, told to the contact in words: polls, reactions, and edits
//! of what was sent.

use super::enqueue;
use crate::{
    bridge::{
        core::{
            Core,
            attempt::{Halt, Handled},
        },
        notice::refusal,
        policy::{self, Act, Actor, RoomRules, Ruling, after_prefix},
        render::{
            message::{self, Verdict},
            reply_line, speaker,
        },
        state::Part,
        text::{CONTACTS, Refusal, Worded},
    },
    convert,
    matrix::event::{Event, Poll, Replacement},
    store::{Entry, Outcome, Portal, Work},
};

/// Decides about a poll's question, a vote, or a poll's end.
pub(crate) async fn poll(
    core: &Core,
    entry: &Entry,
    event: &Event,
    poll: &Poll,
    portal: &Portal,
) -> Result<Handled, Halt> {
    match poll {
        Poll::Start { question, answers } if answers.is_empty() && question.is_empty() => {
            let refusal = Refusal::Kind(convert::Kind::Poll);
            refusal::refuse(core, event, refusal).await.map(Handled::Done)
        }
        Poll::Start { question, answers } => {
            say(core, entry, event, portal, &question_text(question, answers)).await
        }
        Poll::Vote => refusal::refuse(core, event, Refusal::Vote).await.map(Handled::Done),
        Poll::End { text: Some(text) } => {
            say(core, entry, event, portal, &format!("📊 {text}")).await
        }
        Poll::End { text: None } => {
            say(core, entry, event, portal, &Worded::PollEnded.text(CONTACTS)).await
        }
    }
}

/// The question and its numbered answers.
pub(super) fn question_text(question: &str, answers: &[String]) -> String {
    let numbered = (1..).zip(answers).map(|(number, answer)| format!("{number}. {answer}"));
    std::iter::once(format!("📊 {question}")).chain(numbered).collect::<Vec<_>>().join("\n")
}

/// Tells of a reaction where the config wants it; elsewhere it stays in the room, and that is said.
pub(crate) async fn reaction(
    core: &Core,
    entry: &Entry,
    event: &Event,
    (of, key): (&ruma::EventId, &str),
    portal: &Portal,
) -> Result<Handled, Halt> {
    // A picture as a reaction has no sign that a text could show.
    if !core.config.delivery.reactions || key.starts_with("mxc://") {
        return refusal::refuse(core, event, Refusal::Reaction).await.map(Handled::Done);
    }
    let key = key.chars().take(LONGEST_KEY).collect::<String>();
    let entry = reply_line::with_line(core, entry, &event.room, Some(of), portal).await?;
    say(core, &entry, event, portal, &Worded::Reaction { key: &key }.text(CONTACTS)).await
}

/// Sends the new words of a message that WeChat has in its old form already; `otherwise` is said
/// where that is not wanted or not possible.
pub(super) async fn correction(
    core: &Core,
    entry: &Entry,
    (event, edit): (&Event, &Replacement),
    speaker: &str,
    (portal, otherwise): (&Portal, Refusal),
) -> Result<Handled, Halt> {
    let parts = message::parts_behind(core, (event, &edit.new), portal, speaker, EDITED);
    let texts: Vec<_> = parts.unwrap_or_default().into_iter().filter(Part::is_text).collect();
    let wanted = core.config.delivery.edits && !texts.is_empty();
    if !wanted || !(was_tried(entry) || is_own(core, event, edit, portal).await?) {
        return refusal::refuse(core, event, otherwise).await.map(Handled::Done);
    }
    enqueue::queue(core, entry, event, portal, texts);
    Ok(Handled::Deferred)
}

/// Whether the edit is of a message of the same person, which was for the contact. The homeserver
/// does not look at who edits what; clients do.
async fn is_own(
    core: &Core,
    event: &Event,
    edit: &Replacement,
    portal: &Portal,
) -> Result<bool, Halt> {
    if after_prefix(&edit.new.body, core.prefix()).is_some() {
        return Ok(false);
    }
    let original = reply_line::event(core, &event.room, &edit.of).await?;
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

/// Queues words that are no message in the room.
async fn say(
    core: &Core,
    entry: &Entry,
    event: &Event,
    portal: &Portal,
    words: &str,
) -> Result<Handled, Halt> {
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
    enqueue::queue(core, entry, event, portal, texts.into_iter().map(Part::Text).collect());
    Ok(Handled::Deferred)
}

/// What the new words of a sent message begin with.
const EDITED: &str = "✏️";
/// In characters; the longest emoji has about a dozen.
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
