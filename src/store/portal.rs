//! Portals, and what is known of each contact's reply window.

use ruma::{OwnedMxcUri, OwnedRoomId, OwnedUserId};
use serde::{Deserialize, Serialize};

use super::{
    Change, Error, Store,
    engine::Pair,
    record::{Table, decode, encode, u32_at},
};
use crate::{
    clock::Timestamp,
    id::{ContextToken, LoginId, PortalId, PortalKey, WechatUserId},
};

/// One chat and its room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portal {
    /// The store's number of it.
    pub id: PortalId,
    /// Whose chat with whom.
    pub key: PortalKey,
    /// The login that carries it.
    pub login: LoginId,
    /// Its room, once there is one.
    pub room: Option<OwnedRoomId>,
    /// What the room is called.
    pub name: Option<String>,
    /// Whether the owner was invited and greeted.
    pub welcomed: bool,
    /// Whether voice messages go out as voice items, when the owner has chosen.
    pub voice_items: Option<bool>,
    /// The room with others in it into which the contact was brought; their messages go there, and
    /// the portal's own room waits.
    pub group: Option<OwnedRoomId>,
    /// The room that replaced that one, while the bridge may not enter.
    pub group_next: Option<OwnedRoomId>,
    /// Rooms with others that the contact is in no more, and the ghost still is.
    pub groups_left: Vec<OwnedRoomId>,
    /// How many rooms it had before this one.
    pub generation: u32,
    /// Whether its room was closed: there is no other before the contact writes.
    pub closed: bool,
    /// The room that it had last, while the bridge is not out of it.
    pub leaving: Option<Leaving>,
    /// The room that replaced its room, while the bridge may not enter.
    pub moving_to: Option<OwnedRoomId>,
    /// Whether the owner does not want the contact's messages.
    pub ignored: bool,
    /// What the owner has chosen for the contact to look like.
    pub picture: Option<OwnedMxcUri>,
    /// Whether what others than the owner write in the room stays there.
    pub relay_off: bool,
    /// Whether its room is in the owner's space, or was refused there.
    pub in_space: bool,
    /// Which list of what WeChat takes its room has, or was refused.
    pub features: Option<String>,
}

/// A room that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// The room.
    pub room: OwnedRoomId,
    /// Whether it is in the owner's space.
    pub in_space: bool,
    /// How many messages that waited are not sent.
    pub dropped: usize,
    /// Whether the owner is to be told elsewhere.
    pub tell: bool,
}

impl Portal {
    /// A chat that has no room yet.
    pub fn new(id: PortalId, key: PortalKey, login: LoginId, name: Option<String>) -> Self {
        Self {
            id,
            key,
            login,
            room: None,
            name,
            welcomed: false,
            voice_items: None,
            generation: 0,
            closed: false,
            leaving: None,
            moving_to: None,
            ignored: false,
            picture: None,
            relay_off: false,
            in_space: false,
            features: None,
            group: None,
            group_next: None,
            groups_left: Vec::new(),
        }
    }

    /// Takes its room away; the next one is another.
    pub fn forget_room(&mut self) {
        self.generation += u32::from(self.room.is_some());
        (self.room, self.moving_to) = (None, None);
        (self.welcomed, self.in_space, self.features) = (false, false, None);
    }

    /// Brings the contact into a room with others, or into the own one again. The room that it was
    /// in is one that the ghost has to leave.
    pub fn set_group(&mut self, group: Option<OwnedRoomId>) {
        let before = std::mem::replace(&mut self.group, group);
        self.groups_left.extend(before);
        self.groups_left.retain(|left| Some(left) != self.group.as_ref());
        self.groups_left.dedup();
    }

    /// Where what the contact writes is shown.
    pub fn place(&self) -> Option<&OwnedRoomId> {
        self.group.as_ref().or(self.room.as_ref())
    }
}

/// What an answer to the contact depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What the contact's newest message brought along.
    pub context: Option<ContextToken>,
    /// When the contact wrote last.
    pub heard: Timestamp,
    /// Messages sent since then.
    pub sends: u32,
    /// Before this moment nothing is sent.
    pub held_until: Option<Timestamp>,
    /// How often in a row WeChat throttled.
    pub throttled: u32,
    /// How many messages in a row WeChat took without confirming them.
    pub unconfirmed: u32,
    /// How many of the contact's messages were not shown, since they are ignored.
    pub left_out: u32,
}

impl Change {
    /// Adds or replaces a portal.
    pub fn put_portal(self, portal: &Portal) -> Self {
        let record = PortalRecord {
            owner: portal.key.owner.clone(),
            contact: portal.key.contact.as_str().to_owned(),
            login: portal.login.0,
            room: portal.room.clone(),
            name: portal.name.clone(),
            welcomed: portal.welcomed,
            voice_items: portal.voice_items,
            group: portal.group.clone(),
            group_next: portal.group_next.clone(),
            groups_left: portal.groups_left.clone(),
            generation: portal.generation,
            closed: portal.closed,
            leaving: portal.leaving.clone(),
            moving_to: portal.moving_to.clone(),
            ignored: portal.ignored,
            picture: portal.picture.clone(),
            relay_off: portal.relay_off,
            in_space: portal.in_space,
            features: portal.features.clone(),
        };
        self.put(portal_key(portal.id), encode(&record))
    }

    /// Forgets a portal and its reply window; its links go by age.
    pub fn drop_portal(self, portal: PortalId) -> Self {
        self.del(portal_key(portal)).del(reply_key(portal))
    }

    /// Notes what answers depend on.
    pub fn put_reply(self, portal: PortalId, reply: &Reply) -> Self {
        let record = ReplyRecord {
            context: reply.context.as_ref().map(|token| token.expose().to_owned()),
            heard: reply.heard.0,
            sends: reply.sends,
            held_until: reply.held_until.map(|at| at.0),
            throttled: reply.throttled,
            unconfirmed: reply.unconfirmed,
            left_out: reply.left_out,
        };
        self.put(reply_key(portal), encode(&record))
    }

    /// Forgets what answers depend on, as a new bot does.
    pub fn drop_reply(self, portal: PortalId) -> Self {
        self.del(reply_key(portal))
    }
}

impl Store {
    /// All portals, by number.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn portals(&self) -> Result<Vec<Portal>, Error> {
        let pairs = self.all(Table::Portal)?;
        pairs.iter().map(|pair| self.sound(portal(pair))).collect()
    }

    /// What answers in the portal depend on.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn reply(&self, portal: PortalId) -> Result<Option<Reply>, Error> {
        Ok(self.find::<ReplyRecord>(&reply_key(portal))?.map(|record| Reply {
            context: record.context.map(ContextToken::new),
            heard: Timestamp(record.heard),
            sends: record.sends,
            held_until: record.held_until.map(Timestamp),
            throttled: record.throttled,
            unconfirmed: record.unconfirmed,
            left_out: record.left_out,
        }))
    }
}

fn portal((key, value): &Pair) -> Result<Portal, String> {
    let id = u32_at(key, 1).ok_or("a portal has no number")?;
    let record: PortalRecord = decode(value)?;
    let contact = WechatUserId::parse(&record.contact).ok_or("a portal has an impossible id")?;
    Ok(Portal {
        id: PortalId(id),
        key: PortalKey { owner: record.owner, contact },
        login: LoginId(record.login),
        room: record.room,
        name: record.name,
        welcomed: record.welcomed,
        voice_items: record.voice_items,
        group: record.group,
        group_next: record.group_next,
        groups_left: record.groups_left,
        generation: record.generation,
        closed: record.closed,
        leaving: record.leaving,
        moving_to: record.moving_to,
        ignored: record.ignored,
        picture: record.picture,
        relay_off: record.relay_off,
        in_space: record.in_space,
        features: record.features,
    })
}

#[derive(Serialize, Deserialize)]
struct PortalRecord {
    owner: OwnedUserId,
    contact: String,
    login: u32,
    room: Option<OwnedRoomId>,
    name: Option<String>,
    #[serde(default)]
    welcomed: bool,
    #[serde(default)]
    voice_items: Option<bool>,
    #[serde(default)]
    group: Option<OwnedRoomId>,
    #[serde(default)]
    group_next: Option<OwnedRoomId>,
    #[serde(default)]
    groups_left: Vec<OwnedRoomId>,
    #[serde(default)]
    generation: u32,
    #[serde(default)]
    closed: bool,
    #[serde(default)]
    leaving: Option<Leaving>,
    #[serde(default)]
    moving_to: Option<OwnedRoomId>,
    #[serde(default)]
    ignored: bool,
    #[serde(default)]
    picture: Option<OwnedMxcUri>,
    #[serde(default)]
    relay_off: bool,
    #[serde(default)]
    in_space: bool,
    #[serde(default)]
    features: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct ReplyRecord {
    context: Option<String>,
    heard: i64,
    sends: u32,
    held_until: Option<i64>,
    #[serde(default)]
    throttled: u32,
    #[serde(default)]
    unconfirmed: u32,
    #[serde(default)]
    left_out: u32,
}

fn portal_key(portal: PortalId) -> Vec<u8> {
    Table::Portal.key(&[&portal.0.to_be_bytes()])
}

fn reply_key(portal: PortalId) -> Vec<u8> {
    Table::Reply.key(&[&portal.0.to_be_bytes()])
}
