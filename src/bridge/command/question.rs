//! The answers to the bot's questions.

use serde_json::json;

use super::{Asked, Line, Ran, logout, portal, run};
use crate::{
    bridge::{core::attempt::Halt, from_matrix::edit::with_content, state::Taken, text::Answer},
    id::WechatUserId,
    store::{Change, Entry, Outcome, Question, Work},
};

/// Handles a message as the answer; `None` when it is none, and the question is dropped.
pub(crate) async fn answered(
    asked: &Asked<'_>,
    Taken { question, late }: Taken,
    answer: &str,
) -> Result<Option<Ran>, Halt> {
    let Asked { core, said, language, .. } = *asked;
    if late && is_meant_for(&question, answer) {
        tracing::info!(room = %said.room, "an answer came too late");
        asked.reply(&Answer::TooLate.text(language)).await?;
        return Ok(Some(Ran::Done(Outcome::Refused("late_answer".into()))));
    }
    match question {
        Question::Logout(_) | Question::DeletePortal { .. }
            if !late && logout::YesOrNo::read(answer).is_none() =>
        {
            return Ok(no_answer(asked));
        }
        Question::Logout(login) if !late => logout::answered(asked, login, answer).await?,
        Question::DeletePortal { portal, room } if !late => {
            portal::answered(asked, portal, room.as_deref(), answer).await?;
        }
        Question::Which { before, choices, after } if !late => match read(answer, &choices) {
            Choice::Of(contact) => {
                let line = format!("{before}{}{after}", contact.as_str());
                return picked(asked, &line).await.map(Some);
            }
            Choice::TooLarge => {
                asked.reply(&Answer::NoSuchNumber { last: choices.len() }.text(language)).await?;
                core.questions.keep_open(&said.sender, &said.room, |change| {
                    core.store.submit(change);
                });
            }
            Choice::Nothing => asked.reply(&Answer::NothingDone.text(language)).await?,
            Choice::Other => return Ok(no_answer(asked)),
        },
        Question::Logout(_) | Question::DeletePortal { .. } | Question::Which { .. } => {
            return Ok(no_answer(asked));
        }
    }
    Ok(Some(Ran::Done(Outcome::Delivered)))
}

/// Drops the question; the message is handled as any other, also when it is read again.
fn no_answer(asked: &Asked<'_>) -> Option<Ran> {
    let Asked { core, said, .. } = asked;
    core.questions.forget(&said.sender, &said.room, |change| core.store.submit(change));
    None
}

/// Returns whether only an answer to this question looks like this message. Such a message must not
/// go to a contact, even when it is late.
fn is_meant_for(question: &Question, answer: &str) -> bool {
    match question {
        Question::Logout(_) | Question::DeletePortal { .. } => logout::is_yes(answer),
        Question::Which { choices, .. } => match read(answer, choices) {
            Choice::Of(_) => true,
            Choice::TooLarge | Choice::Nothing | Choice::Other => false,
        },
    }
}

/// Runs the command that a number has completed, in the entry of the number: the command may
/// continue after a restart.
async fn picked(asked: &Asked<'_>, line: &str) -> Result<Ran, Halt> {
    let body = format!("{} {line}", asked.core.prefix());
    let content = json!({ "msgtype": "m.text", "body": body });
    let mut entry = Entry::clone(asked.entry);
    if let Work::FromMatrix { raw, .. } = &mut entry.work
        && let Some(whole) = with_content(raw, &content.to_string())
    {
        *raw = whole;
        asked.core.commit(Change::new().put_entry(&entry)).await?;
    }
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    let asked = Asked { entry: &entry, before: String::new(), ..*asked };
    run(&asked, &Line { name: name.to_owned(), rest }).await
}

/// The choice that an answer makes.
#[derive(Debug, PartialEq, Eq)]
enum Choice<'a> {
    Of(&'a WechatUserId),
    TooLarge,
    Nothing,
    /// The message is no answer.
    Other,
}

fn read<'a>(answer: &str, choices: &'a [WechatUserId]) -> Choice<'a> {
    if ["cancel", "取消"].contains(&answer.to_lowercase().as_str()) {
        return Choice::Nothing;
    }
    if answer.is_empty() || !answer.bytes().all(|byte| byte.is_ascii_digit()) {
        return Choice::Other;
    }
    let at = answer.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    at.and_then(|at| choices.get(at)).map_or(Choice::TooLarge, Choice::Of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_chooses_and_other_words_are_no_answer() {
        let choices = ["a@im.wechat", "b@im.wechat"].map(|id| WechatUserId::parse(id).unwrap());
        for (answer, expected) in [
            ("1", Choice::Of(&choices[0])),
            ("2", Choice::Of(&choices[1])),
            ("02", Choice::Of(&choices[1])),
            ("0", Choice::TooLarge),
            ("3", Choice::TooLarge),
            ("99999999999999999999999", Choice::TooLarge),
            ("Cancel", Choice::Nothing),
            ("取消", Choice::Nothing),
            ("", Choice::Other),
            ("-1", Choice::Other),
            ("1 please", Choice::Other),
            ("list", Choice::Other),
        ] {
            assert_eq!(read(answer, &choices), expected, "{answer}");
        }
    }
}
