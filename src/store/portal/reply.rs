//! The state of each contact's reply window.

use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    id::{ContextToken, PortalId},
    store::{
        Change, Error, Store,
        record::{Table, encode},
    },
};

/// The state of the reply window, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The context token of the contact's newest message.
    #[serde(default, with = "token")]
    pub context: Option<ContextToken>,
    /// The time of the contact's last message.
    pub heard: Timestamp,
    /// The number of messages that were sent since then.
    pub sends: u32,
    /// The time before which nothing is sent.
    pub held_until: Option<Timestamp>,
    /// How often in a row WeChat throttled.
    #[serde(default)]
    pub throttled: u32,
    /// The number of messages in a row that WeChat accepted without an id.
    #[serde(default)]
    pub unconfirmed: u32,
    /// The number of the contact's messages that were not shown because they are ignored.
    #[serde(default)]
    pub left_out: u32,
}

impl Change {
    /// Stores the state of a reply window.
    pub fn put_reply(self, portal: PortalId, reply: &Reply) -> Self {
        self.put(reply_key(portal), encode(reply))
    }

    /// Removes the state of a reply window, which a new bot does not have.
    pub fn drop_reply(self, portal: PortalId) -> Self {
        self.del(reply_key(portal))
    }
}

impl Store {
    /// Returns the state of the portal's reply window.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn reply(&self, portal: PortalId) -> Result<Option<Reply>, Error> {
        self.find(&reply_key(portal))
    }
}

/// The serialised form of a context token, which does not serialise by itself.
mod token {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use crate::id::ContextToken;

    pub(super) fn serialize<S: Serializer>(
        token: &Option<ContextToken>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        token.as_ref().map(ContextToken::expose).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<ContextToken>, D::Error> {
        Ok(Option::<String>::deserialize(from)?.map(ContextToken::new))
    }
}

fn reply_key(portal: PortalId) -> Vec<u8> {
    Table::Reply.key(&[&portal.0.to_be_bytes()])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::store::record::{body, decode};

    #[test]
    fn a_window_of_the_first_form_is_read_and_one_of_now_is_written_as_before() {
        let first = encode(&json!({"context":"t","heard":5,"sends":2,"held_until":null}));
        let known = Reply {
            context: Some(ContextToken::new("t")),
            heard: Timestamp(5),
            sends: 2,
            held_until: None,
            throttled: 0,
            unconfirmed: 0,
            left_out: 0,
        };
        assert_eq!(decode::<Reply>(&first), Ok(known.clone()));
        let expected = concat!(
            r#"{"context":"t","heard":5,"sends":2,"held_until":null,"#,
            r#""throttled":0,"unconfirmed":0,"left_out":0}"#,
        );
        assert_eq!(String::from_utf8(body(&encode(&known)).unwrap().to_vec()).unwrap(), expected);
        assert!(decode::<Reply>(&encode(&Value::Null)).is_err());
    }
}
