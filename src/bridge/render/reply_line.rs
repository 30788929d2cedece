//! The line above a reply, for contacts, whose phones show no replies of a bot.

use std::time::Duration;

use ruma::{EventId, OwnedEventId, RoomId, UserId};
use serde_json::value::RawValue;

use super::{
    author::{self, Author},
    speaker,
};
use crate::{
    bridge::{
        core::{Core, attempt::Halt},
        policy::visibility::{self, Seen},
        text::{CONTACTS, Quoted},
    },
    convert,
    matrix::event::{self, Event, Kind, Message, Poll, attachment},
    store::Portal,
};

/// Returns the event to which a message replies: the one that it names, or the first of its thread.
pub(crate) fn target(message: &Message) -> Option<&EventId> {
    message.reply_to.as_deref().or(message.thread.as_deref())
}

/// Returns the line above a reply to this event; `None` where the contact has received nothing of
/// it. `along` are the messages that are sent before it in one bubble, each with its version.
///
/// Must be called when the message is about to be sent: until then the contact may receive the
/// event, or the event may be edited.
pub(crate) async fn line(
    core: &Core,
    room: &RoomId,
    of: &EventId,
    portal: &Portal,
    along: &[(OwnedEventId, OwnedEventId)],
) -> Result<Option<String>, Halt> {
    let words = about(core, room, of, portal, along).await?;
    Ok(words.and_then(|words| convert::quote_line(&words)))
}

/// Returns the words of an event of a portal's room, in the version that the contact has; `None`
/// for one that they have not received, and when the homeserver does not return the event.
async fn about(
    core: &Core,
    room: &RoomId,
    of: &EventId,
    portal: &Portal,
    along: &[(OwnedEventId, OwnedEventId)],
) -> Result<Option<String>, Halt> {
    let Some(event) = as_given(core, room, of, portal, along).await? else { return Ok(None) };
    let is_ours = core.is_ours(&event.sender);
    let Some(words) = words(&event, &core.bot, is_ours) else { return Ok(None) };
    let of_others = !portal.owns(room);
    let alias = speaker::alias(&event);
    let name = match author::author(core, portal, &event) {
        // In a room with several contacts, each has to know whose message is quoted.
        Author::AnotherContact => author::contact_name(core, &event, portal),
        Author::Person if alias.is_some() => alias,
        Author::Person if of_others || event.sender != portal.key.owner => {
            Some(speaker::name(core, room, &event.sender).await?)
        }
        Author::Person | Author::Themselves | Author::Bridge => None,
    };
    Ok(Some(name.map_or(words.clone(), |name| format!("{name}: {words}"))))
}

/// Returns an event in the version that the contact has; `None` for one that they have not
/// received, or that was redacted since.
async fn as_given(
    core: &Core,
    room: &RoomId,
    of: &EventId,
    portal: &Portal,
    along: &[(OwnedEventId, OwnedEventId)],
) -> Result<Option<Event>, Halt> {
    let Some(mut raw) = find(core, room, of).await? else { return Ok(None) };
    let Ok(mut event) = event::parse(&raw) else { return Ok(None) };
    if let Kind::Message(Message { edits: Some(edit), .. }) = &event.kind {
        // The contact knows an edit only as its original message.
        let of = edit.of.clone();
        let Some(original) = find(core, room, &of).await? else { return Ok(None) };
        let Ok(parsed) = event::parse(&original) else { return Ok(None) };
        (raw, event) = (original, parsed);
    }
    let in_front = along.iter().find(|(one, _)| *one == event.id);
    let seen = match in_front {
        Some((_, version)) => Seen::Version(version.clone()),
        None => visibility::seen_by(core, portal, &event).await?,
    };
    match seen {
        Seen::Not => Ok(None),
        Seen::Own => Ok(event::parse_latest(&raw).ok()),
        Seen::Version(version) if version == event.id => Ok(Some(event)),
        Seen::SomeVersion => Ok((event::latest_edit_id(&raw).is_none()).then_some(event)),
        Seen::Version(version) => in_version(core, event, &version).await,
    }
}

/// Returns the event with the words of this edit of it.
async fn in_version(
    core: &Core,
    mut event: Event,
    version: &EventId,
) -> Result<Option<Event>, Halt> {
    let Some(raw) = find(core, &event.room, version).await? else { return Ok(None) };
    let Ok(edit) = event::parse(&raw) else { return Ok(None) };
    let (Kind::Message(message), Kind::Message(edit)) = (&mut event.kind, edit.kind) else {
        return Ok(None); // One of the two was redacted.
    };
    let Some(edit) = edit.edits else { return Ok(None) };
    *message = *edit.new;
    Ok(Some(event))
}

/// Returns the current version of an event; `None` when the homeserver does not return it within
/// ten seconds.
pub(crate) async fn event(core: &Core, room: &RoomId, of: &EventId) -> Result<Option<Event>, Halt> {
    let raw = find(core, room, of).await?;
    Ok(raw.and_then(|raw| event::parse_latest(&raw).ok()))
}

async fn find(core: &Core, room: &RoomId, of: &EventId) -> Result<Option<Box<RawValue>>, Halt> {
    let bot = core.bot();
    let asking = core.event(&bot, room, of);
    match tokio::time::timeout(PATIENCE, asking).await {
        Ok(Ok(raw)) => Ok(Some(raw)),
        Ok(Err(Halt::Stopping)) => Err(Halt::Stopping),
        Ok(Err(Halt::Refused(error))) => {
            tracing::debug!(%error, "the homeserver does not know an event that another one names");
            Ok(None)
        }
        Err(_) => {
            tracing::warn!("the homeserver does not hand out an event that another one names");
            Ok(None)
        }
    }
}

/// Returns the words of an event.
fn words(event: &Event, bot: &UserId, is_ours: bool) -> Option<String> {
    let said = match &event.kind {
        // Notices of the bridge are not for the contact.
        Kind::Message(message) if is_ours && message.msgtype == "m.notice" => None,
        Kind::Message(message) | Kind::Sticker(message) => Some(said(message)),
        Kind::Poll(Poll::Start { question, .. }) => {
            Some(format!("{} {question}", Quoted::Poll.text(CONTACTS)))
        }
        Kind::Reaction { .. }
        | Kind::Redaction { .. }
        | Kind::Poll(Poll::Vote | Poll::End { .. })
        | Kind::LiveLocation
        | Kind::Encrypted
        | Kind::RoomEncryption(_)
        | Kind::Membership(_)
        | Kind::RoomName(_)
        | Kind::RoomPicture(_)
        | Kind::Tombstone { .. }
        | Kind::Other { .. } => None,
    };
    said.filter(|_| event.sender != bot)
}

fn said(message: &Message) -> String {
    let kind = match message.attachment.as_ref().map(|file| (file.kind, &file.name)) {
        None if message.msgtype == "m.location" => Quoted::Location,
        None if !message.gallery.is_empty() => Quoted::Picture,
        None => {
            let body = convert::text::strip_reply_fallback(&message.body);
            return message.written.as_deref().unwrap_or(body).to_owned();
        }
        Some((attachment::AttachmentKind::Image, _)) => Quoted::Picture,
        Some((attachment::AttachmentKind::Sticker, _)) => Quoted::Sticker,
        Some((attachment::AttachmentKind::Video, _)) => Quoted::Video,
        Some((attachment::AttachmentKind::Voice, _)) => Quoted::Voice,
        Some((attachment::AttachmentKind::Audio | attachment::AttachmentKind::File, name)) => {
            Quoted::File { name: name.clone() }
        }
    };
    let kind = kind.text(CONTACTS);
    match message.caption() {
        Some(caption) => format!("{kind} {caption}"),
        None => kind,
    }
}

/// How long a message waits for the homeserver to return the event to which it replies.
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use ruma::user_id;
    use serde_json::Value;
    use serde_json::json;
    use serde_json::value::to_raw_value;

    use super::*;

    fn shown(sender: &str, kind: &str, content: Value) -> Option<String> {
        let event = json!({
            "type": kind, "event_id": "$1", "room_id": "!r:b.org", "sender": sender,
            "content": content,
        });
        let event = event::parse_latest(&to_raw_value(&event).unwrap()).unwrap();
        let is_ours = sender.starts_with("@wechat");
        words(&event, user_id!("@wechatbot:b.org"), is_ours)
    }

    #[test]
    fn each_kind_of_event_is_shown_as_the_contact_knows_it() {
        let owner = "@owner:b.org";
        let file = |msgtype: &str, more: Value| {
            let mut content =
                json!({ "msgtype": msgtype, "body": "a.pdf", "url": "mxc://b.org/1" });
            content.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            content
        };
        let voice =
            json!({ "org.matrix.msc3245.voice": {}, "filename": "a.ogg", "body": "晚上见" });
        for (content, words) in [
            (json!({ "msgtype": "m.text", "body": "hi" }), "hi"),
            (json!({ "msgtype": "m.text", "body": "> <@a:b.c> old\n\nnew" }), "new"),
            (json!({ "msgtype": "m.emote", "body": "waves" }), "waves"),
            (file("m.image", json!({})), "[图片]"),
            (file("m.image", json!({ "filename": "b.png", "body": "my cat" })), "[图片] my cat"),
            (file("m.video", json!({})), "[视频]"),
            (file("m.audio", json!({})), "[文件] a.pdf"),
            (file("m.audio", voice), "[语音] 晚上见"),
            (file("m.file", json!({})), "[文件] a.pdf"),
            (json!({ "msgtype": "m.location", "body": "x", "geo_uri": "geo:1,2" }), "[位置]"),
        ] {
            let text = shown(owner, "m.room.message", content.clone());
            assert_eq!(text.as_deref(), Some(words), "{content}");
        }
        let sticker = json!({ "body": "cat", "url": "mxc://b.org/1" });
        assert_eq!(shown(owner, "m.sticker", sticker).as_deref(), Some("[表情] cat"));
        let poll = json!({ "m.poll": { "question": { "m.text": "Tea?" }, "answers": [] } });
        assert_eq!(shown(owner, "m.poll.start", poll).as_deref(), Some("[投票] Tea?"));
        assert_eq!(shown(owner, "m.room.encrypted", json!({})), None);
    }

    #[test]
    fn the_bridge_is_not_quoted() {
        let text = || json!({ "msgtype": "m.text", "body": "hi" });
        let of = |sender: &str| shown(sender, "m.room.message", text());
        assert_eq!(of("@owner:b.org").as_deref(), Some("hi"));
        assert_eq!(of("@wechat_mum:b.org").as_deref(), Some("hi"));
        assert_eq!(of("@wechatbot:b.org"), None);
        let notice = json!({ "msgtype": "m.notice", "body": "an image was lost" });
        assert_eq!(shown("@wechat_mum:b.org", "m.room.message", notice), None);
    }

    #[test]
    fn what_the_contact_wrote_counts_and_not_what_the_room_shows_of_it() {
        let answer = json!({
            "msgtype": "m.text", "body": "> old\n\nnew 🙂",
            "matrix_appservice_wechat.text": "new [Smile]",
        });
        let words = shown("@wechat_mum:b.org", "m.room.message", answer);
        assert_eq!(words.as_deref(), Some("new [Smile]"));
    }
}
