//! Portals and their rooms.

mod reply;
mod room;
mod room_change;

use ruma::{OwnedMxcUri, OwnedRoomId};
use serde::{Deserialize, Serialize};

pub use reply::Reply;

use room::PortalRoom;

use super::{
    Change, Error, Store,
    engine::Pair,
    record::{Table, decode, encode, u32_at},
};
use crate::id::{LoginId, PortalId, PortalKey};

/// A portal, as it is stored. Fields of later releases have a default, so older records can be
/// read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portal {
    /// The portal's number in the store, which is in the record's key.
    #[serde(skip, default = "unnumbered")]
    pub id: PortalId,
    /// The owner and the contact.
    #[serde(flatten)]
    pub key: PortalKey,
    /// The login through which it sends and receives.
    pub login: LoginId,
    /// The contact's own room.
    #[serde(flatten)]
    room: PortalRoom,
    /// The name of the room.
    pub name: Option<String>,
    /// Whether voice messages are sent as voice items, when the owner has chosen.
    #[serde(default)]
    pub voice_items: Option<bool>,
    /// The room with other contacts into which the contact was brought. Their messages go there,
    /// and the portal's own room rests.
    #[serde(default)]
    pub group: Option<OwnedRoomId>,
    /// The room that replaced [`Self::group`], while the bridge may not enter it.
    #[serde(default)]
    pub group_next: Option<OwnedRoomId>,
    /// Rooms with others of which the contact is no longer a part, and which the ghost has not
    /// left.
    #[serde(default)]
    pub groups_left: Vec<OwnedRoomId>,
    /// The number of earlier rooms.
    #[serde(default)]
    generation: u32,
    /// The last room, while the bridge has not left it.
    #[serde(default)]
    pub leaving: Option<Leaving>,
    /// Whether the owner ignores the contact's messages.
    #[serde(default)]
    pub ignored: bool,
    /// The avatar that the owner has chosen for the contact.
    #[serde(default)]
    pub picture: Option<OwnedMxcUri>,
    /// Whether messages of others than the owner stay in the room.
    #[serde(default)]
    pub relay_off: bool,
}

/// A room that was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// The room.
    pub room: OwnedRoomId,
    /// Whether it is in the owner's space.
    pub in_space: bool,
    /// The number of waiting messages that are not sent.
    pub dropped: usize,
    /// Whether the owner has to be told elsewhere.
    pub tell: bool,
}

impl Portal {
    /// Makes a portal that has no room yet.
    pub fn new(id: PortalId, key: PortalKey, login: LoginId, name: Option<String>) -> Self {
        Self {
            id,
            key,
            login,
            room: PortalRoom::Wanted,
            name,
            voice_items: None,
            generation: 0,
            leaving: None,
            ignored: false,
            picture: None,
            relay_off: false,
            group: None,
            group_next: None,
            groups_left: Vec::new(),
        }
    }

    /// Sets the room with others that the contact is in; `None` returns them to the portal's own.
    /// The ghost has to leave the former one.
    pub fn set_group(&mut self, group: Option<OwnedRoomId>) {
        let before = std::mem::replace(&mut self.group, group);
        self.groups_left.extend(before);
        self.groups_left.retain(|left| Some(left) != self.group.as_ref());
        self.groups_left.dedup();
    }
}

impl Change {
    /// Adds or replaces a portal.
    pub fn put_portal(self, portal: &Portal) -> Self {
        self.put(portal_key(portal.id), encode(portal))
    }

    /// Removes a portal and its reply window; its links expire by age.
    pub fn drop_portal(self, portal: PortalId) -> Self {
        self.del(portal_key(portal)).drop_reply(portal)
    }
}

impl Store {
    /// Returns all portals, by number.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn portals(&self) -> Result<Vec<Portal>, Error> {
        let pairs = self.all(Table::Portal)?;
        pairs.iter().map(|pair| self.sound(portal(pair))).collect()
    }
}

fn portal((key, value): &Pair) -> Result<Portal, String> {
    let id = u32_at(key, 1).ok_or("a portal has no number")?;
    Ok(Portal { id: PortalId(id), ..decode(value)? })
}

fn unnumbered() -> PortalId {
    PortalId(0)
}

fn portal_key(portal: PortalId) -> Vec<u8> {
    Table::Portal.key(&[&portal.0.to_be_bytes()])
}

#[cfg(test)]
mod tests {
    use ruma::{owned_room_id, owned_user_id};
    use serde_json::{Value, value::RawValue};

    use super::{room::OpenRoom, *};
    use crate::{id::WechatUserId, store::record::body};

    fn written(record: &impl Serialize) -> String {
        String::from_utf8(body(&encode(record)).unwrap().to_vec()).unwrap()
    }

    fn read(json: &str) -> Result<Portal, String> {
        let raw: &RawValue = serde_json::from_str(json).unwrap();
        portal(&(portal_key(PortalId(7)), encode(&raw)))
    }

    #[test]
    fn a_portal_of_the_first_form_is_read_and_one_of_now_is_written_as_before() {
        let first =
            r#"{"owner":"@a:b.org","contact":"o1@im.wechat","login":3,"room":null,"name":"Mum"}"#;
        let contact = WechatUserId::parse("o1@im.wechat").unwrap();
        let key = PortalKey { owner: owned_user_id!("@a:b.org"), contact };
        let known = Portal::new(PortalId(7), key, LoginId(3), Some("Mum".into()));
        assert_eq!(read(first), Ok(known.clone()));

        let leaving =
            Leaving { room: owned_room_id!("!o:b.org"), in_space: true, dropped: 2, tell: false };
        let open = OpenRoom {
            id: owned_room_id!("!r:b.org"),
            welcomed: false,
            in_space: false,
            capabilities: None,
        };
        let full = Portal {
            room: PortalRoom::Open(open),
            leaving: Some(leaving),
            groups_left: vec![owned_room_id!("!g:b.org")],
            generation: 4,
            ..known
        };
        // Of an older version, whose record had its fields in another order.
        let older = concat!(
            r#"{"owner":"@a:b.org","contact":"o1@im.wechat","login":3,"room":"!r:b.org","#,
            r#""name":"Mum","welcomed":false,"voice_items":null,"group":null,"group_next":null,"#,
            r#""groups_left":["!g:b.org"],"generation":4,"closed":false,"leaving":{"#,
            r#""room":"!o:b.org","in_space":true,"dropped":2,"tell":false},"moving_to":null,"#,
            r#""ignored":false,"picture":null,"relay_off":false,"in_space":false,"features":null}"#,
        );
        assert_eq!(read(older), Ok(full.clone()));
        let (now, older) = (written(&full), serde_json::from_str::<Value>(older).unwrap());
        assert_eq!(serde_json::from_str::<Value>(&now).unwrap(), older);
        assert_eq!(read(&now), Ok(full));
    }

    #[test]
    fn a_portal_with_an_impossible_contact_is_not_read() {
        assert!(read(r#"{"owner":"@a:b.org","contact":"","login":3}"#).is_err());
    }
}
