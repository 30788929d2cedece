//! Parsers of the server's answers (docs/protocol.md §3, §5, §9).
//!
//! An error code may stand in `ret` or in `errcode`, whatever the HTTP status is; both are read in
//! every answer.

use std::{borrow::Cow, fmt};

use super::{
    body::CdnUrl,
    error::{Error, printable},
    fields::Fields,
    host::{ApiBase, HostRules},
};
use crate::{
    id::{BotId, BotToken, MessageId, WechatUserId},
    secret::secret_kind,
};

secret_kind! {
    /// The id by which a QR code is polled; a secret, since its holder can take over the login.
    QrId
}
secret_kind! {
    /// The ticket that lets the bridge show "typing…" to one contact.
    TypingTicket
}
secret_kind! {
    /// The parameter that lets the bridge upload one file.
    UploadParam
}

/// A QR code to be scanned.
#[derive(Clone)]
pub struct QrCode {
    /// The id by which its status is polled.
    pub id: QrId,
    /// The text of the QR image; also a link that opens on the phone.
    pub url: String,
}

impl fmt::Debug for QrCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QrCode(…)")
    }
}

/// The status of a QR code (docs/protocol.md §3).
#[derive(Debug, Clone)]
pub enum QrStatus {
    /// The code was not scanned yet.
    Wait,
    /// The code was scanned; the phone asks its owner to confirm.
    Scanned,
    /// The phone shows digits that must be entered on the bridge's side.
    DigitsWanted,
    /// Too many wrong digits were entered.
    DigitsBlocked,
    /// The code is too old.
    Expired,
    /// The status has to be asked from this host, or from the current one when none was named.
    Redirect(Option<ApiBase>),
    /// One of the bot tokens that were sent along already belongs to this person; no new one is
    /// issued.
    AlreadyBound,
    /// The person has confirmed the login.
    Confirmed(Confirmed),
    /// A status that is not known, cut to 200 characters.
    Unknown(String),
}

/// The fields of a `confirmed` status; each is optional until the login checks it.
#[derive(Debug, Clone)]
pub struct Confirmed {
    /// `ilink_bot_id`.
    pub bot: Option<BotId>,
    /// `bot_token`.
    pub token: Option<BotToken>,
    /// `ilink_user_id`: the person who scanned the code.
    pub user: Option<WechatUserId>,
    /// `baseurl`: the host of later calls; not checked yet.
    pub base_url: Option<String>,
}

/// The answer to a message that the server accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The server's id of the message. Without it, the phone most likely does not show the message
    /// (docs/protocol.md §5).
    pub message_id: Option<MessageId>,
}

/// The places to which a file may be uploaded; at least one of the two is set (docs/protocol.md
/// §7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadUrl {
    /// `upload_full_url`, which is tried first; not checked yet.
    pub full_url: Option<CdnUrl>,
    /// `upload_param`, for the configured CDN.
    pub param: Option<UploadParam>,
}

impl QrCode {
    pub(super) fn read(body: &[u8]) -> Result<Self, Error> {
        let body = text(body);
        let fields = accepted(&body)?;
        let id = fields.some_text("qrcode").ok_or(Error::Garbled)?;
        let url = fields.some_text("qrcode_img_content").ok_or(Error::Garbled)?;
        Ok(Self { id: QrId::new(id), url })
    }
}

impl QrStatus {
    pub(super) fn read(body: &[u8], rules: &HostRules) -> Result<Self, Error> {
        let body = text(body);
        let fields = Fields::read(&body).ok_or(Error::Garbled)?;
        let Some(status) = fields.some_text("status") else {
            check(&fields)?;
            return Err(Error::Garbled);
        };
        Ok(match status.as_str() {
            "wait" => Self::Wait,
            "scaned" => Self::Scanned,
            "need_verifycode" => Self::DigitsWanted,
            "verify_code_blocked" => Self::DigitsBlocked,
            "expired" => Self::Expired,
            "scaned_but_redirect" => {
                let host = fields.some_text("redirect_host");
                Self::Redirect(host.map(|host| rules.api_base(&host)).transpose()?)
            }
            "binded_redirect" => Self::AlreadyBound,
            "confirmed" => Self::Confirmed(Confirmed::read(&fields)),
            other => Self::Unknown(printable(other)),
        })
    }
}

impl Confirmed {
    fn read(fields: &Fields<'_>) -> Self {
        Self {
            bot: fields.some_text("ilink_bot_id").and_then(|id| BotId::parse(&id)),
            token: fields.some_text("bot_token").map(BotToken::new),
            user: fields.some_text("ilink_user_id").and_then(|id| WechatUserId::parse(&id)),
            base_url: fields.some_text("baseurl"),
        }
    }
}

impl Accepted {
    pub(super) fn read(body: &[u8]) -> Result<Self, Error> {
        let body = text(body);
        Ok(Self { message_id: accepted(&body)?.message_id("message_id") })
    }
}

impl TypingTicket {
    pub(super) fn read(body: &[u8]) -> Result<Self, Error> {
        let body = text(body);
        accepted(&body)?.some_text("typing_ticket").map(Self::new).ok_or(Error::Garbled)
    }
}

impl UploadUrl {
    pub(super) fn read(body: &[u8]) -> Result<Self, Error> {
        let body = text(body);
        let fields = accepted(&body)?;
        let full_url = fields.some_text("upload_full_url").map(CdnUrl::new);
        let param = fields.some_text("upload_param").map(UploadParam::new);
        let somewhere = full_url.is_some() || param.is_some();
        somewhere.then_some(Self { full_url, param }).ok_or(Error::Garbled)
    }
}

/// Reads an answer of which only the error code matters; an empty body means success.
pub(super) fn acknowledged(body: &[u8]) -> Result<(), Error> {
    accepted(&text(body)).map(drop)
}

/// Returns the error for an HTTP status that is no success: [`Error::SessionExpired`] when the body
/// has its code, else [`Error::Http`] with the status.
pub(super) fn refused(status: u16, body: &[u8]) -> Error {
    let body = text(body);
    let code = Fields::read(&body).and_then(|fields| check(&fields).err());
    code.filter(|error| *error == Error::SessionExpired).unwrap_or(Error::Http { status })
}

/// Looks for an error code in `ret` and in `errcode`.
pub(super) fn check(fields: &Fields<'_>) -> Result<(), Error> {
    let message = fields.text("errmsg").or_else(|| fields.text("msg")).unwrap_or_default();
    let codes = ["ret", "errcode"].map(|name| fields.whole(name).unwrap_or(0));
    let errors = codes.map(|code| Error::of_code(code, &message));
    let mut errors: Vec<Error> = errors.into_iter().flatten().collect();
    match errors.iter().position(|error| *error == Error::SessionExpired) {
        Some(at) => Err(errors.swap_remove(at)),
        None => errors.into_iter().next().map_or(Ok(()), Err),
    }
}

fn accepted(body: &str) -> Result<Fields<'_>, Error> {
    let body = if body.trim().is_empty() { "{}" } else { body };
    let fields = Fields::read(body).ok_or(Error::Garbled)?;
    check(&fields)?;
    Ok(fields)
}

fn text(body: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(json: &str) -> Result<QrStatus, Error> {
        let rules = HostRules::new(&["idc2.example".to_owned()], &[]);
        QrStatus::read(json.as_bytes(), &rules)
    }

    #[test]
    fn a_send_is_accepted_in_every_form_that_was_seen() {
        for (body, id) in [
            ("", None),
            ("{}", None),
            (r#"{"ret":0}"#, None),
            (r#"{"ret":null,"message_id":null}"#, None),
            (r#"{"message_id":7000000054149991059}"#, Some("7000000054149991059")),
            (
                r#"{"ret":0,"errmsg":"","message_id":"18446744073709551615"}"#,
                Some("18446744073709551615"),
            ),
        ] {
            let accepted = Accepted::read(body.as_bytes()).unwrap();
            assert_eq!(accepted.message_id.as_ref().map(MessageId::as_str), id, "{body}");
        }
    }

    #[test]
    fn a_code_is_found_in_either_place() {
        let refused = |code, message: &str| Error::Refused { code, message: message.to_owned() };
        for (body, error) in [
            (r#"{"ret":-2,"errmsg":"prepare failed"}"#, refused(-2, "prepare failed")),
            (r#"{"ret":0,"errcode":-2,"errmsg":"rate limited"}"#, refused(-2, "rate limited")),
            (r#"{"errcode":"-3","msg":"invalid argument"}"#, refused(-3, "invalid argument")),
            (r#"{"ret":-1,"errcode":-14}"#, Error::SessionExpired),
            (r#"{"ret":-14,"errmsg":"session timeout","message_id":1}"#, Error::SessionExpired),
            (
                r#"{"ret":-4,"errmsg":"GetTypingTicket rpc failed"}"#,
                refused(-4, "GetTypingTicket rpc failed"),
            ),
            ("<html>", Error::Garbled),
        ] {
            assert_eq!(Accepted::read(body.as_bytes()), Err(error.clone()), "{body}");
            assert_eq!(acknowledged(body.as_bytes()), Err(error), "{body}");
        }
    }

    #[test]
    fn a_status_other_than_success_keeps_the_one_code_that_matters() {
        assert_eq!(refused(401, br#"{"errcode":-14}"#), Error::SessionExpired);
        assert_eq!(refused(500, br#"{"ret":-2}"#), Error::Http { status: 500 });
        assert_eq!(refused(502, b"<html>"), Error::Http { status: 502 });
    }

    #[test]
    fn every_status_of_a_code_is_known() {
        for (name, expected) in [
            ("wait", "Wait"),
            ("scaned", "Scanned"),
            ("need_verifycode", "DigitsWanted"),
            ("verify_code_blocked", "DigitsBlocked"),
            ("expired", "Expired"),
            ("binded_redirect", "AlreadyBound"),
            ("scaned_but_redirect", "Redirect(None)"),
            ("teleported", "Unknown(\"teleported\")"),
        ] {
            let read = status(&format!(r#"{{"ret":0,"status":"{name}"}}"#)).unwrap();
            assert_eq!(format!("{read:?}"), expected);
        }
    }

    #[test]
    fn a_redirect_leads_to_allowed_hosts_only() {
        let to = |host: &str| {
            status(&format!(r#"{{"status":"scaned_but_redirect","redirect_host":"{host}"}}"#))
        };
        assert!(matches!(to("idc2.example"), Ok(QrStatus::Redirect(Some(_)))));
        for bad in
            ["evil.example", "http://idc2.example", "idc2.example@evil.example", "169.254.169.254"]
        {
            assert!(matches!(to(bad), Err(Error::HostNotAllowed { .. })), "{bad}");
        }
    }

    #[test]
    fn a_status_without_a_status_says_why_or_nothing() {
        assert_eq!(
            status(r#"{"ret":-5,"errmsg":"x"}"#).unwrap_err(),
            Error::Refused { code: -5, message: "x".to_owned() }
        );
        assert_eq!(status("{}").unwrap_err(), Error::Garbled);
    }

    #[test]
    fn a_place_for_an_upload_is_named_in_one_way_at_least() {
        let read = |body: &str| UploadUrl::read(body.as_bytes());
        let both = read(r#"{"ret":0,"upload_full_url":"https://UUU","upload_param":"PPP"}"#);
        let both = both.unwrap();
        assert!(both.full_url.is_some() && both.param.is_some());
        let shown = format!("{both:?}");
        assert!(!shown.contains("UUU") && !shown.contains("PPP"), "{shown}");
        assert!(read(r#"{"upload_param":"PPP","upload_full_url":""}"#).is_ok());
        for nothing in ["{}", "", r#"{"ret":0,"upload_param":null}"#] {
            assert_eq!(read(nothing), Err(Error::Garbled), "{nothing}");
        }
        assert!(matches!(read(r#"{"ret":-1}"#), Err(Error::Refused { code: -1, .. })));
    }

    #[test]
    fn what_a_confirmation_brings_does_not_print() {
        let read = status(
            r#"{"status":"confirmed","bot_token":"TTT","ilink_bot_id":"b@im.bot","ilink_user_id":"","baseurl":""}"#,
        );
        let Ok(QrStatus::Confirmed(confirmed)) = read else { panic!("not confirmed") };
        assert_eq!((confirmed.user.is_none(), confirmed.base_url.is_none()), (true, true));
        assert!(!format!("{confirmed:?}").contains("TTT"));
        let code =
            QrCode::read(br#"{"qrcode":"QQQ","qrcode_img_content":"https://x/?qrcode=QQQ"}"#)
                .unwrap();
        assert!(!format!("{code:?}").contains("QQQ"));
        assert_eq!(QrCode::read(br#"{"qrcode":"QQQ"}"#).unwrap_err(), Error::Garbled);
    }
}
