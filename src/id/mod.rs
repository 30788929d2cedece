//! Identifiers: those of WeChat, and the bridge's own numbers.
//!
//! A WeChat id is opaque and case-sensitive (docs/protocol.md §6); only this file looks inside one.

mod ghost;

use std::fmt;

pub use ghost::GhostNames;
use ruma::OwnedUserId;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::secret::secret_kind;

/// Declares an opaque, non-empty text id.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// Takes an id as it was received; `None` when it is empty, longer than 255 bytes or
            /// contains a control character or a space.
            pub fn parse(text: &str) -> Option<Self> {
                let sound = !text.is_empty()
                    && text.len() <= MAX_ID_BYTES
                    && !text.chars().any(|c| c.is_control() || c.is_whitespace());
                sound.then(|| Self(text.into()))
            }

            /// Returns the id as it was received.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                Self::parse(&text).ok_or_else(|| D::Error::custom("an impossible id"))
            }
        }

        impl fmt::Display for $name {
            /// Writes a shortened form for logs and notices, which is not an id to send.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let head: String = self.0.chars().take(SHOWN_CHARS).collect();
                let cut = if head.len() < self.0.len() { "…" } else { "" };
                write!(f, "{head}{cut}")
            }
        }
    };
}

text_id! {
    /// The id of a WeChat user, `…@im.wechat`. Stays when the person binds a new bot.
    WechatUserId
}
text_id! {
    /// The id of a login's bot, `…@im.bot`. Changes with every login.
    BotId
}
text_id! {
    /// The server's id of a message: a uint64 in decimal, kept as text so that no digit is lost.
    MessageId
}

secret_kind! {
    /// The token that authorises every call of one login.
    BotToken
}
secret_kind! {
    /// The token that comes with each message of a contact and is returned in the answers to it.
    ContextToken
}
secret_kind! {
    /// The cursor of the next poll: the opaque `get_updates_buf`.
    Cursor
}

/// The key of a chat: its owner and its contact.
///
/// Two owners who link one person have two portals, which both last through new logins.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PortalKey {
    /// The Matrix user to whom the chat belongs.
    pub owner: OwnedUserId,
    /// The WeChat user on the other side.
    pub contact: WechatUserId,
}

/// Declares a number that the store assigns and never reuses.
macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id! {
    /// The number of a login: one linked contact of one owner, through all its bots.
    LoginId(u32)
}
number_id! {
    /// The number of a portal.
    PortalId(u32)
}
number_id! {
    /// The number of an entry in the inbox, in order of arrival.
    InboxId(u64)
}

const MAX_ID_BYTES: usize = 255;
const SHOWN_CHARS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_refused_when_it_cannot_be_one() {
        for bad in ["", "a b", "a\u{0}", &"x".repeat(256)] {
            assert_eq!(WechatUserId::parse(bad), None);
        }
    }

    #[test]
    fn an_id_is_shown_shortened_and_kept_whole() {
        let id = WechatUserId::parse("o9cq80Abc-_12@im.wechat").unwrap();
        assert_eq!(id.to_string(), "o9cq80Ab…");
        assert_eq!(id.as_str(), "o9cq80Abc-_12@im.wechat");
    }
}
