//! The command `logout`, with its question.

use super::{Asked, target};
use crate::{
    bridge::{
        core::{attempt::Halt, login_name},
        login::logout,
        text::Answer,
    },
    id::LoginId,
    store::Question,
};

pub(super) async fn ask(asked: &Asked<'_>, wanted: &str) -> Result<(), Halt> {
    let Some(login) = target::find(asked, "logout", wanted).await? else { return Ok(()) };
    asked.question(Question::Logout(login.id));
    let name = login_name(&login);
    asked.reply(&Answer::ConfirmLogout { name: &name }.text(asked.language)).await
}

/// Handles the answer to the question.
pub(crate) async fn answered(asked: &Asked<'_>, id: LoginId, answer: &str) -> Result<(), Halt> {
    let Some(login) = asked.core.registry.login(id).filter(|_| is_yes(answer)) else {
        return asked.reply(&Answer::LogoutKept.text(asked.language)).await;
    };
    logout::by_owner(asked.core, &login).await?;
    let name = login_name(&login);
    asked.reply(&Answer::LoggedOut { name: &name }.text(asked.language)).await
}

/// The answer to a question for yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum YesOrNo {
    Yes,
    No,
}

impl YesOrNo {
    /// Reads an answer; `None` when the message is none and is meant for the contact. A number
    /// counts as "no": it answers another kind of question, and is not for a contact.
    pub(super) fn read(answer: &str) -> Option<Self> {
        let said = answer.trim().trim_end_matches(['.', '!', '。', '！']).to_lowercase();
        if YES.contains(&said.as_str()) {
            return Some(Self::Yes);
        }
        let is_number = !said.is_empty() && said.bytes().all(|byte| byte.is_ascii_digit());
        (is_number || NO.contains(&said.as_str())).then_some(Self::No)
    }
}

/// Returns whether a question was answered with yes.
pub(super) fn is_yes(answer: &str) -> bool {
    YesOrNo::read(answer) == Some(YesOrNo::Yes)
}

const YES: [&str; 5] = ["yes", "y", "是", "好", "确认"];
const NO: [&str; 9] = ["no", "n", "cancel", "stop", "不", "不是", "不要", "否", "取消"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_no_and_numbers_answer_a_question() {
        for (said, expected) in [
            ("yes", Some(YesOrNo::Yes)),
            (" Yes. ", Some(YesOrNo::Yes)),
            ("好", Some(YesOrNo::Yes)),
            ("no", Some(YesOrNo::No)),
            ("No!", Some(YesOrNo::No)),
            ("取消", Some(YesOrNo::No)),
            ("12", Some(YesOrNo::No)),
            ("yes, dinner at eight", None),
            ("no way", None),
            ("12 o'clock", None),
            ("", None),
        ] {
            assert_eq!(YesOrNo::read(said), expected, "{said}");
        }
    }
}
