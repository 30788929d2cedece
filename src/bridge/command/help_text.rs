//! The help: a line for each command and a heading for each section.

use super::{Command, Section};
use crate::{bridge::text::pick, config::Language};

/// The heading of a section.
pub(crate) fn heading(section: Section, language: Language) -> String {
    match section {
        Section::General => pick!(language, "General", "常用"),
        Section::Logins => pick!(language, "Logins", "登录"),
        Section::Contacts => pick!(language, "Chats and contacts", "聊天与联系人"),
        Section::Queueing => pick!(language, "Queue", "排队"),
        Section::Administration => pick!(language, "Administration", "管理"),
    }
}

/// What a command does, in a few words.
#[expect(clippy::too_many_lines, reason = "a table reads best in one piece")]
pub(crate) fn what(command: Command, language: Language) -> String {
    match command {
        Command::Help => pick!(language, "this list", "显示此列表"),
        Command::Cancel => {
            pick!(language, "stop a login or a question", "取消正在进行的登录或提问")
        }
        Command::Lang => {
            pick!(language, "the language in which I answer you", "我回复你时使用的语言")
        }
        Command::SetManagementRoom => pick!(
            language,
            "make this room, with just you and me in it, your management room",
            "将此房间（只有你和我）设为管理房间",
        ),
        Command::Version => pick!(language, "the version of the bridge", "桥接版本"),
        Command::Ping => pick!(language, "am I there?", "测试是否在线"),
        Command::Login => pick!(
            language,
            "link a contact: makes a QR code for them to scan",
            "连接一位联系人：生成二维码供对方扫描",
        ),
        Command::Relogin => pick!(
            language,
            "link a contact again, in the same room",
            "重新连接联系人，沿用原来的房间",
        ),
        Command::Logout => {
            pick!(language, "forget a contact's login, after asking", "确认后登出一位联系人")
        }
        Command::List => {
            pick!(language, "your contacts and how they stand", "列出联系人及其状态")
        }
        Command::Status => pick!(
            language,
            "reply window, quota and queue of this room, or of all",
            "当前房间或全部联系人的回复窗口、额度与队列",
        ),
        Command::Id => pick!(
            language,
            "the ids of this room and chat, for whoever helps you",
            "显示此房间与聊天的编号，便于求助",
        ),
        Command::Sync => pick!(
            language,
            "set names and members of your contacts' rooms right, and invite you again",
            "重新同步联系人房间的名字与成员，并重新邀请你",
        ),
        Command::Name => pick!(language, "call a contact by another name", "修改联系人的名字",),
        Command::Voice => pick!(
            language,
            "what your voice messages become for this contact",
            "选择语音以文件还是语音条发给此联系人",
        ),
        Command::Avatar => pick!(
            language,
            "as a reply to a picture: that is what the contact looks like",
            "回复一张图片：设为联系人的头像",
        ),
        Command::Relay => pick!(
            language,
            "whether what others write in this room goes to WeChat",
            "是否将他人在此房间的消息转发到微信",
        ),
        Command::Ignore => pick!(
            language,
            "count what a contact writes and do not show it",
            "不再显示联系人的消息，只计数",
        ),
        Command::Unignore => {
            pick!(language, "show again what a contact writes", "恢复显示联系人的消息")
        }
        Command::DeletePortal => pick!(
            language,
            "give a contact's room up, after asking; the next message opens a new one",
            "确认后放弃联系人的房间，下一条消息会打开新的房间",
        ),
        Command::Bridge => pick!(
            language,
            "bring a contact into this room, beside everybody who is in it",
            "把一位联系人加入当前房间，与房间里的人一起聊天",
        ),
        Command::Unbridge => pick!(
            language,
            "take your contacts, or one of them, out of the room again",
            "把你的联系人（或其中一位）移出房间",
        ),
        Command::Queue => {
            pick!(
                language,
                "what waits for this contact; take it back, or send it as few messages",
                "查看、取消或合并等待发送的消息"
            )
        }
        Command::ListAll => pick!(
            language,
            "everybody who has linked contacts, and how these stand",
            "列出所有用户及其联系人的状态",
        ),
        Command::Stats => pick!(
            language,
            "what the bridge has done, what waits, and how large it is",
            "桥接的处理统计、排队与存储情况",
        ),
        Command::Doctor => pick!(
            language,
            "look at everything that the bridge needs, and say what to mend",
            "检查桥接所需的一切，并说明如何修复",
        ),
        Command::Sudo => pick!(
            language,
            "run a command in the name of a user; the log tells that it was you",
            "以某个用户的名义执行命令（日志会记录是你执行的）",
        ),
        Command::Doin => pick!(
            language,
            "run a command as if it stood in another room",
            "在另一个房间中执行命令",
        ),
        Command::Retry => pick!(
            language,
            "as a reply: send that message, or fetch that file, once more; by itself: try again what was set aside",
            "作为回复：重发该消息或重新获取该文件；单独使用：重试被搁置的消息",
        ),
    }
}
