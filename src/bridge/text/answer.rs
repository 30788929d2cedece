//! What the bot answers to people who talk to it.

use super::{CommandScope, MOST_LOGINS, OPEN_MINUTES, pick};
use crate::config::Language;

/// Greetings and answers to commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer<'a> {
    Hello { prefix: &'a str, marked: bool },
    EncryptedRoom,
    NoPermission,
    UnderAnotherName,
    GhostRefuses { bot: &'a str },
    UnknownCommand { name: &'a str },
    LevelTooLow { admin: bool },
    InPortalOnly { prefix: &'a str, name: &'a str },
    NotYourContact,
    NotInPortal,
    HelpContext { prefix: &'a str, here: CommandScope },
    HelpElsewhere { names: &'a str, here: CommandScope },
    ManagementAlready,
    ManagementNotAlone,
    ManagementSet,
    Version { version: &'a str },
    Pong,
    NothingToCancel,
    WhichContact { choices: &'a str },
    NoSuchNumber { last: usize },
    NothingDone,
    TooLate,
    NoDigitsWanted,
    TooManyLogins { prefix: &'a str },
    IdHere { room: &'a str, user: &'a str },
    Synced { done: usize, refused: &'a str },
    Merges,
    NoSuchContact { wanted: &'a str, names: &'a str },
    ConfirmLogout { name: &'a str },
    LogoutKept,
    LoggedOut { name: &'a str },
    NameUsage { prefix: &'a str },
    Renamed { name: &'a str },
    VoiceUsage { prefix: &'a str },
    VoiceSet { items: bool },
    LanguageUsage,
    LanguageSet,
    PleaseRemove,
    TakenBack,
    Dropped { count: usize },
    QueueUsage,
    Retried { count: usize },
}

impl Answer<'_> {
    #[expect(clippy::too_many_lines, reason = "a table reads best in one piece")]
    pub(crate) fn text(&self, language: Language) -> String {
        match self {
            Self::Hello { prefix, marked } => {
                let mark = match (marked, language) {
                    (false, _) => String::new(),
                    (true, Language::En) => {
                        "\n\nThis is now your management room; here the prefix is not needed."
                            .into()
                    }
                    (true, Language::Zh) => {
                        "\n\n此房间已设为你的管理房间，在这里发命令不需要前缀。".into()
                    }
                };
                pick!(
                    language,
                    "Hello, I am the WeChat bridge. Send `{prefix} login Mum` and I make a QR code; whoever scans it with WeChat gets a room here. `{prefix} help` lists what I can do.{mark}",
                    "你好，我是微信桥接机器人。发送 `{prefix} login 妈妈` 即可获取二维码，用微信扫码的人会在这里有一个聊天房间。发送 `{prefix} help` 查看全部命令。{mark}",
                )
            }
            Self::EncryptedRoom => pick!(
                language,
                "This room is encrypted, and I cannot read it. Please make a room with me that has encryption switched off.",
                "此房间已加密，我无法读取。请与我新建一个不加密的房间。",
            ),
            Self::NoPermission => pick!(
                language,
                "You do not have permission to use this bridge. Ask its administrator.",
                "你没有使用此桥接的权限，请联系管理员。",
            ),
            Self::UnderAnotherName => pick!(
                language,
                "Not done: a message that carries another name (a per-message profile) is not taken as a command. Please send it under your own.",
                "未执行：带有其他名字（逐条消息资料）的消息不会当作命令，请以你自己的身份发送。",
            ),
            Self::GhostRefuses { bot } => pick!(
                language,
                "Chats with WeChat contacts are opened by the bridge: write `login` to {bot}.",
                "与微信联系人的聊天由桥接建立：请向 {bot} 发送 `login`。",
            ),
            Self::UnknownCommand { name } => pick!(
                language,
                "I do not know the command `{name}`. `help` lists what I can do.",
                "未知命令 `{name}`。发送 `help` 查看全部命令。",
            ),
            Self::LevelTooLow { admin: true } => pick!(
                language,
                "Only administrators of the bridge may do that.",
                "只有桥接管理员可以这样做。",
            ),
            Self::LevelTooLow { admin: false } => pick!(
                language,
                "Only people who may link contacts can do that. Ask the administrator of the bridge for the permission `user`.",
                "只有可以连接联系人的用户才能这样做，请向桥接管理员申请 `user` 权限。",
            ),
            Self::InPortalOnly { prefix, name } => pick!(
                language,
                "That is done in a contact's room: write `{prefix} {name}` there.",
                "此命令只能在联系人房间使用：请在那里发送 `{prefix} {name}`。",
            ),
            Self::NotYourContact => pick!(
                language,
                "Only the person who linked this contact can do that.",
                "只有连接此联系人的用户可以这样做。",
            ),
            Self::NotInPortal => pick!(
                language,
                "That cannot be done in a contact's room.",
                "此命令不能在联系人房间使用。",
            ),
            Self::HelpContext { prefix, here } => {
                let room = match here {
                    CommandScope::Management => pick!(
                        language,
                        "This is your management room: the prefix `{prefix}` is not needed here.",
                        "这里是你的管理房间，命令不需要前缀 `{prefix}`。",
                    ),
                    CommandScope::Portal { .. } => pick!(
                        language,
                        "This is a contact's room: begin each command with `{prefix}`. Commands are not sent to WeChat.",
                        "这里是联系人房间：每条命令都要以 `{prefix}` 开头，命令不会发到微信。",
                    ),
                    CommandScope::Group => pick!(
                        language,
                        "This room has contacts in it: begin each command with `{prefix}`. Commands are not sent to WeChat.",
                        "本房间里有微信联系人：每条命令都要以 `{prefix}` 开头，命令不会发到微信。",
                    ),
                    CommandScope::Other => pick!(
                        language,
                        "This is not your management room: begin each command with `{prefix}`.",
                        "这里不是你的管理房间：每条命令都要以 `{prefix}` 开头。",
                    ),
                };
                pick!(
                    language,
                    "{room}\n[Square brackets] may be left out, <angle brackets> may not.",
                    "{room}\n[方括号] 可省略，<尖括号> 必填。",
                )
            }
            Self::HelpElsewhere { names, here: CommandScope::Portal { .. } } => pick!(
                language,
                "In other rooms there are also: {names}",
                "在其他房间还可以使用：{names}",
            ),
            Self::HelpElsewhere {
                names,
                here: CommandScope::Management | CommandScope::Group | CommandScope::Other,
            } => pick!(
                language,
                "In a contact's room there are also: {names}",
                "在联系人房间还可以使用：{names}",
            ),
            Self::ManagementAlready => pick!(
                language,
                "This room is your management room already.",
                "此房间已经是你的管理房间。",
            ),
            Self::ManagementNotAlone => pick!(
                language,
                "A management room holds you and me and nobody else.",
                "管理房间里只能有你和我两个成员。",
            ),
            Self::ManagementSet => pick!(
                language,
                "This is your management room now; the prefix is not needed here.",
                "此房间已设为你的管理房间，在这里发命令不需要前缀。",
            ),
            Self::Version { version } => pick!(
                language,
                "matrix-appservice-wechat {version}",
                "matrix-appservice-wechat {version}",
            ),
            Self::TooManyLogins { prefix } => pick!(
                language,
                "{MOST_LOGINS} logins of yours are going on already. Let one of them end, or stop one with `{prefix} cancel`.",
                "你已有 {MOST_LOGINS} 个登录正在进行。请等其中一个结束，或发送 `{prefix} cancel` 取消一个。",
            ),
            Self::Pong => pick!(language, "Pong.", "在。"),
            Self::NothingToCancel => {
                pick!(language, "There is nothing to cancel.", "没有可取消的操作。")
            }
            Self::LanguageUsage => {
                pick!(language, "Usage: `lang en` or `lang zh`.", "用法：`lang en` 或 `lang zh`。")
            }
            Self::TakenBack => pick!(
                language,
                "The message was still waiting; it is taken back and will not be sent.",
                "该消息尚在排队，已撤回，不会发送。",
            ),
            Self::Dropped { count } => pick!(
                language,
                "Taken back, and not to be sent: {count}.",
                "已取消 {count} 条排队的消息，不会发送。",
            ),
            Self::Retried { count } => pick!(
                language,
                "I try again whatever is queued, and what was set aside: {count}.",
                "正在重试：{count} 条被搁置的消息，以及排队中的消息。",
            ),
            Self::QueueUsage => pick!(
                language,
                "Usage, in a contact's room: `queue`, `queue drop`, `queue drop <number>` or `queue merge`.",
                "用法（在联系人房间）：`queue`、`queue drop`、`queue drop <序号>` 或 `queue merge`。",
            ),
            Self::PleaseRemove => pick!(
                language,
                "Thank you. I may not remove messages here; please remove the number yourself.",
                "谢谢。我无权删除这里的消息，请自行删除刚才的数字。",
            ),
            Self::LanguageSet => {
                pick!(language, "I speak English with you now.", "现在起我用中文回复。")
            }
            Self::NameUsage { prefix } => pick!(
                language,
                "Usage: `{prefix} name <name>` in the contact's room, or `name <contact> = <new name>` here.",
                "用法：在联系人房间发送 `{prefix} name <名字>`，或在这里发送 `name <联系人> = <新名字>`。",
            ),
            Self::Renamed { name } => {
                pick!(language, "The name is now {name}.", "名字已改为{name}。")
            }
            Self::VoiceUsage { prefix } => pick!(
                language,
                "Usage, in the room of one of your contacts: `{prefix} voice file` or `{prefix} voice silk`.",
                "用法（在你的联系人房间）：`{prefix} voice file` 或 `{prefix} voice silk`。",
            ),
            Self::VoiceSet { items: false } => pick!(
                language,
                "Your voice messages go out as files that the phone plays.",
                "你的语音将以手机可播放的文件发送。",
            ),
            Self::VoiceSet { items: true } => pick!(
                language,
                "Your voice messages go out as WeChat voice messages. WeChat takes them, but has not shown them since June 2026; `voice file` goes back.",
                "你的语音将以微信语音条发送。微信会接收，但自 2026 年 6 月起不显示；发送 `voice file` 可改回文件。",
            ),
            Self::WhichContact { choices } => pick!(
                language,
                "Which contact? Answer with the number within {OPEN_MINUTES} minutes, or `cancel`.\n{choices}",
                "哪一位联系人？请在 {OPEN_MINUTES} 分钟内回复序号，或发送 `cancel` 取消。\n{choices}",
            ),
            Self::NoSuchNumber { last } => pick!(
                language,
                "Please answer with a number from 1 to {last}, or `cancel`.",
                "请回复 1 到 {last} 之间的序号，或发送 `cancel` 取消。",
            ),
            Self::NothingDone => pick!(language, "Nothing was done.", "已取消，未做任何更改。"),
            Self::TooLate => pick!(
                language,
                "My question was open for {OPEN_MINUTES} minutes, so nothing was done, and your answer went to nobody. If it was for a contact, react to it with 🔁.",
                "我的提问只在 {OPEN_MINUTES} 分钟内有效，因此未执行任何操作，你的回复也没有发给任何人。如果这条消息是发给联系人的，请用 🔁 回应它。",
            ),
            Self::NoDigitsWanted => pick!(
                language,
                "No number is wanted at the moment, so yours went to nobody. If it was for a contact, react to it with 🔁.",
                "目前不需要输入数字，因此你的数字没有发给任何人。如果这条消息是发给联系人的，请用 🔁 回应它。",
            ),
            Self::IdHere { room, user } => {
                pick!(language, "This room: {room}; you: {user}", "此房间：{room}；你：{user}")
            }
            Self::Synced { done, refused: "" } => pick!(
                language,
                "Rooms set right: {done}. You are invited again where you were missing.",
                "已完成：{done} 个房间已同步，你不在的房间已重新邀请你。",
            ),
            Self::Synced { done, refused } => pick!(
                language,
                "Rooms set right: {done}. The homeserver refused it for: {refused}. The bridge's log says why.",
                "已同步 {done} 个房间；服务器拒绝了：{refused}，原因见桥接日志。",
            ),
            Self::Merges => pick!(
                language,
                "Short messages that wait here go out as lines of one.",
                "这里排队的短消息将合并成一条发送。",
            ),
            Self::NoSuchContact { wanted, names } => pick!(
                language,
                "You have no contact “{wanted}”. Your contacts: {names}",
                "没有名为“{wanted}”的联系人。你的联系人：{names}",
            ),
            Self::ConfirmLogout { name } => pick!(
                language,
                "Log out {name}? The bridge forgets the login; the chat in {name}'s WeChat and this room stay, and queued messages wait for the next login. Answer `yes` or `no` within {OPEN_MINUTES} minutes. Any other message is no answer and keeps the login; written in a contact's room, it goes to the contact.",
                "要登出{name}吗？桥接会忘记此登录；{name}微信里的聊天和这里的房间都会保留，排队的消息等待下次登录。请在 {OPEN_MINUTES} 分钟内回复 `yes` 或 `no`。其他消息不算回答，登录会保留；在联系人房间里写的其他消息会照常发给对方。",
            ),
            Self::LogoutKept => pick!(language, "Nothing was logged out.", "未登出。"),
            Self::LoggedOut { name } => pick!(language, "{name} is logged out.", "{name}已登出。"),
        }
    }
}
