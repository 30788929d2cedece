//! What WeChat takes, for clients that ask before they let somebody write
//! (`com.beeper.room_features`).

use serde_json::{Value, json};

use crate::matrix::room::State;

/// The state for a portal room; `state_key` is that of the bridge's other state, and `max_upload`
/// is in bytes.
pub(crate) fn state(state_key: &str, max_upload: u64) -> State {
    State::new("com.beeper.room_features", state_key, content(max_upload))
}

fn content(max_upload: u64) -> Value {
    let file =
        |types: Value| json!({ "mime_types": types, "caption": PARTLY, "max_size": max_upload });
    json!({
        "id": "io.github.matrix-appservice-wechat.1",
        "formatting": {
            "bold": FULLY,
            "italic": FULLY,
            "inline_code": FULLY,
            "code_block": FULLY,
            "blockquote": FULLY,
            "unordered_list": FULLY,
            "ordered_list": FULLY,
            "headers": FULLY,
            "table": FULLY,
            "horizontal_line": FULLY,
            "inline_link": PARTLY,
            "user_link": PARTLY,
            "spoiler": DROPPED,
            "underline": DROPPED,
            "color.foreground": DROPPED,
            "color.background": DROPPED,
        },
        "file": {
            "m.image": file(json!({
                "image/jpeg": FULLY, "image/png": FULLY, "image/gif": FULLY, "image/*": PARTLY,
            })),
            "m.sticker": file(json!({ "image/*": PARTLY })),
            "m.video": file(json!({ "video/mp4": FULLY, "video/*": PARTLY })),
            "m.audio": file(json!({ "audio/*": PARTLY })),
            "org.matrix.msc3245.voice": file(json!({ "audio/*": PARTLY })),
            "m.file": file(json!({ "*/*": FULLY })),
        },
        "reply": PARTLY,
        "thread": PARTLY,
        "location_message": PARTLY,
        "poll": PARTLY,
        // As a message of its own, unless it waits.
        "edit": PARTLY,
        // Only while the message waits.
        "delete": PARTLY,
        "reaction": REFUSED,
        "typing_notifications": true,
    })
}

const FULLY: i8 = 2;
/// It arrives in another form.
const PARTLY: i8 = 1;
const DROPPED: i8 = -1;
/// The bot says that it does not go.
const REFUSED: i8 = -2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_file_names_the_largest_that_is_taken() {
        let State { event_type, state_key, content } = state("bridge/1", 5);
        assert_eq!(
            (event_type.as_str(), state_key.as_str()),
            ("com.beeper.room_features", "bridge/1")
        );
        let kinds = content["file"].as_object().unwrap();
        assert!(kinds.len() == 6 && kinds.values().all(|kind| kind["max_size"] == 5), "{kinds:?}");
    }
}
