//! The lines about the state of logins, and the notices that the bot sends by itself.

use super::{counted, pick};
use crate::{
    config::Language,
    id::{LoginId, PortalId},
};

/// A line about a state, or a notice.
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
                "You have not linked anybody yet. Send `{prefix} login <name>` to link a contact.",
                "你还没有联系人。发送 `{prefix} login <名字>` 连接一位联系人。",
            ),
            Self::LoginLine { name, contact, active: true, .. } => {
                pick!(language, "• {name} ({contact}): linked", "• {name}（{contact}）：已连接")
            }
            Self::LoginLine { name, contact, active: false, prefix } => pick!(
                language,
                "• {name} ({contact}): logged out; `{prefix} relogin {name}` links again",
                "• {name}（{contact}）：已断开，发送 `{prefix} relogin {name}` 重新连接",
            ),
            Self::Choice { number, name, contact, active: true } => {
                pick!(language, "{number}. {name} ({contact})", "{number}. {name}（{contact}）")
            }
            Self::Choice { number, name, contact, active: false } => pick!(
                language,
                "{number}. {name} ({contact}), logged out",
                "{number}. {name}（{contact}），已断开",
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
            Self::StatusBridge { logins, active, queued } => {
                let (contacts, messages) =
                    (counted(*logins, "contact"), counted(*queued, "message"));
                pick!(
                    language,
                    "{active} of {contacts} linked, {messages} queued.",
                    "{logins} 位联系人中 {active} 位已连接，排队的消息有 {queued} 条。",
                )
            }
            Self::Window { left_minutes, sends_left } => {
                let (hours, minutes) = (left_minutes / 60, left_minutes % 60);
                let messages = counted(*sends_left, "message");
                pick!(
                    language,
                    "reply window open for {hours} h {minutes} min, {messages} left",
                    "回复窗口还剩 {hours} 小时 {minutes} 分钟，还可以发送 {sends_left} 条",
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
                "This room is your chat with {name} on WeChat. {name} has to write first: WeChat lets me answer each message for 24 hours, about 10 times.",
                "这里是你与{name}的微信聊天。微信要求{name}先发消息；每收到一条消息，我可以在 24 小时内回复大约 10 条。",
            ),
            Self::SessionLost { name, prefix } => pick!(
                language,
                "WeChat ended the link to {name}: the account was linked elsewhere, or the login expired. Nothing is lost; messages wait. Send `{prefix} relogin {name}` for a new QR code.",
                "微信断开了与{name}的连接：可能绑定到了别处，或登录已过期。消息不会丢失，会排队等待。请发送 `{prefix} relogin {name}` 获取新的二维码。",
            ),
            Self::PortalSessionLost { name, prefix } => pick!(
                language,
                "{name} is logged out. What you write here waits until you link {name} again: `{prefix} relogin`.",
                "与{name}的连接已断开。你在这里发的消息会排队，直到重新连接：`{prefix} relogin`。",
            ),
            Self::RoomFailed { name } => pick!(
                language,
                "⚠️ The homeserver refused to create the room for {name}. I will try again when {name} writes; the bridge's log says more.",
                "⚠️ Matrix 服务器拒绝为{name}创建房间。{name}发来消息时会重试，详情见桥接日志。",
            ),
            Self::Unconfirmed { name, count } => {
                let messages = counted(*count, "message");
                pick!(
                    language,
                    "⚠️ WeChat has accepted {messages} to {name} in a row without confirming any. {name} may not have seen them: WeChat restricts some accounts for days or weeks. Ask {name} some other way.",
                    "⚠️ 微信连续接收了 {count} 条发给{name}的消息，但都没有确认，{name}可能没有看到：微信有时会限制账号几天到几周。请用其他方式问问{name}。",
                )
            }
            Self::QuotaLow { name, left } => {
                let more = counted(*left, "more message");
                pick!(
                    language,
                    "WeChat lets me send {more} before {name} writes again; anything after that waits.",
                    "在{name}再次发来消息之前，我还可以发送 {left} 条，之后的消息会排队。",
                )
            }
            Self::SessionBack { name } => pick!(
                language,
                "The link to {name} works again; queued messages are being sent.",
                "与{name}的连接已恢复，排队的消息正在发送。",
            ),
            Self::LeftOut { name, count } => {
                let messages = counted(*count, "message");
                pick!(
                    language,
                    "⚠️ WeChat sent far too many messages at once for {name}. I took the first ones and left out {messages}, which cannot be fetched again.",
                    "⚠️ 微信一次发来的{name}的消息太多，我只收下了前面的，另外 {count} 条没有收下，也无法再找回。",
                )
            }
            Self::Strangers { name, most } => pick!(
                language,
                "⚠️ Many unknown people are writing to {name}'s WeChat bot. I create at most {most} new rooms a day for them; until tomorrow I leave out what other unknown people write.",
                "⚠️ 有很多陌生人在给{name}的微信机器人发消息。我每天最多为陌生人新建 {most} 个房间，明天之前不再转发其他陌生人的消息。",
            ),
            Self::WindowCloses { name, queued } => {
                let messages = counted(*queued, "message");
                pick!(
                    language,
                    "The reply window with {name} closes in about an hour, with {messages} still queued.",
                    "与{name}的回复窗口大约一小时后关闭，还有 {queued} 条消息在排队。",
                )
            }
            Self::Queue { name } => pick!(
                language,
                "Waiting for {name} (`queue drop` takes back all of them, `queue drop 2` the second; you can also remove a message from the room):",
                "等待发给{name}的消息（`queue drop` 取消全部，`queue drop 2` 取消第二条；在房间里删除消息也可以取消）：",
            ),
            Self::Poison { name } => pick!(
                language,
                "⚠️ A message from {name} could not be put into the room: the bridge failed repeatedly because of a bug. The message is kept: send `retry` in {name}'s room once the bridge is fixed. The bridge's log says more.",
                "⚠️ {name}的一条消息没能发到房间：桥接程序有错误，多次处理都失败了。消息已保留，修复后请到{name}的房间发送 `retry` 重试，详情见桥接日志。",
            ),
            Self::QueueEmpty => pick!(language, "Nothing is queued.", "没有排队的消息。"),
            Self::DeliveryRefused { name } => pick!(
                language,
                "⚠️ A message from {name} could not be put into the room: the homeserver refused it. The message is kept: send `retry` in {name}'s room. The bridge's log says more.",
                "⚠️ {name}的一条消息没能发到房间：Matrix 服务器拒绝了它。消息已保留，请到{name}的房间发送 `retry` 重试，详情见桥接日志。",
            ),
        }
    }
}
