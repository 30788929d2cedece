//! The notices of a ghost in place of WeChat items that could not be bridged.

use super::{counted, pick};
use crate::{
    config::Language,
    ilink::{MediaBody, Mismatch},
};

/// A notice in place of a WeChat item, or about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ItemNotice<'a> {
    /// An image, a voice message, a file or a video could not be brought.
    Lost {
        what: &'a Medium,
        why: &'a Trouble,
        prefix: &'a str,
    },
    /// A file or a video differs from what was announced.
    Differs {
        what: &'a Medium,
        how: Mismatch,
    },
    Unknown {
        kind: Option<i64>,
    },
    /// The message has no items.
    Empty,
    /// The message is not readable JSON.
    Unreadable,
}

/// The kind of an item with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Medium {
    Image,
    Voice { transcript: Option<String> },
    File { name: Option<String> },
    Video,
}

/// The reason why a file of WeChat's is not in the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The file is larger than the limit; `size` is set where it is known. In bytes.
    TooLarge { size: Option<u64>, limit: u64 },
    /// The item does not name the file's place.
    NoPlace,
    /// The file came without a key, or with one that cannot be read.
    NoKey,
    /// None of the keys decrypts the file.
    Undecryptable,
    /// The CDN refused with this HTTP status.
    Gone(u16),
    /// The CDN did not deliver the file in any of the tries.
    Unreachable,
    /// The file is on a host that is not allowed by the configuration.
    BadServer,
    /// The file cannot be stored on the bridge's disk.
    Disk,
    /// The homeserver accepts no file of this size.
    HomeserverLimit,
    /// The homeserver refuses the file.
    HomeserverRefuses,
    /// The homeserver answers, and fails to accept the file in each try.
    HomeserverFails,
}

impl Medium {
    /// Returns the kind of an item with a file.
    pub(crate) fn of(body: &MediaBody) -> Self {
        match body {
            MediaBody::Image(_) => Self::Image,
            MediaBody::Voice(voice) => Self::Voice { transcript: voice.transcript.clone() },
            MediaBody::File(file) => Self::File { name: file.name.clone() },
            MediaBody::Video(_) => Self::Video,
        }
    }

    /// Returns the name for records and counters.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Voice { .. } => "voice",
            Self::File { .. } => "file",
            Self::Video => "video",
        }
    }

    fn text(&self, language: Language) -> String {
        match self {
            Self::Image => pick!(language, "🖼 An image", "🖼 一张图片"),
            Self::Voice { .. } => pick!(language, "🎤 A voice message", "🎤 一条语音"),
            Self::File { name: Some(name) } => {
                // The contact chose the name, which may be as long as a message.
                let name: String = name.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
                pick!(language, "📎 The file “{name}”", "📎 文件“{name}”")
            }
            Self::File { name: None } => pick!(language, "📎 A file", "📎 一个文件"),
            Self::Video => pick!(language, "🎬 A video", "🎬 一个视频"),
        }
    }

    /// Returns the transcript of a voice message, which is known without its sound.
    fn words(&self, language: Language) -> String {
        match self {
            Self::Voice { transcript: Some(words) } => {
                pick!(language, " It says: {words}", "语音内容：{words}")
            }
            Self::Voice { transcript: None } | Self::Image | Self::File { .. } | Self::Video => {
                String::new()
            }
        }
    }
}

impl Trouble {
    fn text(&self, language: Language) -> String {
        match self {
            Self::TooLarge { size: Some(size), limit } => {
                let (size, limit) = (mib(*size), mib(*limit));
                pick!(
                    language,
                    "it is {size} MiB; the limit is {limit} MiB",
                    "大小是 {size} MiB，上限是 {limit} MiB",
                )
            }
            Self::TooLarge { size: None, limit } => {
                let limit = mib(*limit);
                pick!(
                    language,
                    "it is larger than the limit of {limit} MiB",
                    "大小超过了 {limit} MiB 的上限",
                )
            }
            Self::NoPlace => {
                pick!(language, "WeChat did not say where to download it", "微信没有给出下载地址")
            }
            Self::NoKey => pick!(language, "WeChat sent no key for it", "微信没有给出密钥"),
            Self::Undecryptable => {
                pick!(
                    language,
                    "it cannot be decrypted with the key from WeChat",
                    "用微信给出的密钥无法解密"
                )
            }
            Self::Gone(status) => pick!(
                language,
                "WeChat's server refused the download (code {status})",
                "微信服务器拒绝下载（代码 {status}）",
            ),
            Self::Unreachable => {
                pick!(
                    language,
                    "it cannot be downloaded from WeChat's server at the moment",
                    "暂时无法从微信服务器下载"
                )
            }
            Self::BadServer => pick!(
                language,
                "it is on a server that the bridge may not talk to",
                "它在桥接不允许连接的服务器上",
            ),
            Self::Disk => {
                pick!(language, "the bridge could not store it on its disk", "桥接的磁盘存不下")
            }
            Self::HomeserverLimit => {
                pick!(
                    language,
                    "it is larger than the homeserver allows",
                    "大小超过了 Matrix 服务器的上限"
                )
            }
            Self::HomeserverRefuses => {
                pick!(language, "the homeserver refused it", "Matrix 服务器拒绝接收")
            }
            Self::HomeserverFails => pick!(
                language,
                "the homeserver cannot store it at the moment",
                "Matrix 服务器暂时无法接收",
            ),
        }
    }

    /// Returns the instruction that says what to do about it.
    fn cure(&self, language: Language, prefix: &str) -> String {
        match self {
            Self::TooLarge { .. } | Self::HomeserverLimit => pick!(
                language,
                "Ask for a smaller one; or ask the administrator for a higher limit, and then reply `{prefix} retry` to this message.",
                "请让对方发个小一点的；或请管理员提高上限，再用 `{prefix} retry` 回复此消息。",
            ),
            Self::NoPlace | Self::NoKey => {
                pick!(language, "Ask the contact to send it again.", "请让对方重新发送。")
            }
            Self::Undecryptable | Self::Gone(_) => pick!(
                language,
                "Ask the contact to send it again, or reply `{prefix} retry` to this message.",
                "请让对方重新发送，或用 `{prefix} retry` 回复此消息。",
            ),
            Self::Unreachable | Self::HomeserverFails => pick!(
                language,
                "To try again, reply `{prefix} retry` to this message or react to it with 🔁.",
                "用 `{prefix} retry` 回复此消息，或用 🔁 回应它，即可重试。",
            ),
            Self::BadServer | Self::Disk | Self::HomeserverRefuses => pick!(
                language,
                "Ask the administrator to look at the log, and then reply `{prefix} retry` to this message.",
                "请让管理员查看日志，然后用 `{prefix} retry` 回复此消息。",
            ),
        }
    }
}

impl ItemNotice<'_> {
    /// Returns the name for records and counters.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Lost { what, .. } | Self::Differs { what, .. } => what.code(),
            Self::Unknown { .. } => "unknown",
            Self::Empty => "empty",
            Self::Unreadable => "unreadable",
        }
    }

    pub(crate) fn text(&self, language: Language) -> String {
        match self {
            Self::Lost { what, why, prefix } => {
                let words = what.words(language);
                let (what, why, cure) =
                    (what.text(language), why.text(language), why.cure(language, prefix));
                pick!(
                    language,
                    "{what} arrived in WeChat but could not be bridged: {why}. {cure}{words}",
                    "{what}没能从微信转发过来：{why}。{cure}{words}",
                )
            }
            Self::Differs { what, how: Mismatch::Digest } => {
                let what = what.text(language);
                pick!(
                    language,
                    "⚠️ {what} arrived damaged: its checksum is not the one that WeChat announced. It is here as it arrived. Ask the contact to send it again.",
                    "⚠️ {what}已损坏：校验值与微信给出的不一致。这里保留的是收到的原样，请让对方重新发送。",
                )
            }
            Self::Differs { what, how: Mismatch::Size { announced, came } } => {
                let what = what.text(language);
                let arrived = counted(*came, "byte");
                pick!(
                    language,
                    "⚠️ {what} may be damaged: {arrived} arrived, but WeChat announced {announced}. It is here as it arrived. If it does not open, ask the contact to send it again.",
                    "⚠️ {what}可能已损坏：收到 {came} 字节，而微信给出的大小是 {announced} 字节。这里保留的是收到的原样，如果打不开，请让对方重新发送。",
                )
            }
            Self::Unknown { kind: Some(kind) } => pick!(
                language,
                "❔ A message of an unknown kind ({kind}) arrived in WeChat.",
                "❔ 微信收到一条未知类型（{kind}）的消息。",
            ),
            Self::Unknown { kind: None } | Self::Unreadable => pick!(
                language,
                "❔ A message arrived in WeChat that I could not read.",
                "❔ 微信收到一条无法读取的消息。",
            ),
            Self::Empty => pick!(
                language,
                "❔ A message without content arrived in WeChat.",
                "❔ 微信收到一条没有内容的消息。",
            ),
        }
    }
}

/// Returns a size in MiB with one digit, rounded up.
fn mib(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10).div_ceil(1 << 20);
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        digit => format!("{}.{digit}", tenths / 10),
    }
}

const SHOWN: usize = 80;
