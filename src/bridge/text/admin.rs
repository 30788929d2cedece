//! The sentences for administrators.

use ruma::UserId;

use super::{counted, pick};
use crate::{config::Language, store::Direction};

/// The answers to the commands of administrators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AdminText<'a> {
    NobodyLinked,
    Owner { user: &'a UserId, count: usize },
    More { count: usize },
    Running { version: &'a str, minutes: u64 },
    Logins { all: usize, active: usize, stale: usize },
    Outcomes { way: Direction, counts: OutcomeCounts },
    Queues { queued: usize, contacts: usize, unfinished: u64 },
    Stored { kib: u64, messages: u64 },
    SudoUsage,
    DoinUsage,
    NoSuchRoom { room: &'a str },
    OwnerGone { user: &'a UserId, count: usize },
}

/// The counters of the outcomes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct OutcomeCounts {
    pub(crate) delivered: u64,
    pub(crate) unconfirmed: u64,
    pub(crate) refused: u64,
    pub(crate) ignored: u64,
    pub(crate) cancelled: u64,
}

impl AdminText<'_> {
    #[expect(clippy::too_many_lines, reason = "a table reads best in one piece")]
    pub(crate) fn text(&self, language: Language) -> String {
        match self {
            Self::NobodyLinked => {
                pick!(language, "Nobody has linked a contact yet.", "还没有人连接过联系人。",)
            }
            Self::Owner { user, count } => {
                let contacts = counted(*count, "contact");
                pick!(language, "{user}, {contacts}:", "{user}，{count} 位联系人：")
            }
            Self::More { count } => {
                let lines = counted(*count, "more line");
                pick!(language, "… and {lines}.", "……还有 {count} 行。",)
            }
            Self::Running { version, minutes } => {
                let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
                pick!(
                    language,
                    "Version {version}, running for {days} d {hours} h {minutes} min",
                    "版本 {version}，已运行 {days} 天 {hours} 小时 {minutes} 分钟",
                )
            }
            Self::Logins { all, active, stale } => {
                let out = all - active;
                pick!(
                    language,
                    "Logins: {all} ({active} linked, {out} logged out); no answer from WeChat for over two minutes: {stale}",
                    "登录：共 {all} 个，已连接 {active} 个，已断开 {out} 个；超过两分钟没有收到微信应答：{stale} 个",
                )
            }
            Self::Outcomes { way, counts } => {
                let OutcomeCounts { delivered, unconfirmed, refused, ignored, cancelled } = counts;
                let way = match way {
                    Direction::ToMatrix => pick!(language, "From WeChat", "来自微信"),
                    Direction::ToWechat => pick!(language, "From Matrix", "来自 Matrix"),
                };
                pick!(
                    language,
                    "{way}: {delivered} delivered, {unconfirmed} unconfirmed, {refused} refused, {ignored} ignored, {cancelled} taken back",
                    "{way}：已送达 {delivered}，未确认 {unconfirmed}，已拒绝 {refused}，已忽略 {ignored}，已取消 {cancelled}",
                )
            }
            Self::Queues { queued, contacts, unfinished } => {
                let (queued_messages, of_contacts) =
                    (counted(*queued, "message"), counted(*contacts, "contact"));
                pick!(
                    language,
                    "Queued: {queued_messages} for {of_contacts}; unfinished in total: {unfinished}",
                    "排队：{contacts} 位联系人，共 {queued} 条消息；全部未完成：{unfinished} 条",
                )
            }
            Self::Stored { kib, messages } => {
                let remembered = counted(*messages, "message");
                pick!(
                    language,
                    "Store: {kib} KiB, {remembered} remembered",
                    "存储：{kib} KiB，已记录 {messages} 条消息",
                )
            }
            Self::SudoUsage => pick!(
                language,
                "Usage: `sudo <user> <command>`, for example `sudo @alice:example.org list`.",
                "用法：`sudo <用户> <命令>`，例如 `sudo @alice:example.org list`。",
            ),
            Self::DoinUsage => pick!(
                language,
                "Usage: `doin <room> <command>`. Name the room by its id or alias.",
                "用法：`doin <房间> <命令>`，房间可以写 ID 或别名。",
            ),
            Self::NoSuchRoom { room } => {
                pick!(language, "I cannot find the room `{room}`.", "找不到房间 `{room}`。",)
            }
            Self::OwnerGone { user, count } => {
                let logins = counted(*count, "login");
                pick!(
                    language,
                    "⚠️ The account {user} seems to be deactivated: it has left all its rooms with me, and has no profile or no device any more. I ended its {logins} and make no more rooms for it. If that is wrong, {user} can send me `login` again.",
                    "⚠️ 账号 {user} 似乎已被停用：它离开了所有与我共享的房间，资料或设备也已不存在。我结束了它的 {count} 个登录，不再为它创建房间。如果判断有误，{user} 可以重新给我发送 `login`。",
                )
            }
        }
    }
}
