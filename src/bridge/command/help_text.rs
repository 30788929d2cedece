//! The text of the help: a line for each command and a heading for each section.

use super::{Command, Section};
use crate::{bridge::text::pick, config::Language};

/// Returns the heading of a section.
pub(crate) fn heading(section: Section, language: Language) -> String {
    match section {
        Section::General => pick!(language, "General", "常用"),
        Section::Logins => pick!(language, "Logins", "登录"),
        Section::Contacts => pick!(language, "Chats and contacts", "聊天与联系人"),
        Section::Queueing => pick!(language, "Queue", "排队"),
        Section::Administration => pick!(language, "Administration", "管理"),
    }
}

/// Returns what a command does, in a few words.
#[expect(clippy::too_many_lines, reason = "a table reads best in one piece")]
pub(crate) fn what(command: Command, language: Language) -> String {
    match command {
        Command::Help => pick!(language, "show this list", "显示这个列表"),
        Command::Cancel => {
            pick!(language, "cancel a login or a question", "取消正在进行的登录或提问")
        }
        Command::Lang => {
            pick!(language, "choose the language in which I answer you", "选择我回复你时用的语言")
        }
        Command::SetManagementRoom => pick!(
            language,
            "make this room your management room; only you and I may be in it",
            "把此房间设为管理房间（里面只能有你和我）",
        ),
        Command::Version => pick!(language, "show the version of the bridge", "显示桥接版本"),
        Command::Ping => pick!(language, "check that the bridge answers", "测试桥接是否在线"),
        Command::Login => pick!(
            language,
            "link a contact: get a QR code for them to scan",
            "连接一位联系人：生成二维码供对方扫描",
        ),
        Command::Relogin => pick!(
            language,
            "link a contact again, in the same room",
            "重新连接一位联系人，沿用原来的房间",
        ),
        Command::Logout => {
            pick!(
                language,
                "end the link to a contact, after asking",
                "断开一位联系人（会先请你确认）"
            )
        }
        Command::List => {
            pick!(language, "list your contacts and their state", "列出联系人及其状态")
        }
        Command::Status => pick!(
            language,
            "show the reply window, quota and queue of this contact, or of all",
            "查看这位或全部联系人的回复窗口、额度和队列",
        ),
        Command::Id => pick!(
            language,
            "show the ids of this room and chat, for those who help you",
            "显示此房间和聊天的编号，方便求助",
        ),
        Command::Sync => pick!(
            language,
            "correct the names and members of your contacts' rooms, and invite you again",
            "重新同步联系人房间的名字和成员，并重新邀请你",
        ),
        Command::Name => pick!(language, "rename a contact", "修改联系人的名字",),
        Command::Voice => pick!(
            language,
            "send your voice messages to this contact as files, or as WeChat voice messages",
            "选择把语音以文件还是微信语音发给这位联系人",
        ),
        Command::Avatar => pick!(
            language,
            "in reply to an image: make it the contact's avatar",
            "回复一张图片：设为联系人的头像",
        ),
        Command::Relay => pick!(
            language,
            "choose whether what others write in this room goes to WeChat",
            "选择是否把其他人在此房间的消息转发到微信",
        ),
        Command::Ignore => pick!(
            language,
            "stop showing a contact's messages, and only count them",
            "不再显示一位联系人的消息，只计数",
        ),
        Command::Unignore => {
            pick!(language, "show a contact's messages again", "恢复显示一位联系人的消息")
        }
        Command::DeletePortal => pick!(
            language,
            "delete a contact's room, after asking; the next message opens a new one",
            "删除联系人的房间（会先请你确认），对方的下一条消息会打开新的房间",
        ),
        Command::Bridge => pick!(
            language,
            "bring a contact into this room, to chat with everybody in it",
            "把一位联系人加入当前房间，和房间里的人一起聊天",
        ),
        Command::Unbridge => pick!(
            language,
            "take your contacts, or one of them, out of the room",
            "把你的联系人（或其中一位）移出房间",
        ),
        Command::Queue => {
            pick!(
                language,
                "show what waits for this contact, take it back, or merge short messages",
                "查看、取消或合并等待发送的消息"
            )
        }
        Command::ListAll => pick!(
            language,
            "list everybody who has linked contacts, and the state of these",
            "列出所有用户及其联系人的状态",
        ),
        Command::Stats => pick!(
            language,
            "show what the bridge has done, what waits, and how large its store is",
            "查看桥接的处理统计、排队和存储情况",
        ),
        Command::Doctor => pick!(
            language,
            "check everything that the bridge needs, and say what to fix",
            "检查桥接所需的一切，并说明如何修复",
        ),
        Command::Sudo => pick!(
            language,
            "run a command in the name of a user; the log records that it was you",
            "以某个用户的身份执行命令（日志会记录是你执行的）",
        ),
        Command::Doin => pick!(
            language,
            "run a command as if you had sent it in another room",
            "像在另一个房间里一样执行命令",
        ),
        Command::Retry => pick!(
            language,
            "in reply to a message: send it, or fetch its file, again; on its own: try again what was set aside",
            "回复某条消息：重发这条消息或重新获取其文件；单独发送：重试之前搁置的消息",
        ),
    }
}
