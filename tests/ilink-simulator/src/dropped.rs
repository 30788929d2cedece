//! The record of what went wrong where the real server is silent, or says little; tests read it.

use serde::Serialize;
use serde_json::Value;

/// A request or message that a real phone would not have shown, or that Tencent's client never
/// sends.
#[derive(Debug, Clone, Serialize)]
pub struct Dropped {
    /// Simulator time, milliseconds since 1970.
    pub at_ms: i64,
    /// Last part of the request's path, such as `sendmessage`.
    pub endpoint: String,
    /// Name of the phone that it concerns, where that is known.
    pub phone: Option<String>,
    /// The reason.
    pub reason: Reason,
    /// The details: a header's name, a length, a found value. Empty when the reason says all.
    pub detail: String,
    /// `client_id` of the message, if it had one.
    pub client_id: Option<String>,
    /// The whole request body; null where there was none.
    pub body: Value,
}

/// The reason why something was dropped, refused or noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// An authenticated body without a `base_info` object that names a `channel_version`.
    NoBaseInfo,
    /// A header that every client sends is absent.
    MissingHeader,
    /// A header has a value the real clients never send, or one that does not belong here.
    BadHeader,
    /// A body that is not a JSON object, or a query that lacks a field.
    BadRequest,
    /// `from_user_id` was not empty.
    SenderGiven,
    /// `client_id` was absent or empty.
    NoClientId,
    /// The message under its `client_id` again: shown once. A retry; harmless.
    Repeated,
    /// Another message under a used `client_id`: accepted and lost.
    ReusedClientId,
    /// `message_type` or `message_state` is not 2.
    WrongMessageType,
    /// No item, or an empty text.
    EmptyMessage,
    /// More than one item in a message: `ret` -2.
    SeveralItems,
    /// An item kind that WeChat accepts and does not show.
    KindNotShown,
    /// Text over 16,384 bytes: `ret` -2.
    TextTooLong,
    /// No `to_user_id`: `ret` -2.
    NoRecipient,
    /// `to_user_id` in other case than it was issued: `ret` -3.
    RecipientCase,
    /// A user to whom this bot does not belong: `ret` -3.
    UnknownRecipient,
    /// No `context_token`.
    NoContextToken,
    /// A `context_token` that this bot was never given.
    UnknownContextToken,
    /// A `context_token` older than a day, or one that a test expired.
    StaleContextToken,
    /// The user never wrote to this bot, or last wrote more than 24 hours ago: `ret` -2.
    WindowClosed,
    /// Ten messages since the user last wrote: `ret` -2.
    QuotaSpent,
    /// Sent during a throttle, which it starts anew: `ret` -2.
    Throttled,
    /// Accepted without a `message_id` on request, and not shown.
    Unconfirmed,
    /// A message sent with a token that is dead: code -14.
    SessionDead,
    /// A media reference that leads to nothing, or whose key does not decrypt it.
    BrokenMedia,
    /// An upload or its announcement that is contradictory.
    BadUpload,
    /// A typing ticket that was not issued for this user.
    BadTicket,
    /// A cursor of another bot: such a poll gets no messages.
    UnknownCursor,
    /// Asked at the redirect host for what belongs to the fixed host.
    WrongHost,
    /// The phone wrote while it had no living bot; the message is lost.
    NoBot,
}
