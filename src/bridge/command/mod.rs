//! The commands of the bot, with one file for each group of them.

mod admin;
mod avatar;
mod basic;
mod contact;
pub(super) mod describe;
mod group;
mod help;
pub(super) mod help_text;
pub(super) mod line;
mod login;
mod logout;
mod portal;
mod profile;
mod question;
mod queue;
mod table;
pub(super) mod target;

use std::sync::Arc;

use ruma::{EventId, RoomId, UserId};

use self::{
    line::Line,
    table::{CommandPlace, Usage, find},
};
use crate::{
    bridge::{
        core::{
            Core,
            attempt::{Halt, Handled},
            owner,
            txn::Txn,
        },
        policy::{self, Act, Actor, Person, RoomRules, Ruling},
        state::{Candidate, Taken},
        text::{AdminText, Answer, CommandScope},
    },
    config::{Language, Level},
    matrix::{
        content,
        event::{Event, Message},
    },
    store::{self, Entry, Outcome, Portal, Question, Source},
};

#[cfg(test)]
pub(crate) use self::table::COMMANDS;
pub(crate) use self::table::{Command, Section};

/// The result of a message that may be a command.
pub(super) enum Ran {
    NotACommand,
    Done(Outcome),
    /// The command continues, and the task that continues it finishes the entry.
    GoesOn,
}

impl From<Handled> for Ran {
    fn from(handled: Handled) -> Self {
        match handled {
            Handled::Done(outcome) => Self::Done(outcome),
            Handled::Deferred => Self::GoesOn,
        }
    }
}

/// A command with its context.
pub(super) struct Asked<'a> {
    pub(super) core: &'a Arc<Core>,
    pub(crate) entry: &'a Entry,
    /// The message, with the sender that `sudo` names and the room that `doin` names.
    pub(crate) event: &'a Event,
    /// The message as it was sent: its sender gets the answer, in its room.
    pub(super) said: &'a Event,
    /// The words `sudo …` and `doin …` of the command, each followed by a space.
    pub(super) before: String,
    pub(super) portal: Option<&'a Portal>,
    pub(super) reply_to: Option<&'a EventId>,
    pub(super) language: Language,
}

/// Runs a message when it is a command, an answer to a question, or the digits of a login.
pub(super) async fn try_run(
    core: &Arc<Core>,
    entry: &Entry,
    event: &Event,
    message: &Message,
    portal: Option<&Portal>,
) -> Result<Ran, Halt> {
    if message.edits.is_some() || message.msgtype != "m.text" {
        return Ok(Ran::NotACommand);
    }
    let language = core.language_of(&event.sender);
    let reply_to = message.reply_to.as_deref();
    let before = String::new();
    let asked = Asked { core, entry, event, said: event, before, portal, reply_to, language };
    let management_room = asked.context() == CommandScope::Management;
    let line = line::command_in(&message.body, core.prefix(), management_room);
    let person = Person { level: asked.level(), is_owner: false, is_notice: false };
    let rules = RoomRules::new(false, false);
    if policy::decide(Actor::of_person(person), Act::Command, rules) != Ruling::Allowed {
        let Some(_) = line else { return Ok(Ran::NotACommand) };
        if core.hush.tell_once(&event.sender, core.clock.now()) {
            asked.reply(&Answer::NoPermission.text(language)).await?;
        }
        return Ok(Ran::Done(Outcome::Refused("not_allowed".into())));
    }
    if event.profile.is_some() {
        // Another profile of the account has none of its permissions.
        let Some(_) = line else { return Ok(Ran::NotACommand) };
        asked.reply(&Answer::UnderAnotherName.text(language)).await?;
        return Ok(Ran::Done(Outcome::Refused("profile".into())));
    }
    if login::take_digits(&asked, answer(&line, &message.body)).await? {
        return Ok(Ran::GoesOn);
    }
    if let Some(taken) = asked.open_question()
        && let Some(ran) = question::answered(&asked, taken, answer(&line, &message.body)).await?
    {
        return Ok(ran);
    }
    match line {
        Some(line) => run(&asked, &line).await,
        None if login::are_stray_digits(&asked, &message.body) => {
            tracing::info!(room = %event.room, "a number that no login wants");
            asked.reply(&Answer::NoDigitsWanted.text(language)).await?;
            Ok(Ran::Done(Outcome::Refused("stray_digits".into())))
        }
        None => Ok(Ran::NotACommand),
    }
}

/// Returns a message as the answer to a question, without a prefix.
fn answer<'a>(line: &'a Option<Line<'_>>, body: &'a str) -> &'a str {
    match line {
        Some(line) if line.rest.is_empty() => &line.name,
        Some(_) | None => body.trim(),
    }
}

async fn run(asked: &Asked<'_>, line: &Line<'_>) -> Result<Ran, Halt> {
    let Some(usage) = find(&line.name) else {
        asked
            .reply(&Answer::UnknownCommand { name: &shortened(&line.name) }.text(asked.language))
            .await?;
        return Ok(Ran::Done(Outcome::Refused("unknown_command".into())));
    };
    if let Some((why, code)) = refused(asked, usage) {
        asked.reply(&why.text(asked.language)).await?;
        return Ok(Ran::Done(Outcome::Refused(code.into())));
    }
    tracing::info!(command = ?usage.command, room = %asked.event.room, "a command");
    match usage.command {
        Command::Login => return login::login(asked, line.rest).await,
        Command::Relogin => return login::relogin(asked, line.rest).await,
        Command::Cancel => login::cancel(asked, line.rest).await?,
        Command::Logout => logout::ask(asked, line.rest).await?,
        Command::List => contact::list(asked).await?,
        Command::Id => profile::id(asked).await?,
        Command::Sync => profile::sync(asked).await?,
        Command::Status => contact::status(asked).await?,
        Command::Name => contact::name(asked, line.rest).await?,
        Command::Queue => queue::queue(asked, line.rest).await?,
        Command::ListAll => admin::list_all(asked).await?,
        Command::Stats => admin::stats(asked).await?,
        Command::Doctor => admin::doctor(asked).await?,
        Command::Sudo => return admin::sudo(asked, line.rest).await,
        Command::Doin => return admin::doin(asked, line.rest).await,
        Command::Retry => return queue::retry(asked).await,
        Command::Bridge => group::bridge(asked, line.rest).await?,
        Command::Unbridge => group::unbridge(asked, line.rest).await?,
        Command::DeletePortal => portal::ask_delete(asked, line.rest).await?,
        Command::Ignore => portal::ignore(asked, line.rest, true).await?,
        Command::Unignore => portal::ignore(asked, line.rest, false).await?,
        Command::Relay => portal::relay(asked, line.rest).await?,
        Command::Avatar => avatar::avatar(asked, line.rest).await?,
        Command::Voice => contact::voice(asked, line.rest).await?,
        Command::Help => help::help(asked).await?,
        Command::Lang => basic::lang(asked, line.rest).await?,
        Command::SetManagementRoom => basic::set_management_room(asked).await?,
        Command::Version => basic::version(asked).await?,
        Command::Ping => basic::ping(asked).await?,
    }
    Ok(Ran::Done(Outcome::Delivered))
}

/// Returns why this person may not run the command here.
fn refused<'a>(asked: &'a Asked<'_>, usage: &Usage) -> Option<(Answer<'a>, &'static str)> {
    if asked.level() < Some(usage.level) {
        return Some((Answer::LevelTooLow { admin: usage.level == Level::Admin }, "not_allowed"));
    }
    let here = asked.context();
    let prefix = asked.core.prefix();
    let why = match usage.place {
        place if help::allows(here, place) => return None,
        CommandPlace::OwnPortal | CommandPlace::OwnChat
            if matches!(here, CommandScope::Portal { .. }) =>
        {
            Answer::NotYourContact
        }
        CommandPlace::Chat | CommandPlace::OwnChat | CommandPlace::OwnPortal => {
            Answer::InPortalOnly { prefix, name: usage.name() }
        }
        CommandPlace::Elsewhere | CommandPlace::Anywhere => Answer::NotInPortal,
    };
    Some((why, "not_here"))
}

/// The greatest number of notices in an answer.
const MOST_NOTICES: usize = 3;

fn shortened(name: &str) -> String {
    name.chars().filter(|c| *c != '`').take(40).collect()
}

impl Asked<'_> {
    /// Returns the permission level of the asker.
    pub(super) fn level(&self) -> Option<Level> {
        self.core.config.bridge.permissions.level_of(&self.event.sender)
    }

    /// Returns the kind of room in which the command was sent.
    pub(super) fn context(&self) -> CommandScope {
        let user = &self.event.sender;
        match self.portal {
            Some(portal) => {
                let own = portal.key.owner == *user || self.level() >= Some(Level::Admin);
                CommandScope::Portal { own }
            }
            None if owner::is_management_room(self.core, user, &self.event.room) => {
                CommandScope::Management
            }
            None if !self.core.registry.members(&self.event.room).is_empty() => CommandScope::Group,
            None => CommandScope::Other,
        }
    }

    /// Decides about an act of the asker on a message of `author` that waits in `room`.
    fn judges(&self, act: Act, portal: &Portal, (author, room): (&UserId, &RoomId)) -> Ruling {
        let user = &self.event.sender;
        let authored_by_actor = author == user;
        let written_here = *room == self.event.room;
        let of_room = policy::rules(portal, &self.event.room);
        let rules = RoomRules { authored_by_actor, written_here, ..of_room };
        policy::decide(Actor::of_commander(self.core, portal, user), act, rules)
    }

    /// Sends a notice as the answer, once, even when the command is run again.
    pub(super) async fn reply(&self, text: &str) -> Result<(), Halt> {
        let (bot, room) = (self.core.bot(), &self.said.room);
        let more = |count| AdminText::More { count }.text(self.language);
        for (number, part) in content::notices(text, MOST_NOTICES, more).iter().enumerate() {
            let notice = content::notice(part.as_str());
            let txn = Txn::Answer(&self.event.id).part(number);
            self.core.send(&bot, room, &notice, (&txn, None)).await?;
        }
        Ok(())
    }

    /// Asks a question, which the asker's next message answers.
    pub(crate) fn question(&self, question: Question) {
        let Event { sender: user, room, at, .. } = self.said;
        let (user, room, by, at) = (user.clone(), room.clone(), self.entry.id, *at);
        let asked = store::AskedQuestion { user, room, question, by, at, answered_by: None };
        self.core.questions.ask(asked, |change| self.core.store.submit(change));
    }

    /// Returns the question that this message answers.
    fn open_question(&self) -> Option<Taken> {
        let Event { sender: user, room, at, .. } = self.said;
        let said = Candidate { user, room, entry: self.entry.id, at: *at };
        let keep = |change| self.core.store.submit(change);
        self.is_new().then(|| self.core.questions.take(said, keep)).flatten()
    }

    /// Returns whether the entry has the message that was written, and not an older one that is
    /// sent again.
    fn is_new(&self) -> bool {
        matches!(self.entry.source(), Some(Source::Event(event)) if *event == self.said.id)
    }
}
