//! A raw event as one of the few kinds that the bridge acts on.
//!
//! Nothing but the envelope can be wrong: what a kind needs and does not have makes the event
//! [`Kind::Other`].

pub mod attachment;
mod message;
mod poll;
mod profile;
mod typing;

use ruma::{OwnedEventId, OwnedMxcUri, OwnedRoomId, OwnedUserId};
use serde_json::value::RawValue;

pub use attachment::{Attachment, Source};
pub use message::{GalleryItem, Message, Replacement};
pub use poll::Poll;
pub use profile::{KEYS as PROFILE_KEYS, Profile};
pub use typing::Typing;

use super::object::Object;
use crate::clock::Timestamp;

/// An event of a room.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its id, the same however often it is pushed.
    pub id: OwnedEventId,
    /// The room. Its id is opaque; since room version 12 it names no server.
    pub room: OwnedRoomId,
    /// Who sent it.
    pub sender: OwnedUserId,
    /// When, as the sender's homeserver says; zero when it does not.
    pub at: Timestamp,
    /// Who speaks, where the event says that it is not whose account it is.
    pub profile: Option<Profile>,
    /// What happened.
    pub kind: Kind,
}

/// What an event says.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Something was written, or a file was sent.
    Message(Message),
    /// A sticker, which is an image with a description.
    Sticker(Message),
    /// An emoji was put to a message.
    Reaction {
        /// The message.
        of: OwnedEventId,
        /// The emoji.
        key: String,
    },
    /// The content of an event was taken away.
    Redaction {
        /// The event.
        of: OwnedEventId,
    },
    /// Something was asked, chosen or counted.
    Poll(Poll),
    /// Somebody begins to share where they are for a while (MSC3489). The positions follow as
    /// events of their own, and are [`Kind::Other`] like the end.
    LiveLocation,
    /// Something that cannot be read here.
    Encrypted,
    /// Somebody came, went or was invited.
    Membership(Membership),
    /// The room's name was set, or removed.
    RoomName(Option<String>),
    /// The room's avatar was set, or removed.
    RoomPicture(Option<OwnedMxcUri>),
    /// The room was replaced.
    Tombstone {
        /// The room that comes after it.
        replacement: Option<OwnedRoomId>,
    },
    /// Any other event.
    Other {
        /// Its type.
        event_type: String,
        /// Whether it is state.
        is_state: bool,
    },
}

/// A change of somebody's part in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Whose; the event's sender may be somebody else.
    pub user: OwnedUserId,
    /// What it is now.
    pub now: MembershipState,
    /// What it was before, when the homeserver says it.
    pub before: Option<MembershipState>,
    /// Whether an invite is to a direct chat.
    pub is_direct: bool,
}

/// Somebody's part in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MembershipState {
    /// May join.
    Invite,
    /// Is in.
    Join,
    /// Is out, by leaving, being removed, or turning an invite down.
    Leave,
    /// Is out for good.
    Ban,
    /// Asks to be let in.
    Knock,
    /// Something newer than this bridge.
    Other,
}

/// An event without a usable envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event has no valid {0}")]
pub struct Malformed(
    /// The first field that is missing or wrong.
    pub &'static str,
);

/// Reads an event as the homeserver pushed it.
pub fn parse(raw: &RawValue) -> Result<Event, Malformed> {
    let fields = Object::parse(raw.get()).ok_or(Malformed("object"))?;
    let event_type = fields.text("type").ok_or(Malformed("type"))?;
    Ok(Event {
        id: fields.id("event_id").ok_or(Malformed("event_id"))?,
        room: fields.id("room_id").ok_or(Malformed("room_id"))?,
        sender: fields.id("sender").ok_or(Malformed("sender"))?,
        at: Timestamp(fields.integer("origin_server_ts").unwrap_or_default()),
        profile: fields.object("content").and_then(|content| Profile::of_event(&content)),
        kind: Kind::read(event_type, &fields),
    })
}

/// Reads an event as the homeserver hands it out by its id. An edited message says what its latest
/// edit says, and answers to what it did.
pub fn parse_latest(raw: &RawValue) -> Result<Event, Malformed> {
    let mut event = parse(raw)?;
    if let Kind::Message(message) = &mut event.kind
        && let Some(new) = latest_edit(raw)
    {
        let (reply_to, thread) = (message.reply_to.take(), message.thread.take());
        *message = Message { reply_to, thread, ..new };
    }
    Ok(event)
}

fn latest_edit(raw: &RawValue) -> Option<Message> {
    let relations = Object::parse(raw.get())?.object("unsigned")?.object("m.relations")?;
    let edit = message("m.room.message", &relations.object("m.replace")?)?;
    edit.edits.map(|edit| *edit.new)
}

impl Kind {
    fn read(event_type: String, fields: &Object<'_>) -> Self {
        let state_key = fields.text("state_key");
        let kind = match (event_type.as_str(), state_key.as_deref()) {
            ("m.room.message", None) => message(&event_type, fields).map(Self::Message),
            ("m.sticker", None) => message(&event_type, fields).map(Self::Sticker),
            ("m.reaction", None) => reaction(fields),
            ("m.room.redaction", None) => redaction(fields),
            ("m.room.encrypted", None) => Some(Self::Encrypted),
            ("m.room.member", Some(user)) => membership(fields, user).map(Self::Membership),
            ("m.room.name", Some("")) => Some(Self::RoomName(room_name(fields))),
            ("m.room.avatar", Some("")) => room_picture(fields).map(Self::RoomPicture),
            ("m.room.tombstone", Some("")) => {
                let content = fields.object("content").unwrap_or_default();
                Some(Self::Tombstone { replacement: content.id("replacement_room") })
            }
            (SHARES | SHARES_UNSTABLE, Some(_)) => {
                let content = fields.object("content").unwrap_or_default();
                content.flag("live").then_some(Self::LiveLocation)
            }
            (event_type, None) => {
                let content = fields.object("content").unwrap_or_default();
                Poll::read(event_type, &content).map(Self::Poll)
            }
            _ => None,
        };
        kind.unwrap_or(Self::Other { event_type, is_state: state_key.is_some() })
    }
}

/// The state of whoever shares where they are, in its two spellings.
const SHARES: &str = "m.beacon_info";
const SHARES_UNSTABLE: &str = "org.matrix.msc3672.beacon_info";

/// A message without the field that makes it one was redacted, or never was one.
fn message(event_type: &str, fields: &Object<'_>) -> Option<Message> {
    let raw = fields.raw("content")?;
    let content = Object::parse(raw.get())?;
    let is_sticker = event_type == "m.sticker";
    content.text(if is_sticker { "body" } else { "msgtype" })?;
    let message = Message::read(raw, &content);
    if !is_sticker {
        return Some(message);
    }
    Some(Message { attachment: Attachment::of_sticker(&content), ..message })
}

fn reaction(fields: &Object<'_>) -> Option<Kind> {
    let relation = fields.object("content")?.object("m.relates_to")?;
    let is_reaction = relation.text("rel_type")? == "m.annotation";
    let (of, key) = (relation.id("event_id")?, relation.text("key")?);
    is_reaction.then_some(Kind::Reaction { of, key })
}

/// Since room version 11 the redacted event is named in the content.
fn redaction(fields: &Object<'_>) -> Option<Kind> {
    let inside = fields.object("content").and_then(|content| content.id("redacts"));
    Some(Kind::Redaction { of: inside.or_else(|| fields.id("redacts"))? })
}

fn membership(fields: &Object<'_>, user: &str) -> Option<Membership> {
    let content = fields.object("content")?;
    let unsigned = fields.object("unsigned").unwrap_or_default();
    let previous = unsigned.object("prev_content").or_else(|| fields.object("prev_content"));
    Some(Membership {
        user: OwnedUserId::try_from(user).ok()?,
        now: MembershipState::read(&content)?,
        before: previous.as_ref().and_then(MembershipState::read),
        is_direct: content.flag("is_direct"),
    })
}

impl MembershipState {
    fn read(content: &Object<'_>) -> Option<Self> {
        Some(match content.text("membership")?.as_str() {
            "invite" => Self::Invite,
            "join" => Self::Join,
            "leave" => Self::Leave,
            "ban" => Self::Ban,
            "knock" => Self::Knock,
            _ => Self::Other,
        })
    }
}

fn room_name(fields: &Object<'_>) -> Option<String> {
    fields.object("content")?.text("name").filter(|name| !name.is_empty())
}

/// Something that is no address of the homeserver's media is no image, and no removal either.
fn room_picture(fields: &Object<'_>) -> Option<Option<OwnedMxcUri>> {
    let content = fields.object("content")?;
    let Some(url) = content.raw("url") else { return Some(None) };
    let url: OwnedMxcUri = serde_json::from_str(url.get()).ok()?;
    if url.as_str().is_empty() {
        return Some(None);
    }
    url.is_valid().then_some(Some(url))
}

#[cfg(test)]
mod tests;
