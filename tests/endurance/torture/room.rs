//! What the homeserver holds of a room, asked when all is over: no sync can have skipped it.

use matrix_sdk::room::MessagesOptions;
use serde_json::Value;

use crate::support::Person;

/// Reads the words of all messages of one sender, oldest first.
pub(crate) async fn words(person: &Person, room: &str, sender: &str) -> Vec<String> {
    let (mut words, mut from) = (Vec::new(), None);
    loop {
        let mut page = MessagesOptions::forward().from(from.as_deref());
        page.limit = 500_u32.into();
        let page = person.room(room).messages(page).await.unwrap();
        for event in &page.chunk {
            let event: Value = serde_json::from_str(event.raw().json().get()).unwrap();
            if event["sender"] == sender && event["type"] == "m.room.message" {
                words.push(event["content"]["body"].as_str().unwrap_or_default().to_owned());
            }
        }
        match page.end {
            Some(end) if !page.chunk.is_empty() => from = Some(end),
            Some(_) | None => return words,
        }
    }
}
