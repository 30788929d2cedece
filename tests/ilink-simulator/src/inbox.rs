//! The way from the phone to the bot: messages, the log of a bot, and what its polls get
//! (docs/protocol.md §3.4, §10.1).

use serde_json::{Value, json};

use crate::chat::{Kind, Shown, words};
use crate::dropped::{Dropped, Reason};
use crate::id;
use crate::state::World;

/// The requests that change the next batch.
#[derive(Debug, Default)]
pub(crate) struct NextBatch {
    /// The batch comes again in the following poll; the value tells whether under new ids.
    pub(crate) duplicate: Option<bool>,
    /// The batch comes in reverse order.
    pub(crate) reverse: bool,
}

/// The result of one look into a bot's log.
pub(crate) enum Updates {
    /// The token is not, or no longer, valid.
    Dead,
    /// Answer with this body now.
    Ready(String),
    /// Nothing yet.
    Nothing,
}

/// A poll of a bot's log.
pub(crate) struct Poll<'a> {
    pub(crate) token: &'a str,
    pub(crate) cursor: &'a str,
    pub(crate) generation: u64,
}

impl World {
    /// Writes as the person: one message with these items, with a new envelope. Returns its id.
    pub(crate) fn say(&mut self, phone: &str, items: &Value, now_ms: i64) -> u64 {
        let message_id = self.next_message_id();
        let message = self.envelope(phone, message_id, items, now_ms);
        self.deliver(phone, &message, now_ms);
        message_id
    }

    /// Hands a message unchanged to the phone's bot. An object's `context_token` becomes valid, and
    /// the window opens.
    pub(crate) fn deliver(&mut self, phone: &str, message: &Value, now_ms: i64) {
        let shown = shown(message, now_ms);
        self.ensure_device(phone).chat.push(shown);
        let Some(bot) = self.bot_of(phone).filter(|bot| !bot.dead) else {
            self.note(Dropped {
                at_ms: now_ms,
                endpoint: "phone".to_owned(),
                phone: Some(phone.to_owned()),
                reason: Reason::NoBot,
                detail: String::new(),
                client_id: None,
                body: message.clone(),
            });
            return;
        };
        if let Some(token) = message["context_token"].as_str() {
            bot.contexts.insert(token.to_owned(), now_ms);
        }
        bot.wrote_ms = Some(now_ms);
        bot.sends = 0;
        bot.log.push(message.to_string());
        bot.wake.notify_waiters();
    }

    /// Returns a message in the form of the real server, with a new context token.
    pub(crate) fn envelope(
        &mut self,
        phone: &str,
        message_id: u64,
        items: &Value,
        now_ms: i64,
    ) -> Value {
        let user = self.ensure_device(phone).user_id.clone();
        let (seq, bot_id) = self
            .bot_of(phone)
            .map_or((1, String::new()), |bot| (bot.log.len() + 1, bot.bot_id.clone()));
        json!({
            "seq": seq,
            "message_id": message_id,
            "to_user_id": bot_id,
            "client_id": format!("wx-msg-{now_ms}-{}", id::random_hex(4)),
            "create_time_ms": now_ms,
            "update_time_ms": now_ms,
            "delete_time_ms": 0,
            "session_id": "",
            "group_id": "",
            "message_type": 1,
            "message_state": 2,
            "root_id": 0,
            "parent_id": 0,
            "context_token": id::context_token(),
            "from_user_id": user,
            "item_list": items,
        })
    }

    /// Begins a poll, and ends the bot's older one.
    pub(crate) fn begin_poll(&mut self, token: &str) -> Option<u64> {
        let bot = self.bots.get_mut(token).filter(|bot| !bot.dead)?;
        bot.generation += 1;
        bot.polls += 1;
        bot.wake.notify_waiters();
        if bot.polls > 1 {
            self.overlapping_polls += 1;
        }
        Some(bot.generation)
    }

    pub(crate) fn end_poll(&mut self, token: &str) {
        if let Some(bot) = self.bots.get_mut(token) {
            bot.polls = bot.polls.saturating_sub(1);
        }
    }

    /// Returns what a poll gets now.
    pub(crate) fn updates(&mut self, poll: &Poll<'_>) -> Updates {
        let hold_ms = self.hold.as_millis();
        let Some(bot) = self.bots.get_mut(poll.token).filter(|bot| !bot.dead) else {
            return Updates::Dead;
        };
        if bot.generation != poll.generation {
            return Updates::Ready(updates_body(&[], "", hold_ms));
        }
        if let Some(again) = bot.again.take() {
            return Updates::Ready(updates_body(&again, poll.cursor, hold_ms));
        }
        let from = if poll.cursor.is_empty() {
            bot.acknowledged
        } else {
            // A cursor of another bot gets no messages.
            id::cursor_position(bot.epoch, poll.cursor).unwrap_or(usize::MAX)
        };
        if from <= bot.log.len() {
            bot.acknowledged = bot.acknowledged.max(from);
        }
        let from = if self.limits.consume_on_delivery { from.max(bot.delivered) } else { from };
        if from >= bot.log.len() {
            return Updates::Nothing;
        }
        let to = bot.log.len().min(from + BATCH);
        bot.delivered = bot.delivered.max(to);
        let mut batch = bot.log[from..to].to_vec();
        if std::mem::take(&mut self.limits.next_batch.reverse) {
            batch.reverse();
        }
        let cursor = id::cursor(bot.epoch, to);
        if let Some(renamed) = self.limits.next_batch.duplicate.take() {
            let copy = if renamed { self.renamed(poll.token, &batch) } else { batch.clone() };
            if let Some(bot) = self.bots.get_mut(poll.token) {
                bot.again = Some(copy);
            }
        }
        Updates::Ready(updates_body(&batch, &cursor, hold_ms))
    }

    pub(crate) fn knows_cursor(&self, token: &str, cursor: &str) -> bool {
        let bot = self.bots.get(token);
        cursor.is_empty() || bot.is_none_or(|bot| id::cursor_position(bot.epoch, cursor).is_some())
    }

    /// Returns messages under new ids and with new context tokens, as redeliveries were seen.
    fn renamed(&mut self, token: &str, batch: &[String]) -> Vec<String> {
        let mut copies = Vec::new();
        for text in batch {
            let mut message: Value = serde_json::from_str(text).unwrap_or_default();
            if message.is_object() {
                let context = id::context_token();
                message["message_id"] = json!(self.next_message_id());
                message["context_token"] = json!(context);
                if let Some(bot) = self.bots.get_mut(token) {
                    let issued = bot.wrote_ms.unwrap_or_default();
                    bot.contexts.insert(context, issued);
                }
            }
            copies.push(message.to_string());
        }
        copies
    }
}

pub(crate) fn updates_body(batch: &[String], cursor: &str, hold_ms: u128) -> String {
    let cursor = json!(cursor);
    let msgs = batch.join(",");
    format!(
        r#"{{"ret":0,"msgs":[{msgs}],"get_updates_buf":{cursor},"longpolling_timeout_ms":{hold_ms}}}"#
    )
}

/// Returns what the sender's own phone shows of a message; of several items the first.
fn shown(message: &Value, now_ms: i64) -> Shown {
    let item = &message["item_list"][0];
    Shown {
        message_id: message["message_id"].as_u64().unwrap_or_default(),
        mine: true,
        at_ms: now_ms,
        kind: Kind::of(item),
        text: words(item),
        client_id: String::new(),
        item: item.clone(),
    }
}

/// The greatest number of messages in one answer.
const BATCH: usize = 100;
