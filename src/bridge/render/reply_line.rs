//! What a message from Matrix answers to, for a contact whose phone shows no replies: one line
//! above the text.

use std::time::Duration;

use ruma::{EventId, RoomId, UserId};

use super::{
    author::{self, Author},
    speaker,
};
use crate::{
    bridge::{
        core::{Core, attempt::Halt},
        text::{CONTACTS, Quoted},
    },
    convert,
    matrix::event::{self, Event, Kind, Message, Poll, attachment},
    store::{Entry, Portal, Words, Work},
};

/// The entry of a message, with the line that stands above the message.
///
/// The line is made once: from the first try on it is what was sent, whatever becomes of the event
/// that it is taken from.
pub(crate) async fn with_line(
    core: &Core,
    entry: &Entry,
    room: &RoomId,
    of: Option<&EventId>,
    portal: &Portal,
) -> Result<Entry, Halt> {
    let mut entry = entry.clone();
    if let Work::FromMatrix { progress, .. } = &mut entry.work
        && !progress.tried
        && progress.line.is_none()
    {
        let line = line(core, room, of, portal).await?;
        progress.line = line.map(|line| Words(line.into()));
    }
    Ok(entry)
}

/// The event that a message answers to: one that it names, or the first of its thread.
pub(crate) fn target(message: &Message) -> Option<&EventId> {
    message.reply_to.as_deref().or(message.thread.as_deref())
}

/// The line above what answers to this event.
pub(crate) async fn line(
    core: &Core,
    room: &RoomId,
    of: Option<&EventId>,
    portal: &Portal,
) -> Result<Option<String>, Halt> {
    let Some(of) = of else { return Ok(None) };
    let words = about(core, room, of, portal).await?;
    Ok(words.and_then(|words| convert::quote_line(&words)))
}

/// What an event of a portal's room says, as the contact knows it. Nothing for what the contact
/// has never seen, and when the homeserver does not hand the event out: a message goes without the
/// line rather than not at all.
async fn about(
    core: &Core,
    room: &RoomId,
    of: &EventId,
    portal: &Portal,
) -> Result<Option<String>, Halt> {
    let Some(event) = event(core, room, of).await? else { return Ok(None) };
    let is_ours = core.is_ours(&event.sender);
    let Some(words) = words(&event, &core.bot, is_ours) else { return Ok(None) };
    let of_others = portal.room.as_deref() != Some(room);
    let alias = speaker::alias(&event);
    let name = match author::author(core, portal, &event) {
        // In a room with several contacts each has to know who is answered.
        Author::AnotherContact => author::contact_name(core, &event, portal),
        Author::Person if alias.is_some() => alias,
        Author::Person if of_others || event.sender != portal.key.owner => {
            Some(speaker::name(core, room, &event.sender).await?)
        }
        Author::Person | Author::Themselves | Author::Bridge => None,
    };
    Ok(Some(name.map_or(words.clone(), |name| format!("{name}: {words}"))))
}

/// An event as it is now; nothing when the homeserver does not hand it out in good time.
pub(crate) async fn event(core: &Core, room: &RoomId, of: &EventId) -> Result<Option<Event>, Halt> {
    let bot = core.bot();
    let asking = core.insist(|| bot.event(room, of));
    let raw = match tokio::time::timeout(PATIENCE, asking).await {
        Ok(Ok(raw)) => raw,
        Ok(Err(Halt::Stopping)) => return Err(Halt::Stopping),
        Ok(Err(Halt::Refused(error))) => {
            tracing::debug!(%error, "the homeserver does not know an event that another one names");
            return Ok(None);
        }
        Err(_) => {
            tracing::warn!("the homeserver does not hand out an event that another one names");
            return Ok(None);
        }
    };
    Ok(event::parse_latest(&raw).ok())
}

/// The words of an event.
fn words(event: &Event, bot: &UserId, is_ours: bool) -> Option<String> {
    let said = match &event.kind {
        // What the bridge says is not for the contact.
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
        Some((attachment::Kind::Image, _)) => Quoted::Picture,
        Some((attachment::Kind::Sticker, _)) => Quoted::Sticker,
        Some((attachment::Kind::Video, _)) => Quoted::Video,
        Some((attachment::Kind::Voice, _)) => Quoted::Voice,
        Some((attachment::Kind::Audio | attachment::Kind::File, name)) => {
            Quoted::File { name: name.clone() }
        }
    };
    let kind = kind.text(CONTACTS);
    match message.caption() {
        Some(caption) => format!("{kind} {caption}"),
        None => kind,
    }
}

/// How long a message waits for the homeserver to say what it answers to.
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
        let notice = json!({ "msgtype": "m.notice", "body": "a picture was lost" });
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
