//! `help`, `lang`, `version`, `ping`.

use super::{Asked, COMMANDS};
use crate::{
    bridge::{halt::Halt, owner, text::Answer},
    config::Language,
    store::Owner,
};

pub(super) async fn help(asked: &Asked<'_>) -> Result<(), Halt> {
    let prefix = asked.core.prefix();
    let management_room = asked.portal.is_none()
        && owner::is_management_room(asked.core, &asked.event.sender, &asked.event.room);
    let mut text = Answer::HelpContext { prefix, management_room }.text(asked.language);
    text.push('\n');
    for usage in COMMANDS {
        let names = usage.names.join("|");
        let gap = if usage.arguments.is_empty() { "" } else { " " };
        let what = match asked.language {
            Language::En => usage.en,
            Language::Zh => usage.zh,
        };
        text.push_str(&format!("\n• {names}{gap}{} – {what}", usage.arguments));
    }
    asked.reply(&text).await
}

pub(super) async fn lang(asked: &Asked<'_>, wanted: &str) -> Result<(), Halt> {
    let Some(language) = Language::parse(&wanted.to_ascii_lowercase()) else {
        return asked.reply(&Answer::LanguageUsage.text(asked.language)).await;
    };
    let known = asked.core.registry.owner(&asked.event.sender);
    let changed = Owner { language: Some(language.code().into()), ..Owner::clone(&known) };
    owner::put_owner(asked.core, changed).await?;
    asked.reply(&Answer::LanguageSet.text(language)).await
}

pub(super) async fn version(asked: &Asked<'_>) -> Result<(), Halt> {
    let version = env!("CARGO_PKG_VERSION");
    asked.reply(&Answer::Version { version }.text(asked.language)).await
}

pub(super) async fn ping(asked: &Asked<'_>) -> Result<(), Halt> {
    asked.reply(&Answer::Pong.text(asked.language)).await
}
