//! The answers to what the bot has asked.

use serde_json::json;

use super::{Asked, Line, Ran, login, logout, portal, run};
use crate::{
    bridge::{change::with_content, halt::Halt, state::Question, text::Answer},
    id::WechatUserId,
    store::{Change, Entry, Outcome, Work},
};

/// Takes a message as the answer; `None` when it is something else, and the question is dropped.
pub(super) async fn answered(
    asked: &Asked<'_>,
    question: Question,
    answer: &str,
) -> Result<Option<Ran>, Halt> {
    match question {
        Question::Logout(login) => logout::answered(asked, login, answer).await?,
        Question::DeletePortal(id) => portal::answered(asked, id, answer).await?,
        Question::Digits(owner) => {
            let taken = login::take_digits(asked, &owner, answer).await?;
            if asked.core.flows.is_shown(&owner, &asked.said.room) {
                asked.question(Question::Digits(owner));
            }
            if !taken {
                return Ok(None);
            }
        }
        Question::Which { before, choices, after } => match read(answer, &choices) {
            Choice::Of(contact) => {
                let line = format!("{before}{}{after}", contact.as_str());
                return picked(asked, &line).await.map(Some);
            }
            Choice::TooLarge => {
                let answer = Answer::NoSuchNumber { last: choices.len() };
                asked.question(Question::Which { before, choices, after });
                asked.reply(&answer.text(asked.language)).await?;
            }
            Choice::Nothing => asked.reply(&Answer::NothingDone.text(asked.language)).await?,
            Choice::Other => return Ok(None),
        },
    }
    Ok(Some(Ran::Done(Outcome::Delivered)))
}

/// Runs the command that a number has completed, which takes the place of the number: a restart
/// has forgotten the question.
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

/// What an answer chooses.
#[derive(Debug, PartialEq, Eq)]
enum Choice<'a> {
    Of(&'a WechatUserId),
    TooLarge,
    Nothing,
    /// It is no answer.
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
