//! The sentences about the steps of a login, for the link page and the provisioning API.

use super::pick;
use crate::{config::Language, web::stage::Ending};

/// The step of a login, or the reason of its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StepText<'a> {
    Wait,
    Code { page: Option<&'a str> },
    Scanned,
    Digits { wrong: bool },
    Over(Ending),
}

impl StepText<'_> {
    pub(crate) fn text(&self, language: Language) -> String {
        match self {
            Self::Wait => pick!(language, "Fetching a QR code.", "正在获取二维码。"),
            Self::Code { page: None } => pick!(
                language,
                "Ask your contact to scan this with WeChat and confirm on the phone. The code renews itself.",
                "请让对方用微信扫这个二维码，并在手机上确认。二维码会自动更新。",
            ),
            Self::Code { page: Some(page) } => pick!(
                language,
                "Ask your contact to scan this with WeChat and confirm on the phone. The code renews itself. Is your contact somewhere else? Send them this page: {page}",
                "请让对方用微信扫这个二维码，并在手机上确认。二维码会自动更新。对方不在身边？请把这个页面发给对方：{page}",
            ),
            Self::Scanned => {
                pick!(language, "Scanned. Please confirm on the phone.", "已扫码，请在手机上确认。")
            }
            Self::Digits { wrong: false } => {
                pick!(language, "Type the number that the phone shows.", "请输入手机上显示的数字。")
            }
            Self::Digits { wrong: true } => pick!(
                language,
                "That was not the right number. Type the number that the phone shows.",
                "数字不对，请重新输入手机上显示的数字。",
            ),
            Self::Over(why) => over(*why, language),
        }
    }
}

fn over(why: Ending, language: Language) -> String {
    match why {
        Ending::Cancelled => pick!(language, "The login was cancelled.", "登录被取消了。"),
        Ending::TimedOut => pick!(
            language,
            "Nobody confirmed the login in time, so it was cancelled.",
            "没有人及时确认，登录已取消。",
        ),
        Ending::CodesUsedUp => {
            pick!(
                language,
                "None of the QR codes was scanned and confirmed in time.",
                "二维码均未及时扫描并确认。",
            )
        }
        Ending::BoundElsewhere => pick!(
            language,
            "WeChat says that the person who scanned has a bot already, but it is none of your contacts here. Please start a new login.",
            "微信表示扫码的人已绑定机器人，但不在你的联系人之中。请重新发起登录。",
        ),
        Ending::NoCode => pick!(
            language,
            "WeChat's server answered, but not with what a login needs. Please try again in a few minutes.",
            "微信服务器有响应，但没有提供登录所需的内容，请几分钟后再试。",
        ),
        Ending::BadServer => pick!(
            language,
            "WeChat moved the login to a server that the bridge may not talk to. Nothing was changed.",
            "微信把登录移到了桥接不允许连接的服务器，未做任何更改。",
        ),
        Ending::Unusable => pick!(
            language,
            "WeChat confirmed the login, but what it sent does not work at the server that it named. Nothing was changed. Please try again.",
            "微信确认了登录，但所给的凭据在其指定的服务器上无法使用。未做任何更改，请重试。",
        ),
        Ending::AlreadyLinked => pick!(
            language,
            "This WeChat account is already linked. To link it again, start a login for that contact.",
            "这个微信号已经连接了。要重新连接，请为这位联系人发起登录。",
        ),
        Ending::Unreachable => pick!(
            language,
            "WeChat's server could not be reached. Please try again in a few minutes.",
            "无法连接微信服务器，请过几分钟再试。",
        ),
        Ending::Incomplete => pick!(
            language,
            "WeChat confirmed the login but left out something that I need. Please try again.",
            "微信确认了登录，但没有提供需要的信息，请重试。",
        ),
        Ending::Stopped => pick!(
            language,
            "The bridge was stopped during the login. Please start the login again.",
            "登录时桥接停止了，请重新发起登录。",
        ),
    }
}
