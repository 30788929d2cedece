//! The command `help`, which lists what this person may run in this room.

use super::{
    Asked, help_text,
    table::{COMMANDS, CommandPlace, Usage},
};
use crate::{
    bridge::{
        core::attempt::Halt,
        text::{Answer, CommandScope, names},
    },
    config::{Language, Level},
};

/// Returns whether a command of this place can be run in a room of this kind.
pub(super) fn allows(here: CommandScope, place: CommandPlace) -> bool {
    match place {
        CommandPlace::Anywhere => true,
        CommandPlace::Chat => matches!(here, CommandScope::Portal { .. } | CommandScope::Group),
        CommandPlace::OwnChat => {
            matches!(here, CommandScope::Portal { own: true } | CommandScope::Group)
        }
        CommandPlace::OwnPortal => here == CommandScope::Portal { own: true },
        CommandPlace::Elsewhere => {
            matches!(here, CommandScope::Management | CommandScope::Group | CommandScope::Other)
        }
    }
}

pub(super) async fn help(asked: &Asked<'_>) -> Result<(), Halt> {
    let text = written(asked.core.prefix(), asked.level(), asked.context(), asked.language);
    asked.reply(&text).await
}

fn written(prefix: &str, level: Option<Level>, here: CommandScope, language: Language) -> String {
    let mut text = Answer::HelpContext { prefix, here }.text(language);
    let mut elsewhere = Vec::new();
    for (section, usages) in COMMANDS {
        let mine = usages.iter().filter(|usage| level >= Some(usage.level));
        let (these, others): (Vec<_>, Vec<_>) = mine.partition(|usage| allows(here, usage.place));
        elsewhere.extend(others.iter().map(|usage| format!("`{}`", usage.name())));
        if !these.is_empty() {
            text.push_str(&format!("\n\n{}", help_text::heading(*section, language)));
        }
        these.iter().for_each(|usage| text.push_str(&line(usage, language)));
    }
    if !elsewhere.is_empty() {
        let elsewhere = names(&elsewhere, language);
        let more = Answer::HelpElsewhere { names: &elsewhere, here };
        text.push_str(&format!("\n\n{}", more.text(language)));
    }
    text
}

fn line(Usage { command, names, arguments, .. }: &Usage, language: Language) -> String {
    let gap = if arguments.is_empty() { "" } else { " " };
    format!("\n• {names}{gap}{arguments} – {}", help_text::what(*command, language))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(level: Level, here: CommandScope) -> Vec<String> {
        let text = written("!wechat", Some(level), here, Language::En);
        let lines = text.lines().filter_map(|line| line.strip_prefix("• "));
        lines.map(|line| line.split(['|', ' ']).next().unwrap().to_owned()).collect()
    }

    #[test]
    fn help_names_what_this_person_may_run_here_and_nothing_else() {
        for here in [
            CommandScope::Management,
            CommandScope::Group,
            CommandScope::Other,
            CommandScope::Portal { own: true },
            CommandScope::Portal { own: false },
        ] {
            for level in [Level::Relay, Level::User, Level::Admin] {
                let shown = names(level, here);
                for usage in COMMANDS.iter().flat_map(|(_, usages)| usages.iter()) {
                    let may = level >= usage.level && allows(here, usage.place);
                    let name = usage.name();
                    assert_eq!(shown.iter().any(|n| n == name), may, "{name} {level:?} {here:?}");
                }
            }
        }
    }

    #[test]
    fn a_section_without_commands_has_no_heading() {
        let admin = help_text::heading(
            crate::bridge::command::table::Section::Administration,
            Language::En,
        );
        let text = written("!wechat", Some(Level::User), CommandScope::Management, Language::En);
        assert!(!text.contains(&admin), "{text}");
    }

    #[test]
    fn what_can_be_run_in_another_room_is_named_at_the_end() {
        let text = written("!wechat", Some(Level::User), CommandScope::Management, Language::En);
        let last = text.lines().last().unwrap();
        assert!(last.contains("`voice`") && last.contains("`queue`"), "{last}");
        assert!(!last.contains("`login`"), "{last}");
    }
}
