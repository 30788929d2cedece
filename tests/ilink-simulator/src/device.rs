//! Phones and the bots to which they are bound.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Notify;

use crate::chat::Shown;
use crate::id;

/// A phone and the WeChat user who holds it.
pub(crate) struct Device {
    pub(crate) name: String,
    pub(crate) user_id: String,
    /// The token of the bot to which this user is bound.
    pub(crate) bot: Option<String>,
    pub(crate) chat: Vec<Shown>,
    /// The number of entries of `chat` that came from the bot.
    pub(crate) arrived: usize,
    pub(crate) client_ids: HashMap<String, Accepted>,
    pub(crate) digits: Option<Digits>,
    pub(crate) qr: Option<String>,
    pub(crate) typing: bool,
}

/// The number that a phone shows when a login asks for one.
#[derive(Debug, Clone)]
pub(crate) struct Digits {
    pub(crate) number: String,
    pub(crate) blocked: bool,
}

/// A message that was accepted under a `client_id`.
#[derive(Debug, Clone)]
pub(crate) struct Accepted {
    pub(crate) message_id: u64,
    pub(crate) items: Value,
}

/// A binding of a phone.
pub(crate) struct Bot {
    pub(crate) bot_id: String,
    pub(crate) token: String,
    pub(crate) phone: String,
    pub(crate) dead: bool,
    /// Whether the bot is between `notifystart` and `notifystop`.
    pub(crate) online: bool,
    pub(crate) epoch: u64,
    /// Every message for this bot, as JSON text, in order.
    pub(crate) log: Vec<String>,
    pub(crate) delivered: usize,
    pub(crate) acknowledged: usize,
    /// A batch that the next poll gets again.
    pub(crate) again: Option<Vec<String>>,
    pub(crate) polls: u32,
    pub(crate) generation: u64,
    pub(crate) wake: Arc<Notify>,
    /// Each context token with the time at which it was issued.
    pub(crate) contexts: HashMap<String, i64>,
    pub(crate) wrote_ms: Option<i64>,
    pub(crate) sends: u32,
    pub(crate) tickets: Vec<String>,
}

impl Device {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            user_id: id::user_id(name),
            bot: None,
            chat: Vec::new(),
            arrived: 0,
            client_ids: HashMap::new(),
            digits: None,
            qr: None,
            typing: false,
        }
    }
}

impl Bot {
    pub(crate) fn new(phone: &str) -> Self {
        let (bot_id, token) = id::bot_and_token();
        Self {
            bot_id,
            token,
            phone: phone.to_owned(),
            dead: false,
            online: false,
            epoch: rand::random(),
            log: Vec::new(),
            delivered: 0,
            acknowledged: 0,
            again: None,
            polls: 0,
            generation: 0,
            wake: Arc::new(Notify::new()),
            contexts: HashMap::new(),
            wrote_ms: None,
            sends: 0,
            tickets: Vec::new(),
        }
    }
}
