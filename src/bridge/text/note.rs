//! How things stand, and what the bridge says on its own account.

use super::pick;
use crate::{
    config::Language,
    id::{LoginId, PortalId},
};

/// States and notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Note<'a> {
    NoLogins {
        prefix: &'a str,
    },
    LoginLine {
        name: &'a str,
        contact: &'a str,
        active: bool,
        prefix: &'a str,
    },
    Choice {
        number: u32,
        name: &'a str,
        contact: &'a str,
        active: bool,
    },
    IdLine {
        name: &'a str,
        room: &'a str,
        portal: PortalId,
        login: LoginId,
        contact: &'a str,
        bot: &'a str,
    },
    Queued {
        count: usize,
    },
    StatusPortal {
        name: &'a str,
        queued: usize,
    },
    StatusBridge {
        logins: usize,
        active: usize,
        queued: usize,
    },
    Window {
        left_minutes: u64,
        sends_left: u32,
    },
    WindowClosed,
    NeverHeard,
    Greeting {
        name: &'a str,
    },
    SessionLost {
        name: &'a str,
        prefix: &'a str,
    },
    PortalSessionLost {
        name: &'a str,
        prefix: &'a str,
    },
    RoomFailed {
        name: &'a str,
    },
    DeliveryRefused {
        name: &'a str,
    },
    Poison {
        name: &'a str,
    },
    Unconfirmed {
        name: &'a str,
        count: u32,
    },
    QuotaLow {
        name: &'a str,
        left: u32,
    },
    SessionBack {
        name: &'a str,
    },
    LeftOut {
        name: &'a str,
        count: usize,
    },
    Strangers {
        name: &'a str,
        most: u32,
    },
    WindowCloses {
        name: &'a str,
        queued: usize,
    },
    Queue {
        name: &'a str,
    },
    QueueEmpty,
}

impl Note<'_> {
    #[expect(clippy::too_many_lines, reason = "a table reads best in one piece")]
    pub(crate) fn text(&self, language: Language) -> String {
        match self {
            Self::NoLogins { prefix } => pick!(
                language,
                "Nobody is linked yet. Send `{prefix} login <name>` to link a contact.",
                "还没有联系人。发送 `{prefix} login <名字>` 连接一位联系人。",
            ),
            Self::LoginLine { name, contact, active: true, .. } => {
                pick!(language, "• {name} ({contact}): linked", "• {name}（{contact}）：已连接")
            }
            Self::LoginLine { name, contact, active: false, prefix } => pick!(
                language,
                "• {name} ({contact}): logged out, `{prefix} relogin {name}` links again",
                "• {name}（{contact}）：已登出，发送 `{prefix} relogin {name}` 重新连接",
            ),
            Self::Choice { number, name, contact, active: true } => {
                pick!(language, "{number}. {name} ({contact})", "{number}. {name}（{contact}）")
            }
            Self::Choice { number, name, contact, active: false } => pick!(
                language,
                "{number}. {name} ({contact}), logged out",
                "{number}. {name}（{contact}），已登出",
            ),
            Self::IdLine { name, room, portal, login, contact, bot } => pick!(
                language,
                "• {name}: room {room}, chat {portal}, login {login}, contact {contact}, bot {bot}",
                "• {name}：房间 {room}，聊天 {portal}，登录 {login}，联系人 {contact}，机器人 {bot}",
            ),
            Self::Queued { count } => pick!(language, "{count} queued", "排队 {count} 条"),
            Self::StatusPortal { name, queued } => {
                pick!(language, "{name}: {queued} queued", "{name}：排队 {queued} 条")
            }
            Self::StatusBridge { logins, active, queued } => pick!(
                language,
                "{active} of {logins} contacts linked, {queued} messages queued.",
                "{logins} 位联系人中 {active} 位已连接，排队消息 {queued} 条。",
            ),
            Self::Window { left_minutes, sends_left } => {
                let (hours, minutes) = (left_minutes / 60, left_minutes % 60);
                pick!(
                    language,
                    "reply window open for {hours} h {minutes} min, {sends_left} sends left",
                    "回复窗口还有 {hours} 小时 {minutes} 分，还可发送 {sends_left} 条",
                )
            }
            Self::WindowClosed => pick!(
                language,
                "reply window closed until the contact writes",
                "回复窗口已关闭，等待对方发来消息",
            ),
            Self::NeverHeard => {
                pick!(
                    language,
                    "the contact has not written since they were linked",
                    "对方连接后还没有发过消息"
                )
            }
            Self::Greeting { name } => pick!(
                language,
                "This room is your chat with {name} on WeChat. WeChat wants {name} to write first; after each message I can answer for 24 hours, about 10 times.",
                "这里是你与{name}的微信聊天。微信要求{name}先发消息；每收到一条消息后 24 小时内，我大约可以回复 10 条。",
            ),
            Self::SessionLost { name, prefix } => pick!(
                language,
                "WeChat ended the link to {name}: it was linked elsewhere, or the login expired. Nothing is lost; messages wait. Send `{prefix} relogin {name}` for a new QR code.",
                "微信结束了与{name}的连接：可能在别处重新绑定，或登录已过期。消息不会丢失，会排队等待。请发送 `{prefix} relogin {name}` 获取新的二维码。",
            ),
            Self::PortalSessionLost { name, prefix } => pick!(
                language,
                "The link to {name} is logged out. What you write here waits until you link again: `{prefix} relogin`.",
                "与{name}的连接已登出。你在这里写的消息会排队，直到重新连接：`{prefix} relogin`。",
            ),
            Self::RoomFailed { name } => pick!(
                language,
                "⚠️ The homeserver refused to make the room for {name}. I try again when {name} writes; the bridge's log says more.",
                "⚠️ 服务器拒绝为{name}建立房间。{name}发来消息时会重试，详情见桥接日志。",
            ),
            Self::Unconfirmed { name, count } => pick!(
                language,
                "⚠️ WeChat has taken {count} messages to {name} in a row without confirming one. They may not have been shown: WeChat restricts some accounts for days or weeks. Ask {name} by another way.",
                "⚠️ 微信连续接收了 {count} 条发给{name}的消息，但都没有确认，对方可能没有看到：微信有时会限制账号数天到数周。请用其他方式向{name}确认。",
            ),
            Self::QuotaLow { name, left } => pick!(
                language,
                "WeChat lets me send {left} more messages before {name} writes again; what comes after waits.",
                "在{name}再次发来消息之前，我还可以发送 {left} 条，之后的消息会排队。",
            ),
            Self::SessionBack { name } => pick!(
                language,
                "The link to {name} works again; what was queued goes out.",
                "与{name}的连接已恢复，排队的消息正在发送。",
            ),
            Self::LeftOut { name, count } => pick!(
                language,
                "⚠️ WeChat sent far too many messages at once for {name}. I took the first ones and left {count} out; they cannot be fetched again.",
                "⚠️ 微信一次发来的{name}的消息太多，我只收下了前面的，另外 {count} 条没有收下，也无法再取回。",
            ),
            Self::Strangers { name, most } => pick!(
                language,
                "⚠️ Many unknown people are writing to the WeChat bot of {name}. I make at most {most} new rooms a day for them; until tomorrow I leave out what other unknown people write.",
                "⚠️ 有很多陌生人在给{name}的微信机器人发消息。我每天最多为陌生人新建 {most} 个房间，其他陌生人的消息在明天之前不再转发。",
            ),
            Self::WindowCloses { name, queued } => pick!(
                language,
                "The reply window with {name} closes in about an hour. Queued: {queued}.",
                "与{name}的回复窗口约一小时后关闭，目前排队 {queued} 条。",
            ),
            Self::Queue { name } => pick!(
                language,
                "Waiting for {name} (`queue drop` takes all back, `queue drop 2` the second; removing a message from the room does it too):",
                "等待发给{name}的消息（`queue drop` 全部取消，`queue drop 2` 取消第二条；在房间里删除消息也可取消）：",
            ),
            Self::Poison { name } => pick!(
                language,
                "⚠️ A message of {name} could not be put into the room: the bridge failed at it again and again, by a fault of its own. It is kept: send `retry` in the room of {name} once the bridge is mended. The bridge's log says more.",
                "⚠️ {name}的一条消息未能送入房间：桥接程序自身出错，反复处理失败。消息已保留，请在桥接修复后到{name}的房间发送 `retry` 重试，详情见桥接日志。",
            ),
            Self::QueueEmpty => pick!(language, "Nothing is queued.", "没有排队的消息。"),
            Self::DeliveryRefused { name } => pick!(
                language,
                "⚠️ A message of {name} could not be put into the room: the homeserver refused it. It is kept: send `retry` in the room of {name}. The bridge's log says more.",
                "⚠️ {name}的一条消息未能送入房间：服务器拒绝了它。消息已保留，请在{name}的房间发送 `retry` 重试，详情见桥接日志。",
            ),
        }
    }
}
