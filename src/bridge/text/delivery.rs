//! The reasons why a Matrix message waits, or was not bridged.

use super::pick;
use crate::{
    bridge::state::reply_window::Hold, config::Language, convert::OtherKind, crypto::WithheldReason,
};

/// The notice that tells why messages wait and what will happen; sent once per period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Held<'a> {
    pub(crate) why: Hold,
    pub(crate) contact: &'a str,
    pub(crate) prefix: &'a str,
}

impl Held<'_> {
    pub(crate) fn text(&self, language: Language) -> String {
        let Self { contact, prefix, .. } = self;
        match self.why {
            Hold::NeverHeard => pick!(
                language,
                "⏳ Queued: {contact} has not written since they were linked, and WeChat does not let me write first. It goes out when {contact} writes.",
                "⏳ 已排队：{contact}连接后还没有发过消息，微信不允许我先发。等{contact}发来消息后会自动发送。",
            ),
            Hold::WindowClosed => pick!(
                language,
                "⏳ Queued: {contact} last wrote more than 24 hours ago, and WeChat lets me answer only within 24 hours. It goes out when {contact} writes next.",
                "⏳ 已排队：{contact}上次发消息已超过 24 小时，微信只允许在 24 小时内回复。等{contact}再次发来消息后会自动发送。",
            ),
            Hold::QuotaSpent => pick!(
                language,
                "⏳ Queued: WeChat lets me answer each message from {contact} about 10 times, and that is used up. It goes out when {contact} writes next.",
                "⏳ 已排队：{contact}每发一条消息，微信只允许我回复大约 10 条，现在已经用完。等{contact}再次发来消息后会自动发送。",
            ),
            Hold::Throttled(_) => pick!(
                language,
                "⏳ Queued: WeChat asks me to slow down. I will try again later, or as soon as {contact} writes.",
                "⏳ 已排队：微信要求我发慢一点。稍后我会自动重试；{contact}发来消息时也会马上重试。",
            ),
            Hold::Unreachable => pick!(
                language,
                "⏳ Queued: I cannot get this through to WeChat at the moment. I keep trying.",
                "⏳ 已排队：暂时无法把消息送到微信，我会持续重试。",
            ),
            Hold::LoggedOut => pick!(
                language,
                "⏳ Queued: {contact} is logged out. Send `{prefix} relogin` to link {contact} again; it goes out then.",
                "⏳ 已排队：与{contact}的连接已断开。发送 `{prefix} relogin` 重新连接后会自动发送。",
            ),
        }
    }
}

/// The reason why something from Matrix was not bridged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SendRefusal {
    /// A kind of message that is not bridged to WeChat.
    Kind(OtherKind),
    Edit,
    Redaction,
    /// The message is being sent, so WeChat may already have it.
    OnItsWay,
    Reaction,
    /// A vote in a poll.
    Vote,
    /// A live location.
    LiveLocation,
    Call,
    Encrypted,
    /// The key of an encrypted message did not come.
    NoKey,
    /// The sender's client keeps the key back.
    KeyWithheld(WithheldReason),
    /// An encrypted message is damaged.
    Undecryptable,
    /// The file is encrypted, though the message is not.
    FileEncrypted,
    /// The file is larger than the bridge's limit, in bytes.
    FileTooLarge {
        limit: u64,
    },
    /// The homeserver does not have the file, or the message names none.
    FileMissing,
    /// The homeserver cannot deliver the file at the moment.
    FileAway,
    /// The file cannot be stored on the bridge's disk.
    Disk,
    /// WeChat refused with this code, and would refuse again.
    Rejected(i64),
    /// The login's server is not allowed by the configuration.
    BadServer,
    /// The credentials that WeChat issued for the login are unusable.
    BadLogin,
    /// WeChat's CDN refused the file with this HTTP status.
    UploadRefused(u16),
    /// WeChat's CDN did not accept the file in any of the tries.
    UploadFailed,
    /// The server that WeChat names for the file is not allowed by the configuration.
    BadFileServer,
    /// The sender may not write in this portal.
    NotAllowed,
    /// The owner has turned the relay off.
    RelayOff,
    /// The contact does not have the message to which it belongs.
    Unseen,
    /// The message to be sent again is not the asker's own.
    NotYours,
    /// The event to be sent again is no message of this room.
    NothingToRetry,
    /// The bridge itself fails on it.
    Poison,
}

impl SendRefusal {
    /// Returns the name for records and counters.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Kind(kind) => kind.code(),
            Self::Edit => "edit",
            Self::Redaction => "redaction",
            Self::OnItsWay => "on_its_way",
            Self::Reaction => "reaction",
            Self::Vote => "vote",
            Self::LiveLocation => "live_location",
            Self::Call => "call",
            Self::Encrypted => "encrypted",
            Self::NoKey => "no_key",
            Self::KeyWithheld(WithheldReason::NotAllowed) => "key_withheld",
            Self::KeyWithheld(WithheldReason::NoSession) => "key_no_session",
            Self::KeyWithheld(WithheldReason::Other) => "key_kept",
            Self::Undecryptable => "undecryptable",
            Self::FileEncrypted => "file_encrypted",
            Self::FileTooLarge { .. } => "file_too_large",
            Self::FileMissing => "file_missing",
            Self::FileAway => "file_away",
            Self::Disk => "disk",
            Self::Rejected(_) => "rejected",
            Self::BadServer => "bad_server",
            Self::BadLogin => "bad_login",
            Self::UploadRefused(_) => "upload_refused",
            Self::UploadFailed => "upload_failed",
            Self::BadFileServer => "bad_file_server",
            Self::NotAllowed => "not_allowed",
            Self::RelayOff => "relay_off",
            Self::Unseen => "unseen",
            Self::NotYours => "not_yours",
            Self::NothingToRetry => "nothing_to_retry",
            Self::Poison => "poison",
        }
    }

    #[expect(clippy::too_many_lines, reason = "a table reads best in one piece")]
    pub(crate) fn text(&self, language: Language) -> String {
        match self {
            Self::Kind(kind) => {
                let kind = kind_name(*kind, language);
                pick!(
                    language,
                    "⚠️ Not sent to WeChat: I cannot bridge {kind}. Please send it as text.",
                    "⚠️ 未发送到微信：不支持转发{kind}，请改用文字。",
                )
            }
            Self::Edit => pick!(
                language,
                "⚠️ WeChat cannot change a message that has been sent. Please send the corrected text as a new message.",
                "⚠️ 微信无法修改已发送的消息，请把改好的内容作为新消息发送。",
            ),
            Self::Redaction => pick!(
                language,
                "⚠️ WeChat cannot recall a message that I have sent; it stays on your contact's phone.",
                "⚠️ 微信无法撤回机器人发出的消息，对方手机上仍能看到。",
            ),
            Self::OnItsWay => pick!(
                language,
                "⚠️ Too late: the message is on its way to WeChat and can no longer be changed or taken back.",
                "⚠️ 来不及了：这条消息正在发往微信，不能再修改或取消。",
            ),
            Self::Reaction => pick!(
                language,
                "⚠️ WeChat has no reactions; this one stays in Matrix.",
                "⚠️ 微信不支持表情回应，这个回应只保留在 Matrix。",
            ),
            Self::Vote => pick!(
                language,
                "⚠️ WeChat has no polls; this vote stays in Matrix.",
                "⚠️ 微信不支持投票，这一票只保留在 Matrix。",
            ),
            Self::LiveLocation => pick!(
                language,
                "⚠️ Live locations do not go to WeChat; your contact cannot see yours. Please send your location once instead.",
                "⚠️ 实时位置无法发到微信，对方看不到。请改为发送一次当前位置。",
            ),
            Self::Call => pick!(
                language,
                "⚠️ Calls do not go to WeChat; your contact does not know that you called.",
                "⚠️ 通话无法转到微信，对方不会知道你打过电话。",
            ),
            Self::Encrypted => pick!(
                language,
                "⚠️ Not sent to WeChat: this message is encrypted, so I cannot read it. Please use a room without encryption.",
                "⚠️ 未发送到微信：消息已加密，我无法读取。请使用未加密的房间。",
            ),
            Self::NoKey => pick!(
                language,
                "⚠️ I cannot read this message: its key did not reach me. Please send it again.",
                "⚠️ 无法读取这条消息：没有收到它的密钥。请重新发送。",
            ),
            Self::KeyWithheld(WithheldReason::NotAllowed) => pick!(
                language,
                "⚠️ I cannot read this message: your app keeps its key from me. It may send keys to verified devices only, or you have blocked mine. Please change that in your app and send the message again.",
                "⚠️ 无法读取这条消息：你的客户端没有把密钥发给我，可能设置了只发给已验证的设备，或屏蔽了我的设备。请在客户端修改设置后重新发送。",
            ),
            Self::KeyWithheld(WithheldReason::NoSession) => pick!(
                language,
                "⚠️ I cannot read this message: your app could not encrypt its key for me. Please send it again.",
                "⚠️ 无法读取这条消息：你的客户端无法为我加密密钥。请重新发送。",
            ),
            Self::KeyWithheld(WithheldReason::Other) => pick!(
                language,
                "⚠️ I cannot read this message: your app did not give me its key. Please send it again.",
                "⚠️ 无法读取这条消息：你的客户端没有给我密钥。请重新发送。",
            ),
            Self::Undecryptable => pick!(
                language,
                "⚠️ I cannot read this message: it is damaged, or it is not what it claims to be. Please send it again.",
                "⚠️ 无法读取这条消息：消息已损坏或与其声明不符。请重新发送。",
            ),
            Self::FileEncrypted => pick!(
                language,
                "⚠️ Not sent to WeChat: the file is encrypted, so I cannot read it. Please send it in a room without encryption.",
                "⚠️ 未发送到微信：文件已加密，我无法读取。请在未加密的房间发送。",
            ),
            Self::FileTooLarge { limit } => {
                let limit = size(*limit);
                pick!(
                    language,
                    "⚠️ Not sent to WeChat: the file is too large; the limit is {limit}. Please make it smaller.",
                    "⚠️ 未发送到微信：文件太大，上限是 {limit}。请缩小后再发。",
                )
            }
            Self::FileMissing => pick!(
                language,
                "⚠️ Not sent to WeChat: the homeserver has no file for this message. Please send it again.",
                "⚠️ 未发送到微信：Matrix 服务器上没有这条消息的文件，请重新发送。",
            ),
            Self::FileAway => pick!(
                language,
                "⚠️ Not sent to WeChat: I cannot get the file from the homeserver at the moment. React with 🔁 to try again.",
                "⚠️ 未发送到微信：暂时无法从 Matrix 服务器取得这个文件。用 🔁 回应即可重试。",
            ),
            Self::Disk => pick!(
                language,
                "⚠️ Not sent to WeChat: I could not store the file on my disk. Tell the administrator; once that is fixed, react with 🔁.",
                "⚠️ 未发送到微信：桥接的磁盘存不下这个文件。请联系管理员，解决后用 🔁 回应即可重试。",
            ),
            Self::Rejected(code) => pick!(
                language,
                "⚠️ Not sent: WeChat refused the message (code {code}). Sending it again will not help.",
                "⚠️ 未发送：微信拒绝了这条消息（代码 {code}），重发也没有用。",
            ),
            Self::BadServer => pick!(
                language,
                "⚠️ Not sent: WeChat moved this contact to a server that the bridge may not talk to. Ask the administrator to look at the log.",
                "⚠️ 未发送：微信把这位联系人移到了桥接不允许连接的服务器，请让管理员查看日志。",
            ),
            Self::Unseen => pick!(
                language,
                "⚠️ Not sent to WeChat: your contact does not have the message that this belongs to. Send it as a new message.",
                "⚠️ 未发送到微信：对方没有收到与此相关的那条消息，请作为新消息发送。",
            ),
            Self::BadLogin => pick!(
                language,
                "⚠️ Not sent: what WeChat sent for this link cannot be used. Link the contact again with `relogin`, then react with 🔁.",
                "⚠️ 未发送：微信为此连接提供的凭据无法使用。请用 `relogin` 重新连接，再用 🔁 回应以重试。",
            ),
            Self::UploadRefused(status) => pick!(
                language,
                "⚠️ Not sent to WeChat: WeChat's file server refused the file (HTTP status {status}). React with 🔁 to try again.",
                "⚠️ 未发送到微信：微信的文件服务器拒绝了该文件（HTTP 状态 {status}）。可用 🔁 回应以重试。",
            ),
            Self::UploadFailed => pick!(
                language,
                "⚠️ Not sent to WeChat: I tried three times to bring the file to WeChat's file server, and it did not work. React with 🔁 to try again.",
                "⚠️ 未发送到微信：三次尝试把文件上传到微信的文件服务器均未成功。可用 🔁 回应以重试。",
            ),
            Self::BadFileServer => pick!(
                language,
                "⚠️ Not sent to WeChat: WeChat names a file server that the bridge may not talk to. Ask the administrator to look at the log.",
                "⚠️ 未发送到微信：微信指定的文件服务器不在桥接允许连接的范围内，请管理员查看日志。",
            ),
            Self::NothingToRetry => pick!(
                language,
                "⚠️ There is nothing to send again. Reply `retry` to the message itself, or react to it with 🔁.",
                "⚠️ 没有可以重发的消息。请用 `retry` 回复要重发的消息，或用 🔁 回应它。",
            ),
            Self::Poison => pick!(
                language,
                "⚠️ Not done: the bridge failed repeatedly because of a bug; its log says more. To send a message again, react to it with 🔁.",
                "⚠️ 未完成：桥接程序有错误，多次处理都失败了，详情见桥接日志。要重发消息，请用 🔁 回应它。",
            ),
            Self::RelayOff => pick!(
                language,
                "⚠️ Not sent to WeChat: the person who linked this contact does not let others' messages through.",
                "⚠️ 未发送到微信：连接这位联系人的人关闭了对其他人消息的转发。",
            ),
            Self::NotYours => pick!(
                language,
                "⚠️ Not sent again: only the person who wrote a message, or who linked this contact, can have it sent once more.",
                "⚠️ 未重发：只有消息的作者或连接此联系人的人可以重发。",
            ),
            Self::NotAllowed => pick!(
                language,
                "⚠️ Not sent to WeChat: you do not have permission to write through this bridge. Ask its administrator.",
                "⚠️ 未发送到微信：你没有使用此桥接的权限，请联系管理员。",
            ),
        }
    }
}

fn kind_name(kind: OtherKind, language: Language) -> String {
    match kind {
        OtherKind::Location => pick!(language, "this location", "这个位置"),
        OtherKind::Poll => pick!(language, "this poll", "这个投票"),
        OtherKind::Other => pick!(language, "this kind of message", "这类消息"),
    }
}

/// Returns a size in bytes with a unit, rounded down.
fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 2] = [(1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = UNITS.iter().find(|(unit, _)| bytes >= *unit);
    unit.map_or_else(|| format!("{bytes} B"), |(unit, name)| format!("{} {name}", bytes / unit))
}
