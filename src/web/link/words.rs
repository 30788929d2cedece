//! The words of the link page, in two languages.

use http::{HeaderMap, header::ACCEPT_LANGUAGE};

/// The language of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageLanguage {
    En,
    Zh,
}

impl PageLanguage {
    /// Returns the first of the two languages that the browser asks for, or English. Browsers list
    /// languages in the order of preference.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let mut tags = wanted.unwrap_or_default().split(',').map(str::trim_start);
        let known = |tag: &str| match tag.get(..2)?.to_ascii_lowercase().as_str() {
            "zh" => Some(Self::Zh),
            "en" => Some(Self::En),
            _ => None,
        };
        tags.find_map(known).unwrap_or(Self::En)
    }
}

/// Returns `page` with its words filled in.
pub(super) fn fill(page: &str, language: PageLanguage, state: &str) -> String {
    let lang = match language {
        PageLanguage::En => "en",
        PageLanguage::Zh => "zh-Hans",
    };
    let page = page.replace("{lang}", lang).replace("{state}", state);
    WORDS.iter().fold(page, |page, (place, en, zh)| {
        let words = if language == PageLanguage::En { en } else { zh };
        page.replace(&format!("{{{place}}}"), words)
    })
}

/// Each placeholder with its English and Chinese words.
pub(super) const WORDS: [(&str, &str, &str); 18] = [
    ("wait", "Fetching a QR code…", "正在获取二维码……"),
    ("code", "Scan with WeChat", "请用微信扫一扫"),
    ("qr_alt", "QR code for WeChat", "微信二维码"),
    ("open", "Open in WeChat", "在微信中打开"),
    (
        "code_how",
        "Then confirm on the phone. Keep this page open: the code renews itself.",
        "扫码后请在手机上确认。二维码会自动更新，请不要关闭这个页面。",
    ),
    ("tap", "Tap the button to link.", "点击按钮开始连接。"),
    ("go_on", "Continue", "继续"),
    (
        "tap_how",
        "If WeChat shows a number, come back to this page and type it here.",
        "如果微信显示一组数字，请回到这个页面输入。",
    ),
    ("scanned", "Scanned. Please confirm on the phone.", "已扫码，请在手机上确认。"),
    ("digits", "Type the number that the phone shows.", "请输入手机上显示的数字。"),
    ("wrong", "That was not the right number. Please try again.", "数字不对，请重新输入。"),
    ("send", "Send", "提交"),
    ("done", "You are linked.", "连接成功。"),
    (
        "done_how",
        "Now send a first message in the new chat in WeChat. You can close this page.",
        "请在微信的新聊天里先发一条消息。这个页面可以关闭了。",
    ),
    ("over", "This link is no longer valid.", "这个链接已失效。"),
    (
        "over_how",
        "Ask the person who sent it to you for a new one.",
        "请向发链接给你的人要一个新的。",
    ),
    ("offline", "No connection; trying again…", "网络已断开，正在重试……"),
    ("noscript", "This page needs JavaScript.", "这个页面需要启用 JavaScript。"),
];
