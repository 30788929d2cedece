//! The fate of a bot's message: shown, refused, or accepted and lost (docs/protocol.md §3.5, §9.2,
//! §11).
//!
//! Pure: it reads the state and the request and changes nothing.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::chat::Kind;
use crate::device::{Accepted, Bot, Device};
use crate::dropped::Reason;
use crate::inbox::NextBatch;
use crate::state::World;

/// The active rules, and the changes to the next batches and sends.
#[derive(Debug)]
pub(crate) struct Limits {
    pub(crate) window: bool,
    pub(crate) quota: bool,
    pub(crate) voice_shown: bool,
    /// Whether a message is sent once only, even to an older cursor.
    pub(crate) consume_on_delivery: bool,
    /// Whether uploads are announced by `upload_param` instead of `upload_full_url`.
    pub(crate) classic_upload: bool,
    /// Until when sends to a phone, or to all (`None`), are throttled, and how long a throttle
    /// lasts.
    pub(crate) throttled: HashMap<Option<String>, (i64, i64)>,
    /// How many sends are accepted without a `message_id` and not shown.
    pub(crate) unconfirmed: u32,
    pub(crate) next_batch: NextBatch,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            window: true,
            quota: true,
            voice_shown: false,
            consume_on_delivery: false,
            classic_upload: false,
            throttled: HashMap::new(),
            unconfirmed: 0,
            next_batch: NextBatch::default(),
        }
    }
}

/// The verdict on one message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The phone shows it.
    Show,
    /// The phone has shown the message before, under this id.
    Repeat(u64),
    /// Accepted; the phone never shows it.
    Lose(Reason, String),
    /// Answered with an error code.
    Refuse(Reason, String),
}

/// The message of a bot and everything by which it is judged.
pub(crate) struct Case<'a> {
    pub(crate) world: &'a World,
    pub(crate) bot: &'a Bot,
    pub(crate) device: &'a Device,
    pub(crate) body: &'a Value,
    pub(crate) now_ms: i64,
}

impl Case<'_> {
    pub(crate) fn verdict(&self) -> Verdict {
        if let Some((reason, detail)) = self.malformed() {
            return Verdict::Refuse(reason, detail);
        }
        if let Some(earlier) = self.earlier() {
            if earlier.items == self.msg()["item_list"] {
                return Verdict::Repeat(earlier.message_id);
            }
            return Verdict::Lose(Reason::ReusedClientId, String::new());
        }
        if let Some(reason) = self.not_now() {
            return Verdict::Refuse(reason, String::new());
        }
        match self.lost().or_else(|| self.wrong_context()).or_else(|| self.not_shown()) {
            Some((reason, detail)) => Verdict::Lose(reason, detail),
            None => Verdict::Show,
        }
    }

    fn msg(&self) -> &Value {
        &self.body["msg"]
    }

    /// Returns the message that was accepted earlier under this `client_id`.
    fn earlier(&self) -> Option<&Accepted> {
        self.device.client_ids.get(self.msg()["client_id"].as_str()?)
    }

    /// Returns what the server refuses because of the request itself.
    fn malformed(&self) -> Option<(Reason, String)> {
        let to = self.msg()["to_user_id"].as_str().unwrap_or_default();
        if to.is_empty() {
            return Some((Reason::NoRecipient, String::new()));
        }
        if to != self.device.user_id {
            let same_letters = to.eq_ignore_ascii_case(&self.device.user_id);
            let reason =
                if same_letters { Reason::RecipientCase } else { Reason::UnknownRecipient };
            return Some((reason, to.to_owned()));
        }
        let items = self.msg()["item_list"].as_array().map_or(0, Vec::len);
        if items > 1 {
            return Some((Reason::SeveralItems, items.to_string()));
        }
        let bytes = self.text().map_or(0, str::len);
        (bytes > TEXT_BYTES).then(|| (Reason::TextTooLong, bytes.to_string()))
    }

    /// Returns what the server refuses because of the moment.
    fn not_now(&self) -> Option<Reason> {
        let limits = &self.world.limits;
        let whom = [None, Some(self.device.name.clone())];
        let mut throttles = whom.iter().filter_map(|whom| limits.throttled.get(whom));
        if throttles.any(|(until, _)| self.now_ms < *until) {
            return Some(Reason::Throttled);
        }
        let open = self.bot.wrote_ms.is_some_and(|wrote| self.now_ms - wrote < DAY_MS);
        if limits.window && !open {
            return Some(Reason::WindowClosed);
        }
        (limits.quota && self.bot.sends >= QUOTA).then_some(Reason::QuotaSpent)
    }

    /// Returns what the server accepts and no phone shows, because of the request.
    fn lost(&self) -> Option<(Reason, String)> {
        let msg = self.msg();
        let found = |reason| Some((reason, String::new()));
        if !has_base_info(self.body) {
            return found(Reason::NoBaseInfo);
        }
        if !matches!(&msg["from_user_id"], Value::Null) && msg["from_user_id"] != "" {
            return found(Reason::SenderGiven);
        }
        if msg["client_id"].as_str().unwrap_or_default().is_empty() {
            return found(Reason::NoClientId);
        }
        if msg["message_type"] != 2 || msg["message_state"] != 2 {
            return found(Reason::WrongMessageType);
        }
        let empty = msg["item_list"].as_array().is_none_or(Vec::is_empty);
        if empty || self.text().is_some_and(str::is_empty) {
            return found(Reason::EmptyMessage);
        }
        None
    }

    fn wrong_context(&self) -> Option<(Reason, String)> {
        let token = self.msg()["context_token"].as_str().unwrap_or_default();
        if token.is_empty() {
            return Some((Reason::NoContextToken, String::new()));
        }
        match self.bot.contexts.get(token) {
            None => Some((Reason::UnknownContextToken, String::new())),
            Some(issued) if self.now_ms - issued >= DAY_MS => {
                let stale = self.world.limits.window || *issued == EXPIRED_CONTEXT;
                stale.then(|| (Reason::StaleContextToken, String::new()))
            }
            Some(_) => None,
        }
    }

    /// Returns what the phone cannot show, because of the item.
    fn not_shown(&self) -> Option<(Reason, String)> {
        let item = &self.msg()["item_list"][0];
        let kind = Kind::of(item);
        let hidden = kind == Kind::Other || (kind == Kind::Voice && !self.world.limits.voice_shown);
        if hidden {
            return Some((Reason::KindNotShown, item["type"].to_string()));
        }
        let media = &item[kind.media_field()?]["media"];
        let opened = self.world.cdn.open(media);
        opened.err().map(|why| (Reason::BrokenMedia, why))
    }

    fn text(&self) -> Option<&str> {
        let item = &self.msg()["item_list"][0];
        if Kind::of(item) != Kind::Text {
            return None;
        }
        Some(item["text_item"]["text"].as_str().unwrap_or_default())
    }
}

impl Reason {
    /// Returns the body of a refusal for this reason.
    pub(crate) fn refusal(self) -> Value {
        let (ret, errmsg) =
            if matches!(self, Self::Throttled | Self::WindowClosed | Self::QuotaSpent) {
                (-2, "prepare failed")
            } else if matches!(self, Self::RecipientCase | Self::UnknownRecipient) {
                (-3, "invalid argument")
            } else if self == Self::TextTooLong {
                (-2, "")
            } else {
                (-2, "invalid arguments")
            };
        json!({ "ret": ret, "errmsg": errmsg })
    }
}

/// Returns whether a body names its client, as every authenticated body must.
pub(crate) fn has_base_info(body: &Value) -> bool {
    let version = body["base_info"]["channel_version"].as_str();
    version.is_some_and(|version| !version.is_empty())
}

/// The time at which a context token that a test expired counts as issued.
pub(crate) const EXPIRED_CONTEXT: i64 = i64::MIN / 2;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const QUOTA: u32 = 10;
const TEXT_BYTES: usize = 16_384;
