//! What is said about rooms: closed, replaced, ignored, shared with others.

use super::{OPEN_MINUTES, pick};
use crate::config::Language;

/// What becomes of a contact's room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RoomText<'a> {
    /// In the room, as the last word.
    Closed {
        name: &'a str,
    },
    /// To the owner, somewhere else.
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
    /// The room that a tombstone names does not count.
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
    /// Behind a contact's line in `list` and `status`.
    IsIgnored {
        left_out: u32,
    },
    /// The same.
    HasNoRoom,
    /// The same.
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
                "I leave this room. {name}'s next message opens a new one.",
                "我将离开此房间。{name}的下一条消息会打开新的房间。",
            ),
            Self::ClosedFor { name, dropped, prefix } => pick!(
                language,
                "The room of {name} is closed. {name} stays linked, and the next message opens a new room. Messages that were waiting and are not sent: {dropped}. `{prefix} ignore {name}` keeps messages out, `{prefix} logout {name}` ends the link.",
                "{name}的房间已关闭。连接仍然保留，{name}的下一条消息会打开新的房间。已取消的排队消息：{dropped} 条。发送 `{prefix} ignore {name}` 可不再接收消息，发送 `{prefix} logout {name}` 可结束连接。",
            ),
            Self::GhostRemoved { name, prefix } => pick!(
                language,
                "{name} was removed from this room and comes back with the next message. `{prefix} delete-portal` gives the room up, `{prefix} ignore` keeps messages out.",
                "{name}已被移出此房间，下一条消息到来时会回来。发送 `{prefix} delete-portal` 可放弃此房间，发送 `{prefix} ignore` 可不再接收消息。",
            ),
            Self::InviteMe { name, bot, link } => pick!(
                language,
                "⚠️ The room of {name} was replaced, and I may not enter the new one: {link}. Invite {bot} there; until then messages come into the old room.",
                "⚠️ {name}的房间已被替换，而我无法进入新房间：{link}。请邀请 {bot} 加入；在此之前消息仍送到旧房间。",
            ),
            Self::NotReplaced { name, link, prefix } => pick!(
                language,
                "⚠️ Somebody ended the room of {name} in favour of {link}, but that room is not an upgrade of it, so the chat does not move there. It stays in the old room; `{prefix} delete-portal {name}` gives that up, and {name}'s next message opens a new one.",
                "⚠️ 有人用 {link} 替换了{name}的房间，但它并不是由原房间升级而来，所以聊天不会移到那里，仍在原来的房间继续。发送 `{prefix} delete-portal {name}` 可放弃原房间，{name}的下一条消息会打开新的房间。",
            ),
            Self::Moved { name } => pick!(
                language,
                "The chat with {name} goes on in this room.",
                "与{name}的聊天将在此房间继续。",
            ),
            Self::ChatIsThere { name, link } => pick!(
                language,
                "Your chat with {name} is in another room: {link}",
                "你与{name}的聊天在另一个房间：{link}",
            ),
            Self::ConfirmDelete { name, queued } => pick!(
                language,
                "Delete the room of {name}? I leave it, and what waits in it is not sent (waiting: {queued}). {name} stays linked, and the next message opens a new room. Answer `yes` or `no` within {OPEN_MINUTES} minutes. Any other message is no answer and keeps the room; written in a contact's room, it goes to the contact.",
                "要删除{name}的房间吗？我会离开，排队的消息不会发送（现有 {queued} 条）。连接仍然保留，{name}的下一条消息会打开新的房间。请在 {OPEN_MINUTES} 分钟内回复 `yes` 或 `no`。其他消息不算回答，房间会保留；在联系人房间里写的其他消息会照常发给对方。",
            ),
            Self::NotDeleted => pick!(language, "Nothing was deleted.", "未删除。"),
            Self::Deleted { name, dropped } => pick!(
                language,
                "The room of {name} is deleted. Messages that were waiting and are not sent: {dropped}.",
                "{name}的房间已删除。已取消的排队消息：{dropped} 条。",
            ),
            Self::Ignored { name, prefix } => pick!(
                language,
                "What {name} writes from now on is counted and not shown; it cannot be had later. `{prefix} unignore {name}` ends that.",
                "从现在起，{name}发来的消息只计数、不显示，以后也无法找回。发送 `{prefix} unignore {name}` 可恢复。",
            ),
            Self::Unignored { name, left_out } => pick!(
                language,
                "What {name} writes is shown again. Messages that were not shown: {left_out}.",
                "恢复显示{name}的消息。期间未显示：{left_out} 条。",
            ),
            Self::IsIgnored { left_out } => {
                pick!(language, "ignored, {left_out} not shown", "已忽略，{left_out} 条未显示")
            }
            Self::IsNotRelayed => {
                pick!(language, "what others write stays in the room", "他人的消息不转发")
            }
            Self::RelayUsage { prefix } => pick!(
                language,
                "Usage, in the room of one of your contacts: `{prefix} relay on` or `{prefix} relay off`.",
                "用法（在你的联系人房间）：`{prefix} relay on` 或 `{prefix} relay off`。",
            ),
            Self::RelaySet { on: true } => pick!(
                language,
                "What others write in this room goes to WeChat, under their names, when they have the permission `relay`.",
                "他人在此房间发的消息会带上名字转发到微信（需要 `relay` 权限）。",
            ),
            Self::RelaySet { on: false } => pick!(
                language,
                "Only what you write in this room goes to WeChat.",
                "此房间只有你发的消息会转发到微信。",
            ),
            Self::AvatarUsage { prefix } => pick!(
                language,
                "Usage: reply to a picture in the contact's room, one that is not encrypted, with `{prefix} avatar`; `{prefix} avatar remove` takes the picture away.",
                "用法：在联系人房间回复一张未加密的图片，内容为 `{prefix} avatar`；发送 `{prefix} avatar remove` 可移除头像。",
            ),
            Self::AvatarSet { name, removed: false } => {
                pick!(language, "That is what {name} looks like now.", "{name}的头像已更新。")
            }
            Self::AvatarSet { name, removed: true } => {
                pick!(language, "{name} has no picture any more.", "{name}的头像已移除。")
            }
            Self::HasNoRoom => {
                pick!(language, "no room until the next message", "下一条消息到来前没有房间")
            }
        }
    }
}
