//! The commands by name, with their lines in the help.

/// Everything that can be asked of the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
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
    Queue,
    Retry,
    Voice,
    Bridge,
    Unbridge,
}

/// One line of the help.
pub(super) struct Usage {
    pub(super) command: Command,
    pub(super) names: &'static [&'static str],
    pub(super) arguments: &'static str,
    pub(super) en: &'static str,
    pub(super) zh: &'static str,
}

/// All commands in the order of the help.
pub(super) const COMMANDS: &[Usage] = &[
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
        command: Command::Queue,
        names: &["queue"],
        arguments: "[drop [number]]",
        en: "what waits for this contact; take it back",
        zh: "查看或取消等待发送的消息",
    },
    Usage {
        command: Command::Retry,
        names: &["retry"],
        arguments: "",
        en: "as a reply: send that message, or fetch that file, once more; by itself: try again what was set aside",
        zh: "作为回复：重发该消息或重新获取该文件；单独使用：重试被搁置的消息",
    },
    Usage {
        command: Command::Name,
        names: &["name"],
        arguments: "<name>",
        en: "call a contact by another name",
        zh: "修改联系人的名字",
    },
    Usage {
        command: Command::Voice,
        names: &["voice"],
        arguments: "<file|silk>",
        en: "what your voice messages become for this contact",
        zh: "选择语音以文件还是语音条发给此联系人",
    },
    Usage {
        command: Command::Bridge,
        names: &["bridge"],
        arguments: "<contact>",
        en: "bring a contact into this room, beside everybody who is in it",
        zh: "把一位联系人加入当前房间，与房间里的人一起聊天",
    },
    Usage {
        command: Command::Unbridge,
        names: &["unbridge"],
        arguments: "[contact]",
        en: "take your contacts, or one of them, out of the room again",
        zh: "把你的联系人（或其中一位）移出房间",
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

/// The command of this name.
pub(super) fn find(name: &str) -> Option<Command> {
    COMMANDS.iter().find(|usage| usage.names.contains(&name)).map(|usage| usage.command)
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
