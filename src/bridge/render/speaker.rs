//! What members of a room are called, for texts that WeChat shows under one name.

use ruma::{RoomId, UserId};
use serde::Deserialize;

use super::author;
use crate::{
    bridge::core::{Core, attempt::Halt},
    convert,
    matrix::event::{Event, Message},
    store::Portal,
};

/// The name to put into the text of a message: the sender's, where the text needs one. The owner
/// speaks without a name, but for `/me` and under another name.
pub(crate) async fn speaker(
    core: &Core,
    event: &Event,
    message: &Message,
    portal: &Portal,
) -> Result<String, Halt> {
    if let Some(name) = author::contact_name(core, event, portal) {
        return Ok(in_a_line(&name));
    }
    if let Some(name) = alias(event) {
        return Ok(name);
    }
    let speaks_alone = event.sender == portal.key.owner && !author::is_copy(portal, event);
    if speaks_alone && message.msgtype != "m.emote" {
        return Ok(event.sender.localpart().to_owned());
    }
    name(core, &event.room, &event.sender).await
}

/// The name that an event brings along for who speaks in it, where that is not whose account it is.
/// Rights are the account's all the same.
pub(super) fn alias(event: &Event) -> Option<String> {
    let name = in_a_line(event.profile.as_ref()?.name.as_deref()?);
    Some(name).filter(|name| !name.is_empty())
}

/// What whoever speaks in an event is called.
pub(crate) async fn author(core: &Core, event: &Event) -> Result<String, Halt> {
    match alias(event) {
        Some(name) => Ok(name),
        None => name(core, &event.room, &event.sender).await,
    }
}

/// What a member of a room is called there: the display name, else the localpart of the id.
///
/// Asked of the homeserver each time, so that it is the name of this moment.
pub(crate) async fn name(core: &Core, room: &RoomId, user: &UserId) -> Result<String, Halt> {
    let bot = core.bot();
    let state = match core.insist(|| bot.state(room, "m.room.member", user.as_str())).await {
        Ok(state) => state,
        Err(Halt::Stopping) => return Err(Halt::Stopping),
        Err(Halt::Refused(error)) => {
            tracing::debug!(%room, %error, "a member's name was not told");
            None
        }
    };
    let told = state.and_then(|state| serde_json::from_str::<Member>(state.get()).ok());
    let name = told.and_then(|member| member.displayname).map(|name| in_a_line(&name));
    Ok(name.filter(|name| !name.is_empty()).unwrap_or_else(|| user.localpart().to_owned()))
}

#[derive(Deserialize)]
struct Member {
    displayname: Option<String>,
}

/// A name that cannot pass for something else in the line before a colon: no line breaks, no
/// characters that turn the writing around, no brackets that WeChat reads, and not without end.
fn in_a_line(name: &str) -> String {
    let seen: String = name.chars().filter(|c| !turns(*c)).collect();
    let words = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = words.chars().take(LONGEST).collect();
    convert::safe_for_wechat(&short).into_owned()
}

fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// In characters.
const LONGEST: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_short_line() {
        for (name, line) in [
            ("张三", "张三"),
            ("  Bob\n the\t builder ", "Bob the builder"),
            ("<b>Bob</b>", "＜b＞Bob＜/b＞"),
            ("\u{202e}muM\u{202c}", "muM"),
            ("\u{7}", ""),
        ] {
            assert_eq!(in_a_line(name), line, "{name:?}");
        }
        assert_eq!(in_a_line(&"好".repeat(100)).chars().count(), LONGEST);
    }
}
