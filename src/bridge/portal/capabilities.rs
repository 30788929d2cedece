//! The capabilities of a room, for clients that ask for them before a user writes
//! (`com.beeper.room_features`).

use serde_json::{Value, json};

use super::{naming, powers};
use crate::{
    bridge::core::{Core, attempt::Halt, portal_record},
    config::Config,
    matrix::room::State,
    store::Portal,
};

/// Returns the state event for a portal room; `state_key` is that of the bridge's other state.
pub(super) fn state(config: &Config, state_key: &str) -> State {
    State::new("com.beeper.room_features", state_key, Capabilities::by(config).content())
}

/// Returns the id of the current capabilities, by which a portal remembers which ones its room has.
pub(super) fn id(core: &Core) -> String {
    format!("{}{POWERS}", Capabilities::by(&core.config).id())
}

/// Returns whether a portal's room has other capabilities, or the power levels of an earlier
/// release.
pub(crate) fn is_outdated(core: &Core, portal: &Portal) -> bool {
    portal.open_room().and_then(|room| room.capabilities.as_ref()) != Some(&id(core))
}

/// The version of the power levels of new rooms, to which older rooms are raised.
const POWERS: &str = "+invite50";

/// Sets the capabilities of a portal's room, unless it has them. A homeserver that refuses is not
/// asked again.
pub(super) async fn show(core: &Core, portal: &Portal) -> Result<(), Halt> {
    let is_news = is_outdated(core, portal);
    let Some(room) = portal.own_room().filter(|_| is_news) else { return Ok(()) };
    let id = id(core);
    powers::bring_up(core, room).await?;
    let state = state(&core.config, &naming::mark_key(&naming::alias_localpart(core, portal)));
    let bot = core.bot();
    match core.insist(|| bot.send_state(room, &state)).await {
        Ok(_) => tracing::debug!(portal = %portal.id, "a room was told what WeChat takes"),
        Err(Halt::Stopping) => return Err(Halt::Stopping),
        Err(Halt::Refused(error)) => {
            tracing::warn!(portal = %portal.id, %error, "a room was not told what WeChat takes");
        }
    }
    portal_record::change(core, portal.id, |now| now.show_capabilities(room, id)).await
}

/// The settings on which the capabilities depend.
#[derive(Debug, Clone, Copy)]
struct Capabilities {
    /// The greatest upload in bytes.
    max_upload: u64,
    edits: bool,
    reactions: bool,
    typing: bool,
}

impl Capabilities {
    fn by(config: &Config) -> Self {
        Self {
            max_upload: config.media.max_upload,
            edits: config.delivery.edits,
            reactions: config.delivery.reactions,
            typing: config.bridge.typing,
        }
    }

    /// Returns an id that differs for each content.
    fn id(self) -> String {
        let Self { max_upload, edits, reactions, typing } = self;
        let named = [(edits, "+edits"), (reactions, "+reactions"), (typing, "+typing")];
        let named: String = named.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
        format!("io.github.matrix-appservice-wechat.2+{max_upload}{named}")
    }

    fn content(self) -> Value {
        json!({
            "id": self.id(),
            "formatting": formatting(),
            "file": self.files(),
            // A reply becomes the beginning of the quoted message, a location a link to a map, a
            // poll a list.
            "reply": PARTLY,
            "thread": PARTLY,
            "location_message": PARTLY,
            "poll": PARTLY,
            // The new text is sent as a message of its own, unless the old one still waits.
            "edit": if self.edits { PARTLY } else { REFUSED },
            // Only a message that waits can be removed.
            "delete": PARTLY,
            "reaction": if self.reactions { PARTLY } else { REFUSED },
            "custom_emoji_reactions": false,
            "typing_notifications": self.typing,
            "read_receipts": false,
        })
    }

    fn files(self) -> Value {
        // The caption of a file is sent as a text before it.
        let file = |types: Value| json!({ "mime_types": types, "caption": PARTLY, "max_size": self.max_upload });
        json!({
            "m.image": file(json!({
                "image/jpeg": FULLY, "image/png": FULLY, "image/gif": FULLY, "image/*": PARTLY,
            })),
            "fi.mau.gif": file(json!({ "image/gif": FULLY, "video/*": PARTLY })),
            "m.sticker": file(json!({ "image/*": PARTLY })),
            "m.video": file(json!({ "video/mp4": FULLY, "video/*": PARTLY })),
            "m.audio": file(json!({ "audio/*": PARTLY })),
            "org.matrix.msc3245.voice": file(json!({ "audio/*": PARTLY })),
            "m.file": file(json!({ "*/*": FULLY })),
        })
    }
}

/// Returns the formatting that `convert::text` writes and that WeChat displays (docs/protocol.md
/// §5).
fn formatting() -> Value {
    json!({
        "bold": FULLY,
        "inline_code": FULLY,
        "code_block": FULLY,
        "table": FULLY,
        "horizontal_line": FULLY,
        // WeChat does not show it around Chinese, Japanese and Korean.
        "italic": PARTLY,
        // WeChat does not show levels below the fourth.
        "headers": PARTLY,
        "strikethrough": PARTLY,
        "code_block.syntax_highlighting": PARTLY,
        "blockquote": PARTLY,
        "unordered_list": PARTLY,
        "ordered_list": PARTLY,
        "ordered_list.start": PARTLY,
        "inline_link": PARTLY,
        "user_link": PARTLY,
        "room_link": PARTLY,
        "event_link": PARTLY,
        "custom_emoji": PARTLY,
        "spoiler.reason": PARTLY,
        "details_summary": PARTLY,
        "at_room_mention": AS_TEXT,
        "math": AS_TEXT,
        "ordered_list.jump_value": DROPPED,
        "spoiler": DROPPED,
        "underline": DROPPED,
        "superscript": DROPPED,
        "subscript": DROPPED,
        "color.foreground": DROPPED,
        "color.background": DROPPED,
    })
}

const FULLY: i8 = 2;
/// The feature arrives in another form.
const PARTLY: i8 = 1;
/// Only the fallback text of the feature arrives.
const AS_TEXT: i8 = 0;
const DROPPED: i8 = -1;
/// The feature is refused with a notice.
const REFUSED: i8 = -2;

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Capabilities =
        Capabilities { max_upload: 5, edits: true, reactions: true, typing: true };

    #[test]
    fn the_content_is_the_agreed_one() {
        let said = serde_json::to_string_pretty(&ALL.content()).unwrap() + "\n";
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/room_features.json");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(golden, &said).unwrap();
        }
        let agreed = std::fs::read_to_string(golden).unwrap();
        assert_eq!(said, agreed, "run with UPDATE_GOLDEN=1 and read the difference");
    }

    #[test]
    fn each_switch_is_one_difference_and_another_id() {
        let base = ALL.content();
        let differs = |taken: Capabilities, field: &str| {
            let mut content = taken.content();
            assert_ne!(content["id"], base["id"]);
            content["id"] = base["id"].clone();
            let value = std::mem::replace(&mut content[field], base[field].clone());
            assert_eq!(content, base, "{field}");
            value
        };
        assert_eq!(differs(Capabilities { edits: false, ..ALL }, "edit"), REFUSED);
        assert_eq!(differs(Capabilities { reactions: false, ..ALL }, "reaction"), REFUSED);
        assert_eq!(differs(Capabilities { typing: false, ..ALL }, "typing_notifications"), false);
        let files = differs(Capabilities { max_upload: 7, ..ALL }, "file");
        let files = files.as_object().unwrap();
        assert!(files.len() == 7 && files.values().all(|file| file["max_size"] == 7), "{files:?}");
    }
}
