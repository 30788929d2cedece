//! The texts of the message that shows a login's QR code.

use super::pick;
use crate::config::Language;

/// The text of the login's message, or the notice about its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LoginText<'a> {
    Code {
        url: &'a str,
        number: u8,
        of: u8,
        page: Option<&'a str>,
    },
    /// The room shows no further codes; the page goes on.
    PageOnly {
        page: &'a str,
    },
    Scanned,
    DigitsWanted,
    DigitsWrong,
    Blocked,
    Expired,
    Redirected,
    AlreadyBound {
        prefix: &'a str,
    },
    Linked {
        name: &'a str,
    },
    LinkedAgain {
        name: &'a str,
    },
    LinkedKept {
        name: &'a str,
        asked: &'a str,
    },
    LinkedOther {
        name: &'a str,
        wanted: &'a str,
    },
    CodesUsedUp {
        prefix: &'a str,
    },
    TimedOut {
        prefix: &'a str,
    },
    BoundElsewhere {
        prefix: &'a str,
    },
    Unreachable {
        prefix: &'a str,
    },
    NoCode {
        prefix: &'a str,
    },
    BadServer,
    Incomplete {
        prefix: &'a str,
    },
    Unusable {
        prefix: &'a str,
    },
    Cancelled,
}

impl LoginText<'_> {
    #[expect(clippy::too_many_lines, reason = "a table reads best in one piece")]
    pub(crate) fn text(&self, language: Language) -> String {
        match self {
            Self::Code { url, number, of, page: Some(page) } => pick!(
                language,
                "Ask your contact to scan this with WeChat and confirm on the phone. The code is valid for about a minute and renews itself (code {number} of {of}). Is your contact somewhere else? Send them this page, which shows a valid code for 30 minutes: {page} – On the phone itself, open this link instead: {url}",
                "请让对方用微信扫这个二维码，并在手机上确认。二维码约一分钟后失效，会自动更新（第 {number} 个，共 {of} 个）。对方不在身边？请把这个页面发给对方，30 分钟内一直显示有效的二维码：{page} 。如果就在那部手机上，请直接打开链接：{url}",
            ),
            Self::PageOnly { page } => pick!(
                language,
                "⏳ I show no more codes here. This page keeps showing a valid code until 30 minutes after the login began: {page}",
                "⏳ 这里不再显示新的二维码。登录开始后 30 分钟内，这个页面会继续显示有效的二维码：{page}",
            ),
            Self::Code { url, number, of, page: None } => pick!(
                language,
                "Ask your contact to scan this with WeChat and confirm on the phone. The code is valid for about a minute and renews itself (code {number} of {of}). On the phone itself, open this link instead: {url}",
                "请让对方用微信扫这个二维码，并在手机上确认。二维码约一分钟后失效，会自动更新（第 {number} 个，共 {of} 个）。如果就在那部手机上，请直接打开链接：{url}",
            ),
            Self::Scanned => pick!(
                language,
                "📱 Scanned. Please confirm on the phone.",
                "📱 已扫码，请在手机上确认。",
            ),
            Self::DigitsWanted => pick!(
                language,
                "🔢 The phone shows a number. Please type it here; I will remove it right away.",
                "🔢 手机上显示了一组数字，请发到这里；我会马上删除那条消息。",
            ),
            Self::DigitsWrong => pick!(
                language,
                "🔢 That was not the right number. Please type the number that the phone shows.",
                "🔢 数字不对，请重新输入手机上显示的数字。",
            ),
            Self::Blocked => pick!(
                language,
                "🔄 Too many wrong numbers; a new QR code is coming.",
                "🔄 数字输错的次数太多，正在获取新的二维码。",
            ),
            Self::Expired => pick!(
                language,
                "🔄 The QR code has expired; a new one is coming.",
                "🔄 二维码已过期，正在获取新的二维码。",
            ),
            Self::Redirected => pick!(
                language,
                "📱 Scanned. WeChat is moving the login to another server; please confirm on the phone.",
                "📱 已扫码，微信正在切换服务器，请在手机上确认。",
            ),
            Self::AlreadyBound { prefix } => pick!(
                language,
                "ℹ️ This WeChat account is already linked here. If messages do not arrive, send `{prefix} relogin`.",
                "ℹ️ 这个微信号已经连接到这里了。如果收不到消息，请发送 `{prefix} relogin`。",
            ),
            Self::Linked { name } => pick!(
                language,
                "✅ {name} is linked, and I invite you to a room with {name}. WeChat does not let me write first, so ask {name} to send a message.",
                "✅ 已连接{name}，正在邀请你进入聊天房间。请让{name}先在微信里发一条消息：微信不允许我先发。",
            ),
            Self::LinkedAgain { name } => pick!(
                language,
                "✅ {name} is linked again, in the same room as before.",
                "✅ 已重新连接{name}，仍使用原来的房间。",
            ),
            Self::LinkedKept { name, asked } => pick!(
                language,
                "✅ Linked, but the person who scanned is {name}, whom you know already, and I keep that name. If {asked} is the better one, `name` changes it.",
                "✅ 已连接，但扫码的是你已有的联系人{name}，名字保持不变。如果想改名为{asked}，请使用 `name`。",
            ),
            Self::LinkedOther { name, wanted } => pick!(
                language,
                "✅ Linked, but it was not {wanted} who scanned: it was {name}, who now has a room of their own. Nothing changes for {wanted}.",
                "✅ 已连接，但扫码的不是{wanted}，而是{name}，已为{name}单独创建房间。{wanted}那边没有变化。",
            ),
            Self::CodesUsedUp { prefix } => pick!(
                language,
                "⚠️ None of the QR codes was scanned and confirmed in time. Send `{prefix} login` for new ones.",
                "⚠️ 二维码均未及时扫描并确认。请发送 `{prefix} login` 重新获取。",
            ),
            Self::TimedOut { prefix } => pick!(
                language,
                "⚠️ Nobody confirmed the login in time, so it was cancelled. Send `{prefix} login` to start again.",
                "⚠️ 没有人及时确认，登录已取消。请发送 `{prefix} login` 重新开始。",
            ),
            Self::Unreachable { prefix } => pick!(
                language,
                "⚠️ WeChat's server could not be reached. Please try `{prefix} login` again in a few minutes.",
                "⚠️ 无法连接微信服务器，请过几分钟再发送 `{prefix} login`。",
            ),
            Self::BoundElsewhere { prefix } => pick!(
                language,
                "⚠️ WeChat says that the person who scanned has a bot already, but it is none of your contacts here. Send `{prefix} login` for a new code.",
                "⚠️ 微信表示扫码的人已绑定机器人，但不在你的联系人之中。请发送 `{prefix} login` 重新获取二维码。",
            ),
            Self::NoCode { prefix } => pick!(
                language,
                "⚠️ WeChat's server answered, but not with what a login needs. Please try `{prefix} login` again in a few minutes.",
                "⚠️ 微信服务器有响应，但没有提供登录所需的内容，请几分钟后再试 `{prefix} login`。",
            ),
            Self::BadServer => pick!(
                language,
                "⚠️ WeChat moved the login to a server that the bridge may not talk to. Nothing was changed. Ask the administrator to look at the log.",
                "⚠️ 微信把登录移到了桥接不允许连接的服务器，未做任何更改。请管理员查看日志。",
            ),
            Self::Unusable { prefix } => pick!(
                language,
                "⚠️ WeChat confirmed the login, but what it sent does not work at the server that it named. Nothing was changed. Please try `{prefix} login` again.",
                "⚠️ 微信确认了登录，但所给的凭据在其指定的服务器上无法使用。未做任何更改，请重试 `{prefix} login`。",
            ),
            Self::Incomplete { prefix } => pick!(
                language,
                "⚠️ WeChat confirmed the login but left out something that I need. Please try `{prefix} login` again.",
                "⚠️ 微信确认了登录，但没有提供需要的信息，请重新发送 `{prefix} login`。",
            ),
            Self::Cancelled => pick!(language, "The login was cancelled.", "登录已取消。"),
        }
    }
}
