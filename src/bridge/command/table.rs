//! The table of commands: their names, permission levels and places. The help, the parser and the
//! guide (docs/usage.md) are made from this table.

use Command::*;
use CommandPlace::{Anywhere, Chat, Elsewhere, OwnChat, OwnPortal};
use Section::{Administration, Contacts, General, Logins, Queueing};

use crate::config::Level::{self, Admin, Relay, User};

/// The commands of the bot; `help_text.rs` says what each does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Help,
    Cancel,
    Lang,
    SetManagementRoom,
    Version,
    Ping,
    Login,
    Relogin,
    Logout,
    List,
    Status,
    Id,
    Sync,
    Name,
    Voice,
    Ignore,
    Unignore,
    DeletePortal,
    Avatar,
    Relay,
    Bridge,
    Unbridge,
    Queue,
    Retry,
    ListAll,
    Stats,
    Doctor,
    Sudo,
    Doin,
}

/// A section of the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    General,
    Logins,
    Contacts,
    Queueing,
    Administration,
}

/// The rooms in which a command can be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CommandPlace {
    Anywhere,
    /// In the room of a contact, or one with several.
    Chat,
    /// In the room of the user's own contact, or one with several.
    OwnChat,
    /// In the room of the user's own contact; for administrators in any contact's.
    OwnPortal,
    /// Everywhere but in the room of a contact.
    Elsewhere,
}

/// The entry of a command in the table.
pub(crate) struct Usage {
    pub(crate) command: Command,
    /// The names with `|` between them, the main one first.
    pub(super) names: &'static str,
    pub(super) arguments: &'static str,
    /// The least permission level that may run it.
    pub(super) level: Level,
    pub(super) place: CommandPlace,
}

/// All commands in the order of the help.
pub(crate) const COMMANDS: &[(Section, &[Usage])] = &[
    (
        General,
        &[
            row(Help, "help", "", Relay, Anywhere),
            row(Cancel, "cancel", "[name]", User, Anywhere),
            row(Lang, "lang", "<en|zh>", Relay, Anywhere),
            row(SetManagementRoom, "set-management-room", "", User, Elsewhere),
            row(Version, "version", "", Relay, Anywhere),
            row(Ping, "ping", "", Relay, Anywhere),
        ],
    ),
    (
        Logins,
        &[
            row(Login, "login|invite|link", "[name]", User, Anywhere),
            row(Relogin, "relogin", "[contact]", User, Anywhere),
            row(Logout, "logout|disconnect", "[contact]", User, Anywhere),
        ],
    ),
    (
        Contacts,
        &[
            row(List, "list|list-logins", "", User, Anywhere),
            row(Status, "status", "", User, Anywhere),
            row(Id, "id", "", User, Anywhere),
            row(Sync, "sync", "", User, Anywhere),
            row(Name, "name", "[contact =] <name>", User, Anywhere),
            row(Avatar, "avatar", "[remove] [contact]", User, Anywhere),
            row(Voice, "voice", "<file|silk>", User, OwnPortal),
            row(Command::Relay, "relay", "<on|off>", User, OwnPortal),
            row(Ignore, "ignore", "[contact]", User, Anywhere),
            row(Unignore, "unignore", "[contact]", User, Anywhere),
            row(DeletePortal, "delete-portal", "[contact]", User, Anywhere),
            row(Bridge, "bridge", "<contact>", User, Elsewhere),
            row(Unbridge, "unbridge", "[contact]", User, Anywhere),
        ],
    ),
    (
        Queueing,
        &[
            row(Queue, "queue", "[drop [number]|merge]", User, OwnChat),
            row(Retry, "retry", "", Relay, Chat),
        ],
    ),
    (
        Administration,
        &[
            row(ListAll, "list-all", "", Admin, Anywhere),
            row(Stats, "stats", "", Admin, Anywhere),
            row(Doctor, "doctor", "", Admin, Anywhere),
            row(Sudo, "sudo|doas", "<user> <command>", Admin, Anywhere),
            row(Doin, "doin", "<room> <command>", Admin, Anywhere),
        ],
    ),
];

const fn row(
    command: Command,
    names: &'static str,
    arguments: &'static str,
    level: Level,
    place: CommandPlace,
) -> Usage {
    Usage { command, names, arguments, level, place }
}

impl Usage {
    /// Returns the main name.
    pub(crate) fn name(&self) -> &'static str {
        self.names.split('|').next().unwrap_or_default()
    }
}

/// Returns the command with this name, which is in lower case.
pub(super) fn find(name: &str) -> Option<&'static Usage> {
    let mut all = COMMANDS.iter().flat_map(|(_, usages)| usages.iter());
    all.find(|usage| usage.names.split('|').any(|one| one == name))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::fmt::Write as _;

    use super::*;
    use crate::bridge::command::help_text;
    use crate::config::Language;

    #[test]
    fn every_command_is_found_by_each_of_its_names_and_no_name_is_used_twice() {
        let mut names = HashSet::new();
        for usage in COMMANDS.iter().flat_map(|(_, usages)| usages.iter()) {
            for name in usage.names.split('|') {
                assert_eq!(find(name).map(|found| found.command), Some(usage.command));
                assert!(names.insert(name), "{name} is used twice");
            }
        }
        assert!(find("dance").is_none() && find("").is_none() && find("login|invite").is_none());
    }

    #[test]
    fn the_guide_lists_the_commands_that_there_are() {
        let mut expected =
            String::from("| Command | Where | What it does | 作用 |\n|---|---|---|---|\n");
        for usage in COMMANDS.iter().flat_map(|(_, usages)| usages.iter()) {
            let names: Vec<_> = usage.names.split('|').collect();
            let arguments = usage.arguments.replace('|', "\\|");
            let first = format!("{} {arguments}", names[0]);
            let others = names[1..].iter().map(|name| format!(", `{name}`")).collect::<String>();
            let place = match usage.place {
                Anywhere if usage.level == Admin => "anywhere, administrators",
                Anywhere => "anywhere",
                Chat => "a contact's room, or a group",
                OwnChat => "your contact's room, or a group",
                OwnPortal => "your contact's room",
                Elsewhere => "other rooms",
            };
            let [en, zh] = [Language::En, Language::Zh].map(|l| help_text::what(usage.command, l));
            let first = first.trim_end();
            writeln!(expected, "| `{first}`{others} | {place} | {en} | {zh} |").unwrap();
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/usage.md");
        let mut guide = std::fs::read_to_string(path).unwrap();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            let begin = guide.find("| Command | ").unwrap();
            let end = begin + guide[begin..].find("\n\n").unwrap() + 1;
            guide.replace_range(begin..end, &expected);
            std::fs::write(path, &guide).unwrap();
        }
        let there = guide.contains(&format!("\n\n{expected}\n"));
        assert!(there, "run with UPDATE_GOLDEN=1; docs/usage.md has to hold:\n\n{expected}");
    }
}
