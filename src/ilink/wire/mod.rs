//! The requests exactly as they are sent (docs/protocol.md §2, §3, §5).
//!
//! The fields have the order in which Tencent's client 2.4.9 sends them. What a caller could get
//! wrong (sender, state, `base_info`, one item per message) is filled in here.

mod item;

use base64::{Engine, prelude::BASE64_STANDARD};
use http::HeaderValue;
use serde::Serialize;

pub use self::item::OutboundItem;
use super::{
    answer::{QrId, TypingTicket},
    cipher::ciphertext_len,
    error::Error,
    login::digits::VerifyCode,
    message::BOT,
    uploaded::UploadRequest,
};
use crate::id::{BotToken, ContextToken, Cursor, WechatUserId};

/// A message to a contact, with one recipient and one item.
#[derive(Debug, Clone)]
pub struct OutboundMessage {
    /// The recipient.
    pub to: WechatUserId,
    /// The newest context token that came from the recipient, if any did.
    pub context: Option<ContextToken>,
    /// The sender's id of the message: a new one for each message, but one for all tries of it.
    pub client_id: String,
    /// The content.
    pub item: OutboundItem,
}

/// The client's description of itself in the body of every authenticated request.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct BaseInfo<'a> {
    channel_version: &'static str,
    bot_agent: &'a str,
}

impl<'a> BaseInfo<'a> {
    pub(super) fn of(bot_agent: &'a str) -> Self {
        Self { channel_version: VERSION, bot_agent }
    }
}

/// Writes the body of `get_bot_qrcode`.
pub(super) fn qr_request(held: &[BotToken]) -> Vec<u8> {
    #[derive(Serialize)]
    struct Body<'a> {
        local_token_list: Vec<&'a str>,
    }
    encode(&Body {
        local_token_list: held.iter().take(MOST_TOKENS).map(BotToken::expose).collect(),
    })
}

/// Returns the query of `get_qrcode_status`.
pub(super) fn qr_status_query<'a>(
    qr: &'a QrId,
    digits: Option<&'a VerifyCode>,
) -> Vec<(&'static str, &'a str)> {
    let digits = digits.map(|digits| ("verify_code", digits.expose()));
    std::iter::once(("qrcode", qr.expose())).chain(digits).collect()
}

/// Writes the body of `notifystart` and `notifystop`.
pub(super) fn notify(base_info: BaseInfo<'_>) -> Vec<u8> {
    #[derive(Serialize)]
    struct Body<'a> {
        base_info: BaseInfo<'a>,
    }
    encode(&Body { base_info })
}

/// Writes the body of `getupdates`.
pub(super) fn poll(cursor: Option<&Cursor>, base_info: BaseInfo<'_>) -> Vec<u8> {
    #[derive(Serialize)]
    struct Body<'a> {
        get_updates_buf: &'a str,
        base_info: BaseInfo<'a>,
    }
    encode(&Body { get_updates_buf: cursor.map_or("", Cursor::expose), base_info })
}

/// Writes the body of `sendmessage`.
pub(super) fn send(message: &OutboundMessage, base_info: BaseInfo<'_>) -> Vec<u8> {
    #[derive(Serialize)]
    struct Body<'a> {
        msg: WireMessage<'a>,
        base_info: BaseInfo<'a>,
    }
    let msg = WireMessage {
        from_user_id: "",
        to_user_id: message.to.as_str(),
        client_id: &message.client_id,
        message_type: BOT,
        message_state: FINISHED,
        item_list: [item::WireItem::of(&message.item)],
        context_token: message.context.as_ref().map(ContextToken::expose),
    };
    encode(&Body { msg, base_info })
}

/// Writes the body of `getconfig`.
pub(super) fn config(
    user: &WechatUserId,
    context: Option<&ContextToken>,
    base_info: BaseInfo<'_>,
) -> Vec<u8> {
    #[derive(Serialize)]
    struct Body<'a> {
        ilink_user_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        context_token: Option<&'a str>,
        base_info: BaseInfo<'a>,
    }
    let context_token = context.map(ContextToken::expose);
    encode(&Body { ilink_user_id: user.as_str(), context_token, base_info })
}

/// Writes the body of `sendtyping`.
pub(super) fn typing(
    user: &WechatUserId,
    ticket: &TypingTicket,
    typing: bool,
    base_info: BaseInfo<'_>,
) -> Vec<u8> {
    #[derive(Serialize)]
    struct Body<'a> {
        ilink_user_id: &'a str,
        typing_ticket: &'a str,
        status: u8,
        base_info: BaseInfo<'a>,
    }
    encode(&Body {
        ilink_user_id: user.as_str(),
        typing_ticket: ticket.expose(),
        status: if typing { 1 } else { 2 },
        base_info,
    })
}

/// Writes the body of `getuploadurl`.
pub(super) fn announce(request: &UploadRequest<'_>, base_info: BaseInfo<'_>) -> Vec<u8> {
    #[derive(Serialize)]
    struct Body<'a> {
        filekey: &'a str,
        media_type: i64,
        to_user_id: &'a str,
        rawsize: u64,
        rawfilemd5: String,
        filesize: u64,
        no_need_thumb: bool,
        aeskey: &'a str,
        base_info: BaseInfo<'a>,
    }
    encode(&Body {
        filekey: &request.filekey,
        media_type: request.kind.number(),
        to_user_id: request.to.as_str(),
        rawsize: request.plain_len,
        rawfilemd5: hex::encode(request.plain_md5),
        filesize: ciphertext_len(request.plain_len),
        no_need_thumb: true,
        aeskey: request.key.to_hex().expose(),
        base_info,
    })
}

/// Returns the value of `Authorization`.
///
/// # Errors
/// [`Error::Setup`] when the token is empty or holds characters that a header cannot.
pub(super) fn authorization(token: &BotToken) -> Result<HeaderValue, Error> {
    let token = token.expose().trim();
    let unfit = || Error::Setup { problem: "the bot token cannot be sent in a header".to_owned() };
    if token.is_empty() {
        return Err(unfit());
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| unfit())?;
    value.set_sensitive(true);
    Ok(value)
}

/// Returns a new random value of `X-WECHAT-UIN`; it identifies nothing.
pub(super) fn uin() -> String {
    BASE64_STANDARD.encode(rand::random::<u32>().to_string())
}

#[derive(Serialize)]
struct WireMessage<'a> {
    from_user_id: &'static str,
    to_user_id: &'a str,
    client_id: &'a str,
    message_type: i64,
    message_state: i64,
    item_list: [item::WireItem<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    context_token: Option<&'a str>,
}

fn encode(body: &impl Serialize) -> Vec<u8> {
    // Structs of strings and numbers can always be serialised.
    serde_json::to_vec(body).unwrap_or_default()
}

/// The version of Tencent's client that these requests imitate.
const VERSION: &str = "2.4.9";
/// [`VERSION`] as `iLink-App-ClientVersion` writes it: one byte per part.
pub(super) const VERSION_NUMBER: &str = "132105";
const FINISHED: i64 = 2;
const MOST_TOKENS: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_the_version_agree() {
        let mut parts = VERSION.split('.').map(|part| part.parse::<u32>().unwrap());
        let number =
            parts.next().unwrap() << 16 | parts.next().unwrap() << 8 | parts.next().unwrap();
        assert_eq!(number.to_string(), VERSION_NUMBER);
    }

    #[test]
    fn an_unknown_context_token_is_left_out() {
        let message = OutboundMessage {
            to: WechatUserId::parse("O9_a@im.wechat").unwrap(),
            context: None,
            client_id: "c".to_owned(),
            item: OutboundItem::Text("1 < 2".to_owned()),
        };
        assert_eq!(
            String::from_utf8(send(&message, BaseInfo::of("a/1"))).unwrap(),
            r#"{"msg":{"from_user_id":"","to_user_id":"O9_a@im.wechat","client_id":"c","message_type":2,"message_state":2,"item_list":[{"type":1,"text_item":{"text":"1 < 2"}}]},"base_info":{"channel_version":"2.4.9","bot_agent":"a/1"}}"#
        );
    }

    #[test]
    fn at_most_ten_tokens_are_shown() {
        let held: Vec<BotToken> = (0..12).map(|n| BotToken::new(n.to_string())).collect();
        let body = String::from_utf8(qr_request(&held)).unwrap();
        assert!(body.ends_with(r#""8","9"]}"#), "{body}");
    }

    #[test]
    fn a_token_that_is_no_header_is_refused_without_being_shown() {
        for bad in ["", "  ", "a\nb"] {
            let error = authorization(&BotToken::new(bad)).unwrap_err();
            assert_eq!(error.to_string().matches("a\nb").count(), 0);
        }
        let value = authorization(&BotToken::new(" tok \n")).unwrap();
        assert_eq!(value, "Bearer tok");
        assert!(!format!("{value:?}").contains("tok"));
    }
}
