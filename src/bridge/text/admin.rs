//! What administrators are told.

use ruma::UserId;

use super::pick;
use crate::{config::Language, store::Direction};

/// Answers to the commands of administrators.
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
}

/// How often each kind of end came about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct OutcomeCounts {
    pub(crate) delivered: u64,
    pub(crate) unconfirmed: u64,
    pub(crate) refused: u64,
    pub(crate) ignored: u64,
    pub(crate) cancelled: u64,
}

impl AdminText<'_> {
    pub(crate) fn text(&self, language: Language) -> String {
        match self {
            Self::NobodyLinked => {
                pick!(language, "Nobody has linked a contact yet.", "还没有人连接联系人。",)
            }
            Self::Owner { user, count } => {
                pick!(language, "{user}, {count}:", "{user}，{count} 位：")
            }
            Self::More { count } => {
                pick!(language, "… and {count} more lines.", "……还有 {count} 行。",)
            }
            Self::Running { version, minutes } => {
                let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
                pick!(
                    language,
                    "Version {version}, running for {days} d {hours} h {minutes} min",
                    "版本 {version}，已运行 {days} 天 {hours} 小时 {minutes} 分",
                )
            }
            Self::Logins { all, active, stale } => {
                let out = all - active;
                pick!(
                    language,
                    "Logins: {all}; linked {active}, logged out {out}, without an answer of WeChat for two minutes {stale}",
                    "登录：{all}；已连接 {active}，已登出 {out}，超过两分钟未收到微信应答 {stale}",
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
                    "{way}: delivered {delivered}, unconfirmed {unconfirmed}, refused {refused}, ignored {ignored}, taken back {cancelled}",
                    "{way}：送达 {delivered}，未确认 {unconfirmed}，拒绝 {refused}，忽略 {ignored}，撤回 {cancelled}",
                )
            }
            Self::Queues { queued, contacts, unfinished } => pick!(
                language,
                "Queued: {queued} messages for {contacts} contacts; unfinished in all: {unfinished}",
                "排队：{contacts} 位联系人共 {queued} 条消息；未完成合计：{unfinished}",
            ),
            Self::Stored { kib, messages } => pick!(
                language,
                "Store: {kib} KiB, {messages} messages remembered",
                "存储：{kib} KiB，记录消息 {messages} 条",
            ),
            Self::SudoUsage => pick!(
                language,
                "Usage: `sudo <user> <command>`, like `sudo @alice:example.org list`.",
                "用法：`sudo <用户> <命令>`，例如 `sudo @alice:example.org list`。",
            ),
            Self::DoinUsage => pick!(
                language,
                "Usage: `doin <room> <command>`; the room by its id or alias.",
                "用法：`doin <房间> <命令>`，房间可用 ID 或别名。",
            ),
            Self::NoSuchRoom { room } => pick!(
                language,
                "There is no room `{room}` that I can find.",
                "找不到房间 `{room}`。",
            ),
        }
    }
}
