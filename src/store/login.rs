//! Logins and owners: the linked contacts, and each owner's management room.

use ruma::{OwnedRoomId, OwnedUserId};
use serde::{Deserialize, Serialize};

use super::{
    Change, Error, Store,
    engine::Pair,
    record::{Table, decode, encode, u32_at},
};
use crate::{
    clock::Timestamp,
    id::{BotId, BotToken, Cursor, LoginId, WechatUserId},
};

/// A linked contact of one owner, with the newest credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The login's number in the store.
    pub id: LoginId,
    /// The Matrix user to whom it belongs.
    pub owner: OwnedUserId,
    /// The WeChat user on the other side.
    pub contact: WechatUserId,
    /// The bot of the newest QR login.
    pub bot: BotId,
    /// The token that authorises the bot's calls.
    pub token: BotToken,
    /// The host of the bot's calls, when it is not the configured one.
    pub base_url: Option<String>,
    /// The owner's name for the contact.
    pub name: Option<String>,
    /// Whether it is in use.
    pub state: LoginState,
    /// The time at which the contact was linked first.
    pub created: Timestamp,
}

/// Whether a login is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginState {
    /// The login polls and sends.
    Active,
    /// The login's token is no longer valid.
    LoggedOut {
        /// The time of the logout.
        at: Timestamp,
        /// The cause of the logout.
        why: LogoutReason,
    },
}

/// The cause of a logout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogoutReason {
    /// WeChat ended the session.
    SessionEnded,
    /// The owner logged out.
    ByOwner,
}

/// A Matrix user who talks to the bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The user.
    pub user: OwnedUserId,
    /// The room of only the user and the bot.
    pub management_room: Option<OwnedRoomId>,
    /// The language that the user chose with `lang`.
    pub language: Option<String>,
    /// The space with the rooms of their contacts.
    pub space: Option<OwnedRoomId>,
    /// The number of spaces so far.
    pub spaces: u32,
    /// Whether they have left the space, and want none.
    pub left_space: bool,
    /// Whether they have left the management room, without a new one or a new login since.
    pub left_management_room: bool,
}

impl Owner {
    /// Makes the record of a new user.
    pub fn new(user: OwnedUserId) -> Self {
        Self {
            user,
            management_room: None,
            language: None,
            space: None,
            spaces: 0,
            left_space: false,
            left_management_room: false,
        }
    }
}

impl Change {
    /// Adds or replaces a login.
    pub fn put_login(self, login: &Login) -> Self {
        self.put(login_key(login.id), encode(&LoginRecord::from(login)))
    }

    /// Adds or replaces an owner.
    pub fn put_owner(self, owner: &Owner) -> Self {
        let record = OwnerRecord {
            user: owner.user.clone(),
            management_room: owner.management_room.clone(),
            language: owner.language.clone(),
            space: owner.space.clone(),
            spaces: owner.spaces,
            left_space: owner.left_space,
            left_management_room: owner.left_management_room,
        };
        self.put(Table::Owner.key(&[owner.user.as_bytes()]), encode(&record))
    }

    /// Stores the cursor of the login's next poll.
    pub fn put_cursor(self, login: LoginId, cursor: &Cursor) -> Self {
        self.put(cursor_key(login), encode(&cursor.expose()))
    }

    /// Removes the cursor; the next poll begins anew.
    pub fn drop_cursor(self, login: LoginId) -> Self {
        self.del(cursor_key(login))
    }
}

impl Store {
    /// Returns all logins, by number.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn logins(&self) -> Result<Vec<Login>, Error> {
        let pairs = self.all(Table::Login)?;
        pairs.iter().map(|pair| self.sound(login(pair))).collect()
    }

    /// Returns all owners.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn owners(&self) -> Result<Vec<Owner>, Error> {
        let pairs = self.all(Table::Owner)?;
        pairs.iter().map(|(_, value)| self.sound(decode(value).map(OwnerRecord::into))).collect()
    }

    /// Returns the cursor of the login's next poll.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn cursor(&self, login: LoginId) -> Result<Option<Cursor>, Error> {
        Ok(self.find::<String>(&cursor_key(login))?.map(Cursor::new))
    }
}

/// Reads the login of a key and its value.
pub(super) fn login((key, value): &Pair) -> Result<Login, String> {
    let id = u32_at(key, 1).ok_or("a login has no number")?;
    let record: LoginRecord = decode(value)?;
    record.into_login(LoginId(id)).ok_or_else(|| "a login holds an impossible id".into())
}

/// Returns whether a pair is a login that its owner has ended.
pub(super) fn is_put_away(key: &[u8], value: &[u8]) -> bool {
    key.first() == Some(&(Table::Login as u8))
        && decode::<LoginRecord>(value)
            .is_ok_and(|record| matches!(record.logged_out, Some((_, Why::ByOwner))))
}

#[derive(Serialize, Deserialize)]
struct LoginRecord {
    owner: OwnedUserId,
    contact: String,
    bot: String,
    token: String,
    base_url: Option<String>,
    name: Option<String>,
    created: i64,
    logged_out: Option<(i64, Why)>,
}

#[derive(Serialize, Deserialize)]
enum Why {
    SessionEnded,
    ByOwner,
}

impl From<&Login> for LoginRecord {
    fn from(login: &Login) -> Self {
        Self {
            owner: login.owner.clone(),
            contact: login.contact.as_str().to_owned(),
            bot: login.bot.as_str().to_owned(),
            token: login.token.expose().to_owned(),
            base_url: login.base_url.clone(),
            name: login.name.clone(),
            created: login.created.0,
            logged_out: match login.state {
                LoginState::Active => None,
                LoginState::LoggedOut { at, why } => Some((
                    at.0,
                    match why {
                        LogoutReason::SessionEnded => Why::SessionEnded,
                        LogoutReason::ByOwner => Why::ByOwner,
                    },
                )),
            },
        }
    }
}

impl LoginRecord {
    fn into_login(self, id: LoginId) -> Option<Login> {
        let state = self.logged_out.map_or(LoginState::Active, |(at, why)| {
            let why = match why {
                Why::SessionEnded => LogoutReason::SessionEnded,
                Why::ByOwner => LogoutReason::ByOwner,
            };
            LoginState::LoggedOut { at: Timestamp(at), why }
        });
        Some(Login {
            id,
            owner: self.owner,
            contact: WechatUserId::parse(&self.contact)?,
            bot: BotId::parse(&self.bot)?,
            token: BotToken::new(self.token),
            base_url: self.base_url,
            name: self.name,
            state,
            created: Timestamp(self.created),
        })
    }
}

#[derive(Serialize, Deserialize)]
struct OwnerRecord {
    user: OwnedUserId,
    management_room: Option<OwnedRoomId>,
    language: Option<String>,
    #[serde(default)]
    space: Option<OwnedRoomId>,
    #[serde(default)]
    spaces: u32,
    #[serde(default)]
    left_space: bool,
    #[serde(default)]
    left_management_room: bool,
}

impl From<OwnerRecord> for Owner {
    fn from(record: OwnerRecord) -> Self {
        Self {
            user: record.user,
            management_room: record.management_room,
            language: record.language,
            space: record.space,
            spaces: record.spaces,
            left_space: record.left_space,
            left_management_room: record.left_management_room,
        }
    }
}

fn login_key(login: LoginId) -> Vec<u8> {
    Table::Login.key(&[&login.0.to_be_bytes()])
}

fn cursor_key(login: LoginId) -> Vec<u8> {
    Table::Cursor.key(&[&login.0.to_be_bytes()])
}
