//! Logins and owners: who linked whom, and where the owner's management room is.

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

/// One linked contact of one owner, with the newest credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The store's number of it.
    pub id: LoginId,
    /// The Matrix user it belongs to.
    pub owner: OwnedUserId,
    /// The WeChat user on the other side.
    pub contact: WechatUserId,
    /// The bot that the newest QR code made.
    pub bot: BotId,
    /// What authorises the bot.
    pub token: BotToken,
    /// Where this bot is served, when that is not the configured address.
    pub base_url: Option<String>,
    /// What the owner calls the contact.
    pub name: Option<String>,
    /// Whether it is in use.
    pub state: LoginState,
    /// When the contact was linked first.
    pub created: Timestamp,
}

/// Whether a login is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginState {
    /// It polls and sends.
    Active,
    /// Its token is of no more use.
    LoggedOut {
        /// Since when.
        at: Timestamp,
        /// Who ended it.
        why: LogoutReason,
    },
}

/// Who ended a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogoutReason {
    /// WeChat did.
    SessionEnded,
    /// The owner asked for it.
    ByOwner,
}

/// A Matrix user who talks to the bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The user.
    pub user: OwnedUserId,
    /// The room with just the user and the bot.
    pub management_room: Option<OwnedRoomId>,
    /// The language the user chose, as `lang` was told it.
    pub language: Option<String>,
    /// The space that holds the rooms of their contacts.
    pub space: Option<OwnedRoomId>,
    /// How many spaces they have had.
    pub spaces: u32,
    /// Whether they have left it, and want none.
    pub left_space: bool,
}

impl Owner {
    /// A user of whom nothing is known yet.
    pub fn new(user: OwnedUserId) -> Self {
        Self {
            user,
            management_room: None,
            language: None,
            space: None,
            spaces: 0,
            left_space: false,
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
        };
        self.put(Table::Owner.key(&[owner.user.as_bytes()]), encode(&record))
    }

    /// Notes where the login's next poll goes on.
    pub fn put_cursor(self, login: LoginId, cursor: &Cursor) -> Self {
        self.put(cursor_key(login), encode(&cursor.expose()))
    }

    /// Forgets where the polls were; the next one begins anew.
    pub fn drop_cursor(self, login: LoginId) -> Self {
        self.del(cursor_key(login))
    }
}

impl Store {
    /// All logins, by number.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn logins(&self) -> Result<Vec<Login>, Error> {
        let pairs = self.all(Table::Login)?;
        pairs.iter().map(|pair| self.sound(login(pair))).collect()
    }

    /// All owners.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn owners(&self) -> Result<Vec<Owner>, Error> {
        let pairs = self.all(Table::Owner)?;
        pairs.iter().map(|(_, value)| self.sound(decode(value).map(OwnerRecord::into))).collect()
    }

    /// Where the login's next poll goes on.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn cursor(&self, login: LoginId) -> Result<Option<Cursor>, Error> {
        Ok(self.find::<String>(&cursor_key(login))?.map(Cursor::new))
    }
}

/// The login in a pair of the database.
pub(super) fn login((key, value): &Pair) -> Result<Login, String> {
    let id = u32_at(key, 1).ok_or("a login has no number")?;
    let record: LoginRecord = decode(value)?;
    record.into_login(LoginId(id)).ok_or_else(|| "a login holds an impossible id".into())
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
        }
    }
}

fn login_key(login: LoginId) -> Vec<u8> {
    Table::Login.key(&[&login.0.to_be_bytes()])
}

fn cursor_key(login: LoginId) -> Vec<u8> {
    Table::Cursor.key(&[&login.0.to_be_bytes()])
}
