//! The parser of events into the kinds that the bridge acts on.
//!
//! Only the envelope can be malformed: an event whose content lacks a required field becomes
//! [`Kind::Other`].

pub mod attachment;
mod encrypted;
mod message;
mod poll;
mod profile;
mod typing;

use ruma::{OwnedEventId, OwnedMxcUri, OwnedRoomId, OwnedUserId};
use serde_json::value::RawValue;

pub use attachment::{Attachment, AttachmentSource};
pub use encrypted::{Rotation, fingerprint_of, session_of};
pub use message::{GalleryItem, Message, Replacement};
pub use poll::Poll;
pub use profile::{KEYS as PROFILE_KEYS, Profile};
pub use typing::Typing;

use super::object::Object;
use crate::clock::Timestamp;

/// An event of a room.
#[derive(Debug, Clone)]
pub struct Event {
    /// The event id, equal in each push of the event.
    pub id: OwnedEventId,
    /// The room. Its id is opaque; since room version 12 it contains no server name.
    pub room: OwnedRoomId,
    /// The sender.
    pub sender: OwnedUserId,
    /// The time that the sender's homeserver claims; zero when it claims none.
    pub at: Timestamp,
    /// The profile of this message, where the event names another speaker than its account.
    pub profile: Option<Profile>,
    /// The kind of the event, with its content.
    pub kind: Kind,
}

/// The content of an event, by kind.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A text or a file.
    Message(Message),
    /// A sticker, which is an image with a description.
    Sticker(Message),
    /// A reaction.
    Reaction {
        /// The message that it refers to.
        of: OwnedEventId,
        /// The emoji.
        key: String,
    },
    /// A redaction.
    Redaction {
        /// The redacted event.
        of: OwnedEventId,
    },
    /// The question, a vote or the end of a poll.
    Poll(Poll),
    /// The begin of a live location (MSC3489). The positions follow as events of their own; they
    /// and the end are [`Kind::Other`].
    LiveLocation,
    /// An encrypted event.
    Encrypted,
    /// The room was made encrypted, or how it is encrypted has changed.
    RoomEncryption(Rotation),
    /// A change of a membership.
    Membership(Membership),
    /// The room's name was set or removed.
    RoomName(Option<String>),
    /// The room's avatar was set or removed.
    RoomPicture(Option<OwnedMxcUri>),
    /// The room was replaced by another.
    Tombstone {
        /// The room that replaces it.
        replacement: Option<OwnedRoomId>,
    },
    /// Any other event.
    Other {
        /// The event type.
        event_type: String,
        /// Whether it is a state event.
        is_state: bool,
    },
}

/// A change of a user's membership in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The user, who may differ from the event's sender.
    pub user: OwnedUserId,
    /// The new membership.
    pub now: MembershipState,
    /// The earlier membership, when the homeserver says it.
    pub before: Option<MembershipState>,
    /// Whether an invitation is to a direct chat.
    pub is_direct: bool,
}

/// A user's membership in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MembershipState {
    /// The user is invited.
    Invite,
    /// The user is a member.
    Join,
    /// The user is no member: they left, were removed, or declined an invitation.
    Leave,
    /// The user is banned.
    Ban,
    /// The user asks to be let in.
    Knock,
    /// A membership that this bridge does not know.
    Other,
}

/// The error for an event without a usable envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event has no valid {0}")]
pub struct MalformedEvent(
    /// The first field that is missing or invalid.
    pub &'static str,
);

/// Reads an event as the homeserver pushed it.
pub fn parse(raw: &RawValue) -> Result<Event, MalformedEvent> {
    let fields = Object::parse(raw.get()).ok_or(MalformedEvent("object"))?;
    let event_type = fields.text("type").ok_or(MalformedEvent("type"))?;
    Ok(Event {
        id: fields.id("event_id").ok_or(MalformedEvent("event_id"))?,
        room: fields.id("room_id").ok_or(MalformedEvent("room_id"))?,
        sender: fields.id("sender").ok_or(MalformedEvent("sender"))?,
        at: Timestamp(fields.integer("origin_server_ts").unwrap_or_default()),
        profile: fields.object("content").and_then(|content| Profile::of_event(&content)),
        kind: Kind::read(event_type, &fields),
    })
}

/// Reads an event that was requested by its id. An edited message has the content of its latest
/// edit, and keeps the reply and the thread of the first version.
pub fn parse_latest(raw: &RawValue) -> Result<Event, MalformedEvent> {
    let mut event = parse(raw)?;
    if let Kind::Message(message) = &mut event.kind
        && let Some(new) = latest_edit(raw)
    {
        let (reply_to, thread) = (message.reply_to.take(), message.thread.take());
        *message = Message { reply_to, thread, ..new };
    }
    Ok(event)
}

/// Returns the id of the latest edit of an event that was requested by its id.
pub fn latest_edit_id(raw: &RawValue) -> Option<OwnedEventId> {
    let relations = Object::parse(raw.get())?.object("unsigned")?.object("m.relations")?;
    relations.object("m.replace")?.id("event_id")
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
            (ENCRYPTION, Some("")) => Some(Self::RoomEncryption(Rotation::read(fields))),
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

/// What makes a room encrypted.
pub const ENCRYPTION: &str = "m.room.encryption";

/// The state event of a live location, in its two spellings.
const SHARES: &str = "m.beacon_info";
const SHARES_UNSTABLE: &str = "org.matrix.msc3672.beacon_info";

/// Reads a message; `None` for one without its required field, which was redacted or never valid.
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

/// Reads a redaction. Since room version 11 the redacted event is named in the content.
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

/// Reads the avatar of a room. An address that is not one of the homeserver's media is neither an
/// image nor a removal.
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
