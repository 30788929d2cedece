//! The sentences about contacts in a room with others.

use super::pick;
use crate::config::Language;

/// The answers to `bridge` and `unbridge`, and the notices about their effects.
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
                "{name} is now in this room: what is written here goes to {name} on WeChat, and what {name} writes appears here. `{prefix} unbridge {name}` ends this.",
                "{name}已加入这个房间：大家在这里发的内容会发到{name}的微信，{name}发来的消息也会显示在这里。发送 `{prefix} unbridge {name}` 可结束。",
            ),
            Self::InManagementRoom => pick!(
                language,
                "This is a management room. Create a new room, invite me, and bring your contacts in there.",
                "这里是管理房间。请新建一个房间并邀请我，再把联系人加到那里。",
            ),
            Self::Elsewhere { name, prefix } => pick!(
                language,
                "{name} is already in another room. Send `{prefix} unbridge {name}` first.",
                "{name}已在另一个房间里。请先发送 `{prefix} unbridge {name}`。",
            ),
            Self::ByAnother { name } => pick!(
                language,
                "{name} is already in this room: somebody else has brought in the same person.",
                "{name}已经在这个房间里了：别人已把同一位微信用户加了进来。",
            ),
            Self::MayNotInvite => pick!(
                language,
                "You are not allowed to invite people to this room, so you cannot bring in a contact.",
                "你在这个房间没有邀请权限，所以不能把联系人加进来。",
            ),
            Self::BotMayNot { name } => pick!(
                language,
                "I cannot bring in {name}: this room does not let me invite people, or does not let everybody write. Change that and try again.",
                "我无法把{name}加进来：这个房间不允许我邀请成员，或不允许所有人发言。请修改权限后再试。",
            ),
            Self::NoRoomYet { name } => pick!(
                language,
                "{name}'s own room is not ready yet. Try again in a moment.",
                "{name}自己的房间还没有建好，请稍后再试。",
            ),
            Self::Unbridged { names } => pick!(
                language,
                "No longer in this room: {names}. What they write appears in their own rooms again.",
                "已移出房间：{names}。以后他们的消息会显示在各自的房间。",
            ),
            Self::NobodyHere => pick!(
                language,
                "You have not brought any contact into this room.",
                "你没有把任何联系人加入本房间。",
            ),
            Self::NotBridged { name } => {
                pick!(language, "{name} is not in any other room.", "{name}没有加入其他房间。")
            }
            Self::Moved { name, prefix } => pick!(
                language,
                "{name} is now in another room, and {name}'s messages appear there. What you write here still goes to {name} alone. Send `{prefix} unbridge` here to bring {name} back.",
                "{name}已加入另一个房间，以后{name}的消息会显示在那里。你在这里发的内容仍然只发给{name}。在这里发送 `{prefix} unbridge` 可恢复。",
            ),
            Self::Back { name } => pick!(
                language,
                "{name} is back: what {name} writes appears here again.",
                "{name}已回到这里，以后{name}的消息又会显示在这个房间。",
            ),
            Self::Replaced { names, bot, link } => pick!(
                language,
                "⚠️ The room with {names} was replaced, and I cannot enter the new one: {link}. What they write appears in their own rooms again. Invite {bot} to the new room, and they will follow.",
                "⚠️ 有{names}的房间已被新房间取代，但我进不去：{link}。他们的消息会显示在各自的房间。请邀请 {bot} 加入新房间，他们也会跟着加入。",
            ),
            Self::NotReplaced { names, link, prefix } => pick!(
                language,
                "⚠️ Somebody ended the room with {names} in favour of {link}, but that room is not an upgrade of it, so your contacts do not go there. They are back in their own rooms; `{prefix} bridge` brings them into another one.",
                "⚠️ 有人用 {link} 替换了有{names}的房间，但它并不是由原房间升级而来，所以联系人不会移到那里，而是回到各自的房间。发送 `{prefix} bridge` 可把他们加入别的房间。",
            ),
            Self::Followed { names } => pick!(
                language,
                "The chat with {names} continues in this room.",
                "与{names}的聊天会在这个房间继续。",
            ),
            Self::LeftBehind { name, link, prefix } => pick!(
                language,
                "⚠️ {name} could not follow into the new room: {link}. It must not be encrypted, you must be in it, and it must let me invite people and let {name} write. Then send `{prefix} bridge {name}` there.",
                "⚠️ {name}没能跟着进入新房间：{link}。新房间不能加密，你必须在里面，还要允许我邀请成员、允许{name}发言。改好后请在那里发送 `{prefix} bridge {name}`。",
            ),
            Self::TakenBackFor { name } => pick!(
                language,
                "The message was still waiting for {name}. I have taken it back, and it will not be sent.",
                "这条消息还在等待发给{name}，已取消，不会发送。",
            ),
        }
    }
}
