//! Commands: which there are, who may run them, and one file for each group of them.

mod basic;
mod contact;
mod group;
pub(crate) mod line;
mod login;
mod logout;
mod queue;
mod table;

use std::sync::Arc;

use ruma::EventId;

use super::{core::Core, halt::Halt, owner, text::Answer};
pub(crate) use contact::rename;
use line::Line;
use table::{COMMANDS, Command, find};

use crate::{
    config::{Language, Level},
    matrix::{
        content,
        event::{Event, Message},
    },
    store::{Entry, Outcome, Portal},
};

/// What became of a message that may be a command.
pub(crate) enum Ran {
    NotACommand,
    Done(Outcome),
    /// It goes on, and whoever carries it on finishes the entry.
    GoesOn,
}

/// One command with everything around it.
pub(crate) struct Asked<'a> {
    pub(crate) core: &'a Arc<Core>,
    pub(crate) entry: &'a Entry,
    pub(crate) event: &'a Event,
    pub(crate) portal: Option<&'a Portal>,
    pub(crate) reply_to: Option<&'a EventId>,
    pub(crate) language: Language,
}

/// Runs a message when it is a command, an answer to a question, or the digits of a login.
pub(crate) async fn try_run(
    core: &Arc<Core>,
    entry: &Entry,
    event: &Event,
    message: &Message,
    portal: Option<&Portal>,
) -> Result<Ran, Halt> {
    if message.edits.is_some() || message.msgtype != "m.text" {
        return Ok(Ran::NotACommand);
    }
    let management_room =
        portal.is_none() && owner::is_management_room(core, &event.sender, &event.room);
    let language = core.language_of(&event.sender);
    let reply_to = message.reply_to.as_deref();
    let asked = Asked { core, entry, event, portal, reply_to, language };
    let line = line::command_in(&message.body, core.prefix(), management_room);
    if core.config.bridge.permissions.level_of(&event.sender) < Some(Level::User) {
        let Some(_) = line else { return Ok(Ran::NotACommand) };
        asked.reply(&Answer::NoPermission.text(language)).await?;
        return Ok(Ran::Done(Outcome::Refused("not_allowed".into())));
    }
    if login::take_digits(&asked, &message.body).await? {
        return Ok(Ran::Done(Outcome::Delivered));
    }
    if let Some(question) = core.questions.take(&event.sender, &event.room) {
        logout::answered(&asked, question, &message.body).await?;
        return Ok(Ran::Done(Outcome::Delivered));
    }
    match line {
        Some(line) => run(&asked, &line).await,
        None => Ok(Ran::NotACommand),
    }
}

async fn run(asked: &Asked<'_>, line: &Line<'_>) -> Result<Ran, Halt> {
    let Some(command) = find(&line.name) else {
        asked
            .reply(&Answer::UnknownCommand { name: &shortened(&line.name) }.text(asked.language))
            .await?;
        return Ok(Ran::Done(Outcome::Refused("unknown_command".into())));
    };
    tracing::info!(command = ?command, room = %asked.event.room, "a command");
    match command {
        Command::Login => return login::login(asked, line.rest).await,
        Command::Relogin => return login::relogin(asked, line.rest).await,
        Command::Cancel => login::cancel(asked, line.rest).await?,
        Command::Logout => logout::ask(asked, line.rest).await?,
        Command::List => contact::list(asked).await?,
        Command::Status => contact::status(asked).await?,
        Command::Name => contact::name(asked, line.rest).await?,
        Command::Queue => queue::queue(asked, line.rest).await?,
        Command::Retry => return queue::retry(asked).await,
        Command::Bridge => group::bridge(asked, line.rest).await?,
        Command::Unbridge => group::unbridge(asked, line.rest).await?,
        Command::Voice => contact::voice(asked, line.rest).await?,
        Command::Help => basic::help(asked).await?,
        Command::Lang => basic::lang(asked, line.rest).await?,
        Command::Version => basic::version(asked).await?,
        Command::Ping => basic::ping(asked).await?,
    }
    Ok(Ran::Done(Outcome::Delivered))
}

fn shortened(name: &str) -> String {
    name.chars().filter(|c| *c != '`').take(40).collect()
}

impl Asked<'_> {
    /// Answers with a notice, once however often the command is run again.
    pub(crate) async fn reply(&self, text: &str) -> Result<(), Halt> {
        let (bot, room) = (self.core.bot(), &self.event.room);
        let notice = content::notice(text);
        let txn = format!("answer-{}", self.event.id);
        self.core.insist(|| bot.send(room, &notice, &txn, None)).await?;
        Ok(())
    }
}
