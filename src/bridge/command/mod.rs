//! Commands: which there are, who may run them, and one file for each group of them.

mod basic;
mod contact;
pub(crate) mod line;
mod login;
mod logout;

use std::sync::Arc;

use super::{core::Core, halt::Halt, owner, text::Answer};
pub(crate) use contact::rename;
use line::Line;

use crate::{
    config::{Language, Level},
    matrix::{
        content,
        event::{Event, Message},
    },
    store::{Entry, Outcome, Portal},
};

/// Everything that can be asked of the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Help,
    Login,
    Relogin,
    Cancel,
    List,
    Status,
    Logout,
    Name,
    Lang,
    Version,
    Ping,
}

/// One line of the help.
pub(crate) struct Usage {
    pub(crate) command: Command,
    pub(crate) names: &'static [&'static str],
    pub(crate) arguments: &'static str,
    pub(crate) en: &'static str,
    pub(crate) zh: &'static str,
}

/// All commands in the order of the help.
pub(crate) const COMMANDS: &[Usage] = &[
    Usage {
        command: Command::Help,
        names: &["help"],
        arguments: "",
        en: "this list",
        zh: "显示此列表",
    },
    Usage {
        command: Command::Login,
        names: &["login", "invite", "link"],
        arguments: "[name]",
        en: "link a contact: makes a QR code for them to scan",
        zh: "连接一位联系人：生成二维码供对方扫描",
    },
    Usage {
        command: Command::Relogin,
        names: &["relogin"],
        arguments: "[contact]",
        en: "link a contact again, in the same room",
        zh: "重新连接联系人，沿用原来的房间",
    },
    Usage {
        command: Command::Cancel,
        names: &["cancel"],
        arguments: "[name]",
        en: "stop a login or a question",
        zh: "取消正在进行的登录或提问",
    },
    Usage {
        command: Command::List,
        names: &["list", "list-logins"],
        arguments: "",
        en: "your contacts and how they stand",
        zh: "列出联系人及其状态",
    },
    Usage {
        command: Command::Status,
        names: &["status"],
        arguments: "",
        en: "reply window, quota and queue of this room, or of all",
        zh: "当前房间或全部联系人的回复窗口、额度与队列",
    },
    Usage {
        command: Command::Logout,
        names: &["logout", "disconnect"],
        arguments: "[contact]",
        en: "forget a contact's login, after asking",
        zh: "确认后登出一位联系人",
    },
    Usage {
        command: Command::Name,
        names: &["name"],
        arguments: "<name>",
        en: "call a contact by another name",
        zh: "修改联系人的名字",
    },
    Usage {
        command: Command::Lang,
        names: &["lang"],
        arguments: "<en|zh>",
        en: "the language in which I answer you",
        zh: "我回复你时使用的语言",
    },
    Usage {
        command: Command::Version,
        names: &["version"],
        arguments: "",
        en: "the version of the bridge",
        zh: "桥接版本",
    },
    Usage {
        command: Command::Ping,
        names: &["ping"],
        arguments: "",
        en: "am I there?",
        zh: "测试是否在线",
    },
];

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
    let asked = Asked { core, entry, event, portal, language };
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
        Command::Help => basic::help(asked).await?,
        Command::Lang => basic::lang(asked, line.rest).await?,
        Command::Version => basic::version(asked).await?,
        Command::Ping => basic::ping(asked).await?,
    }
    Ok(Ran::Done(Outcome::Delivered))
}

fn find(name: &str) -> Option<Command> {
    COMMANDS.iter().find(|usage| usage.names.contains(&name)).map(|usage| usage.command)
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_command_is_found_by_each_of_its_names_and_no_name_is_used_twice() {
        let mut names = HashSet::new();
        for usage in COMMANDS {
            for name in usage.names {
                assert_eq!(find(name), Some(usage.command));
                assert!(names.insert(name), "{name} is used twice");
            }
        }
        assert_eq!(find("dance"), None);
    }
}
