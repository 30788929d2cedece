//! The sentences about rooms: closed, replaced, ignored, shared with others.

use super::{OPEN_MINUTES, counted, pick};
use crate::config::Language;

/// A sentence about a contact's room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RoomText<'a> {
    /// The last notice in a closed room.
    Closed {
        name: &'a str,
    },
    /// The notice to the owner, elsewhere.
    ClosedFor {
        name: &'a str,
        dropped: usize,
        prefix: &'a str,
    },
    GhostRemoved {
        name: &'a str,
        prefix: &'a str,
    },
    InviteMe {
        name: &'a str,
        bot: &'a str,
        link: &'a str,
    },
    /// The room that a tombstone names is no upgrade.
    NotReplaced {
        name: &'a str,
        link: &'a str,
        prefix: &'a str,
    },
    Moved {
        name: &'a str,
    },
    ChatIsThere {
        name: &'a str,
        link: &'a str,
    },
    ConfirmDelete {
        name: &'a str,
        queued: usize,
    },
    NotDeleted,
    Deleted {
        name: &'a str,
        dropped: usize,
    },
    Ignored {
        name: &'a str,
        prefix: &'a str,
    },
    Unignored {
        name: &'a str,
        left_out: u32,
    },
    /// A remark behind a contact's line in `list` and `status`: their messages are ignored.
    IsIgnored {
        left_out: u32,
    },
    /// A remark behind a contact's line: there is no room.
    HasNoRoom,
    /// A remark behind a contact's line: the relay is off.
    IsNotRelayed,
    RelayUsage {
        prefix: &'a str,
    },
    RelaySet {
        on: bool,
    },
    AvatarUsage {
        prefix: &'a str,
    },
    AvatarSet {
        name: &'a str,
        removed: bool,
    },
}

impl RoomText<'_> {
    #[expect(clippy::too_many_lines, reason = "a table reads best in one piece")]
    pub(crate) fn text(&self, language: Language) -> String {
        match self {
            Self::Closed { name } => pick!(
                language,
                "I am leaving this room. {name}'s next message will open a new one.",
                "我要离开这个房间了。{name}的下一条消息会打开一个新房间。",
            ),
            Self::ClosedFor { name, dropped, prefix } => {
                let lost = lost(*dropped, language);
                pick!(
                    language,
                    "{name}'s room is closed.{lost} {name} stays linked, and the next message will open a new room. `{prefix} ignore {name}` keeps messages out, `{prefix} logout {name}` ends the link.",
                    "{name}的房间已关闭。{lost}连接仍然保留，{name}的下一条消息会打开一个新房间。发送 `{prefix} ignore {name}` 可不再接收消息，发送 `{prefix} logout {name}` 可断开连接。",
                )
            }
            Self::GhostRemoved { name, prefix } => pick!(
                language,
                "{name} was removed from this room and will come back with the next message. `{prefix} delete-portal` deletes the room, `{prefix} ignore` keeps messages out.",
                "{name}已被移出这个房间，发来下一条消息时会回来。发送 `{prefix} delete-portal` 可删除此房间，发送 `{prefix} ignore` 可不再接收消息。",
            ),
            Self::InviteMe { name, bot, link } => pick!(
                language,
                "⚠️ {name}'s room was replaced, and I cannot enter the new one: {link}. Invite {bot} there; until then messages arrive in the old room.",
                "⚠️ {name}的房间已被新房间取代，但我进不去：{link}。请邀请 {bot} 加入新房间；在此之前，消息仍会发到旧房间。",
            ),
            Self::NotReplaced { name, link, prefix } => pick!(
                language,
                "⚠️ Somebody ended the room of {name} in favour of {link}, but that room is not an upgrade of it, so the chat does not move there. It stays in the old room; `{prefix} delete-portal {name}` gives that up, and {name}'s next message opens a new one.",
                "⚠️ 有人用 {link} 替换了{name}的房间，但它并不是由原房间升级而来，所以聊天不会移到那里，仍在原来的房间继续。发送 `{prefix} delete-portal {name}` 可放弃原房间，{name}的下一条消息会打开新的房间。",
            ),
            Self::Moved { name } => pick!(
                language,
                "The chat with {name} continues in this room.",
                "与{name}的聊天会在这个房间继续。",
            ),
            Self::ChatIsThere { name, link } => pick!(
                language,
                "Your chat with {name} is in another room: {link}",
                "你与{name}的聊天在另一个房间：{link}",
            ),
            Self::ConfirmDelete { name, queued } => {
                let waiting = waiting(*queued, language);
                pick!(
                    language,
                    "Delete {name}'s room? I will leave it{waiting}. {name} stays linked, and the next message will open a new room. Answer `yes` or `no` within {OPEN_MINUTES} minutes. Any other message is not an answer: it keeps the room, and in a contact's room it is sent to the contact.",
                    "要删除{name}的房间吗？我会离开房间{waiting}。连接仍然保留，{name}的下一条消息会打开一个新房间。请在 {OPEN_MINUTES} 分钟内回复 `yes` 或 `no`。其他消息不算回答，房间会保留；在联系人房间里写的其他消息会照常发给对方。",
                )
            }
            Self::NotDeleted => {
                pick!(language, "Cancelled. Nothing was deleted.", "已取消，没有删除任何内容。")
            }
            Self::Deleted { name, dropped } => {
                let lost = lost(*dropped, language);
                pick!(language, "{name}'s room is deleted.{lost}", "{name}的房间已删除。{lost}",)
            }
            Self::Ignored { name, prefix } => pick!(
                language,
                "From now on {name}'s messages are only counted, not shown, and cannot be recovered later. `{prefix} unignore {name}` ends this.",
                "从现在起，{name}发来的消息只计数、不显示，以后也找不回来。发送 `{prefix} unignore {name}` 可恢复显示。",
            ),
            Self::Unignored { name, left_out } => {
                let messages = match left_out {
                    1 => "1 message was".to_owned(),
                    count => format!("{count} messages were"),
                };
                pick!(
                    language,
                    "{name}'s messages are shown again. In the meantime, {messages} left out.",
                    "已恢复显示{name}的消息。这期间有 {left_out} 条没有显示。",
                )
            }
            Self::IsIgnored { left_out } => {
                pick!(language, "ignored, {left_out} not shown", "已忽略，{left_out} 条未显示")
            }
            Self::IsNotRelayed => {
                pick!(language, "what others write stays in the room", "其他人的消息不转发")
            }
            Self::RelayUsage { prefix } => pick!(
                language,
                "Usage (in the room of one of your contacts): `{prefix} relay on` or `{prefix} relay off`.",
                "用法（在你的联系人的房间）：`{prefix} relay on` 或 `{prefix} relay off`。",
            ),
            Self::RelaySet { on: true } => pick!(
                language,
                "What others write in this room goes to WeChat under their names, if they have the permission `relay`.",
                "其他人在此房间发的消息会带上名字转发到微信（需要 `relay` 权限）。",
            ),
            Self::RelaySet { on: false } => pick!(
                language,
                "Only what you write in this room goes to WeChat.",
                "此房间里只有你发的消息会转发到微信。",
            ),
            Self::AvatarUsage { prefix } => pick!(
                language,
                "Usage: in the contact's room, reply `{prefix} avatar` to an image that is not encrypted; `{prefix} avatar remove` removes the avatar.",
                "用法：在联系人的房间用 `{prefix} avatar` 回复一张未加密的图片；发送 `{prefix} avatar remove` 可移除头像。",
            ),
            Self::AvatarSet { name, removed: false } => {
                pick!(language, "{name} has a new avatar.", "{name}的头像已更新。")
            }
            Self::AvatarSet { name, removed: true } => {
                pick!(language, "{name} has no avatar any more.", "{name}的头像已移除。")
            }
            Self::HasNoRoom => {
                pick!(language, "no room until the next message", "收到下一条消息前没有房间")
            }
        }
    }
}

/// Returns the sentence about dropped messages; empty when there are none.
fn lost(dropped: usize, language: Language) -> String {
    let messages = counted(dropped, "queued message");
    match dropped {
        0 => String::new(),
        _ => pick!(language, " I dropped {messages}.", "已取消 {dropped} 条排队的消息。"),
    }
}

/// Returns the clause about messages that would be dropped; empty when there are none.
fn waiting(queued: usize, language: Language) -> String {
    let messages = counted(queued, "queued message");
    match queued {
        0 => String::new(),
        _ => pick!(language, " and drop {messages}", "，并取消 {queued} 条排队的消息"),
    }
}
