//! What is said of contacts in a room with others in it.

use super::pick;
use crate::config::Language;

/// Answers to `bridge` and `unbridge`, and what comes of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GroupText<'a> {
    Bridged { name: &'a str, prefix: &'a str },
    InManagementRoom,
    Elsewhere { name: &'a str, prefix: &'a str },
    ByAnother { name: &'a str },
    MayNotInvite,
    BotMayNot { name: &'a str },
    NoRoomYet { name: &'a str },
    Unbridged { names: &'a str },
    NobodyHere,
    NotBridged { name: &'a str },
    Moved { name: &'a str, prefix: &'a str },
    Back { name: &'a str },
    TakenBackFor { name: &'a str },
    Replaced { names: &'a str, bot: &'a str, link: &'a str },
    NotReplaced { names: &'a str, link: &'a str, prefix: &'a str },
    Followed { names: &'a str },
    LeftBehind { name: &'a str, link: &'a str, prefix: &'a str },
}

impl GroupText<'_> {
    #[expect(clippy::too_many_lines, reason = "a table reads best in one piece")]
    pub(crate) fn text(&self, language: Language) -> String {
        match self {
            Self::Bridged { name, prefix } => pick!(
                language,
                "{name} is in this room now: what is written here goes to {name} on WeChat, and what {name} writes comes here. `{prefix} unbridge {name}` ends it.",
                "{name}现已加入本房间：大家在这里写的内容会发到{name}的微信，{name}发来的消息也显示在这里。发送 `{prefix} unbridge {name}` 结束。",
            ),
            Self::InManagementRoom => pick!(
                language,
                "This is a management room. Make a new room, invite me, and bring your contacts in there.",
                "这里是管理房间。请新建一个房间并邀请我，再把联系人加入那里。",
            ),
            Self::Elsewhere { name, prefix } => pick!(
                language,
                "{name} is in another room already. Send `{prefix} unbridge {name}` first.",
                "{name}已在另一个房间里。请先发送 `{prefix} unbridge {name}`。",
            ),
            Self::ByAnother { name } => pick!(
                language,
                "{name} is in this room already: somebody else has brought the same person in.",
                "{name}已在本房间里：别人已经加入了同一位微信用户。",
            ),
            Self::MayNotInvite => pick!(
                language,
                "You may not invite anybody into this room, so you cannot bring a contact in.",
                "你在本房间没有邀请权限，因此不能加入联系人。",
            ),
            Self::BotMayNot { name } => pick!(
                language,
                "I cannot bring {name} in: this room does not let me invite, or does not let everybody write. Change that and ask again.",
                "我无法把{name}加入：本房间不允许我邀请成员，或不允许所有人发言。请修改权限后再试。",
            ),
            Self::NoRoomYet { name } => pick!(
                language,
                "{name}'s own room is not made yet. Ask again in a moment.",
                "{name}自己的房间尚未建好，请稍后再试。",
            ),
            Self::Unbridged { names } => pick!(
                language,
                "No longer in this room: {names}. What they write comes into their own rooms again.",
                "已移出房间：{names}。今后他们的消息回到各自的房间。",
            ),
            Self::NobodyHere => pick!(
                language,
                "You have brought no contact into this room.",
                "你没有把任何联系人加入本房间。",
            ),
            Self::NotBridged { name } => {
                pick!(language, "{name} is in no other room.", "{name}没有加入其他房间。")
            }
            Self::Moved { name, prefix } => pick!(
                language,
                "{name} was brought into another room: from now on {name}'s messages come there. What you write here still goes to {name} alone. `{prefix} unbridge` here brings {name} back.",
                "{name}已加入另一个房间，今后{name}的消息显示在那里。你在这里写的内容仍只发给{name}。在这里发送 `{prefix} unbridge` 可恢复。",
            ),
            Self::Back { name } => pick!(
                language,
                "{name} is back: what {name} writes comes here again.",
                "{name}已回到这里，今后{name}的消息仍显示在本房间。",
            ),
            Self::Replaced { names, bot, link } => pick!(
                language,
                "⚠️ The room with {names} was replaced, and I may not enter the new one: {link}. What they write comes into their own rooms again. Invite {bot} there, and they come along.",
                "⚠️ 有{names}的房间已被替换，而我无法进入新房间：{link}。他们的消息已回到各自的房间。请邀请 {bot} 加入新房间，他们会随之加入。",
            ),
            Self::NotReplaced { names, link, prefix } => pick!(
                language,
                "⚠️ Somebody ended the room with {names} in favour of {link}, but that room is not an upgrade of it, so your contacts do not go there. They are back in their own rooms; `{prefix} bridge` brings them into another one.",
                "⚠️ 有人用 {link} 替换了有{names}的房间，但它并不是由原房间升级而来，所以联系人不会移到那里，而是回到各自的房间。发送 `{prefix} bridge` 可把他们加入别的房间。",
            ),
            Self::Followed { names } => pick!(
                language,
                "The chat with {names} goes on in this room.",
                "与{names}的聊天将在此房间继续。",
            ),
            Self::LeftBehind { name, link, prefix } => pick!(
                language,
                "⚠️ {name} could not come along into the room that replaced another: {link}. It must not be encrypted, you have to be in it, and it has to let me invite and {name} write. Then send `{prefix} bridge {name}` there.",
                "⚠️ {name}无法随之进入替换后的房间：{link}。该房间不能加密，你须在其中，并须允许我邀请成员、允许{name}发言。之后请在那里发送 `{prefix} bridge {name}`。",
            ),
            Self::TakenBackFor { name } => pick!(
                language,
                "The message was still waiting for {name}; it is taken back and will not be sent.",
                "该消息尚在等待发给{name}，已撤回，不会发送。",
            ),
        }
    }
}
