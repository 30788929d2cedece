//! The reason beside a finding of `doctor`.

use super::pick;
use crate::{config::Language, ilink, matrix, store};

/// A reason in both languages. The words of a server or of the system stay as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::bridge) struct Cause {
    english: String,
    chinese: String,
}

impl Cause {
    /// Returns the reason in a language.
    pub(in crate::bridge) fn text(&self, language: Language) -> &str {
        match language {
            Language::En => &self.english,
            Language::Zh => &self.chinese,
        }
    }

    /// Quotes another program or the system.
    pub(in crate::bridge) fn said(words: impl Into<String>) -> Self {
        let english = words.into();
        Self { chinese: english.clone(), english }
    }

    fn both(text: impl Fn(Language) -> String) -> Self {
        Self { english: text(Language::En), chinese: text(Language::Zh) }
    }

    /// Tells that no answer came for so many seconds.
    pub(in crate::bridge) fn silence(seconds: u64) -> Self {
        Self::both(|language| {
            pick!(language, "nothing came for {seconds} seconds", "{seconds} 秒内没有任何应答")
        })
    }

    /// Tells for which other user the homeserver takes a user.
    pub(in crate::bridge) fn taken_for(other: &str) -> Self {
        Self::both(|language| pick!(language, "it is taken for {other}", "它被当作 {other}"))
    }

    /// Tells that the homeserver does not know the token of the second registration.
    pub(in crate::bridge) fn unknown_token() -> Self {
        Self::both(|language| pick!(language, "it does not know the token", "它不认识这个令牌"))
    }

    /// Tells that a file is not YAML.
    pub(in crate::bridge) fn no_yaml() -> Self {
        Self::both(|language| pick!(language, "it is no YAML", "它不是 YAML"))
    }

    /// Tells why a request to the homeserver failed.
    pub(in crate::bridge) fn homeserver(error: &matrix::Error) -> Self {
        use matrix::Error as E;
        let chinese = match error {
            E::Unreachable(_) => "无法连接".to_owned(),
            E::Stalled => "传输文件时中断".to_owned(),
            E::RateLimited { .. } => "它要求放慢速度".to_owned(),
            E::Server { status, errcode } => format!("它的应答是 {status} {errcode}"),
            E::Garbled { status } => {
                format!("应答（状态 {status}）不是 Matrix 服务器发出的，地址正确吗？")
            }
            E::TokenRejected => "它拒绝了 as_token，注册文件加载了吗？".to_owned(),
            E::Forbidden { message } => format!("它不允许：{message}"),
            E::NotFound => "它没有这项内容".to_owned(),
            E::RoomInUse => "房间别名已被占用".to_owned(),
            E::UserInUse => "用户已经存在".to_owned(),
            E::UnknownDevice => "它不认识这个用户的设备".to_owned(),
            E::TooLarge => "内容太大".to_owned(),
            E::Disk(error) => format!("本机磁盘无法保存文件：{error}"),
            E::Rejected { errcode, status, message } => {
                format!("它拒绝了：{status} {errcode} {message}")
            }
            E::Unsendable(_) => "请求无法写出".to_owned(),
            E::Stopping => "桥接正在停止".to_owned(),
        };
        Self { english: error.to_string(), chinese }
    }

    /// Tells why a request to WeChat failed, or why its client cannot be built.
    pub(in crate::bridge) fn wechat(error: &ilink::Error) -> Self {
        use ilink::Error as E;
        let chinese = match error {
            E::SessionExpired => "微信登录已失效".to_owned(),
            E::Refused { code, message } => format!("它拒绝了请求，代码 {code}（{message}）"),
            E::Timeout => "没有及时应答".to_owned(),
            E::Cut => "连接中断".to_owned(),
            E::Unreachable { reason } => format!("无法连接：{reason}"),
            E::Http { status } => format!("它的应答是 HTTP 状态 {status}"),
            E::Garbled => "应答无法读懂".to_owned(),
            E::TooLarge { limit } => format!("应答超过 {limit} 字节"),
            E::HostNotAllowed { host } => {
                format!("主机 {host} 不在允许连接的名单中，请检查 [ilink] 的主机设置")
            }
            E::Setup { problem } => format!("客户端无法启动：{problem}"),
        };
        Self { english: error.to_string(), chinese }
    }

    /// Tells why the store cannot be used.
    pub(in crate::bridge) fn store(error: &store::Error) -> Self {
        use store::Error as E;
        let chinese = match error {
            E::InUse { dir } => format!("{} 正被另一个进程使用", dir.display()),
            E::Damaged { dir, found, recovery } => {
                let dir = dir.display();
                format!(
                    "{dir} 已损坏（{found}）；文件保持原样。恢复方法：停止桥接，执行 `mv {dir} {dir}.damaged`，{recovery}"
                )
            }
            E::Newer { dir, found, known } => format!(
                "{} 的格式版本是 {found}，本程序只认识到 {known}；请运行写入它的新版本",
                dir.display()
            ),
            E::Io { doing: _, path, cause } => format!("无法读写 {}：{cause}", path.display()),
            E::Failed { cause } => format!("写入失败（{cause}），在重启之前不再接受更改"),
            E::Closed => "存储已关闭".to_owned(),
            E::Exposed { path, mode } => {
                format!("{} 含有令牌，却可被其他用户读取（权限 {mode:03o}）", path.display())
            }
            E::Sealed { path, wrong } => format!("{}：{wrong}", path.display()),
        };
        Self { english: error.to_string(), chinese }
    }

    /// Tells why no sandbox can be used; `english` is the result of the check of the workers.
    pub(in crate::bridge) fn no_sandbox(english: &'static str) -> Self {
        let known = NO_SANDBOX.iter().find(|(known, _)| *known == english);
        let chinese = known.map_or(english, |(_, chinese)| chinese);
        Self { english: english.to_owned(), chinese: chinese.to_owned() }
    }
}

const NO_SANDBOX: [(&str, &str); 6] = [
    ("only Linux can filter what a process asks of the system", "只有 Linux 能过滤进程的系统调用"),
    ("the folder for media cannot be written", "媒体文件夹无法写入"),
    (
        "the system ends a worker that sets its limits and its filter",
        "系统会终止设置限制和过滤器的工作进程",
    ),
    ("a worker could open a file", "工作进程竟然能打开文件"),
    ("the system refuses the limits or the filter of a worker", "系统拒绝了工作进程的限制或过滤器"),
    ("a worker cannot be started", "工作进程无法启动"),
];
