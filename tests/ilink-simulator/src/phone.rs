//! The handle of one phone: the actions of its owner, and its screen.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::chat::{Kind, Shown, text_item};
use crate::device::Digits;
use crate::qr::{QrState, ScanError};
use crate::simulator::PATIENCE;
use crate::state::{Shared, World};

/// A phone. Clones are handles of one phone.
#[derive(Clone)]
pub struct Phone {
    pub(crate) shared: Arc<Shared>,
    name: String,
}

impl Phone {
    pub(crate) fn new(shared: Arc<Shared>, name: &str) -> Self {
        Self { shared, name: name.to_owned() }
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its `…@im.wechat` id.
    pub fn user_id(&self) -> String {
        self.shared.quietly(|world| world.ensure_device(&self.name).user_id.clone())
    }

    /// Returns the id of the bot to which it is bound, `…@im.bot`, while that session lives.
    pub fn bot_id(&self) -> Option<String> {
        let living = |world: &mut World| {
            Some(world.bot_of(&self.name).filter(|bot| !bot.dead)?.bot_id.clone())
        };
        self.shared.quietly(living)
    }

    /// Returns the token of the bot to which it is bound, alive or not.
    pub fn bot_token(&self) -> Option<String> {
        self.shared.quietly(|world| Some(world.bot_of(&self.name)?.token.clone()))
    }

    /// Returns whether its bot is between `notifystart` and `notifystop`.
    pub fn is_online(&self) -> bool {
        self.shared
            .quietly(|world| world.bot_of(&self.name).is_some_and(|bot| bot.online && !bot.dead))
    }

    /// Scans a QR code, given by the URL in it.
    ///
    /// # Errors
    /// When it is unknown, over its time, or scanned already.
    pub async fn scan(&self, qr_url: &str) -> Result<(), ScanError> {
        let now_ms = self.shared.clock.now_ms();
        self.shared.change(|world| world.scan(&self.name, qr_url, now_ms))
    }

    /// Confirms the scanned login. Where digits are asked for, waits until the other side has
    /// entered them.
    ///
    /// # Errors
    /// When nothing is scanned, it is over its time, or the digits do not come within 30 s.
    pub async fn confirm(&self) -> Result<(), ScanError> {
        let ready = self.shared.wait_until(PATIENCE, |world| {
            let id = world.ensure_device(&self.name).qr.clone();
            let waits = id
                .and_then(|id| world.qrs.get(&id))
                .is_some_and(|qr| qr.state == QrState::NeedsDigits);
            (!waits).then_some(())
        });
        ready.await.ok_or(ScanError::NeedsDigits)?;
        let now_ms = self.shared.clock.now_ms();
        self.shared.change(|world| world.confirm(&self.name, now_ms))
    }

    /// Binds the phone without a QR code and returns the bot's token: for load tests that skip the
    /// login.
    pub fn bind(&self) -> String {
        self.shared.change(|world| world.bind(&self.name))
    }

    /// Lets the next scan show this number, which the other side has to enter.
    pub fn require_digits(&self, number: &str) {
        let digits = Digits { number: number.to_owned(), blocked: false };
        self.shared.change(|world| world.ensure_device(&self.name).digits = Some(digits));
    }

    /// Lets the next entered number, right or wrong, end the QR code with `verify_code_blocked`.
    pub fn block_digits(&self) {
        self.shared.change(|world| {
            let device = world.ensure_device(&self.name);
            let number = device.digits.take().map_or_else(String::new, |digits| digits.number);
            device.digits = Some(Digits { number, blocked: true });
        });
    }

    /// Asks for no number from now on.
    pub fn allow_without_digits(&self) {
        self.shared.change(|world| world.ensure_device(&self.name).digits = None);
    }

    /// Writes a text and returns its message id.
    pub async fn says(&self, text: &str) -> u64 {
        self.say_items(&json!([text_item(text)]))
    }

    /// Sends one item of any kind and returns its message id.
    pub async fn sends_item(&self, item: Value) -> u64 {
        self.say_items(&json!([item]))
    }

    /// Sends several items in one message and returns its message id.
    pub async fn sends_items(&self, items: Vec<Value>) -> u64 {
        self.say_items(&Value::Array(items))
    }

    /// Hands a whole message to the bot unchanged, whatever it is.
    pub async fn sends_raw(&self, message: Value) {
        let now_ms = self.shared.clock.now_ms();
        self.shared.change(|world| world.deliver(&self.name, &message, now_ms));
    }

    /// Returns a message as [`Phone::says`] would send it, to be changed and sent by
    /// [`Phone::sends_raw`].
    pub fn draft(&self, text: &str) -> Value {
        let now_ms = self.shared.clock.now_ms();
        self.shared.change(|world| {
            let message_id = world.next_message_id();
            world.envelope(&self.name, message_id, &json!([text_item(text)]), now_ms)
        })
    }

    /// Replies to an earlier message as newer phones do: by its id alone.
    pub async fn quotes(&self, message_id: u64, text: &str) -> u64 {
        let mut item = text_item(text);
        item["ref_msg"] = json!({ "svr_id": message_id });
        self.say_items(&json!([item]))
    }

    /// Replies to an earlier message as older phones do: with its content.
    pub async fn quotes_whole(&self, message_id: u64, text: &str) -> u64 {
        let quoted = self.chat().into_iter().find(|shown| shown.message_id == message_id);
        let mut whole = quoted.map_or(Value::Null, |shown| shown.item);
        if whole.is_object() {
            whole["msg_id"] = json!(message_id.to_string());
        }
        let mut item = text_item(text);
        item["ref_msg"] = json!({ "title": self.name, "message_item": whole });
        self.say_items(&json!([item]))
    }

    /// Returns the messages of the bot that the phone shows, oldest first.
    pub fn shows(&self) -> Vec<Shown> {
        self.shared.quietly(|world| arrived(world, &self.name))
    }

    /// Returns everything on the screen, both ways, oldest first.
    pub fn chat(&self) -> Vec<Shown> {
        self.shared.quietly(|world| world.ensure_device(&self.name).chat.clone())
    }

    /// Waits until the phone shows this many messages of the bot, and returns them all.
    ///
    /// # Panics
    /// After two minutes, with what it shows instead.
    pub async fn wait_shows(&self, count: usize) -> Vec<Shown> {
        let found = self.shared.wait_until(PATIENCE, |world| {
            let enough = world.ensure_device(&self.name).arrived >= count;
            enough.then(|| arrived(world, &self.name))
        });
        found.await.unwrap_or_else(|| {
            panic!("{} shows {:?}, not {count} messages", self.name, self.texts())
        })
    }

    /// Waits for a message of the bot for which `wanted` holds.
    ///
    /// # Panics
    /// After two minutes, with what it shows instead.
    pub async fn wait_for(&self, wanted: impl Fn(&Shown) -> bool) -> Shown {
        let found = self.shared.wait_until(PATIENCE, |world| {
            let chat = &world.ensure_device(&self.name).chat;
            chat.iter().rev().find(|shown| !shown.mine && wanted(shown)).cloned()
        });
        found.await.unwrap_or_else(|| {
            panic!("{} shows {:?}, nothing of that sort", self.name, self.texts())
        })
    }

    /// Waits for a text of the bot.
    ///
    /// # Panics
    /// After two minutes, with what it shows instead.
    pub async fn wait_text(&self, text: &str) -> Shown {
        self.wait_for(|shown| shown.kind == Kind::Text && shown.text == text).await
    }

    /// Returns whether it shows that the bot is typing.
    pub fn typing(&self) -> bool {
        self.shared.quietly(|world| world.ensure_device(&self.name).typing)
    }

    /// Waits until it shows that the bot is typing, or no longer.
    ///
    /// # Panics
    /// After two minutes.
    pub async fn wait_typing(&self, typing: bool) {
        let found = self.shared.wait_until(PATIENCE, |world| {
            (world.ensure_device(&self.name).typing == typing).then_some(())
        });
        found.await.unwrap_or_else(|| panic!("{} does not show typing = {typing}", self.name));
    }

    /// Waits until it is bound to a living bot that is online, and returns the bot's id.
    ///
    /// # Panics
    /// After two minutes.
    pub async fn wait_online(&self) -> String {
        let found = self.shared.wait_until(PATIENCE, |world| {
            let bot = world.bot_of(&self.name).filter(|bot| bot.online && !bot.dead)?;
            Some(bot.bot_id.clone())
        });
        found.await.unwrap_or_else(|| panic!("the bot of {} is not online", self.name))
    }

    /// Waits until its bot is offline, or has ended.
    ///
    /// # Panics
    /// After two minutes.
    pub async fn wait_offline(&self) {
        let found = self.shared.wait_until(PATIENCE, |world| {
            let gone = world.bot_of(&self.name).is_none_or(|bot| !bot.online || bot.dead);
            gone.then_some(())
        });
        found.await.unwrap_or_else(|| panic!("the bot of {} is still online", self.name));
    }

    /// Returns how many of its messages the bot has not acknowledged with a later cursor.
    pub fn unacknowledged(&self) -> usize {
        let open = |world: &mut World| {
            world.bot_of(&self.name).map_or(0, |bot| bot.log.len() - bot.acknowledged)
        };
        self.shared.quietly(open)
    }

    /// Waits until the bot has acknowledged all of its messages with a later cursor.
    ///
    /// # Panics
    /// After two minutes.
    pub async fn wait_acknowledged(&self) {
        let found = self.shared.wait_until(PATIENCE, |world| {
            let bot = world.bot_of(&self.name)?;
            (bot.acknowledged == bot.log.len()).then_some(())
        });
        found.await.unwrap_or_else(|| panic!("messages of {} are not acknowledged", self.name));
    }

    fn say_items(&self, items: &Value) -> u64 {
        let now_ms = self.shared.clock.now_ms();
        self.shared.change(|world| world.say(&self.name, items, now_ms))
    }

    fn texts(&self) -> Vec<String> {
        self.shows().into_iter().map(|shown| shown.text).collect()
    }
}

fn arrived(world: &mut World, name: &str) -> Vec<Shown> {
    let chat = &world.ensure_device(name).chat;
    chat.iter().filter(|shown| !shown.mine).cloned().collect()
}
