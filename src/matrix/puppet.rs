//! The double puppets: the bridge joins rooms and marks direct chats in the name of people, with
//! the token of a registration of its own.

use std::collections::BTreeMap;

use ruma::{
    OwnedRoomId, OwnedUserId, RoomId, UserId,
    api::{
        AppserviceUserIdentity,
        client::{
            account::whoami,
            config::{get_global_account_data, set_global_account_data},
            membership::join_room_by_id,
        },
    },
    events::GlobalAccountDataEventType,
    serde::Raw,
};
use serde_json::value::{RawValue, to_raw_value};

use super::{error::Error, homeserver::Homeserver, registration::AsToken};

/// The people in whose name a second registration lets the bridge act; cheap to clone.
///
/// The namespace of that registration is not exclusive, so people keep their accounts to
/// themselves. There is no method to send a message.
#[derive(Debug, Clone)]
pub struct Puppets {
    homeserver: Homeserver,
    token: AsToken,
}

impl Puppets {
    /// Uses the registration with this token, over the connections of `homeserver`.
    pub fn new(homeserver: Homeserver, token: AsToken) -> Self {
        Self { homeserver, token }
    }

    /// Asks the homeserver who `user` is: shows whether the token is valid for them.
    pub async fn whoami(&self, user: &UserId) -> Result<OwnedUserId, Error> {
        let identity = AppserviceUserIdentity::new(user);
        let request = whoami::v3::Request::new();
        Ok(self.homeserver.request_with(&self.token, request, identity).await?.user_id)
    }

    /// Joins `room` as `user`; harmless for a member.
    pub async fn join(&self, user: &UserId, room: &RoomId) -> Result<(), Error> {
        let identity = AppserviceUserIdentity::new(user);
        let request = join_room_by_id::v3::Request::new(room.to_owned());
        self.homeserver.request_with(&self.token, request, identity).await.map(drop)
    }

    /// Marks `room` as a direct chat of `user` with `with`. All other marks of `user` stay
    /// unchanged; when they cannot be read, nothing is changed.
    ///
    /// Reads and writes: must not be called twice at once for one user.
    pub async fn mark_direct(
        &self,
        user: &UserId,
        with: &UserId,
        room: &RoomId,
    ) -> Result<(), Error> {
        let request = get_global_account_data::v3::Request::new(
            user.to_owned(),
            GlobalAccountDataEventType::Direct,
        );
        let identity = AppserviceUserIdentity::new(user);
        let known = match self.homeserver.request_with(&self.token, request, identity).await {
            Ok(response) => Some(response.account_data.into_json()),
            Err(Error::NotFound) => None,
            Err(error) => return Err(error),
        };
        let Some(marked) = with_room(known.as_deref(), with, room)? else { return Ok(()) };
        let marked = Raw::from_json(marked);
        let request = set_global_account_data::v3::Request::new_raw(
            user.to_owned(),
            GlobalAccountDataEventType::Direct,
            marked,
        );
        let identity = AppserviceUserIdentity::new(user);
        self.homeserver.request_with(&self.token, request, identity).await.map(drop)
    }
}

/// Returns the content of `m.direct` with one more room; `None` when there is nothing to change.
fn with_room(
    known: Option<&RawValue>,
    with: &UserId,
    room: &RoomId,
) -> Result<Option<Box<RawValue>>, Error> {
    let known = known.map_or("{}", RawValue::get);
    // A client may keep more than ids there; other entries are written back as they came.
    let Ok(mut all) = serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(known) else {
        return Ok(None);
    };
    let before = all.get(with.as_str()).map_or("[]", |rooms| rooms.get());
    let mut rooms: Vec<OwnedRoomId> = serde_json::from_str(before).unwrap_or_default();
    if rooms.iter().any(|known| known == room) {
        return Ok(None);
    }
    rooms.push(room.to_owned());
    all.insert(with.to_string(), raw(&rooms)?);
    raw(&all).map(Some)
}

fn raw(value: &impl serde::Serialize) -> Result<Box<RawValue>, Error> {
    to_raw_value(value).map_err(|error| Error::Unsendable(Box::new(error)))
}

#[cfg(test)]
mod tests {
    use ruma::{room_id, user_id};
    use serde_json::{Value, json};

    use super::*;

    fn marked(known: Option<&str>) -> Option<Value> {
        let known = known.map(|known| RawValue::from_string(known.to_owned()).unwrap());
        let with = with_room(known.as_deref(), user_id!("@mum:b.org"), room_id!("!new"));
        with.unwrap().map(|raw| serde_json::from_str(raw.get()).unwrap())
    }

    #[test]
    fn a_room_comes_to_those_that_are_marked() {
        let alone = json!({ "@mum:b.org": ["!new"] });
        assert_eq!(marked(None), Some(alone.clone()));
        assert_eq!(marked(Some("{}")), Some(alone.clone()));
        assert_eq!(marked(Some(r#"{"@mum:b.org":5}"#)), Some(alone));
        let both = json!({ "@mum:b.org": ["!old", "!new"], "@dad:b.org": ["!x"] });
        assert_eq!(marked(Some(r#"{"@dad:b.org":["!x"],"@mum:b.org":["!old"]}"#)), Some(both));
        assert_eq!(marked(Some(r#"{"@mum:b.org":["!new","!old"]}"#)), None, "it is there");
    }

    #[test]
    fn what_others_have_put_there_is_left_alone() {
        let odd = r#"{"@dad:b.org":{"n":1.0e2,"x":null},"list":"no list"}"#;
        let mut expected: Value = serde_json::from_str(odd).unwrap();
        expected["@mum:b.org"] = json!(["!new"]);
        assert_eq!(marked(Some(odd)), Some(expected));
        for unreadable in ["[]", "null", "5", r#""text""#] {
            assert_eq!(marked(Some(unreadable)), None, "{unreadable}");
        }
    }
}
