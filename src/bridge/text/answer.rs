//! The bot's answers to people.

use super::{CommandScope, MOST_LOGINS, OPEN_MINUTES, counted, pick};
use crate::config::Language;

/// The bot's greetings and its answers to commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer<'a> {
    Hello { prefix: &'a str, marked: bool },
    EncryptedRoom { link: Option<&'a str> },
    EncryptedGroup,
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
                        "\n\nThis is now your management room; commands need no prefix here.".into()
                    }
                    (true, Language::Zh) => {
                        "\n\n此房间已设为你的管理房间，在这里发命令不需要前缀。".into()
                    }
                };
                pick!(
                    language,
                    "Hello, I am the WeChat bridge. Send `{prefix} login Mum` to get a QR code; when Mum scans it with WeChat, you get a room here to chat with her. `{prefix} help` lists what I can do.{mark}",
                    "你好，我是微信桥接机器人。发送 `{prefix} login 妈妈` 获取二维码，妈妈用微信扫码后，这里就会有一个你和她的聊天房间。发送 `{prefix} help` 查看全部命令。{mark}",
                )
            }
            Self::EncryptedRoom { link: None } => pick!(
                language,
                "This room is encrypted, so I cannot read it. Please create a room with me that is not encrypted.",
                "此房间已加密，我无法读取。请另建一个不加密的房间和我聊天。",
            ),
            Self::EncryptedRoom { link: Some(link) } => pick!(
                language,
                "This room is encrypted, so I cannot read it. Here is a room with me that is not encrypted: {link}",
                "此房间已加密，我无法读取。请到这个不加密的房间和我聊天：{link}",
            ),
            Self::EncryptedGroup => pick!(
                language,
                "Contacts cannot be brought into an encrypted room yet. Please use a room that is not encrypted.",
                "暂时不能把联系人带进加密的房间，请使用不加密的房间。",
            ),
            Self::NoPermission => pick!(
                language,
                "You do not have permission to use this bridge. Ask its administrator.",
                "你没有使用此桥接的权限，请联系管理员。",
            ),
            Self::UnderAnotherName => pick!(
                language,
                "Not done: this message carries another name (a per-message profile), so I do not take it as a command. Please send it under your own name.",
                "未执行：这条消息用了别的名字（per-message profile），不会当作命令处理。请用你自己的名字发送。",
            ),
            Self::GhostRefuses { bot } => pick!(
                language,
                "Only the bridge can open a chat with a WeChat contact. Send `login` to {bot}.",
                "与微信联系人的聊天只能由桥接创建，请向 {bot} 发送 `login`。",
            ),
            Self::UnknownCommand { name } => pick!(
                language,
                "I do not know the command `{name}`. Send `help` to see what I can do.",
                "未知命令 `{name}`。发送 `help` 查看全部命令。",
            ),
            Self::LevelTooLow { admin: true } => pick!(
                language,
                "Only administrators of this bridge can do that.",
                "只有桥接管理员才能这样做。",
            ),
            Self::LevelTooLow { admin: false } => pick!(
                language,
                "Only people who may link contacts can do that. Ask the bridge's administrator for the permission `user`.",
                "只有能连接联系人的用户才可以这样做，请向桥接管理员申请 `user` 权限。",
            ),
            Self::InPortalOnly { prefix, name } => pick!(
                language,
                "That works only in a contact's room: send `{prefix} {name}` there.",
                "此命令只能在联系人的房间使用：请在那里发送 `{prefix} {name}`。",
            ),
            Self::NotYourContact => pick!(
                language,
                "Only the person who linked this contact can do that.",
                "只有连接这位联系人的人才能这样做。",
            ),
            Self::NotInPortal => pick!(
                language,
                "That does not work in a contact's room.",
                "此命令不能在联系人的房间使用。",
            ),
            Self::HelpContext { prefix, here } => {
                let room = match here {
                    CommandScope::Management => pick!(
                        language,
                        "This is your management room: commands need no `{prefix}` here.",
                        "这里是你的管理房间，命令前面不用加 `{prefix}`。",
                    ),
                    CommandScope::Portal { .. } => pick!(
                        language,
                        "This is a contact's room: start each command with `{prefix}`. Commands are not sent to WeChat.",
                        "这里是联系人的房间：每条命令都要以 `{prefix}` 开头，命令不会发到微信。",
                    ),
                    CommandScope::Group => pick!(
                        language,
                        "This room has contacts in it: start each command with `{prefix}`. Commands are not sent to WeChat.",
                        "本房间里有微信联系人：每条命令都要以 `{prefix}` 开头，命令不会发到微信。",
                    ),
                    CommandScope::Other => pick!(
                        language,
                        "This is not your management room: start each command with `{prefix}`.",
                        "这里不是你的管理房间：每条命令都要以 `{prefix}` 开头。",
                    ),
                };
                pick!(
                    language,
                    "{room}\nWhat is in [square brackets] is optional; what is in <angle brackets> is required.",
                    "{room}\n[方括号] 里的可以省略，<尖括号> 里的必填。",
                )
            }
            Self::HelpElsewhere { names, here: CommandScope::Portal { .. } } => pick!(
                language,
                "In other rooms you can also use: {names}",
                "在其他房间还可以使用：{names}",
            ),
            Self::HelpElsewhere {
                names,
                here: CommandScope::Management | CommandScope::Group | CommandScope::Other,
            } => pick!(
                language,
                "In a contact's room you can also use: {names}",
                "在联系人的房间还可以使用：{names}",
            ),
            Self::ManagementAlready => pick!(
                language,
                "This is already your management room.",
                "这里已经是你的管理房间了。",
            ),
            Self::ManagementNotAlone => pick!(
                language,
                "Only you and I can be in a management room.",
                "管理房间里只能有你和我。",
            ),
            Self::ManagementSet => pick!(
                language,
                "This is now your management room; commands need no prefix here.",
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
                pick!(language, "There is nothing to cancel.", "没有可以取消的操作。")
            }
            Self::LanguageUsage => {
                pick!(language, "Usage: `lang en` or `lang zh`.", "用法：`lang en` 或 `lang zh`。")
            }
            Self::TakenBack => pick!(
                language,
                "The message was still waiting. I have taken it back, and it will not be sent.",
                "这条消息还在排队，已取消，不会发送。",
            ),
            Self::Dropped { count: 0 } => {
                pick!(language, "There was nothing to take back.", "没有可以取消的排队消息。",)
            }
            Self::Dropped { count } => {
                let messages = counted(*count, "message");
                let they = if *count == 1 { "it" } else { "they" };
                pick!(
                    language,
                    "I have taken back {messages}; {they} will not be sent.",
                    "已取消 {count} 条排队的消息，不会发送。",
                )
            }
            Self::Retried { count: 0 } => pick!(
                language,
                "Trying again: everything that is queued.",
                "正在重试所有排队的消息。",
            ),
            Self::Retried { count } => {
                let messages = counted(*count, "message");
                pick!(
                    language,
                    "Trying again: everything that is queued, and {messages} set aside earlier.",
                    "正在重试所有排队的消息，以及之前搁置的 {count} 条。",
                )
            }
            Self::QueueUsage => pick!(
                language,
                "Usage (in a contact's room): `queue`, `queue drop`, `queue drop <number>` or `queue merge`.",
                "用法（在联系人的房间）：`queue`、`queue drop`、`queue drop <序号>` 或 `queue merge`。",
            ),
            Self::PleaseRemove => pick!(
                language,
                "Thank you. I am not allowed to remove messages here; please remove the number yourself.",
                "谢谢。我在这里没有删除消息的权限，请自己删除刚才的数字。",
            ),
            Self::LanguageSet => {
                pick!(
                    language,
                    "I will answer you in English from now on.",
                    "以后我会用中文回复你。"
                )
            }
            Self::NameUsage { prefix } => pick!(
                language,
                "Usage: `{prefix} name <name>` in the contact's room, or `name <contact> = <new name>` here.",
                "用法：在联系人的房间发送 `{prefix} name <名字>`，或在这里发送 `name <联系人> = <新名字>`。",
            ),
            Self::Renamed { name } => {
                pick!(language, "The name is now {name}.", "名字已改为{name}。")
            }
            Self::VoiceUsage { prefix } => pick!(
                language,
                "Usage (in the room of one of your contacts): `{prefix} voice file` or `{prefix} voice silk`.",
                "用法（在你的联系人的房间）：`{prefix} voice file` 或 `{prefix} voice silk`。",
            ),
            Self::VoiceSet { items: false } => pick!(
                language,
                "I will send your voice messages as audio files, which the phone can play.",
                "你的语音会以音频文件发送，手机上可以播放。",
            ),
            Self::VoiceSet { items: true } => pick!(
                language,
                "I will send your voice messages as WeChat voice messages. WeChat accepts them but has not shown them since June 2026; `voice file` switches back.",
                "你的语音会以微信语音发送。微信会接收，但从 2026 年 6 月起不再显示；发送 `voice file` 可改回文件。",
            ),
            Self::WhichContact { choices } => pick!(
                language,
                "Which contact? Reply with a number within {OPEN_MINUTES} minutes, or with `cancel`.\n{choices}",
                "哪一位联系人？请在 {OPEN_MINUTES} 分钟内回复序号，或发送 `cancel` 取消。\n{choices}",
            ),
            Self::NoSuchNumber { last } => pick!(
                language,
                "Please reply with a number from 1 to {last}, or with `cancel`.",
                "请回复 1 到 {last} 之间的序号，或发送 `cancel` 取消。",
            ),
            Self::NothingDone => {
                pick!(language, "Cancelled. Nothing was changed.", "已取消，未做任何更改。")
            }
            Self::TooLate => pick!(
                language,
                "My question was open for only {OPEN_MINUTES} minutes, so nothing was done, and your answer was not sent to anyone. If it was meant for a contact, react to it with 🔁.",
                "我的提问只在 {OPEN_MINUTES} 分钟内有效，现在已经过期，所以没有执行任何操作，你的回复也没有发给任何人。如果这条消息是要发给联系人的，请用 🔁 回应它。",
            ),
            Self::NoDigitsWanted => pick!(
                language,
                "I am not waiting for a number, so yours was not sent to anyone. If it was meant for a contact, react to it with 🔁.",
                "现在不需要输入数字，所以你的数字没有发给任何人。如果这条消息是要发给联系人的，请用 🔁 回应它。",
            ),
            Self::IdHere { room, user } => {
                pick!(language, "This room: {room}; you: {user}", "此房间：{room}；你：{user}")
            }
            Self::Synced { done, refused: "" } => {
                let rooms = counted(*done, "room");
                pick!(
                    language,
                    "Synced {rooms}, and invited you again where you were missing.",
                    "已同步 {done} 个房间；你不在的房间，已重新邀请你。",
                )
            }
            Self::Synced { done, refused } => {
                let rooms = counted(*done, "room");
                pick!(
                    language,
                    "Synced {rooms}. The homeserver refused the rooms of: {refused}. The bridge's log says why.",
                    "已同步 {done} 个房间。以下联系人的房间被 Matrix 服务器拒绝：{refused}，原因见桥接日志。",
                )
            }
            Self::Merges => pick!(
                language,
                "The short messages that wait here will be sent together, as lines of one message.",
                "在这里排队的短消息会合并成一条发送。",
            ),
            Self::NoSuchContact { wanted, names } => pick!(
                language,
                "You have no contact named “{wanted}”. Your contacts: {names}",
                "没有名为“{wanted}”的联系人。你的联系人：{names}",
            ),
            Self::ConfirmLogout { name } => pick!(
                language,
                "Log out {name}? The bridge will forget the login. The chat in {name}'s WeChat and the room here stay, and queued messages wait until {name} is linked again. Answer `yes` or `no` within {OPEN_MINUTES} minutes. Any other message is not an answer: it keeps the login, and in a contact's room it is sent to the contact.",
                "要断开与{name}的连接吗？桥接会忘记这次登录。{name}微信里的聊天和这里的房间都会保留，排队的消息会等到重新连接。请在 {OPEN_MINUTES} 分钟内回复 `yes` 或 `no`。其他消息不算回答，不会断开；在联系人房间里写的其他消息会照常发给对方。",
            ),
            Self::LogoutKept => {
                pick!(language, "Cancelled. Nobody was logged out.", "已取消，没有断开连接。")
            }
            Self::LoggedOut { name } => {
                pick!(
                    language,
                    "{name} is logged out, and the login's token is deleted. What the database file still holds of it is overwritten when the bridge is next stopped or started.",
                    "已断开与{name}的连接，并删除了登录令牌。数据库文件中的残留会在桥接下次停止或启动时被覆盖。",
                )
            }
        }
    }
}
