//! Things that WeChat has no form for, told to the contact in words: polls, reactions, and edits
//! of what was sent.

use super::{
    core::Core,
    halt::Halt,
    member, outgoing, replied,
    state::Part,
    text::{CONTACTS, Refusal, Worded},
};
use crate::{
    convert,
    matrix::event::{Event, Poll, Replacement},
    store::{Entry, Outcome, Portal, Work},
};

/// Decides about a poll's question, a vote, or a poll's end.
pub(super) async fn poll(
    core: &Core,
    entry: &Entry,
    event: &Event,
    poll: &Poll,
    portal: &Portal,
) -> Result<Option<Outcome>, Halt> {
    match poll {
        Poll::Start { question, answers } if answers.is_empty() && question.is_empty() => {
            let refusal = Refusal::Kind(convert::Kind::Poll);
            outgoing::refuse(core, event, refusal).await.map(Some)
        }
        Poll::Start { question, answers } => {
            say(core, entry, event, portal, &question_text(question, answers)).await
        }
        Poll::Vote => outgoing::refuse(core, event, Refusal::Vote).await.map(Some),
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
pub(super) async fn reaction(
    core: &Core,
    entry: &Entry,
    event: &Event,
    (of, key): (&ruma::EventId, &str),
    portal: &Portal,
) -> Result<Option<Outcome>, Halt> {
    // A picture as a reaction has no sign that a text could show.
    if !core.config.delivery.reactions || key.starts_with("mxc://") {
        return outgoing::refuse(core, event, Refusal::Reaction).await.map(Some);
    }
    let key = key.chars().take(LONGEST_KEY).collect::<String>();
    let entry = replied::with_line(core, entry, &event.room, Some(of), portal).await?;
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
) -> Result<Option<Outcome>, Halt> {
    let parts = outgoing::parts_behind(core, (event, &edit.new), portal, speaker, EDITED);
    let texts: Vec<_> = parts.unwrap_or_default().into_iter().filter(Part::is_text).collect();
    let wanted = core.config.delivery.edits && !texts.is_empty();
    if !wanted || !(was_tried(entry) || is_own(core, event, edit).await?) {
        return outgoing::refuse(core, event, otherwise).await.map(Some);
    }
    outgoing::queue(core, entry, event, portal, texts);
    Ok(None)
}

/// Whether the edit is of a message of the same person, which was for the contact. The homeserver
/// does not look at who edits what; clients do.
async fn is_own(core: &Core, event: &Event, edit: &Replacement) -> Result<bool, Halt> {
    let prefix = core.prefix();
    let is_command = |body: &str| !prefix.is_empty() && body.trim_start().starts_with(prefix);
    if is_command(&edit.new.body) {
        return Ok(false);
    }
    let original = replied::event(core, &event.room, &edit.of).await?;
    Ok(original.is_some_and(|original| original.sender == event.sender))
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
) -> Result<Option<Outcome>, Halt> {
    if let Err(refusal) = outgoing::may_speak(core, event, portal) {
        return outgoing::refuse(core, event, refusal).await.map(Some);
    }
    let name = match outgoing::is_named(event, portal) {
        false => None,
        true => Some(member::author(core, event).await?),
    };
    let lead = outgoing::lead("", name.as_deref());
    let texts = outgoing::split(&lead, &convert::safe_for_wechat(words));
    outgoing::queue(core, entry, event, portal, texts.into_iter().map(Part::Text).collect());
    Ok(None)
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
