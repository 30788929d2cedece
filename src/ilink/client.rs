//! The iLink API: one method per endpoint (docs/protocol.md §3 to §5).
//!
//! Each method makes one request and repeats nothing. Files are transferred in `cdn`.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use http::HeaderValue;
use url::Url;

use super::{
    agent,
    answer::{self, Accepted, QrCode, QrId, QrStatus, TypingTicket, UploadUrl},
    cdn::Cdn,
    error::Error,
    host::{ApiBase, HostRules},
    http::{Http, HttpAnswer},
    login::digits::VerifyCode,
    options::{Options, Patience, RequestBounds, setup},
    updates::Updates,
    uploaded::UploadRequest,
    wire::{self, BaseInfo, OutboundMessage},
};
use crate::{
    clock::Timestamp,
    id::{BotToken, ContextToken, Cursor, WechatUserId},
};

/// The client of the iLink API; cheap to clone.
#[derive(Debug, Clone)]
pub struct Client(Arc<ClientInner>);

#[derive(Debug)]
struct ClientInner {
    http: Http,
    cdn: Cdn,
    fixed: ApiBase,
    cdn_base: Url,
    hosts: HostRules,
    bot_agent: String,
}

/// The host and the token for the calls of one login; cheap to clone.
#[derive(Clone)]
pub struct ApiSession(Arc<(ApiBase, HeaderValue)>);

impl fmt::Debug for ApiSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({:?})", self.0.0)
    }
}

impl Client {
    /// Checks the options and builds the one HTTP client behind them.
    ///
    /// # Errors
    /// [`Error::Setup`] or [`Error::HostNotAllowed`], whose text names the setting to mend.
    pub fn new(options: Options) -> Result<Self, Error> {
        Self::with_patience(options, Patience::default())
    }

    /// Creates a client like [`Self::new`], with other time limits for transfers of media.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn with_patience(options: Options, patience: Patience) -> Result<Self, Error> {
        if !agent::is_bot_agent(&options.bot_agent) {
            return Err(setup("bot_agent must look like \"name/1.0\" or \"name/1.0 (comment)\""));
        }
        let cdn = Cdn::new(&options, patience)?;
        let fixed = options.hosts.api_base(options.api_base.as_str())?;
        let http = Http::new(&options)?;
        let Options { hosts, bot_agent, cdn_base, .. } = options;
        Ok(Self(Arc::new(ClientInner { http, cdn, fixed, cdn_base, hosts, bot_agent })))
    }

    /// Prepares the calls of one login, which go to `base_url`, or to the fixed host when there is
    /// none.
    ///
    /// # Errors
    /// [`Error::HostNotAllowed`] for a base that the rules do not allow, [`Error::Setup`] for a
    /// token that cannot be put into a header.
    pub fn session(&self, token: BotToken, base_url: Option<&str>) -> Result<ApiSession, Error> {
        let base = match base_url.map(str::trim).filter(|base| !base.is_empty()) {
            Some(base) => self.0.hosts.api_base(base)?,
            None => self.0.fixed.clone(),
        };
        Ok(ApiSession(Arc::new((base, wire::authorization(&token)?))))
    }

    /// Returns the fixed host, which issues QR codes and is polled for them first.
    pub fn fixed_base(&self) -> &ApiBase {
        &self.0.fixed
    }

    /// Asks whether the API's fixed host answers at all; returns the server's time.
    ///
    /// # Errors
    /// When no connection is made, or nothing comes within ten seconds.
    pub async fn reach(&self) -> Result<Option<Timestamp>, Error> {
        self.0.http.reach(self.0.fixed.endpoint("")).await
    }

    /// Asks whether the CDN answers at all; returns the server's time.
    ///
    /// # Errors
    /// As [`Client::reach`].
    pub async fn reach_cdn(&self) -> Result<Option<Timestamp>, Error> {
        self.0.http.reach(self.0.cdn_base.clone()).await
    }

    /// Asks for a QR code. `held` are bot tokens of one owner, newest first, of which the first ten
    /// are sent; with them the server may answer that the person is bound already.
    ///
    /// # Errors
    /// Code -3 was seen for a stale token among `held`; else as every call.
    pub async fn get_bot_qrcode(&self, held: &[BotToken]) -> Result<QrCode, Error> {
        let mut url = self.0.fixed.endpoint("ilink/bot/get_bot_qrcode");
        url.query_pairs_mut().append_pair("bot_type", "3");
        let answer = self.0.http.post(url, None, wire::qr_request(held), small(QR_WITHIN)).await?;
        QrCode::read(&answer.body)
    }

    /// Waits up to 35 seconds for news of a QR code.
    ///
    /// # Errors
    /// [`Error::HostNotAllowed`] for a redirect that the rules do not allow; else as every call.
    pub async fn get_qrcode_status(
        &self,
        at: &ApiBase,
        qr: &QrId,
        digits: Option<&VerifyCode>,
    ) -> Result<QrStatus, Error> {
        let mut url = at.endpoint("ilink/bot/get_qrcode_status");
        url.query_pairs_mut().extend_pairs(wire::qr_status_query(qr, digits));
        let body = self.0.http.ask(url, small(SHORTEST_POLL)).await?;
        QrStatus::read(&body, &self.0.hosts)
    }

    /// Tells the server that the bot is online; polling works even when this fails.
    ///
    /// # Errors
    /// As every call.
    pub async fn notify_start(&self, session: &ApiSession) -> Result<(), Error> {
        self.notify(session, "ilink/bot/msg/notifystart").await
    }

    /// Tells the server that the bot goes offline.
    ///
    /// # Errors
    /// As every call.
    pub async fn notify_stop(&self, session: &ApiSession) -> Result<(), Error> {
        self.notify(session, "ilink/bot/msg/notifystop").await
    }

    /// Waits for messages. `hold` is how long the last answer said that the server holds a poll;
    /// the call waits ten seconds longer, and at least 45, before it counts as a poll without news.
    ///
    /// # Errors
    /// As every call. A timeout, a gateway that gave up (502, 504, 524) and a connection that was
    /// cut while it was idle are no errors but polls without news.
    pub async fn get_updates(
        &self,
        session: &ApiSession,
        cursor: Option<&Cursor>,
        hold: Option<Duration>,
    ) -> Result<Updates, Error> {
        let within = hold.map_or(SHORTEST_POLL, |hold| (hold + POLL_GRACE).max(SHORTEST_POLL));
        let bounds = RequestBounds { within, bytes: LARGE };
        let started = Instant::now();
        let body = wire::poll(cursor, self.base_info());
        let answer = self.answer(session, "ilink/bot/getupdates", body, bounds).await;
        let took = started.elapsed();
        let mut updates = match answer {
            Ok(HttpAnswer { body, date }) => Updates { date, ..Updates::parse(&body)? },
            Err(error) => Updates::of_failure(error, took)?,
        };
        updates.took = took;
        Ok(updates)
    }

    /// Sends one message. It may be sent again with its `client_id` when the outcome is unknown.
    ///
    /// # Errors
    /// As every call.
    pub async fn send_message(
        &self,
        session: &ApiSession,
        message: &OutboundMessage,
    ) -> Result<Accepted, Error> {
        let body = wire::send(message, self.base_info());
        let answer = self.post(session, "ilink/bot/sendmessage", body, small(SEND_WITHIN)).await?;
        Accepted::read(&answer)
    }

    /// Asks for the ticket that [`Client::send_typing`] needs.
    ///
    /// # Errors
    /// Code -4 was seen for a contact who has never written; else as every call.
    pub async fn get_config(
        &self,
        session: &ApiSession,
        user: &WechatUserId,
        context: Option<&ContextToken>,
    ) -> Result<TypingTicket, Error> {
        let body = wire::config(user, context, self.base_info());
        let answer = self.post(session, "ilink/bot/getconfig", body, small(NOTE_WITHIN)).await?;
        TypingTicket::read(&answer)
    }

    /// Shows or ends "typing…" on the contact's phone.
    ///
    /// # Errors
    /// As every call.
    pub async fn send_typing(
        &self,
        session: &ApiSession,
        user: &WechatUserId,
        ticket: &TypingTicket,
        typing: bool,
    ) -> Result<(), Error> {
        let body = wire::typing(user, ticket, typing, self.base_info());
        let answer = self.post(session, "ilink/bot/sendtyping", body, small(NOTE_WITHIN)).await?;
        answer::acknowledged(&answer)
    }

    /// Announces a file and asks where to upload it.
    ///
    /// # Errors
    /// Code -1 was seen for a contact who does not exist; [`Error::Garbled`] when no place is
    /// named; else as every call.
    pub async fn get_upload_url(
        &self,
        session: &ApiSession,
        request: &UploadRequest<'_>,
    ) -> Result<UploadUrl, Error> {
        let body = wire::announce(request, self.base_info());
        let answer = self.post(session, "ilink/bot/getuploadurl", body, small(SEND_WITHIN)).await?;
        UploadUrl::read(&answer)
    }

    /// Returns the connections to the CDN.
    pub(super) fn cdn(&self) -> &Cdn {
        &self.0.cdn
    }

    async fn notify(&self, session: &ApiSession, path: &str) -> Result<(), Error> {
        let body = wire::notify(self.base_info());
        let answer = self.post(session, path, body, small(NOTE_WITHIN)).await?;
        answer::acknowledged(&answer)
    }

    async fn post(
        &self,
        session: &ApiSession,
        path: &str,
        body: Vec<u8>,
        bounds: RequestBounds,
    ) -> Result<Vec<u8>, Error> {
        self.answer(session, path, body, bounds).await.map(|answer| answer.body)
    }

    async fn answer(
        &self,
        session: &ApiSession,
        path: &str,
        body: Vec<u8>,
        bounds: RequestBounds,
    ) -> Result<HttpAnswer, Error> {
        let (base, authorization) = &*session.0;
        self.0.http.post(base.endpoint(path), Some(authorization), body, bounds).await
    }

    fn base_info(&self) -> BaseInfo<'_> {
        BaseInfo::of(&self.0.bot_agent)
    }
}

fn small(within: Duration) -> RequestBounds {
    RequestBounds { within, bytes: SMALL }
}

const QR_WITHIN: Duration = Duration::from_secs(15);
const SEND_WITHIN: Duration = Duration::from_secs(15);
const NOTE_WITHIN: Duration = Duration::from_secs(10);
/// The shortest time that a poll waits for an answer. The server holds a poll for 35 seconds;
/// hanging up at that moment would lose messages.
pub const SHORTEST_POLL: Duration = Duration::from_secs(45);
const POLL_GRACE: Duration = Duration::from_secs(10);
const SMALL: usize = 256 * 1024;
const LARGE: usize = 8 * 1024 * 1024;
