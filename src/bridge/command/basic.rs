//! The commands `lang`, `set-management-room`, `version` and `ping`.

use super::Asked;
use crate::{
    bridge::{
        core::{attempt::Halt, owner},
        text::{Answer, CommandScope},
    },
    config::Language,
    store::Owner,
};

pub(super) async fn lang(asked: &Asked<'_>, wanted: &str) -> Result<(), Halt> {
    let Some(language) = Language::parse(&wanted.to_ascii_lowercase()) else {
        return asked.reply(&Answer::LanguageUsage.text(asked.language)).await;
    };
    let known = asked.core.registry.owner(&asked.event.sender);
    let changed = Owner { language: Some(language.code().into()), ..Owner::clone(&known) };
    owner::put_owner(asked.core, changed).await?;
    asked.reply(&Answer::LanguageSet.text(language)).await
}

/// Makes another room with only this user and the bot their management room.
pub(super) async fn set_management_room(asked: &Asked<'_>) -> Result<(), Halt> {
    let (core, language) = (asked.core, asked.language);
    if asked.context() == CommandScope::Management {
        return asked.reply(&Answer::ManagementAlready.text(language)).await;
    }
    let (bot, user, room) = (core.bot(), &asked.event.sender, &asked.event.room);
    let members = match core.insist(|| bot.joined_members(room)).await {
        Err(Halt::Refused(_)) => Vec::new(), // The bot is not in it.
        members => members?,
    };
    let both = members.contains(&core.bot) && members.contains(user);
    if members.len() != 2 || !both {
        return asked.reply(&Answer::ManagementNotAlone.text(language)).await;
    }
    owner::mark_room(core, user, Some(room.clone())).await?;
    asked.reply(&Answer::ManagementSet.text(language)).await
}

pub(super) async fn version(asked: &Asked<'_>) -> Result<(), Halt> {
    let version = env!("CARGO_PKG_VERSION");
    asked.reply(&Answer::Version { version }.text(asked.language)).await
}

pub(super) async fn ping(asked: &Asked<'_>) -> Result<(), Halt> {
    asked.reply(&Answer::Pong.text(asked.language)).await
}
