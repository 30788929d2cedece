//! `logout`, after a question.

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

/// The next message after the question: yes, or anything else.
pub(crate) async fn answered(asked: &Asked<'_>, id: LoginId, answer: &str) -> Result<(), Halt> {
    let Some(login) = asked.core.registry.login(id).filter(|_| is_yes(answer)) else {
        return asked.reply(&Answer::LogoutKept.text(asked.language)).await;
    };
    logout::by_owner(asked.core, &login).await?;
    let name = login_name(&login);
    asked.reply(&Answer::LoggedOut { name: &name }.text(asked.language)).await
}

/// Whether a question was answered with yes.
pub(super) fn is_yes(answer: &str) -> bool {
    ["yes", "y", "是", "好", "确认"].contains(&answer.trim().to_lowercase().as_str())
}
